"""By what a person can be found again: normalised attributes, from a message or a search. Pure.

What comes out is personal data in a form that equal persons share. It goes into a keyed hash at once
(`store.BlindIndex`) and is never kept. Names are folded as for the comparison at login (`matching`), so that
case, accents, spaces, hyphens and the forms of Unicode do not count and ö may be written o or oe.
"""

import re
import unicodedata
from collections.abc import Iterator

from lxml import etree

from intermediary.exchange.matching import foldings

MOST = 20
"""Attributes of one message: a request speaks of two persons."""
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_END = "\x1f"


def by_identifier(identifier: str) -> tuple[str, ...]:
    """A natural person's identifier, such as the eIDAS one."""
    return _identified("identifier", identifier)


def by_legal_identifier(identifier: str) -> tuple[str, ...]:
    """A legal person's eIDAS, VAT, LEI, … identifier."""
    return _identified("legal identifier", identifier)


def by_name_and_birth(family_name: str, date_of_birth: str) -> tuple[str, ...]:
    """Family name and xs:date, a zone left aside; one for each way in which the name may be written."""
    day = _DATE.match(date_of_birth.strip())
    if day is None:
        return ()
    return tuple(_END.join(("name and birth", name, day[0])) for name in sorted(foldings(family_name)))


def of_message(root: etree._Element) -> tuple[str, ...]:
    """Of every person that an EDM message names, valid or not."""
    found: dict[str, None] = {}
    for attribute in _of_message(root):
        found[attribute] = None
        if len(found) == MOST:
            break
    return tuple(found)


def _of_message(root: etree._Element) -> Iterator[str]:
    for person in root.iter("{*}Person", "{*}LegalPerson"):
        natural = etree.QName(person).localname == "Person"
        for tag in ("{*}Identifier", "{*}LegalPersonIdentifier"):
            for identifier in person.iterchildren(tag):
                yield from (by_identifier if natural else by_legal_identifier)(identifier.text or "")
        if natural:
            birth = person.findtext("{*}DateOfBirth") or ""
            yield from by_name_and_birth(person.findtext("{*}FamilyName") or "", birth)


def _identified(kind: str, identifier: str) -> tuple[str, ...]:
    folded = "".join(unicodedata.normalize("NFKC", identifier).casefold().split())
    # Once more: folding the case may compose letters that were apart.
    folded = unicodedata.normalize("NFKC", folded)
    return (_END.join((kind, folded)),) if folded else ()

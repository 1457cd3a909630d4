"""Is the person who logged in the person of the request? Pure.

The eIDAS minimum data set is compared after normalization (TDD 4.4; digest §8): case, diacritics, spaces
and hyphens do not count, and ö may be written o or oe. Only one certain match may go on; several persons
who fit are told apart by the register, which answers «ambiguous».
"""

import re
import unicodedata
from collections.abc import Container

from intermediary.edm.model import EvidenceRequest, LegalPerson, NaturalPerson
from intermediary.exchange.preview import Identity

_PLAIN = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)
_WRITTEN_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})


def differences(
    identity: Identity, request: EvidenceRequest, identifiers_without_meaning: Container[str] = ()
) -> tuple[str, ...]:
    """Names of the attributes in which the two differ; empty where it is the person of the request.

    Where a representative acts, it is the representative who logs in. Identifiers are compared only where
    both are there, issued by the same country, and that country's identifier has a meaning here.
    """
    expected = request.authorized_representative or request.subject
    if isinstance(expected, LegalPerson):
        return _legal(identity, expected)
    return _natural(identity, expected, identifiers_without_meaning)


def _natural(
    identity: Identity, person: NaturalPerson, identifiers_without_meaning: Container[str]
) -> tuple[str, ...]:
    found = []
    if not same_name(identity.family_name, person.family_name):
        found.append("family_name")
    if not same_name(identity.given_name, person.given_name):
        found.append("given_name")
    if identity.date_of_birth is None or identity.date_of_birth != person.date_of_birth:
        found.append("date_of_birth")
    if identity.identifier and person.identifier:
        ours, theirs = identity.identifier.strip(), person.identifier.value.strip()
        country = ours[:2].upper()
        comparable = country == theirs[:2].upper() and country not in identifiers_without_meaning
        if comparable and ours != theirs:
            found.append("identifier")
    return tuple(found)


def _legal(identity: Identity, person: LegalPerson) -> tuple[str, ...]:
    identifier = person.legal_person_identifier
    if identity.legal_person_identifier and identifier:
        same = identity.legal_person_identifier.strip() == identifier.value.strip()
        return () if same else ("legal_person_identifier",)
    if identity.legal_name and same_name(identity.legal_name, person.legal_name):
        return ()
    return ("legal_name",)


def same_name(one: str, other: str) -> bool:
    """True where two names are the same after normalization."""
    return bool(foldings(one) & foldings(other))


def foldings(name: str) -> set[str]:
    """A name without what does not count, in each way in which it may be written: two names are the same
    where they have one in common."""
    lower = unicodedata.normalize("NFC", name).casefold().translate({ord("ß"): "ss"})
    return {_fold(lower), _fold(lower.translate(_WRITTEN_OUT))} - {""}


def _fold(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name.translate(_PLAIN))
    letters = "".join(c for c in decomposed if not unicodedata.combining(c))
    return re.sub(r"[\W_]+", "", letters)

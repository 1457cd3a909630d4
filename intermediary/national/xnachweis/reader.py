"""Parsed `nachweisanfrage` and `nachweislieferung` to typed messages.

Roots come from `intermediary.xml.parse`, and are checked against the schema before; what is read here raises
NationalUnreadable with every defect found, so that a reader used without the schema is safe all the same.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from typing import TypeVar

from lxml import etree

from intermediary.national.errors import NationalUnreadable, Problem
from intermediary.national.model import (
    Authority,
    Format,
    NationalAddress,
    NationalAnswer,
    NationalEvidence,
    NationalEvidenceType,
    NationalLegalPerson,
    NationalNaturalPerson,
    NationalRequest,
    Outcome,
    Purpose,
    Representation,
)
from intermediary.national.xnachweis.codes import ADDRESS, LEVELS, OUTCOMES, SCHEMES
from intermediary.national.xnachweis.model import INLINE_LIMIT, NAMESPACE, Attachment, Head

T = TypeVar("T")
_STRING = etree.XPath("string()", smart_strings=False)
_PROBLEMS = 50
"""Defects named at once; who mends fifty will ask again."""
_SPACE = re.compile("[ \t\r\n]+")
_LEVELS = {german: level for level, german in LEVELS.items()}
_SCHEMES = {german: scheme for scheme, german in SCHEMES.items()}
_OUTCOMES = {german: outcome for outcome, german in OUTCOMES.items()}


def read_request(root: etree._Element) -> NationalRequest:
    """A `nachweisanfrage`. Raises NationalUnreadable."""
    read = _Reading()
    read.expect(root, "nachweisanfrage")
    kopf, abruf = read.child(root, "kopf"), read.child(root, "abruf")
    zweck = read.child(abruf, "zweck")
    representative = _find(root, "vertreter")
    request = NationalRequest(
        message_id=read.text(kopf, "nachrichtenId"),
        request_id=read.text(abruf, "abrufId"),
        conversation_id=read.text(kopf, "konversationsId"),
        issued_at=read.value(kopf, "zeitpunkt", _time, _NO_TIME),
        sender=_authority(read, read.child(kopf, "absender")),
        recipient=_authority(read, read.child(kopf, "empfaenger")),
        evidence_type=_evidence_type(read, read.child(abruf, "nachweistyp")),
        purpose=Purpose(
            service=read.text(zweck, "leistung"),
            legal_basis=read.text(zweck, "rechtsgrundlage"),
            eu_procedure=_optional(zweck, "verfahrenEU"),
        ),
        level_of_assurance=read.value(abruf, "vertrauensniveau", _LEVELS.__getitem__, ""),
        explicit_request=read.value(abruf, "ausdruecklichesErsuchen", _BOOLEANS.__getitem__, False),
        preview_by_consumer=read.value(abruf, "vorschauErfolgtDurch", _PREVIEWS.__getitem__, False),
        formats=tuple(_format(read, place) for place in _all(abruf, "format")),
        subject=_person(read, read.child(root, "person")),
        representative=None if representative is None else _person(read, representative),
        additional=tuple(
            (read.text(entry, "schluessel"), read.text(entry, "wert"))
            for entry in _all(root, "zusatzangaben")
        ),
        language=_optional(abruf, "sprache"),
    )
    read.finish()
    return request


def read_answer(root: etree._Element, attachments: Iterable[Attachment] = ()) -> NationalAnswer:
    """A `nachweislieferung` with its attachments. Raises NationalUnreadable.

    Attachments and references must match one to one: what nobody refers to was not checked by anyone.
    """
    read = _Reading()
    read.expect(root, "nachweislieferung")
    parts: dict[str, Attachment] = {}
    for attachment in attachments:
        if attachment.content_id in parts:
            read.problem("XN-ATTACHMENT-TWICE", root, "two attachments have the same Content-ID", _ONE_TO_ONE)
        parts[attachment.content_id] = attachment
    ergebnis = read.child(root, "ergebnis")
    verdict = next((e for e in ergebnis if isinstance(e.tag, str)), ergebnis)
    outcome = _OUTCOMES.get(etree.QName(verdict).localname)
    if outcome is None:
        read.problem("XN-OUTCOME", ergebnis, "no known outcome", f"Use one of {', '.join(_OUTCOMES)}.")
        outcome = Outcome.FAILED
    contents = _Contents(read, parts)
    answer = NationalAnswer(
        request_id=read.text(root, "abrufId"),
        outcome=outcome,
        evidences=tuple(_evidence(read, place, contents) for place in _all(root, "nachweis")),
        available_at=(
            read.value(verdict, "verfuegbarAb", _time, _NO_TIME) if outcome is Outcome.LATER else None
        ),
        code=_optional(verdict, "code"),
        reason=_optional(verdict, "grund" if outcome is Outcome.REJECTED else "text"),
    )
    if (outcome is Outcome.DELIVERED) != bool(answer.evidences):
        read.problem(
            "XN-OUTCOME", ergebnis, "evidence goes with geliefert, and only with it", "Mend one of them."
        )
    if len(contents.used) < len(parts):
        read.problem("XN-ATTACHMENT-UNUSED", root, "an attachment is not referred to", _ONE_TO_ONE)
    read.finish()
    return answer


def read_head(root: etree._Element) -> Head:
    """The head of a `nachweislieferung`. Raises NationalUnreadable."""
    read = _Reading()
    read.expect(root, "nachweislieferung")
    kopf = read.child(root, "kopf")
    head = Head(
        message_id=read.text(kopf, "nachrichtenId"),
        issued_at=read.value(kopf, "zeitpunkt", _time, _NO_TIME),
        conversation_id=read.text(kopf, "konversationsId"),
        sender=_authority(read, read.child(kopf, "absender")),
        recipient=_authority(read, read.child(kopf, "empfaenger")),
        in_reply_to=read.text(kopf, "bezugNachrichtenId"),
    )
    read.finish()
    return head


_ONE_TO_ONE = "Send each attachment once and refer to it once, as cid:<Content-ID>."
_NO_TIME = datetime.min.replace(tzinfo=UTC)
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_PREVIEWS = {"konsument": True, "ip": False}


def _time(text: str) -> datetime:
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        raise ValueError
    return value.astimezone(UTC)


def _find(parent: etree._Element, name: str) -> etree._Element | None:
    return parent.find(f"{{{NAMESPACE}}}{name}")


def _all(parent: etree._Element, name: str) -> list[etree._Element]:
    return parent.findall(f"{{{NAMESPACE}}}{name}")


def _content(element: etree._Element) -> str:
    """Text as xs:token sees it; comments inside a value do not cut it short."""
    return _SPACE.sub(" ", str(_STRING(element))).strip(" ")


def _optional(parent: etree._Element, name: str) -> str | None:
    found = _find(parent, name)
    return None if found is None else _content(found)


class _Reading:
    """Collects defects: a missing value becomes a placeholder, and `finish` raises if there was any."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def problem(self, rule: str, at: etree._Element, text: str, remedy: str) -> None:
        if len(self.problems) < _PROBLEMS:
            self.problems.append(Problem(rule, _place(at), _line(at), text, remedy))

    def finish(self) -> None:
        if self.problems:
            raise NationalUnreadable(*self.problems)

    def expect(self, root: etree._Element, name: str) -> None:
        if root.tag != f"{{{NAMESPACE}}}{name}":
            text = f"the root is not {name} in the namespace {NAMESPACE}"
            raise NationalUnreadable(Problem("XN-ROOT", "/*", _line(root), text, f"Send a {name}."))

    def child(self, parent: etree._Element, name: str) -> etree._Element:
        found = _find(parent, name)
        if found is None:
            self.problem("XN-MISSING", parent, f"{name} is missing", f"Add {name}.")
            return etree.SubElement(etree.Element("missing"), name)
        return found

    def text(self, parent: etree._Element, name: str) -> str:
        return self.value(parent, name, _not_empty, "")

    def value(self, parent: etree._Element, name: str, convert: Callable[[str], T], otherwise: T) -> T:
        found = _find(parent, name)
        if found is None:
            self.problem("XN-MISSING", parent, f"{name} is missing", f"Add {name}.")
            return otherwise
        try:
            return convert(_content(found))
        except (ValueError, LookupError, OverflowError):
            self.problem(
                "XN-VALUE", found, f"{name} is not of its type", "Give a value that the schema allows."
            )
            return otherwise

    def day(self, parent: etree._Element, name: str) -> date | None:
        return None if _find(parent, name) is None else self.value(parent, name, date.fromisoformat, date.min)


def _not_empty(text: str) -> str:
    if not text:
        raise ValueError
    return text


def _line(element: etree._Element) -> int | None:
    return element.sourceline  # type: ignore[return-value]  # the stubs leave it open


def _place(element: etree._Element) -> str:
    """XPath of an element by local names, with a position where siblings share a name."""
    steps = []
    for node in (element, *element.iterancestors()):
        same = [] if node.getparent() is None else [s for s in node.getparent() if s.tag == node.tag]  # type: ignore[union-attr]
        steps.append(etree.QName(node).localname + (f"[{same.index(node) + 1}]" if len(same) > 1 else ""))
    return "/" + "/".join(reversed(steps))


def _authority(read: _Reading, place: etree._Element) -> Authority:
    return Authority(read.text(place, "behoerdeId"), read.text(place, "name"), _optional(place, "komponente"))


def _evidence_type(read: _Reading, place: etree._Element) -> NationalEvidenceType:
    return NationalEvidenceType(
        read.text(place, "id"), read.text(place, "version"), read.text(place, "bezeichnung")
    )


def _format(read: _Reading, place: etree._Element) -> Format:
    return Format(read.text(place, "medientyp"), _optional(place, "datenmodell"), _optional(place, "sprache"))


def _address(parent: etree._Element) -> NationalAddress | None:
    place = _find(parent, "anschrift")
    if place is None:
        return None
    return NationalAddress(**{name: _optional(place, german) for name, german in ADDRESS.items()})


def _person(read: _Reading, place: etree._Element) -> NationalNaturalPerson | NationalLegalPerson:
    legal = _find(place, "juristisch")
    if legal is not None:
        identifiers = []
        for element in (e for e in legal if isinstance(e.tag, str)):
            name = etree.QName(element).localname
            scheme = element.get("art") if name == "weitereKennung" else _SCHEMES.get(name)
            if scheme is not None:
                identifiers.append((_SPACE.sub(" ", scheme).strip(" "), _content(element)))
        return NationalLegalPerson(read.text(legal, "name"), tuple(identifiers), _address(legal))
    natural = read.child(place, "natuerlich")
    eidas = _find(natural, "eidas")
    return NationalNaturalPerson(
        family_name=read.text(natural, "familienname"),
        given_names=read.text(natural, "vornamen"),
        date_of_birth=read.value(natural, "geburtsdatum", date.fromisoformat, date.min),
        birth_name=_optional(natural, "geburtsname"),
        place_of_birth=_optional(natural, "geburtsort"),
        gender=_optional(natural, "geschlecht"),
        address=_address(natural),
        national_id=_optional(natural, "idnr"),
        eidas_id=None if eidas is None else _optional(eidas, "kennung"),
        eidas_country=None if eidas is None else _optional(eidas, "land"),
    )


class _Contents:
    """Contents of representations: inline, or taken from the attachments, each of which serves once."""

    def __init__(self, read: _Reading, parts: dict[str, Attachment]) -> None:
        self.read, self.parts, self.room = read, parts, INLINE_LIMIT
        self.used: set[str] = set()

    def take(self, place: etree._Element, media_type: str) -> bytes:
        """The bytes of one `darstellung`."""
        read = self.read
        inline, reference = _find(place, "inhalt"), _find(place, "anlage")
        if inline is not None:
            return self._inline(inline)
        if reference is None:
            read.problem("XN-MISSING", place, "neither inhalt nor anlage", "Give the content.")
            return b""
        scheme, _, content_id = reference.get("href", "").partition(":")
        part = self.parts.get(content_id) if scheme == "cid" else None
        if part is None:
            read.problem("XN-ATTACHMENT-MISSING", reference, "no attachment has this Content-ID", _ONE_TO_ONE)
            return b""
        if content_id in self.used:
            read.problem("XN-ATTACHMENT-TWICE", reference, "the attachment is referred to twice", _ONE_TO_ONE)
        self.used.add(content_id)
        if part.media_type.lower() != media_type.lower():
            remedy = "Label the part with the medientyp of the message."
            read.problem("XN-ATTACHMENT-TYPE", reference, "Content-Type and medientyp differ", remedy)
        if not part.content:
            read.problem("XN-EMPTY", reference, "the content is empty", "Send at least one byte.")
        return part.content

    def _inline(self, inline: etree._Element) -> bytes:
        text = _SPACE.sub("", str(_STRING(inline)))
        self.room -= len(text)
        if self.room < 0:
            remedy = "Send large content as attachment."
            self.read.problem("XN-INLINE", inline, f"more than {INLINE_LIMIT} characters inline", remedy)
            return b""
        try:
            content = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            self.read.problem(
                "XN-BASE64", inline, "the content is not base64", "Encode it as RFC 4648 §4 says."
            )
            return b""
        if not content:
            self.read.problem("XN-EMPTY", inline, "the content is empty", "Send at least one byte.")
        return content


def _evidence(read: _Reading, place: etree._Element, contents: _Contents) -> NationalEvidence:
    forms = []
    for shown in _all(place, "darstellung"):
        form = _format(read, read.child(shown, "format"))
        forms.append(Representation(form, contents.take(shown, form.media_type)))
    if not forms:
        read.problem("XN-MISSING", place, "darstellung is missing", "Give at least one.")
    return NationalEvidence(
        evidence_id=read.text(place, "nachweisId"),
        evidence_type=_evidence_type(read, read.child(place, "nachweistyp")),
        issuing_authority=_authority(read, read.child(place, "ausstellendeStelle")),
        issuing_date=read.value(place, "ausstellungsdatum", date.fromisoformat, date.min),
        representations=tuple(forms),
        valid_from=read.day(place, "gueltigVon"),
        valid_until=read.day(place, "gueltigBis"),
    )

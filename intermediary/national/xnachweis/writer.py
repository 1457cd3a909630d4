"""Typed messages to `nachweisanfrage` and `nachweislieferung` bytes."""

import base64
import re
from datetime import UTC, datetime

from lxml import etree

from intermediary.national.errors import NationalUnwritable, Problem
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
    Representation,
)
from intermediary.national.xnachweis.codes import ADDRESS, LEVELS, OUTCOMES, SCHEMES
from intermediary.national.xnachweis.model import INLINE_LIMIT, NAMESPACE, Answer, Attachment, Head

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LEVELS = {level.lower(): german for level, german in LEVELS.items()}


def write_request(request: NationalRequest) -> bytes:
    """The request as UTF-8 XML. Raises NationalUnwritable."""
    root = _root("nachweisanfrage")
    head = _child(root, "kopf")
    _head(head, request.message_id, request.issued_at, request.conversation_id)
    _authority(_child(head, "absender"), request.sender)
    _authority(_child(head, "empfaenger"), request.recipient)
    _retrieval(_child(root, "abruf"), request)
    _person(_child(root, "person"), request.subject)
    if request.representative is not None:
        _person(_child(root, "vertreter"), request.representative)
    for key, value in request.additional:
        entry = _child(root, "zusatzangaben")
        _text(entry, "schluessel", key)
        _text(entry, "wert", value)
    return _bytes(root)


def write_answer(answer: NationalAnswer, head: Head, inline_limit: int = INLINE_LIMIT) -> Answer:
    """The answer as UTF-8 XML with attachments; `poll_url` is not part of it (HTTP `Location`).

    Content is inline while all of it fits into `inline_limit` base64 characters. Raises NationalUnwritable.
    """
    root = _root("nachweislieferung")
    kopf = _child(root, "kopf")
    _head(kopf, head.message_id, head.issued_at, head.conversation_id)
    _authority(_child(kopf, "absender"), head.sender)
    _authority(_child(kopf, "empfaenger"), head.recipient)
    _text(kopf, "bezugNachrichtenId", head.in_reply_to)
    _text(root, "abrufId", answer.request_id)
    _outcome(_child(root, "ergebnis"), answer)
    attachments: list[Attachment] = []
    room = inline_limit
    for evidence in answer.evidences:
        nachweis = _evidence(root, evidence)
        for representation in evidence.representations:
            place = _child(nachweis, "darstellung")
            _format(_child(place, "format"), representation.format)
            if not representation.content:
                raise _unwritable("XN-EMPTY", place, "the content is empty", "Give at least one byte.")
            size = (len(representation.content) + 2) // 3 * 4
            if size <= min(room, INLINE_LIMIT):
                room -= size
                _text(place, "inhalt", base64.b64encode(representation.content).decode())
            else:
                attachments.append(_attachment(place, representation, len(attachments) + 1))
    return Answer(_bytes(root), tuple(attachments))


def _attachment(place: etree._Element, representation: Representation, number: int) -> Attachment:
    content_id = f"anlage-{number}@nachweislieferung"
    _child(place, "anlage").set("href", f"cid:{content_id}")
    return Attachment(content_id, representation.format.media_type, representation.content)


def _root(name: str) -> etree._Element:
    return etree.Element(f"{{{NAMESPACE}}}{name}", nsmap={None: NAMESPACE})  # type: ignore[dict-item]


def _bytes(root: etree._Element) -> bytes:
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _child(parent: etree._Element, name: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")


def _unwritable(rule: str, at: etree._Element, text: str, remedy: str) -> NationalUnwritable:
    names = [etree.QName(e).localname for e in (at, *at.iterancestors())]
    return NationalUnwritable(Problem(rule, "/" + "/".join(reversed(names)), None, text, remedy))


def _text(parent: etree._Element, name: str, value: str | None) -> None:
    """A child with text; none where the value is None."""
    if value is None:
        return
    child = _child(parent, name)
    if _NOT_XML.search(value):
        raise _unwritable(
            "XN-CHARACTERS",
            child,
            "the value has characters that XML cannot carry",
            "Remove control characters.",
        )
    child.text = value


def _time(parent: etree._Element, name: str, value: datetime) -> None:
    if value.tzinfo is None:
        raise _unwritable("XN-TIME", parent, f"{name} has no time zone", "Give an aware time.")
    _text(parent, name, value.astimezone(UTC).isoformat().replace("+00:00", "Z"))


def _head(head: etree._Element, message_id: str, issued_at: datetime, conversation_id: str) -> None:
    _text(head, "nachrichtenId", message_id)
    _time(head, "zeitpunkt", issued_at)
    _text(head, "konversationsId", conversation_id)


def _authority(place: etree._Element, authority: Authority) -> None:
    _text(place, "behoerdeId", authority.id)
    _text(place, "name", authority.name)
    _text(place, "komponente", authority.component)


def _evidence_type(place: etree._Element, kind: NationalEvidenceType) -> None:
    _text(place, "id", kind.id)
    _text(place, "version", kind.version)
    _text(place, "bezeichnung", kind.title)


def _format(place: etree._Element, form: Format) -> None:
    _text(place, "medientyp", form.media_type)
    _text(place, "datenmodell", form.data_model)
    _text(place, "sprache", form.language)


def _retrieval(abruf: etree._Element, request: NationalRequest) -> None:
    _text(abruf, "abrufId", request.request_id)
    _evidence_type(_child(abruf, "nachweistyp"), request.evidence_type)
    zweck = _child(abruf, "zweck")
    _text(zweck, "leistung", request.purpose.service)
    _text(zweck, "rechtsgrundlage", request.purpose.legal_basis)
    _text(zweck, "verfahrenEU", request.purpose.eu_procedure)
    # A level may come as a code (Substantial) or as the eIDAS URI that ends in it.
    level = _LEVELS.get(request.level_of_assurance.rpartition("/")[2].lower())
    if level is None:
        raise _unwritable(
            "XN-LEVEL", abruf, "vertrauensniveau is unknown", f"Give one of {', '.join(LEVELS)}."
        )
    _text(abruf, "vertrauensniveau", level)
    _text(abruf, "ausdruecklichesErsuchen", "true" if request.explicit_request else "false")
    _text(abruf, "vorschauErfolgtDurch", "konsument" if request.preview_by_consumer else "ip")
    for form in request.formats:
        _format(_child(abruf, "format"), form)
    _text(abruf, "sprache", request.language)


def _address(parent: etree._Element, address: NationalAddress | None) -> None:
    if address is None:
        return
    place = _child(parent, "anschrift")
    for name, german in ADDRESS.items():
        _text(place, german, getattr(address, name))


def _person(place: etree._Element, person: NationalNaturalPerson | NationalLegalPerson) -> None:
    if isinstance(person, NationalLegalPerson):
        legal = _child(place, "juristisch")
        _text(legal, "name", person.name)
        for scheme, value in person.identifiers:
            _text(legal, SCHEMES.get(scheme, "weitereKennung"), value)
            if scheme not in SCHEMES:
                legal[-1].set("art", scheme)
        _address(legal, person.address)
        return
    natural = _child(place, "natuerlich")
    _text(natural, "idnr", person.national_id)
    _text(natural, "familienname", person.family_name)
    _text(natural, "vornamen", person.given_names)
    _text(natural, "geburtsname", person.birth_name)
    _text(natural, "geburtsdatum", person.date_of_birth.isoformat())
    _text(natural, "geburtsort", person.place_of_birth)
    _text(natural, "geschlecht", person.gender)
    _address(natural, person.address)
    if person.eidas_id is not None or person.eidas_country is not None:
        eidas = _child(natural, "eidas")
        _text(eidas, "kennung", person.eidas_id)
        _text(eidas, "land", person.eidas_country)


def _outcome(place: etree._Element, answer: NationalAnswer) -> None:
    if (answer.outcome is Outcome.DELIVERED) != bool(answer.evidences):
        raise _unwritable(
            "XN-OUTCOME",
            place,
            "evidence goes with geliefert, and only with it",
            "Mend outcome or evidences.",
        )
    outcome = _child(place, OUTCOMES[answer.outcome])
    if answer.outcome is Outcome.LATER:
        if answer.available_at is None:
            raise _unwritable("XN-OUTCOME", outcome, "verfuegbarAb is missing", "Say when it is there.")
        _time(outcome, "verfuegbarAb", answer.available_at)
    elif answer.outcome is Outcome.REJECTED:
        _text(outcome, "code", answer.code)
        _text(outcome, "grund", answer.reason)
    elif answer.outcome is Outcome.FAILED:
        _text(outcome, "code", answer.code or "unknown")
        _text(outcome, "text", answer.reason)


def _evidence(root: etree._Element, evidence: NationalEvidence) -> etree._Element:
    place = _child(root, "nachweis")
    _text(place, "nachweisId", evidence.evidence_id)
    _evidence_type(_child(place, "nachweistyp"), evidence.evidence_type)
    _authority(_child(place, "ausstellendeStelle"), evidence.issuing_authority)
    _text(place, "ausstellungsdatum", evidence.issuing_date.isoformat())
    for name, day in (("gueltigVon", evidence.valid_from), ("gueltigBis", evidence.valid_until)):
        _text(place, name, None if day is None else day.isoformat())
    return place

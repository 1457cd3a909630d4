"""The targets: bytes in, a value or the refusal that the reader promises; anything else is a crash."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from intermediary import as4, xml
from intermediary.as4 import mime
from intermediary.as4.errors import Refusal
from intermediary.as4.header import read_user_message
from intermediary.as4.soap import read_envelope
from intermediary.directory import Answer, AnswerUnreadable, read_answer, write_answer
from intermediary.edm import EdmUnreadable, peek, read
from intermediary.national import NationalUnreadable, xnachweis
from tests.as4.parties import CHECK, EDM, PDF, acknowledge, keys, pmode, receive, receiving, send
from tests.as4.pki import NOW

_SMALL = as4.Limits(body_bytes=1_000_000, decompressed_bytes=1_000_000)
_SOAP = mime.media_type("application/soap+xml; charset=UTF-8")


def read_mime(data: bytes) -> None:
    """The first line is the Content-Type, the rest the body."""
    kind, _, body = data.partition(b"\n")
    try:
        message = mime.split(kind.decode("latin-1"), body, _SMALL)
        for part in message.attachments.values():
            assert part.content.size <= len(body)
    except Refusal:
        pass


def read_soap(data: bytes) -> None:
    """Envelope and eb:Messaging."""
    with contextlib.suppress(Refusal):
        read_user_message(read_envelope(data, _SOAP).messaging)


def read_message(data: bytes) -> None:
    """A whole message whose envelope is `data` and whose parts are genuine: security header and all."""
    genuine = _genuine()
    start, end = genuine.body.index(b"<env:Envelope"), genuine.body.index(b"</env:Envelope>") + 15
    body = genuine.body[:start] + data + genuine.body[end:]
    try:
        unpacked = as4.unpack(genuine.content_type, body, (receiving(),), keys(), CHECK, NOW, _SMALL)
    except as4.As4Refused:
        return
    # What gets through must be what was signed, whatever was bent around it.
    assert unpacked.received.payloads == (EDM, PDF)
    assert unpacked.received.references == genuine.references


def read_signal(data: bytes) -> None:
    """What came back for a message."""
    sent = _genuine()
    kind = "application/soap+xml; charset=UTF-8"
    try:
        told = as4.read_signal(kind, data, sent, "6f1c2a@portal.example", pmode(), CHECK)
    except as4.InvalidReceipt:
        return
    if isinstance(told, as4.Receipt):
        assert set(told.references) == set(sent.references)


def read_edm(data: bytes) -> None:
    """An EDM message of any kind."""
    try:
        root = xml.parse(data)
    except xml.XmlRefused:
        return
    peek(root)
    try:
        read(root)
    except EdmUnreadable as unreadable:
        assert unreadable.problems


def read_national(data: bytes) -> None:
    """An answer of a register."""
    with contextlib.suppress(xml.XmlRefused, NationalUnreadable):
        xnachweis.read_answer(xml.parse(data))


def read_directory(data: bytes) -> None:
    """An answer of Evidence Broker or Data Service Directory; what is read can be written."""
    with contextlib.suppress(AnswerUnreadable):
        said = read_answer(data)
        assert said.requirements or said.services or said.refusals
        count = len(said.requirements) + len(said.services)
        assert read_answer(write_answer(said, (UUID(int=n) for n in range(count))))


@cache
def _genuine() -> as4.Packed:
    return send(EDM, PDF)


@dataclass(frozen=True, slots=True)
class Target:
    """A reader, genuine inputs to begin with, and words that it knows."""

    reader: Callable[[bytes], None]
    seeds: Callable[[], tuple[bytes, ...]]


def _envelopes() -> tuple[bytes, ...]:
    body = _genuine().body
    start, end = body.index(b"<env:Envelope"), body.index(b"</env:Envelope>") + 15
    return (body[start:end],)


def _mime_seeds() -> tuple[bytes, ...]:
    small = as4.Packed('multipart/related; boundary="b"; type="application/soap+xml"', b"")
    parts = (
        b"--b\r\nContent-Type: application/soap+xml\r\n\r\n<a/>\r\n--b\r\nContent-ID: <p@x>\r\n\r\nx\r\n--b--"
    )
    return (
        _genuine().content_type.encode() + b"\n" + _genuine().body[:6000],
        small.content_type.encode() + b"\n" + parts,
        b"application/soap+xml\n<a/>",
    )


def _signal_seeds() -> tuple[bytes, ...]:
    return (acknowledge(receive(_genuine())).body,)


def _edm_seeds() -> tuple[bytes, ...]:
    from intermediary import edm
    from tests.edm import examples

    made = (examples.request(), examples.response(), examples.error(), examples.request("oots-edm:v1.0"))
    return tuple(edm.write(message) for message in made)


def _national_seeds() -> tuple[bytes, ...]:
    return (b'<nachweislieferung xmlns="urn:intermediary:national:xnachweis-profile:1"/>',)


def _directory_seeds() -> tuple[bytes, ...]:
    from intermediary.directory.codes import QueryId, Service
    from intermediary.sandbox.common_services import answer, load_publications

    countries = load_publications()
    kind = countries[0].services[0].classification
    asked: list[tuple[Service, list[tuple[str, str]]]] = [
        (Service.EVIDENCE_BROKER, [("queryId", QueryId.REQUIREMENTS)]),
        (
            Service.DATA_SERVICE_DIRECTORY,
            [
                ("queryId", QueryId.DATA_SERVICES),
                ("country-code", "IT"),
                ("evidence-type-classification", kind),
            ],
        ),
    ]
    answers = [answer(countries, service, query, "oots-cs:v1.2") for service, query in asked]
    answers.append(Answer(services=countries[0].services[:1]))
    return tuple(write_answer(each, (UUID(int=n) for n in range(9))) for each in answers)


TARGETS = {
    "directory": Target(read_directory, _directory_seeds),
    "mime": Target(read_mime, _mime_seeds),
    "soap": Target(read_soap, _envelopes),
    "message": Target(read_message, _envelopes),
    "signal": Target(read_signal, _signal_seeds),
    "edm": Target(read_edm, _edm_seeds),
    "national": Target(read_national, _national_seeds),
}

"""The hostile set through real sockets: each is refused in time and precisely, and the platform goes on.

The same attacks in one process, with everything that is stored, are in `tests/exchange/test_hostile.py`.
"""

import gzip
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from intermediary import as4
from intermediary.as4.codes import EbmsErrorCode as Code
from intermediary.as4.model import ErrorSignal, Packed, Receipt
from intermediary.audit import AuditLog
from intermediary.content import Content, InMemory
from intermediary.exchange import HttpAnswer
from intermediary.exchange.model import Event
from intermediary.sandbox import doubles
from intermediary.sandbox.citizen import Citizen
from intermediary.sandbox.stories import tell
from intermediary.sandbox.world import World
from intermediary.store import open_engine
from intermediary.transport.as4 import endpoint_router
from tests.as4.forge import ForgedPart
from tests.as4.test_attacks import bend_parts
from tests.end_to_end import strangers
from tests.end_to_end.conftest import BY_KEY, PATIENCE, Stories
from tests.preview.serving import certificate, listening, serve

pytestmark = [pytest.mark.xdist_group("sandbox"), pytest.mark.slow]

PART = ForgedPart("p1@forge", "application/octet-stream", b"content")
DOCTYPE = b"<!DOCTYPE a SYSTEM 'file:///etc/passwd'>"
ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "boom"}">' for n in range(12))


def correct(world: World, *parts: ForgedPart, **bent: object) -> Packed:
    return strangers.forgery(world, strangers.message(world), list(parts or (PART,)), **bent).pack()


def before_the_envelope(world: World, prefix: bytes) -> Packed:
    packed = correct(world)
    return replace(packed, content=InMemory(packed.body.replace(b"<s:Envelope", prefix + b"<s:Envelope", 1)))


def gzip_bomb(world: World) -> Packed:
    marks = (("MimeType", "application/x-ebrs+xml"), ("CompressionType", "application/gzip"))
    content = gzip.compress(bytes(4 * 1024 * 1024), 9) * 100
    return correct(world, ForgedPart("bomb@forge", "application/gzip", content, marks))


def ten_thousand_parts(world: World) -> Packed:
    partner = doubles.pmode(world, "portal", "platform")
    payload = as4.Payload("p@forge", "application/octet-stream", b"1")
    packed = as4.pack(strangers.message(world), (payload,), partner, doubles.signing_key(world, "portal"))
    return bend_parts(packed, lambda parts: parts.extend([b"\r\nContent-ID: <x@y>\r\n\r\n1"] * 10_000))


def truncated(world: World) -> Packed:
    packed = correct(world)
    return replace(packed, content=InMemory(packed.body[:-200]))


def wrong_signature(world: World) -> Packed:
    packed = correct(world)
    body = packed.body.replace(b"ExecuteQueryRequest<", b"ExecuteQueryResponse<", 1)
    assert body != packed.body
    return replace(packed, content=InMemory(body))


def unsigned_part(world: World) -> Packed:
    second = replace(PART, content_id="p2@forge")
    return correct(world, PART, second, covered=lambda uri: uri != "cid:p2@forge")


def unknown_partner(world: World) -> Packed:
    header = strangers.message(world, sender=strangers.STRANGER)
    return strangers.forgery(world, header, [PART], signer=strangers.leaf(world, "AP_STRANGER")).pack()


def expired_certificate(world: World) -> Packed:
    header = strangers.message(world, sender=strangers.EXPIRED)
    return strangers.forgery(world, header, [PART], signer=strangers.expired_leaf(world)).pack()


HOSTILE: dict[str, tuple[Callable[[World], Packed], Code, str]] = {
    "dtd": (lambda w: before_the_envelope(w, DOCTYPE), Code.INVALID_HEADER, "XML-NO-DOCTYPE"),
    "entity-bomb": (
        lambda w: before_the_envelope(w, f"<!DOCTYPE a [{ENTITIES}]>".encode()),
        Code.INVALID_HEADER,
        "XML-NO-DOCTYPE",
    ),
    "gzip-bomb": (gzip_bomb, Code.DECOMPRESSION_FAILURE, ""),
    "ten-thousand-parts": (ten_thousand_parts, Code.MIME_INCONSISTENCY, "MIME parts"),
    "truncated": (truncated, Code.MIME_INCONSISTENCY, ""),
    "wrong-signature": (wrong_signature, Code.FAILED_AUTHENTICATION, "digest of Messaging"),
    "unsigned-part": (unsigned_part, Code.POLICY_NONCOMPLIANCE, "does not cover every part"),
    "unknown-partner": (unknown_partner, Code.VALUE_NOT_RECOGNIZED, "not a partner"),
    "expired-certificate": (expired_certificate, Code.FAILED_AUTHENTICATION, "expired"),
    "empty-body": (lambda _: Packed("multipart/related; boundary=x", b""), Code.MIME_INCONSISTENCY, ""),
    "wrong-content-type": (lambda _: Packed("text/html", b"<html/>"), Code.MIME_INCONSISTENCY, ""),
}


@pytest.fixture(scope="module")
def partner(world: World) -> Iterator[httpx.Client]:
    with httpx.Client(verify=_trust(world), trust_env=False, timeout=60) as client:
        yield client


def _trust(world: World) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(world.authority))


def _push(partner: httpx.Client, world: World, packed: Packed) -> httpx.Response:
    url, headers = world.url("platform", "/as4"), {"Content-Type": packed.content_type}
    return partner.post(url, content=packed.body, headers=headers)


def _refusals(world: World) -> list[Event]:
    engine = open_engine(f"sqlite:///{world.data('platform') / 'platform.db'}")
    try:
        return [event for event in AuditLog(engine).platform(1000) if event.fact == "message-refused"]
    finally:
        engine.dispose()


def _stored(world: World) -> int:
    """How many messages and exchanges the platform holds."""
    engine = open_engine(f"sqlite:///{world.data('platform') / 'platform.db'}")
    try:
        with engine.connect() as connection:
            counts = connection.exec_driver_sql(
                "SELECT (SELECT count(*) FROM exchange) + (SELECT count(*) FROM message)"
            )
            return int(counts.scalar_one())
    finally:
        engine.dispose()


def _signal(world: World, sent: Packed, answer: httpx.Response, message_id: str | None = None) -> object:
    reference = answer.content.partition(b'refToMessageInError="')[2].partition(b'"')[0].decode()
    pmode = doubles.pmode(world, "portal", "platform")
    given = message_id or reference or "none@none"
    kind = answer.headers["content-type"]
    return as4.read_signal(kind, answer.content, sent, given, pmode, lambda _certificate: None)


def _alive(partner: httpx.Client, world: World) -> None:
    assert partner.get(world.url("platform", "/health/ready")).text == "ready\n"


@pytest.mark.parametrize("attack", HOSTILE)
def test_refused_precisely(partner: httpx.Client, world: World, attack: str) -> None:
    make, code, reason = HOSTILE[attack]
    packed, before, stored = make(world), len(_refusals(world)), _stored(world)
    answer = _push(partner, world, packed)
    assert answer.status_code in (200, 400)
    signal = _signal(world, packed, answer)
    assert isinstance(signal, ErrorSignal)
    assert [raised.code for raised in signal.errors] == [code]
    (event,) = _refusals(world)[before:]
    assert dict(event.data)["code"] == code.code
    assert reason in dict(event.data)["reason"]
    assert _stored(world) == stored
    _alive(partner, world)


def test_a_replayed_message_id_with_other_content(partner: httpx.Client, world: World) -> None:
    header = strangers.message(world, message_id=f"{uuid4()}@replay.example")
    pmode, key = doubles.pmode(world, "portal", "platform"), doubles.signing_key(world, "portal")
    first, other = (
        as4.pack(header, (as4.Payload("p@forge", "application/octet-stream", content),), pmode, key)
        for content in (b"one", b"other")
    )
    answers = [_push(partner, world, packed) for packed in (first, first, other)]
    receipt, again, refusal = [
        _signal(world, packed, answer, header.message_id)
        for packed, answer in zip((first, first, other), answers, strict=True)
    ]
    assert isinstance(receipt, Receipt)
    assert again == receipt
    assert isinstance(refusal, ErrorSignal)
    assert [raised.code for raised in refusal.errors] == [Code.OTHER]
    assert dict(_refusals(world)[-1].data)["message_id"] == header.message_id


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_other_methods_are_not_allowed(partner: httpx.Client, world: World, method: str) -> None:
    answer = partner.request(method, world.url("platform", "/as4"))
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


@contextmanager
def _plain(world: World) -> Iterator[ssl.SSLSocket]:
    with (
        socket.create_connection(("127.0.0.1", world.port("platform")), 30) as raw,
        _trust(world).wrap_socket(raw, server_hostname="localhost") as tls,
    ):
        yield tls


def _head(length: int) -> bytes:
    lines = ["POST /as4 HTTP/1.1", "Host: localhost", "Content-Type: application/soap+xml"]
    return "\r\n".join([*lines, f"Content-Length: {length}", "", ""]).encode()


def test_a_huge_declared_length_is_refused_before_anything_is_read(
    partner: httpx.Client, world: World
) -> None:
    with _plain(world) as connection:
        connection.sendall(_head(10**15))
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"send less evidence at once" in answer
    _alive(partner, world)


def test_a_sender_who_hangs_up_half_way_leaves_nothing(partner: httpx.Client, world: World) -> None:
    stored = _stored(world)
    for _ in range(20):
        with _plain(world) as connection:
            connection.sendall(_head(100_000) + b"<s:Envelope")
    _alive(partner, world)
    assert _stored(world) == stored


def test_slow_senders_keep_nobody_waiting(partner: httpx.Client, world: World) -> None:
    with _plain(world) as one, _plain(world) as two:
        for connection in (one, two):
            connection.sendall(_head(100_000) + b"<")
        for _ in range(5):
            one.sendall(b"x")
            _alive(partner, world)
            assert _push(partner, world, Packed("", b"")).status_code == 400


def test_a_slow_sender_is_cut_off(tmp_path: Path) -> None:
    """The platform's own endpoint with a short patience, on a socket of its own."""
    received: list[bytes] = []

    def receive(_content_type: str, body: Content) -> HttpAnswer:
        received.append(bytes(body))
        return HttpAnswer(200, "text/plain", b"")

    app = FastAPI()
    app.include_router(endpoint_router(receive, 1000, grace_seconds=0.3))
    cert_file, key_file = certificate(tmp_path)
    with listening() as (bound, url), serve(app, bound, cert_file, key_file):
        context = ssl.create_default_context(cafile=str(cert_file))
        with (
            socket.create_connection(bound.getsockname(), 30) as raw,
            context.wrap_socket(raw, server_hostname="localhost") as slow,
        ):
            slow.sendall(_head(900) + b"<")
            time.sleep(0.1)
            slow.sendall(b"x")
            assert slow.recv(4096).startswith(b"HTTP/1.1 408 ")
        assert httpx.post(f"{url}/as4", content=b"quick", verify=context).status_code == 200
    assert received == [b"quick"]


@pytest.mark.parametrize("version", ["2.0", "1.2"])
def test_a_second_citizen_on_the_first_ones_link(
    stories: Stories, world: World, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    """While the first citizen decides, another one follows their link and logs in: they see nothing of it."""
    pages: list[str] = []

    class Second(Citizen):
        def _keep(self, page: httpx.Response) -> None:
            super()._keep(page)
            if self._at("platform"):
                pages.append(page.text)

    class First(Citizen):
        def _decide(self, form: object, choice: object) -> None:
            link = str(self._page.url)
            with Second(world, "paolo") as second:
                visit = second.visit(link, patience=PATIENCE)
            assert visit.documents == 0
            super()._decide(form, choice)  # type: ignore[arg-type]

    monkeypatch.setattr("intermediary.sandbox.stories.Citizen", First)
    told = tell(world, BY_KEY["approve-all"], version, patience=PATIENCE)
    assert told.problems == ()
    assert len(pages) > 1
    for word in ("Rossi", "Giulia", "1990-04-12", "B-GR 1990", "Kastanienallee"):
        assert not any(word in page for page in pages), word


def test_a_foreign_return_url_leads_nowhere(
    stories: Stories, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody sends the citizen a link with another return address: it appears on no page."""
    pages: list[str] = []

    class Lured(Citizen):
        def _open(self, url: str) -> None:
            if "returnurl=" in url:
                url = url.partition("?")[0] + "?returnurl=https%3A%2F%2Fevil.example%2F&returnmethod=GET"
            super()._open(url)

        def _keep(self, page: httpx.Response) -> None:
            super()._keep(page)
            pages.append(page.text)

    monkeypatch.setattr("intermediary.sandbox.stories.Citizen", Lured)
    told = tell(world, BY_KEY["approve-all"], "1.2", patience=PATIENCE)
    assert told.exchange["state"] == "evidence"
    assert told.visit is not None
    assert not told.visit.returned, "there is no acceptable way back, so the visit ends at the preview"
    assert pages
    assert not any("evil.example" in page for page in pages)


def test_after_all_that_a_story_goes_as_ever(stories: Stories, world: World) -> None:
    assert tell(world, BY_KEY["approve-all"], "2.0", patience=PATIENCE).problems == ()

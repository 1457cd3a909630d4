"""What the plugin pushes to us: who may, what is understood, and that it is passed on at once."""

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from intermediary.transport.domibus import Backend, backend_router
from intermediary.transport.domibus.envelopes import notification
from intermediary.transport.domibus.errors import NotificationUnreadable

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ME = ("domibus", "s3cret")


def call(operation: str, inside: str = "<messageID>m@x</messageID>", namespace: str = "eu.domibus") -> str:
    return (
        f'<s:Envelope xmlns:s="{SOAP}"><s:Header/><s:Body>'
        f'<n:{operation} xmlns:n="{namespace}">{inside}</n:{operation}></s:Body></s:Envelope>'
    )


class Room:
    """The endpoint, and what it passed on."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, ...]] = []
        backend = Backend(
            look=lambda i: self.seen.append(("look", i)),
            hint=lambda: self.seen.append(("hint",)),
            turn_away=lambda i, _why: self.seen.append(("turn away", i)),
            user=ME[0],
            password=ME[1],
        )
        app = FastAPI()
        app.include_router(backend_router(backend))
        self.http = TestClient(app)

    def post(self, body: str | bytes, auth: tuple[str, str] | None = ME) -> int:
        answer: httpx.Response = self.http.post("/domibus/backend", content=body, auth=auth)
        return answer.status_code


@pytest.fixture
def room() -> Room:
    return Room()


@pytest.mark.parametrize(
    ("operation", "passed"),
    [
        ("receiveSuccess", [("hint",)]),
        ("receiveFailure", [("turn away", "m@x")]),
        ("sendSuccess", [("look", "m@x")]),
        ("sendFailure", [("look", "m@x")]),
        ("messageStatusChange", [("hint",), ("look", "m@x")]),
        ("submitMessage", [("hint",)]),
        ("delete", []),
    ],
)
@pytest.mark.parametrize("namespace", ["eu.domibus", "eu.domibus.backend", "http://eu.domibus.wsplugin/"])
def test_each_operation_in_each_namespace_that_was_seen(
    room: Room, operation: str, passed: list[tuple[str, ...]], namespace: str
) -> None:
    assert room.post(call(operation, namespace=namespace)) == 200
    assert room.seen == passed


def test_several_messages_and_fields_that_we_do_not_read(room: Room) -> None:
    inside = "<messageID>a@x</messageID><messageEntityId>5</messageEntityId><messageID>b@x</messageID>"
    assert room.post(call("sendSuccess", inside)) == 200
    assert room.seen == [("look", "a@x"), ("look", "b@x")]


@pytest.mark.parametrize("auth", [None, ("domibus", "wrong"), ("other", "s3cret"), ("", "")])
def test_strangers_trigger_nothing(room: Room, auth: tuple[str, str] | None) -> None:
    assert room.post(call("receiveSuccess"), auth) == 401
    assert room.seen == []


@pytest.mark.parametrize("header", ["Basic", "Basic %%%", "Bearer x", "basic Ög"])
def test_credentials_that_are_none(room: Room, header: str) -> None:
    answer = room.http.post("/domibus/backend", content="x", headers={"Authorization": header.encode()})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        "",
        "nonsense",
        call("retrieveMessage"),
        call("receiveSuccess", namespace="http://evil.example/"),
        call("receiveSuccess").replace(SOAP, "http://schemas.xmlsoap.org/soap/envelope/"),
        call("receiveSuccess").replace("<s:Header/>", "<s:Body/>").replace("<s:Body><n", "<s:Header><n"),
        '<!DOCTYPE a [<!ENTITY b "b">]>' + call("receiveSuccess", "<messageID>&b;</messageID>"),
    ],
)
def test_what_is_no_notification(room: Room, body: str) -> None:
    assert room.post(body) == 400, "a 5xx would be repeated with the same body"
    assert room.seen == []


def test_whole_messages_are_not_meant_for_us(room: Room) -> None:
    assert room.post(b"x" * (1024 * 1024 + 1)) == 413


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_read(body: bytes) -> None:
    with pytest.raises(NotificationUnreadable):
        notification(body)

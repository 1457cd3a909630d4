"""Registers that push: POST /national/v1/nachweislieferungen."""

import socket
import threading
from collections.abc import Iterator

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from intermediary.national.model import NationalAnswer
from intermediary.national.xnachweis import pack, write_answer
from intermediary.transport.national import callback_router
from tests.national.test_xnachweis import DELIVERED, HEAD
from tests.transport.national.conftest import check


class Door:
    """A running callback; it knows the request r-1."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.received: list[NationalAnswer] = []

    def receive(self, answer: NationalAnswer) -> bool:
        self.received.append(answer)
        return answer.request_id == "r-1"

    def push(self, content_type: str, body: bytes) -> httpx.Response:
        return httpx.post(self.url, content=body, headers={"content-type": content_type}, trust_env=False)


@pytest.fixture(scope="module")
def running() -> Iterator[Door]:
    listener = socket.create_server(("127.0.0.1", 0))
    door = Door(f"http://127.0.0.1:{listener.getsockname()[1]}/national/v1/nachweislieferungen")
    app = FastAPI()
    app.include_router(callback_router(door.receive, check, max_bytes=100_000))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield door
    server.should_exit = True
    thread.join()
    listener.close()


@pytest.fixture
def door(running: Door) -> Door:
    running.received.clear()
    return running


@pytest.mark.parametrize("inline_limit", [0, 100_000])
def test_a_pushed_answer_is_accepted(door: Door, inline_limit: int) -> None:
    written = write_answer(DELIVERED, HEAD, inline_limit)
    response = door.push(*pack(written.xml, written.attachments))
    assert (response.status_code, response.content) == (202, b"")
    assert door.received == [DELIVERED]


def test_an_answer_that_nobody_asked_for_is_refused(door: Door) -> None:
    written = write_answer(NationalAnswer("r-9", DELIVERED.outcome, DELIVERED.evidences), HEAD)
    response = door.push(*pack(written.xml, written.attachments))
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["type"] == "urn:intermediary:national:problem:unknown-request"


def test_an_invalid_message_gets_its_findings_and_no_values(door: Door) -> None:
    xml = write_answer(DELIVERED, HEAD).xml.replace(b"2026-02-01", b"1.2.2026")
    response = door.push("application/xml", xml)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    finding = response.json()["findings"][0]
    assert finding["rule"].startswith("XSD:")
    assert finding["line"]
    assert finding["remedy"]
    assert "1.2.2026" not in response.text
    assert door.received == []


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/xml", b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>", 422),
        ("application/xml", b"", 422),
        ("multipart/related; boundary=b", b"--b--", 422),
        ("application/json", b"{}", 415),
        ("application/xml", b" " * 100_001, 413),
    ],
)
def test_hostile_bodies_are_refused(door: Door, content_type: str, body: bytes, status: int) -> None:
    assert door.push(content_type, body).status_code == status
    assert door.received == []

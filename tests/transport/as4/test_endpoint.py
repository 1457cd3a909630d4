"""The AS4 door over real sockets: any body is answered, too much is refused, the sender reads what comes."""

import ssl
import threading
from collections.abc import Iterator

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request, Response

from intermediary.as4.model import Packed
from intermediary.content import Content
from intermediary.exchange import HttpAnswer, PartnerUnreachable
from intermediary.transport.as4 import HttpPush, endpoint_router

LIMIT = 1000
SIGNAL = Packed("application/soap+xml", b"<message/>")


def answer(content_type: str, body: Content) -> HttpAnswer:
    """Says what was received."""
    return HttpAnswer(200, "application/soap+xml; charset=UTF-8", content_type.encode() + b"|" + bytes(body))


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server with the endpoint, and a partner that answers oddly."""
    app = FastAPI()
    app.include_router(endpoint_router(answer, LIMIT))

    @app.post("/odd/{status}")
    async def odd(status: int, request: Request) -> Response:
        if status == 302:
            return Response(status_code=302, headers={"Location": "/as4"})
        if status == 500:
            return Response(b"<soap-fault/>", 500, media_type="application/soap+xml")
        if status == 299:
            return Response(b"x" * (5 * 1024 * 1024), 200)
        return Response(b"", status)

    config = uvicorn.Config(app, port=0, log_level="critical", lifespan="off")
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run)
    thread.start()
    while not running.started:
        pass
    port = running.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    running.should_exit = True
    thread.join()


@pytest.fixture
def push() -> Iterator[HttpPush]:
    """The sender."""
    with HttpPush(ssl.create_default_context(), timeout_seconds=5) as push:
        yield push


def test_body_and_content_type_reach_the_access_point(server: str, push: HttpPush) -> None:
    status, content_type, body = push(f"{server}/as4", Packed("text/x; a=b", b"\x00\xff"))
    assert (status, content_type) == (200, "application/soap+xml; charset=UTF-8")
    assert body == b"text/x; a=b|\x00\xff"


def test_an_empty_body_is_answered_too(server: str) -> None:
    assert httpx.post(f"{server}/as4").content == b"|"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_only_post_is_taken(server: str, method: str) -> None:
    assert httpx.request(method, f"{server}/as4").status_code == 405


def test_a_body_over_the_limit_is_refused_whether_declared_or_not(server: str) -> None:
    declared = httpx.post(f"{server}/as4", content=b"x" * (LIMIT + 1))
    chunked = httpx.post(f"{server}/as4", content=iter([b"x" * 600, b"x" * 600]))
    assert (declared.status_code, chunked.status_code) == (413, 413)
    assert "1000 bytes" in declared.text
    assert httpx.post(f"{server}/as4", content=b"x" * LIMIT).status_code == 200


def test_an_error_status_with_a_body_is_read(server: str, push: HttpPush) -> None:
    assert push(f"{server}/odd/500", SIGNAL)[::2] == (500, b"<soap-fault/>")


@pytest.mark.parametrize("status", [404, 503])
def test_an_error_status_without_a_body_counts_as_unreachable(
    server: str, push: HttpPush, status: int
) -> None:
    with pytest.raises(PartnerUnreachable, match=str(status)):
        push(f"{server}/odd/{status}", SIGNAL)


def test_redirects_are_not_followed(server: str, push: HttpPush) -> None:
    assert push(f"{server}/odd/302", SIGNAL)[::2] == (302, b"")


def test_an_endless_answer_is_cut_off(server: str, push: HttpPush) -> None:
    with pytest.raises(PartnerUnreachable, match="more than a signal"):
        push(f"{server}/odd/299", SIGNAL)


def test_nobody_there(push: HttpPush) -> None:
    with pytest.raises(PartnerUnreachable, match="ConnectError"):
        push("http://127.0.0.1:1/as4", SIGNAL)

"""Whether a process lives and can do its work: for the probes of systemd, Kubernetes and load balancers."""

import socket
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import structlog
from fastapi import APIRouter, Request, Response
from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from intermediary import store

PASSING = (OperationalError, InterfaceError, NoConnectionFree, OSError)
"""What a database that is away, a full disk or a lost mount raise: the next attempt may well succeed."""
RETRY_SECONDS = 30

_LOG = structlog.get_logger(__name__)
_TEXT = "text/plain; charset=utf-8"

Page = tuple[int, str, bytes]
"""Status, media type, body."""


def live() -> Page:
    """The process answers."""
    return 200, _TEXT, b"live\n"


def ready(engine: Engine, clock_problem: str = "") -> Page:
    """The database answers and has all that this release needs, and the clocks agree."""
    try:
        current = store.is_current(engine)
    except Exception as away:  # whatever a driver raises
        _LOG.warning("not ready", kind=type(away).__name__)
        return 503, _TEXT, b"the database does not answer\n"
    if not current:
        return 503, _TEXT, b"schema not current\n"
    return (503, _TEXT, f"{clock_problem}\n".encode()) if clock_problem else (200, _TEXT, b"ready\n")


def routes(engine: Engine, clock_problem: Callable[[], str] = str) -> APIRouter:
    """GET /health/live and /health/ready beside the rest of `serve`."""
    router = APIRouter(include_in_schema=False)

    @router.get("/health/live")
    def _live() -> Response:
        return _response(live())

    @router.get("/health/ready")
    def _ready() -> Response:
        return _response(ready(engine, clock_problem()))

    return router


def come_again(request: Request, error: Exception) -> Response:
    """Answer to what cannot be done now: HTTP 503 with Retry-After (RFC 9110 §15.6.4).

    No ebMS error: the sender would take that for the message's end. Without a receipt it sends the same
    message again (AS4 profile of ebMS 3.0 §3.2, reception awareness).
    """
    _LOG.error("cannot be done now", path=request.scope["route"].path if "route" in request.scope else "",
               kind=type(error).__name__)  # fmt: skip
    headers = {"Retry-After": str(RETRY_SECONDS), "Connection": "close"}
    return Response("This cannot be done now; send it again.\n", 503, headers, media_type="text/plain")


def listen(host: str, port: int, pages: Mapping[str, Callable[[], Page]]) -> Callable[[], None]:
    """Serve pages by their path over plain HTTP where there is no other server. Raises OSError.

    Returns what ends it.
    """

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            page = pages.get(self.path.partition("?")[0])
            status, media_type, body = page() if page is not None else (404, _TEXT, b"not found\n")
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Probes are no news."""

    class Server(ThreadingHTTPServer):
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

    server = Server((host, port), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()

    def end() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return end


def _response(page: Page) -> Response:
    status, media_type, body = page
    return Response(body, status, media_type=media_type)

"""A real HTTPS server with client certificates: a register that does what the test says, and an IAM."""

import asyncio
import json
import socket
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from lxml import etree
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from intermediary.mapping.model import Provider
from intermediary.national.model import NationalAnswer
from intermediary.national.xnachweis import RELEASE, pack, read_request, reply_head, write_answer
from intermediary.sandbox.pki import make_pki
from intermediary.sandbox.world import World
from intermediary.transport.national import Connector, NationalSettings
from intermediary.validation import Report, Validator
from intermediary.xml import parse
from tests.national.test_xnachweis import HEAD

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
VALIDATOR = Validator(Path(__file__).parents[3] / "xsd")


def check(root: etree._Element) -> Report:
    """The schema check, as the composition root wires it."""
    return VALIDATOR.check(root, RELEASE)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **delta: float) -> None:
        self.now += timedelta(**delta)


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


Step = Callable[[Seen], Response | Awaitable[Response]]


@dataclass
class Server:
    """Plays the steps of the script in order; the last one is repeated. `/token` is the IAM."""

    url: str
    client_key: ECKey
    script: deque[Step] = field(default_factory=deque)
    seen: list[Seen] = field(default_factory=list)
    grants: list[dict[str, str]] = field(default_factory=list)
    assertions: list[dict[str, object]] = field(default_factory=list)
    lifetime: object = 300
    broken_token: Response | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        seen = Seen(
            request.method,
            scope["raw_path"].decode(),
            scope["query_string"].decode(),
            dict(request.headers),
            await request.body(),
        )
        response = self._token(seen) if seen.path == "/token" else await self._step(seen)
        await response(scope, receive, send)

    async def _step(self, seen: Seen) -> Response:
        self.seen.append(seen)
        step = self.script.popleft() if len(self.script) > 1 else self.script[0]
        response = step(seen)
        return response if isinstance(response, Response) else await response

    def _token(self, seen: Seen) -> Response:
        if self.broken_token is not None:
            return self.broken_token
        form = dict(parse_qsl(seen.body.decode(), strict_parsing=True))
        try:
            verified = jwt.decode(form["client_assertion"], self.client_key, algorithms=["ES256"])
        except JoseError:
            return JSONResponse({"error": "invalid_client"}, 401)
        self.grants.append(form)
        self.assertions.append({**verified.header, **verified.claims})
        token = f"token-{len(self.grants)}-for-{form['audience']}"
        return JSONResponse({"access_token": token, "token_type": "Bearer", "expires_in": self.lifetime})


def serve(app: Callable[..., Awaitable[None]], world: World, listener: socket.socket) -> uvicorn.Server:
    """A uvicorn that wants client certificates of the world's authority."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            ssl_keyfile=world.key("vehicle-register", "tls-server"),
            ssl_certfile=world.certificate("vehicle-register", "tls-server"),
            ssl_ca_certs=str(world.authority),
            ssl_cert_reqs=2,
            log_level="critical",
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
    )


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Keys of everyone, made once."""
    made = World(tmp_path_factory.mktemp("world"))
    make_pki(made)
    return made


@pytest.fixture(scope="session")
def running(world: World) -> Iterator[Server]:
    """The server, in a thread."""
    listener = socket.create_server(("localhost", 0))
    certificate = x509.load_pem_x509_certificate(world.certificate("platform", "token").read_bytes())
    public = certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    server = Server(f"https://localhost:{listener.getsockname()[1]}", ECKey.import_key(public))
    running = serve(server, world, listener)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
    thread.start()
    yield server
    running.should_exit = True
    thread.join()
    listener.close()


@pytest.fixture
def server(running: Server) -> Server:
    """The server with a clean slate."""
    running.script.clear()
    running.seen.clear()
    running.grants.clear()
    running.assertions.clear()
    running.lifetime, running.broken_token = 300, None
    return running


@pytest.fixture
def clock() -> Clock:
    """The clock of the connector."""
    return Clock()


@pytest.fixture
def settings(world: World, server: Server) -> NationalSettings:
    """Small limits, short pauses; time-outs are cut by the tests that want them."""
    return NationalSettings(
        ca=world.authority,
        client_certificate=world.certificate("platform", "tls-client"),
        client_key=world.key("platform", "tls-client"),
        token_url=f"{server.url}/token",
        client_id="platform",
        token_key=world.key("platform", "token"),
        largest_answer=1024 * 1024,
        retry_seconds=0.01,
        breaker_failures=3,
        breaker_seconds=60,
    )


@pytest.fixture
def connector(settings: NationalSettings, clock: Clock) -> Iterator[Connector]:
    """A connector with these settings."""
    with Connector(settings, check, clock) as made:
        yield made


@pytest.fixture
def provider(server: Server) -> Provider:
    """The vehicle register of the server."""
    return Provider(
        key="zfzr",
        national_id="kba",
        names={"en": "Vehicle register"},
        agent_scheme="urn:cef.eu:names:identifier:EAS:0204",
        agent_id="kba",
        country="DE",
        protocol="xnachweis",
        url=server.url,
        audience="urn:service:zfzr",
    )


# --- what a register may do


def answers(answer: NationalAnswer, status: int = 200, inline_limit: int = 0, **headers: str) -> Step:
    """An answer to whatever was asked; the request must be valid."""

    def step(seen: Seen) -> Response:
        head = HEAD
        if seen.body:
            root = parse(seen.body)
            assert check(root).ok
            head = reply_head(read_request(root), "m-2", NOW)
        written = write_answer(answer, head, inline_limit)
        content_type, body = pack(written.xml, written.attachments)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Response(body, status, {"content-type": content_type, **named})

    return step


def says(status: int, body: bytes = b"", **headers: str) -> Step:
    """A bare response."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: Response(body, status, named)


def problem(status: int, kind: str | None = None) -> Step:
    """Problem details."""
    body = json.dumps({"status": status, "title": "x", **({"type": kind} if kind else {})}).encode()
    return says(status, body, content_type="application/problem+json")


def sleeps(seconds: float, then: Step) -> Step:
    """A slow register."""

    async def step(seen: Seen) -> Response:
        await asyncio.sleep(seconds)
        response = then(seen)
        assert isinstance(response, Response)
        return response

    return step

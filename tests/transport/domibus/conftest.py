"""A gateway on a real socket, a partner behind it, and the platform's side as a test wants it."""

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from intermediary.as4 import Packed
from intermediary.exchange import PartnerUnreachable
from intermediary.sandbox import doubles
from intermediary.sandbox.domibus import Gateway, Options, create_app
from intermediary.sandbox.pki import make_pki
from intermediary.sandbox.supervisor import free_world
from intermediary.sandbox.world import GATEWAY, World
from intermediary.transport.domibus import GatewayAccess, WsPlugin
from tests.exchange.house import a_request


class Server(threading.Thread):
    """An ASGI application on a TLS port, in a thread."""

    def __init__(self, app: FastAPI, world: World, system: str) -> None:
        super().__init__(daemon=True)
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                host="127.0.0.1",
                port=world.port(system),
                ssl_certfile=world.certificate(system, "tls-server"),
                ssl_keyfile=str(world.key(system, "tls-server")),
                log_level="error",
                timeout_graceful_shutdown=1,
            )
        )
        self.start()
        until(lambda: self._server.started)

    def run(self) -> None:
        self._server.run()

    def stop(self) -> None:
        self._server.should_exit = True
        self.join()


def until(look: Callable[[], Any], seconds: float = 30) -> Any:
    """The first true value of `look`."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, "nothing came"
        time.sleep(0.02)
    return found


@dataclass
class Site:
    """A world with the gateway running in it; the partner takes what the gateway pushes."""

    world: World
    partner: doubles.Partner
    servers: dict[str, Server] = field(default_factory=dict)
    apps: dict[str, FastAPI] = field(default_factory=dict)

    def start_gateway(self, options: Options) -> None:
        """Start it (again) on what its log holds."""
        app = create_app(self.world, options)
        self.apps[GATEWAY], self.servers[GATEWAY] = app, Server(app, self.world, GATEWAY)

    def stop(self, system: str) -> None:
        """Stop one."""
        self.servers.pop(system).stop()

    @property
    def gateway(self) -> Gateway:
        """The running gateway."""
        gateway: Gateway = self.apps[GATEWAY].state.gateway
        return gateway

    def options(self, **changes: Any) -> None:
        """Configure the gateway."""
        self.gateway.options = replace(self.gateway.options, **changes)

    def access(self, **changes: Any) -> GatewayAccess:
        """How the platform gets in."""
        access = GatewayAccess(
            url=self.world.url(GATEWAY, "/domibus/services/wsplugin"),
            user="platform",
            password=self.world.secret("domibus").read_text(),
            ca=self.world.authority,
        )
        return replace(access, **changes)

    def push(self, packed: Packed | None = None) -> str:
        """The partner pushes a request to the gateway by AS4; the MessageId."""
        packed = packed or self.partner.pack(a_request())
        answer = httpx.post(
            self.world.access_point,
            content=packed.body,
            headers={"Content-Type": packed.content_type},
            verify=trust(self.world),
            trust_env=False,
        )
        assert b"Receipt" in answer.content
        rows = [row for row in self.gateway.overview() if row["role"] == "RECEIVING"]
        return str(rows[-1]["id"])


def trust(world: World) -> ssl.SSLContext:
    """TLS towards the gateway."""
    return ssl.create_default_context(cafile=world.authority)


@pytest.fixture(scope="session")
def gateway_keys(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Keys that all tests here share."""
    world = World(tmp_path_factory.mktemp("gateway-keys"))
    make_pki(world)
    return world


@pytest.fixture
def site(tmp_path: Path, gateway_keys: World) -> Iterator[Site]:
    """A gateway that does not push, and a partner that acknowledges."""
    with open_site(tmp_path, gateway_keys) as site:
        yield site


@contextmanager
def open_site(folder: Path, keys: World) -> Iterator[Site]:
    """A site in a folder."""
    (folder / "pki").symlink_to(keys.root / "pki")
    world = free_world(folder, gateway=True)
    world.save()
    site = Site(world, doubles.Partner(world))
    portal = FastAPI()

    @portal.post("/as4")
    async def receive(request: Request) -> Response:
        packed = Packed(request.headers["content-type"], await request.body())
        try:
            status, kind, body = await run_in_threadpool(site.partner, "", packed)
        except PartnerUnreachable:
            return Response("", 503)
        return Response(body, status, {"Content-Type": kind})

    site.servers["portal"] = Server(portal, world, "portal")
    site.start_gateway(Options(push=False))
    yield site
    for server in site.servers.values():
        server.stop()


@pytest.fixture
def plugin(site: Site) -> Iterator[WsPlugin]:
    """The platform's client."""
    plugin = WsPlugin(site.access())
    yield plugin
    plugin.close()

"""Can providers be reached: real sockets with TLS on both sides, and none at all."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from intermediary.mapping import MappingSet, load
from intermediary.reaching import Doors, check_online
from intermediary.sandbox.pki import make_pki
from intermediary.sandbox.world import World
from intermediary.shipped import shipped

NOW = datetime.now(UTC)
SHIPPED = load(shipped("mappings"))
REGISTER = SHIPPED.providers["kba-zfzr"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Keys of everyone."""
    made = World(tmp_path_factory.mktemp("world"))
    make_pki(made)
    return made


def doors(world: World, ca: Path | None = None) -> Doors:
    return Doors(
        ca or world.authority,
        world.certificate("platform", "tls-client"),
        world.key("platform", "tls-client"),
    )


@contextmanager
def register(world: World, status: int = 405, *, client: bool = True) -> Iterator[tuple[str, list[str]]]:
    """A register on a real socket; what it was asked."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            seen.append(self.requestline)
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(
        world.certificate("vehicle-register", "tls-server"), world.key("vehicle-register", "tls-server")
    )
    if client:
        context.load_verify_locations(world.authority)
        context.verify_mode = ssl.CERT_REQUIRED
    server = ThreadingHTTPServer(("localhost", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"https://localhost:{server.server_address[1]}", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def one(url: str, audience: str | None = None) -> MappingSet:
    """A set with one provider."""
    provider = replace(REGISTER, url=url, audience=audience)
    return replace(SHIPPED, providers={provider.key: provider})


def rules(mapping_set: MappingSet, with_: Doors, now: datetime = NOW) -> list[str]:
    return [p.rule.id for p in check_online(mapping_set, with_, now)]


def test_a_register_that_answers_is_well(world: World) -> None:
    with register(world) as (url, seen):
        assert rules(one(f"{url}/api"), doors(world)) == []
        assert seen == ["HEAD /api HTTP/1.1"]


@pytest.mark.parametrize(
    ("status", "audience", "found"),
    [
        (403, "x", ["MAP-ONLINE-REFUSED"]),
        (401, None, ["MAP-ONLINE-REFUSED"]),
        (401, "x", []),
        (503, "x", ["MAP-ONLINE-BROKEN"]),
        (404, "x", []),
    ],
)
def test_what_the_register_says(world: World, status: int, audience: str | None, found: list[str]) -> None:
    with register(world, status) as (url, _seen):
        assert rules(one(url, audience), doors(world)) == found


def test_certificates_that_end_soon(world: World) -> None:
    with register(world) as (url, _seen):
        found = check_online(one(url), doors(world), NOW + timedelta(days=715))
    assert [(p.rule.id, p.entry) for p in found] == [
        ("MAP-ONLINE-OUR-CERTIFICATE", "platform"),
        ("MAP-ONLINE-CERTIFICATE", "provider/kba-zfzr"),
    ]
    assert "days" in found[0].text


def test_nobody_there_or_nobody_that_we_trust(world: World, tmp_path: Path) -> None:
    with socket.create_server(("localhost", 0)) as free:
        port = free.getsockname()[1]
    assert rules(one(f"https://localhost:{port}"), doors(world)) == ["MAP-ONLINE-UNREACHABLE"]
    assert rules(one("https://nobody.invalid"), doors(world)) == ["MAP-ONLINE-UNREACHABLE"]
    assert rules(one("https://localhost:99999"), doors(world)) == ["MAP-ONLINE-UNREACHABLE"]
    stranger = World(tmp_path / "stranger")
    make_pki(stranger)
    with register(world) as (url, _seen):
        assert rules(one(url), doors(world, ca=stranger.authority)) == ["MAP-ONLINE-TLS"]
    with register(stranger) as (url, _seen):
        mixed = Doors(stranger.authority, doors(world).client_certificate, doors(world).client_key)
        assert rules(one(url), mixed) == ["MAP-ONLINE-TLS"], "our certificate is not of their list"
    with pytest.raises(OSError, match="No such file"):
        check_online(one(url), doors(world, ca=tmp_path / "none.pem"), NOW)

"""The shipped proxy configuration before two nodes of the test's own, which say what reached them."""

import http.server
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from intermediary.sandbox.pki import make_pki
from intermediary.sandbox.world import World
from tests.deploy.processes import Edge, free_port, until

UNREACHABLE = (
    *("/metrics", "/health/ready", "/health/live", "/", "/docs", "//metrics", "/METRICS", "/preview"),
    *("/console/", "/validate/../metrics", "/%6detrics", "http://x/metrics"),
)


class Node(http.server.ThreadingHTTPServer):
    """Records what it is asked; ready or not, deaf or not, as the test says."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.first_bytes = threading.Event()
        self.ready, self.hangs_up = True, False
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Broken connections are what some tests are about."""


class Handler(http.server.BaseHTTPRequestHandler):
    """One request."""

    server: Node
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/health/ready":
            self._say(200 if self.server.ready else 503)
            return
        self._record()
        self._say(200)

    def do_POST(self) -> None:
        self._record()
        left = int(self.headers.get("Content-Length", "0"))
        while left:
            left -= len(self.rfile.read1(min(left, 65536)))
            self.server.first_bytes.set()
        if self.server.hangs_up:
            self.close_connection = True
            return
        self._say(200)

    def _record(self) -> None:
        self.server.seen.append((self.path, {k.lower(): v for k, v in self.headers.items()}))

    def _say(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, World]:
    """Two public-key infrastructures: partners lie under the first, providers under the second."""
    worlds = World(tmp_path_factory.mktemp("partners")), World(tmp_path_factory.mktemp("providers"))
    for world in worlds:
        make_pki(world)
    return worlds


@pytest.fixture
def nodes() -> Iterator[tuple[Node, Node]]:
    pair = Node(), Node()
    yield pair
    for node in pair:
        node.shutdown()
        node.server_close()


@pytest.fixture
def edge(tmp_path: Path, authorities: tuple[World, World], nodes: tuple[Node, Node]) -> Iterator[Edge]:
    partners, providers = authorities
    ports = nodes[0].port, nodes[1].port
    running = Edge(tmp_path, partners, ports, providers_ca=providers.authority, citizens=free_port())
    with running:
        yield running


def context(world: World, shows: tuple[World, str] | None = None) -> ssl.SSLContext:
    """TLS that believes `world`'s authority and shows a system's client certificate."""
    found = ssl.create_default_context(cafile=str(world.authority))
    if shows is not None:
        holder, system = shows
        found.load_cert_chain(holder.certificate(system, "tls-client"), holder.key(system, "tls-client"))
    return found


def request(port: int, tls: ssl.SSLContext, head: str, body: bytes = b"") -> str:
    """Status line of the answer to a request written byte by byte as given."""
    with (
        socket.create_connection(("127.0.0.1", port), 10) as plain,
        tls.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
        return connection.recv(4096).split(b"\r\n")[0].decode()


def test_the_partners_door_opens_to_a_certificate_of_the_partners_authority_only(
    edge: Edge, nodes: tuple[Node, Node], authorities: tuple[World, World]
) -> None:
    partners, providers = authorities
    push = "POST /as4 HTTP/1.1\nHost: x\nContent-Length: 2"
    assert request(edge.partners, context(partners, (partners, "portal")), push, b"ab").endswith("200 OK")
    for stranger in (None, (providers, "portal")):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            request(edge.partners, context(partners, stranger), push, b"ab")
    with pytest.raises((ssl.SSLError, ConnectionError)):  # nor does a partner come in as a provider
        callback = "POST /national/v1/nachweislieferungen HTTP/1.1\nHost: x\nContent-Length: 2"
        request(edge.providers, context(partners, (partners, "portal")), callback, b"ab")
    assert "200" in request(edge.providers, context(partners, (providers, "platform")), callback, b"ab")
    assert sorted(path for node in nodes for path, _ in node.seen) == [
        "/as4",
        "/national/v1/nachweislieferungen",
    ]


def test_what_no_door_names_is_not_reachable(
    edge: Edge, nodes: tuple[Node, Node], authorities: tuple[World, World]
) -> None:
    partners, providers = authorities
    doors = {
        edge.citizens: context(partners),
        edge.partners: context(partners, (partners, "portal")),
        edge.providers: context(partners, (providers, "platform")),
    }
    for port, tls in doors.items():
        for path in UNREACHABLE:
            assert "404" in request(port, tls, f"GET {path} HTTP/1.1\nHost: x"), path
    assert "404" in request(edge.citizens, doors[edge.citizens], "POST /as4 HTTP/1.1\nHost: x")
    assert "404" in request(edge.partners, doors[edge.partners], "GET /preview/a/ HTTP/1.1\nHost: x")
    assert "404" in request(edge.partners, doors[edge.partners], "POST /national/v1/a HTTP/1.1\nHost: x")
    assert "405" in request(edge.partners, doors[edge.partners], "GET /as4 HTTP/1.1\nHost: x")
    assert [node.seen for node in nodes] == [[], []]
    for path in ("/preview/a/", "/providers/a"):
        assert "200" in request(edge.citizens, doors[edge.citizens], f"GET {path} HTTP/1.1\nHost: x")
    assert "200" in request(edge.citizens, doors[edge.citizens], "GET /validate HTTP/1.1\nHost: x")


def test_the_console_is_for_the_networks_of_operators(
    tmp_path: Path, nodes: tuple[Node, Node], authorities: tuple[World, World]
) -> None:
    world, ports = authorities[0], (nodes[0].port, nodes[1].port)
    edge = Edge(tmp_path, world, ports, providers_ca=world.authority, citizens=free_port())
    edge.operators = "192.0.2.1 127.0.0.0/8"
    with edge:
        assert "200" in request(edge.citizens, context(world), "GET /console/ HTTP/1.1\nHost: x")
        spoofed = "GET /metrics HTTP/1.1\nHost: x\nX-Forwarded-For: 192.0.2.1"
        assert "404" in request(edge.citizens, context(world), spoofed)


def test_what_a_client_says_of_its_way_here_is_replaced(
    edge: Edge, nodes: tuple[Node, Node], authorities: tuple[World, World]
) -> None:
    spoofed = (
        "GET /preview/a/ HTTP/1.1\nHost: x\nX-Forwarded-For: 6.6.6.6\nX-Forwarded-For: 7.7.7.7\n"
        "X-Forwarded-Proto: http\nX-Forwarded-Host: evil\nForwarded: for=6.6.6.6\nX-Real-IP: 6.6.6.6"
    )
    assert "200" in request(edge.citizens, context(authorities[0]), spoofed)
    ((_, headers),) = nodes[0].seen + nodes[1].seen
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == "https"
    assert not {"x-forwarded-host", "forwarded", "x-real-ip"} & headers.keys()


def test_a_message_streams_through_and_too_long_a_one_is_refused_at_once(
    edge: Edge, nodes: tuple[Node, Node], authorities: tuple[World, World]
) -> None:
    world = authorities[0]
    tls, limit = context(world, (world, "portal")), 310 * 1024 * 1024
    assert "413" in request(edge.partners, tls, f"POST /as4 HTTP/1.1\nHost: x\nContent-Length: {limit + 1}")
    with (
        socket.create_connection(("127.0.0.1", edge.partners), 10) as plain,
        tls.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.sendall(f"POST /as4 HTTP/1.1\r\nHost: x\r\nContent-Length: {limit}\r\n\r\nfirst".encode())
        until(lambda: any(node.first_bytes.is_set() for node in nodes), "the first bytes are at a node")
    assert sum(len(node.seen) for node in nodes) == 1


def test_a_node_that_is_not_ready_or_gone_gets_nothing(
    edge: Edge, nodes: tuple[Node, Node], authorities: tuple[World, World]
) -> None:
    page, tls = "GET /preview/a/ HTTP/1.1\nHost: x", context(authorities[0])
    health = f"http://127.0.0.1:{edge.operator}"
    assert httpx.get(f"{health}/health").status_code == 200

    def down() -> int:
        """Nodes that the edge holds to be down."""
        lines = httpx.get(f"{health}/metrics").text.splitlines()
        return sum(
            line.startswith("haproxy_server_status{")
            and 'proxy="nodes"' in line
            and 'state="UP"' in line
            and line.endswith(" 0")
            for line in lines
        )

    nodes[0].ready = False
    until(lambda: down() == 1, "the edge has seen that a node is not ready")
    for _ in range(4):
        assert "200" in request(edge.citizens, tls, page)
    assert (len(nodes[0].seen), len(nodes[1].seen)) == (0, 4)
    nodes[0].ready = True
    until(lambda: down() == 0, "the edge has seen that it is ready again")
    nodes[1].shutdown()
    nodes[1].server_close()  # gone: connections are refused, and the other node is tried at once
    for _ in range(4):
        assert "200" in request(edge.citizens, tls, page)
    assert len(nodes[0].seen) == 4
    nodes[0].ready = False
    until(lambda: httpx.get(f"{health}/health").status_code == 503, "the edge says that no node is left")


def test_a_message_that_a_node_may_have_is_not_sent_to_another(
    edge: Edge, nodes: tuple[Node, Node], authorities: tuple[World, World]
) -> None:
    for node in nodes:
        node.hangs_up = True
    world = authorities[0]
    push = "POST /as4 HTTP/1.1\nHost: x\nContent-Length: 2"
    assert "502" in request(edge.partners, context(world, (world, "portal")), push, b"ab")
    assert sum(len(node.seen) for node in nodes) == 1

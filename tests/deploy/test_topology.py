"""The topology of compose.yaml as processes: edge, two nodes, a worker, PostgreSQL, the sandbox around them.

Whole exchanges go through the edge with the shipped configuration; the foreign portal pushes to the partners'
door with its client certificate, the citizen comes without one. Then a node dies.
"""

import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import httpx
import pytest

from intermediary.sandbox.pki import make_pki
from intermediary.sandbox.stories import STORIES, Story, _begin, _visit, _wait, tell, with_logs
from intermediary.sandbox.supervisor import Sandbox, free_world
from intermediary.sandbox.world import World
from tests import postgresql
from tests.deploy.processes import PATIENCE, Edge, end, environ, free_port, intermediary, listening, until

APPROVED = next(story for story in STORIES if story.key == "approve-all")
FASTER = {"send_retry": 0.5, "provider_retry": 0.3, "retry_ceiling": 2, "lease": 6}


@dataclass
class Deployment:
    """What runs."""

    world: World
    edge: Edge
    ports: tuple[int, int]
    worker: int
    """Port of its health and metrics."""
    nodes: tuple[subprocess.Popen[bytes], subprocess.Popen[bytes]]
    slow: ssl.SSLSocket
    """A connection that began a request when everything started and never ended its head."""

    def tls(self) -> ssl.SSLContext:
        """Trust of a browser: no client certificate."""
        return ssl.create_default_context(cafile=str(self.world.authority))


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    cluster = postgresql.shared()
    database = cluster.create()
    folder = tmp_path_factory.mktemp("deployment")
    world, providers = free_world(folder / "world"), World(folder / "providers")
    make_pki(providers)
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        patch.setenv("PYTHONPYCACHEPREFIX", environ()["PYTHONPYCACHEPREFIX"])
        stack.callback(cluster.drop, database)
        sandbox = stack.enter_context(Sandbox(world, timing=FASTER, database_url=cluster.url(database)))
        settings = world.data("platform") / "platform.toml"
        # As in compose: the edge ends TLS.
        lines = settings.read_text().splitlines()
        settings.write_text("\n".join(line for line in lines if not line.startswith("tls_")))
        ports = free_port(), free_port()
        edge = Edge(folder, world, ports, providers_ca=providers.authority, citizens=world.port("platform"))
        named = {"INTERMEDIARY_SETTINGS": str(settings), "INTERMEDIARY_METRICS": "true"}
        migrated = intermediary("migrate", folder / "migrate.log", named)
        assert migrated.wait(PATIENCE) == 0, (folder / "migrate.log").read_text()
        stack.enter_context(edge)
        slow = stack.enter_context(_slow(world, edge.citizens))

        def start(command: str, name: str, **more: str) -> subprocess.Popen[bytes]:
            process = intermediary(command, folder / f"{name}.log", named | more)
            stack.callback(end, process)
            return process

        nodes = [
            start("serve", f"node-{port}", INTERMEDIARY_PORT=str(port), INTERMEDIARY_WORKERS="0")
            for port in ports
        ]
        worker = free_port()
        start("worker", "worker", INTERMEDIARY_WORKERS="2", INTERMEDIARY_WORKER_METRICS_PORT=str(worker))
        portal = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.deploy.portal"),
                *(str(world.root), f"https://localhost:{edge.partners}/as4"),
            ],
            env=environ(),
            stdout=subprocess.DEVNULL,
            stderr=(folder / "portal.log").open("wb"),
        )
        stack.callback(end, portal)
        sandbox.start(["identity-provider", "iam", "vehicle-register"])
        until(lambda: listening(world.port("portal")), "the portal listens")
        until(lambda: all(map(_ready, (*ports, worker))), "nodes and worker are ready")
        until(
            lambda: httpx.get(f"http://127.0.0.1:{edge.operator}/health").is_success, "the edge sees a node"
        )
        yield Deployment(world, edge, ports, worker, (nodes[0], nodes[1]), slow)


def _slow(world: World, port: int) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=str(world.authority))
    connection = context.wrap_socket(
        socket.create_connection(("127.0.0.1", port)), server_hostname="localhost"
    )
    connection.sendall(b"GET /preview/a/ HTTP/1.1\r\nHost: x\r\n")
    connection.settimeout(90)
    return connection


def _ready(port: int) -> bool:
    return listening(port) and httpx.get(f"http://127.0.0.1:{port}/health/ready").is_success


def told(world: World, story: Story, version: str) -> tuple[str, ...]:
    """The problems of a story, in the log too."""
    (one,) = with_logs(world, [tell(world, story, version, patience=PATIENCE)], patience=PATIENCE)
    return one.problems


def test_a_whole_exchange_goes_through_the_edge(deployment: Deployment) -> None:
    assert told(deployment.world, APPROVED, "2.0") == ()


def test_metrics_and_health_are_for_those_who_reach_the_nodes(deployment: Deployment) -> None:
    with httpx.Client(verify=deployment.tls(), trust_env=False) as browser:
        for path in ("/metrics", "/health/ready", "/health/live"):
            assert browser.get(deployment.world.url("platform", path)).status_code == 404
            for port in (*deployment.ports, deployment.worker):
                assert httpx.get(f"http://127.0.0.1:{port}{path}").status_code == 200


def test_pages_need_no_client_certificate_and_as4_does(deployment: Deployment) -> None:
    with httpx.Client(verify=deployment.tls(), trust_env=False) as browser:
        assert browser.get(deployment.world.url("platform", "/validate")).status_code == 200
        assert browser.post(deployment.world.url("platform", "/as4")).status_code == 404
        with pytest.raises(httpx.TransportError):
            browser.post(f"https://localhost:{deployment.edge.partners}/as4")


def test_the_platform_does_not_repeat_what_a_client_says_of_its_way(deployment: Deployment) -> None:
    spoofed = {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "http",
        "Forwarded": "host=evil.example",
    }
    with httpx.Client(verify=deployment.tls(), trust_env=False) as browser:
        for path in ("/validate", "/preview/0/", "/preview/static", "/preview/0/login"):
            answer = browser.get(deployment.world.url("platform", path), headers=spoofed)
            seen = answer.text + "".join(answer.headers.values())
            assert "evil.example" not in seen
            assert not answer.headers.get("location", "").startswith("http:")


def test_a_node_is_killed_in_mid_exchange_and_the_citizen_goes_on_with_the_other(
    deployment: Deployment,
) -> None:
    world, trust = deployment.world, deployment.tls()
    with httpx.Client(base_url=world.url("portal"), verify=trust, trust_env=False) as portal:
        begun = _begin(portal, APPROVED, "1.2")
        offered = _wait(portal, begun, lambda e: e["preview"] is not None or e["final"], PATIENCE)
        deployment.nodes[0].send_signal(signal.SIGKILL)
        deployment.nodes[0].wait()
        visit = _visit(world, APPROVED, offered["preview"]["link"], None)
        ended = _wait(portal, begun, lambda e: e["final"], PATIENCE)
    assert (ended["state"], len(ended["documents"]), visit.returned) == ("evidence", visit.documents, True)
    assert told(world, APPROVED, "2.0") == ()


def test_a_head_that_does_not_end_is_cut_off(deployment: Deployment) -> None:
    assert deployment.slow.recv(4096).startswith(b"HTTP/1.1 408")
    assert deployment.slow.recv(4096) == b""

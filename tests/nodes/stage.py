"""Platform processes as operators run them, several on one database, behind a balancer."""

import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from intermediary.sandbox.pki import make_pki
from intermediary.sandbox.platform_files import write_platform_files
from intermediary.sandbox.world import World
from tests.nodes import previous

PATIENCE = 180
"""Seconds; generous, since the machine may be busy."""


def until(holds: Callable[[], bool], *, patience: float = PATIENCE) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < end, "it never came to pass"
        time.sleep(0.05)


def free_port() -> int:
    """One that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Node:
    """A process of the platform."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path
    client: httpx.Client

    def get(self, path: str) -> httpx.Response:
        """Ask it."""
        return self.client.get(path)

    def answers(self, path: str, status: int) -> bool:
        """True where that is the answer; False also where there is none."""
        assert self.process.poll() is None, self.log.read_text()[-3000:]
        with suppress(httpx.TransportError):
            return self.client.get(path).status_code == status
        return False

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Signal and wait; the exit code."""
        self.process.send_signal(how)
        return self.process.wait(PATIENCE)


@dataclass
class Stage:
    """A folder with all that a platform needs, and the nodes that were started in it."""

    world: World
    settings: Path
    nodes: list[Node] = field(default_factory=list)

    @classmethod
    def set_up(cls, folder: Path, database_url: str | None = None, **timing: float) -> "Stage":
        """Keys, P-Mode, settings; no node yet."""
        world = World(folder, free_port())
        make_pki(world)
        for secret in ("oidc", "session"):
            world.secret(secret)
        return cls(world, write_platform_files(world, timing=timing, database_url=database_url))

    @property
    def trust(self) -> ssl.SSLContext:
        """As partners and citizens trust us."""
        return ssl.create_default_context(cafile=str(self.world.authority))

    def environment(self, tree: Path | None = None, **more: str) -> dict[str, str]:
        """What a node of a tree (None: this one) is started with."""
        return previous.environment(tree, INTERMEDIARY_SETTINGS=str(self.settings), **more)

    def run(self, *arguments: str, tree: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
        """A command to its end."""
        return subprocess.run(
            previous.command(*arguments), env=self.environment(tree, **more),
            capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip

    def serve(self, tree: Path | None = None, *, probed: bool = True, **more: str) -> Node:
        """Start `serve` and wait until it is ready, unless it is to be `probed` later."""
        node = self._start("serve", free_port(), "https", tree, more)
        if probed:
            until(lambda: node.answers("/health/ready", 200))
        return node

    def work(self, tree: Path | None = None, *, probed: bool = True, **more: str) -> Node:
        """Start `worker` and wait until it is ready, unless it cannot be `probed`."""
        node = self._start("worker", free_port(), "http", tree, more)
        if probed:
            until(lambda: node.answers("/health/ready", 200))
        return node

    def _start(self, command: str, port: int, scheme: str, tree: Path | None, more: dict[str, str]) -> Node:
        log = self.world.root / f"node-{len(self.nodes)}.log"
        number = {"serve": "INTERMEDIARY_PORT", "worker": "INTERMEDIARY_WORKER_METRICS_PORT"}[command]
        with log.open("wb") as output:
            process = subprocess.Popen(
                previous.command(command),
                env=self.environment(tree, **{number: str(port), **more}),
                stdout=output, stderr=output, cwd=self.world.root,
            )  # fmt: skip
        client = httpx.Client(
            base_url=f"{scheme}://localhost:{port}", verify=self.trust, trust_env=False, timeout=PATIENCE
        )
        self.nodes.append(Node(process, port, log, client))
        return self.nodes[-1]

    def close(self) -> None:
        """End what is left."""
        for node in self.nodes:
            node.client.close()
            if node.process.poll() is None:
                node.process.kill()
                node.process.wait()


@contextmanager
def balanced(port: int) -> Iterator[list[int]]:
    """Hand the connections to `port` on, in turn, to the ports in the list, which may change meanwhile."""
    backends: list[int] = []
    server = socket.create_server(("127.0.0.1", port))

    def accept() -> None:
        turn = 0
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            turn += 1
            try:
                backend = socket.create_connection(("127.0.0.1", backends[turn % len(backends)]))
            except (OSError, ZeroDivisionError):
                client.close()
                continue
            for one, other in ((client, backend), (backend, client)):
                threading.Thread(target=_pump, args=(one, other), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield backends
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while octets := source.recv(65536):
            target.sendall(octets)
    for each in (source, target):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)

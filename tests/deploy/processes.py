"""Processes of a deployment on this machine: the edge with the shipped configuration, nodes, workers."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from intermediary.sandbox.world import World

DEPLOY = Path(__file__).parents[2] / "deploy"
PATIENCE = 90
"""Seconds; generous, since the machine may be busy."""


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(holds: Callable[[], object], what: str) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, f"it never came to pass: {what}"
        time.sleep(0.05)


def listening(port: int) -> bool:
    """Whether somebody accepts connections there."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 2):
        return True
    return False


class Edge:
    """The proxy: its configuration as shipped, addresses and files by environment as in compose.yaml."""

    def __init__(
        self, folder: Path, world: World, nodes: tuple[int, int], *, providers_ca: Path, citizens: int
    ) -> None:
        """`citizens` is a port; the others are chosen. All doors show the platform's certificate."""
        self.operators = "192.0.2.1 192.0.2.128/25"
        self._stack = ExitStack()
        self.citizens = citizens
        self.partners, self.providers, self.operator = free_port(), free_port(), free_port()
        self._providers_ca, self._world, self._nodes, self._folder = providers_ca, world, nodes, folder

    def environment(self) -> dict[str, str]:
        """All that the configuration asks for."""
        pem = self._folder / "edge.pem"
        files = self._world.certificate("platform", "tls-server"), self._world.key("platform", "tls-server")
        pem.write_bytes(b"".join(file.read_bytes() for file in files))
        doors = {"CITIZENS": self.citizens, "PARTNERS": self.partners, "PROVIDERS": self.providers}
        return {
            **{name: f"127.0.0.1:{port}" for name, port in doors.items()},
            **{f"{name}_CERTIFICATE": str(pem) for name in doors},
            "OPERATOR": f"127.0.0.1:{self.operator}",
            "OPERATORS": self.operators,
            "PARTNERS_CA": str(self._world.authority),
            "PROVIDERS_CA": str(self._providers_ca),
            "NODE_1": f"127.0.0.1:{self._nodes[0]}",
            "NODE_2": f"127.0.0.1:{self._nodes[1]}",
        }

    def __enter__(self) -> "Edge":
        haproxy = shutil.which("haproxy", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if haproxy is None:
            pytest.skip("The edge is NOT TESTED: no haproxy; apt-get install haproxy")
        log = self._stack.enter_context((self._folder / "haproxy.log").open("wb"))
        command = [haproxy, "-db", "-f", str(DEPLOY / "compose" / "haproxy.cfg")]
        process = subprocess.Popen(command, env=self.environment(), stdout=log, stderr=log)
        self._stack.callback(end, process)
        until(lambda: listening(self.operator), "the edge listens")
        assert process.poll() is None, (self._folder / "haproxy.log").read_text()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def environ() -> dict[str, str]:
    """Of a Python process: libraries are compiled once, not by each of a dozen processes."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": str(DEPLOY.parent / "build" / "pycache")}


def intermediary(command: str, log: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start `intermediary COMMAND`; `environment` beside that of this process."""
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "intermediary.cli", *command.split()],
            env={**environ(), **environment}, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
        )  # fmt: skip


def end(process: subprocess.Popen[bytes]) -> None:
    """Politely, then by force."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

"""Starts, stops, kills and restarts the systems of a sandbox, each as its own process.

SandboxError
├── PortTaken      another program listens there
└── SystemFailed   a system ended or did not become ready; the message has the end of its log
"""

import atexit
import os
import random
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from intermediary.as4 import EDELIVERY_1_15
from intermediary.sandbox.pki import make_pki
from intermediary.sandbox.platform_files import write_platform_files
from intermediary.sandbox.run import PARENT
from intermediary.sandbox.world import GATEWAY, SYSTEMS, World

_READY_SECONDS = 60.0
_STOP_SECONDS = 10.0


class SandboxError(RuntimeError):
    """The sandbox cannot go on."""


class PortTaken(SandboxError):  # noqa: N818
    """A port that the sandbox needs is in use."""


class SystemFailed(SandboxError):  # noqa: N818
    """A system of the sandbox ended, or did not become ready."""


class Sandbox:
    """A running sandbox. As a context manager it starts nothing by itself and leaves nothing behind."""

    def __init__(
        self, world: World, *, timing: Mapping[str, float] | None = None, database_url: str | None = None
    ) -> None:
        """`timing` and `database_url` are the platform's (`write_platform_files`)."""
        self.world = world
        self._timing = timing
        self._database_url = database_url
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        # PR_SET_PDEATHSIG means the thread that started a process, so one thread that stays starts them all
        self._starter = ThreadPoolExecutor(1, "sandbox-starter")

    def __enter__(self) -> Self:
        self.prepare()
        atexit.register(self.stop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._starter.shutdown()
        atexit.unregister(self.stop)

    def prepare(self) -> None:
        """Write world, keys and the platform's own files; what exists of the keys stays."""
        self.world.save()
        make_pki(self.world)
        for system in self.world.systems:
            self.world.data(system).mkdir(parents=True, exist_ok=True)
        self.world.secret("oidc")
        write_platform_files(self.world, timing=self._timing, database_url=self._database_url)

    def start(self, systems: Iterable[str] | None = None) -> None:
        """Start systems (all) that do not run, all at once, and wait until each is ready.

        Raises PortTaken, SystemFailed; then those that were started before keep running.
        """
        wanted = [s for s in (self.world.systems if systems is None else systems) if not self.running(s)]
        for system in wanted:
            self._check_port(system)
        for system in wanted:
            self._starter.submit(self._spawn, system).result()
        for system in wanted:
            self._wait(system)

    def running(self, system: str) -> bool:
        """True while the process of a system lives."""
        process = self._processes.get(system)
        return process is not None and process.poll() is None

    def log(self, system: str) -> Path:
        """Where a system's output goes."""
        return self.world.data(system) / "log.txt"

    def kill(self, system: str) -> None:
        """End a system at once, with all its children (SIGKILL), as a power cut would."""
        self._signal(system, signal.SIGKILL)
        self._reap(system)

    def stop(self, systems: Iterable[str] | None = None) -> None:
        """End systems (all) politely, in the order opposite to the start; then by force."""
        stopping = [
            s
            for s in reversed(self.world.systems)
            if s in self._processes and (systems is None or s in systems)
        ]
        for system in stopping:
            self._signal(system, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        for system in stopping:
            with suppress(subprocess.TimeoutExpired):
                self._processes[system].wait(max(0.0, deadline - time.monotonic()))
            self.kill(system)

    def restart(self, system: str) -> None:
        """Stop a system and start it again."""
        self.stop([system])
        self.start([system])

    def _spawn(self, system: str) -> None:
        log = self.log(system)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self._processes[system] = subprocess.Popen(
                [sys.executable, "-m", "intermediary.sandbox.run", system, str(self.world.root)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=os.environ | {PARENT: str(os.getpid()), "PYTHONUNBUFFERED": "1"},
                start_new_session=True,
            )

    def _wait(self, system: str) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        context = client_context(self.world)
        while time.monotonic() < deadline:
            if not self.running(system):
                raise SystemFailed(
                    f"{system} has ended while it was starting. Its log says:\n{self._tail(system)}"
                )
            with (
                suppress(OSError),
                socket.create_connection(("127.0.0.1", self.world.port(system)), 2) as plain,
                context.wrap_socket(plain, server_hostname="localhost"),
            ):
                return
            time.sleep(0.05)
        raise SystemFailed(
            f"{system} was not ready within {_READY_SECONDS:.0f} seconds. Its log says:\n{self._tail(system)}"
        )

    def _check_port(self, system: str) -> None:
        port = self.world.port(system)
        if not _free(port):
            raise PortTaken(
                f"Port {port}, which {system} needs, is in use by another program. Stop it, or choose "
                f"another first port (now {self.world.first_port}; "
                f"{len(self.world.systems)} ports in a row are needed)."
            )

    def _signal(self, system: str, how: signal.Signals) -> None:
        process = self._processes.get(system)
        if process is not None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, how)  # the process leads a group of its own: its workers go with it

    def _reap(self, system: str) -> None:
        process = self._processes.pop(system, None)
        if process is not None:
            process.wait()

    def _tail(self, system: str) -> str:
        lines = self.log(system).read_text(errors="replace").splitlines()
        return "\n".join(lines[-25:])


def client_context(world: World) -> ssl.SSLContext:
    """TLS towards any system of the sandbox, with the platform's client certificate."""
    context = ssl.create_default_context(cafile=str(world.authority))
    context.load_cert_chain(world.certificate("platform", "tls-client"), world.key("platform", "tls-client"))
    return context


def free_world(root: Path, *, gateway: bool = False, security: str = EDELIVERY_1_15.name) -> World:
    """A world in `root` on ports that nobody uses now. Raises PortTaken where none are found."""
    for _ in range(100):
        first = random.randrange(20000, 32000, len(SYSTEMS) + 1)
        world = World(root, first, gateway, security)
        if all(_free(world.port(system)) for system in (*SYSTEMS, GATEWAY)):
            return world
    raise PortTaken("No free block of ports was found between 20000 and 32000.")


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True

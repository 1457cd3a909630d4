"""One running sandbox, all systems as processes, for all tests in here; and the stories told in it once."""

import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from intermediary import audit
from intermediary.sandbox.stories import STORIES, VERSIONS, Story, Told, tell, with_logs
from intermediary.sandbox.supervisor import Sandbox, free_world
from intermediary.sandbox.world import World
from intermediary.store import open_engine
from tests.browsing import axe, browser
from tests.end_to_end import strangers
from tests.exchange.conftest import house, keys

__all__ = ["axe", "browser", "house", "keys"]

TIMING = {"send_retry": 0.5, "provider_retry": 0.3, "retry_ceiling": 2, "lease": 6}
"""Seconds; all else as it ships. A worker that was killed is replaced after its lease."""
BY_KEY = {story.key: story for story in STORIES}
CAST = (
    *((story, version) for story in STORIES for version in VERSIONS),
    (BY_KEY["approve-all"], "1.1"),
    (BY_KEY["approve-all"], "1.0"),
)
"""What is told before anything is looked at."""
BUILD = Path(__file__).parents[2] / "build"
PATIENCE = 180
"""Seconds after which a story has failed; generous, since the machine may be busy."""


@dataclass(frozen=True)
class Stories:
    """All told stories, by key and version."""

    told: dict[tuple[str, str], Told]

    def __getitem__(self, key: tuple[str, str]) -> Told:
        return self.told[key]


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """All systems. Afterwards no process may be left that knows the world's folder."""
    world = free_world(tmp_path_factory.mktemp("end-to-end"))
    with pytest.MonkeyPatch.context() as patch:
        # A dozen processes would compile all libraries again: half of their start-up time.
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        patch.setenv("PYTHONPYCACHEPREFIX", str(BUILD / "pycache"))
        with Sandbox(world, timing=TIMING) as running:
            strangers.introduce(world)
            running.start()
            yield running
    assert _processes_of(world) == []


@pytest.fixture(scope="session")
def world(sandbox: Sandbox) -> World:
    """The world of the running sandbox."""
    return sandbox.world


@pytest.fixture(scope="session")
def stories(sandbox: Sandbox) -> Stories:
    """All stories of CAST, told side by side; those with an outage afterwards."""
    with ThreadPoolExecutor(4) as pool:
        quiet = [pool.submit(tell, sandbox.world, s, v, patience=PATIENCE) for s, v in CAST if s.down is None]
        told = [future.result() for future in quiet]
        for system in dict.fromkeys(story.down for story, _ in CAST if story.down is not None):
            told += _with_outage(pool, sandbox, system, [(s, v) for s, v in CAST if s.down == system])
    complete = with_logs(sandbox.world, told, patience=PATIENCE)
    return Stories({(one.story.key, one.version): one for one in complete})


def _with_outage(
    pool: ThreadPoolExecutor, sandbox: Sandbox, system: str, cast: Sequence[tuple[Story, str]]
) -> list[Told]:
    """Kill a system; it comes back when all citizens wait for it."""
    sandbox.kill(system)
    waiting = [threading.Event() for _ in cast]
    futures: list[Future[Told]] = [
        pool.submit(tell, sandbox.world, story, version, event.set, patience=PATIENCE)
        for (story, version), event in zip(cast, waiting, strict=True)
    ]
    while not all(e.is_set() or f.done() for e, f in zip(waiting, futures, strict=True)):
        time.sleep(0.05)
    time.sleep(0.5)  # the platform meets the outage before it is over
    sandbox.start([system])
    return [future.result() for future in futures]


def _processes_of(world: World) -> list[str]:
    """Command lines of processes whose arguments or environment name the world's folder; not this one."""
    mark, found = os.fsencode(str(world.root.resolve())), []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
            known = mark in command or mark in (folder / "environ").read_bytes()
        except OSError:
            continue
        if known and int(folder.name) != os.getpid():
            found.append(command.replace(b"\0", b" ").decode(errors="replace"))
    return found


def story_of(world: World, message_id: str) -> audit.Story:
    """What the log says of the exchange of a first request, once that is closed; read without a process."""
    engine = open_engine(f"sqlite:///{world.data('platform') / 'platform.db'}")
    try:
        log, until = audit.AuditLog(engine), time.monotonic() + PATIENCE
        while time.monotonic() < until:
            for row in log.exchanges(500):
                if row.request_message_id == message_id and row.state == "closed":
                    story = log.story(row.id)
                    assert story is not None
                    return story
            time.sleep(0.1)
    finally:
        engine.dispose()
    raise AssertionError(f"the exchange is not closed after {PATIENCE} s")


def freeze(sandbox: Sandbox, system: str) -> None:
    """Let a system neither run nor die: connections to it hang (SIGSTOP)."""
    sandbox._signal(system, signal.SIGSTOP)


def thaw(sandbox: Sandbox, system: str) -> None:
    """Let a frozen system go on."""
    sandbox._signal(system, signal.SIGCONT)

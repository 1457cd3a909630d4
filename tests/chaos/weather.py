"""What goes wrong beside kills: faults of the parties, of the database, of the disk; one at a time.

There is no directory yet (Evidence Broker, Data Service Directory: the room `intermediary/directory`). Its
faults belong here as a third party beside partner and register.
"""

import contextlib
import os
import random
import resource
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from tests.chaos.parties import PARTNER_FAULTS, REGISTER_FAULTS, Party
from tests.chaos.serving import BUSY_MILLISECONDS
from tests.postgresql import Cluster

DATABASE_FAULTS = {
    "sqlite": ("database-locked",),
    "postgresql": ("database-stopped", "database-connections"),
}
DISK_FAULTS = ("disk-full", "blobs-full")
"""The disk of the database, and that of the blobs."""


def faults_of(database: str) -> tuple[str, ...]:
    """All faults that can be injected beside kills on a database."""
    return (*PARTNER_FAULTS, *REGISTER_FAULTS, *DATABASE_FAULTS[database], *DISK_FAULTS)


class Fault(Protocol):
    """Something that can be wrong for a while; `struck` says how often it was felt."""

    def begin(self) -> None:
        """From now on."""

    def end(self) -> None:
        """Well again."""

    def struck(self) -> int:
        """How often so far."""


class PartyFault:
    """A party misbehaves."""

    def __init__(self, party: Party, name: str) -> None:
        self._party, self._name = party, name

    def begin(self) -> None:
        self._party.begin(self._name)

    def end(self) -> None:
        self._party.end()

    def struck(self) -> int:
        return self._party.hits[self._name]


class Stopped:
    """PostgreSQL is stopped at once, as by a crash, and started again at the end."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster, self._count = cluster, 0

    def begin(self) -> None:
        self._cluster.crash()
        self._count += 1

    def end(self) -> None:
        self._cluster.begin()

    def struck(self) -> int:
        return self._count


class Connections:
    """PostgreSQL ends half of the connections; at the beginning, and once more at the end."""

    def __init__(self, cluster: Cluster, database: str) -> None:
        self._cluster, self._database, self._count = cluster, database, 0

    def begin(self) -> None:
        self._count += self._cluster.terminate(self._database, 0.5)

    end = begin

    def struck(self) -> int:
        return self._count


class Locked:
    """Another process (this one) holds SQLite's write lock for longer than the node is patient."""

    def __init__(self, file: Path) -> None:
        self._file, self._count = file, 0
        self._held: sqlite3.Connection | None = None
        self._since = 0.0

    def begin(self) -> None:
        held = sqlite3.connect(self._file, timeout=5, isolation_level=None)
        try:
            held.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            held.close()
            return
        self._held, self._since = held, time.monotonic()

    def end(self) -> None:
        if self._held is None:
            return
        left = self._since + 2 * BUSY_MILLISECONDS / 1000 - time.monotonic()
        time.sleep(max(left, 0))
        self._held.rollback()
        self._held.close()
        self._held = None
        self._count += 1

    def struck(self) -> int:
        return self._count


class Full:
    """A disk is full: a file takes all that is left."""

    def __init__(self, folder: Path) -> None:
        self._ballast, self._count = folder / "ballast", 0

    def begin(self) -> None:
        block = bytes(65536)
        with self._ballast.open("wb", buffering=0) as file:
            for size in (65536, 4096, 1):
                with contextlib.suppress(OSError):
                    while file.write(block[:size]) == size:
                        pass
        self._count += 1

    def end(self) -> None:
        self._ballast.unlink()

    def struck(self) -> int:
        return self._count


class Quota:
    """Where nothing can be mounted: the nodes may not write to files any more (RLIMIT_FSIZE).

    On PostgreSQL that is the disk of the blobs only; its server is not touched.
    """

    def __init__(self, processes: Callable[[], Sequence[int]]) -> None:
        self._processes, self._count = processes, 0

    def begin(self) -> None:
        self._limit(0)
        self._count += 1

    def end(self) -> None:
        self._limit(resource.RLIM_INFINITY)

    def _limit(self, size: int) -> None:
        for process in self._processes():
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(process, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def struck(self) -> int:
        return self._count


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[bool]:
    """A real file system of that size mounted on a folder; False where this machine does not allow it."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(folder)]
    try:
        mounted = (
            os.getuid() == 0 and not subprocess.run(command, capture_output=True, check=False).returncode
        )
    except FileNotFoundError:
        mounted = False
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)


class Weather:
    """Draws one fault after the other, each for a while, with fair pauses between them."""

    def __init__(
        self, faults: dict[str, Fault], chance: random.Random, windows: int, lasting: tuple[float, float]
    ) -> None:
        self._faults, self._chance, self._lasting = faults, chance, lasting
        self._queue = self._drawn(windows)
        self._now: str | None = None
        self._until = time.monotonic() + chance.uniform(0.2, 0.5)
        self._struck_before = 0
        self._latest = 0.0
        self.windows: Counter[str] = Counter()

    def _drawn(self, windows: int) -> list[str]:
        """All faults in random order, again and again, until there are as many as wanted."""
        drawn: list[str] = []
        while self._faults and len(drawn) < windows:
            drawn += self._chance.sample(sorted(self._faults), len(self._faults))
        return drawn[:windows]

    @property
    def over(self) -> bool:
        """True once all faults have come and gone."""
        return self._now is None and not self._queue

    def tick(self) -> None:
        """Begin or end a fault where it is time."""
        now = time.monotonic()
        if now < self._until:
            return
        if self._now is not None:
            fault = self._faults[self._now]
            # A fault that nobody has felt was none: it waits for somebody, though not for ever.
            if fault.struck() == self._struck_before and now < self._latest and not _at_end(fault):
                return
            self.clear()
        elif self._queue:
            self._now = self._queue.pop()
            fault = self._faults[self._now]
            self._struck_before = fault.struck()
            self.windows[self._now] += 1
            self._until, self._latest = now + self._chance.uniform(*self._lasting), now + 30
            fault.begin()

    def clear(self) -> None:
        """Well again."""
        if self._now is not None:
            self._faults[self._now].end()
            self._now = None
        self._until = time.monotonic() + self._chance.uniform(0.1, 0.4)

    def struck(self) -> dict[str, int]:
        """How often each fault was felt."""
        return {name: fault.struck() for name, fault in self._faults.items()}


def _at_end(fault: Fault) -> bool:
    return isinstance(fault, Locked)

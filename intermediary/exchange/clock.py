"""The time of the platform: what two clocks agree on, carried by a third that nobody can set.

Why not simply the machine's clock: due times, deadlines and leases are compared with it, so a clock that
leaps forward would let citizens' time run out and evidence be purged, and one that leaps back would freeze
what is due. Why not simply the database's: it may leap too, and asking it at each step costs a round trip. So
there are three witnesses: the database server's clock (which all nodes share, hence it leads), the machine's,
and the time last believed, carried on by the monotonic clock. Time moves on between two looks by the
monotonic clock alone, and a look changes it only to what two witnesses say: one clock that leaps, whichever,
moves nothing, and after a pause of the whole machine, when the monotonic clock stood still, the other two put
it right. A node that starts has only two witnesses; where they differ it takes the database's time, lest its
leases differ from the other nodes', and says so. While the machine's or the database's clock is off, the node
says so (not ready, metric, alert), exchanges go on by the time believed, and duties that destroy things wait.
With SQLite, or a database server on the same machine, the second witness is missing: a leap while the
platform runs moves nothing, and restarting it is how an operator confirms that the clock is right; a clock
that is wrong at the start cannot be noticed, so let the machine wait for its time service (systemd:
After=time-sync.target).
"""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

TOLERANCE = timedelta(seconds=10)
"""Two clocks that differ by less agree. Machines with a time service differ by milliseconds; a lease is nine
times as long."""
LOOK_SECONDS = 10.0

_LOG = structlog.get_logger(__name__)
_NONE = timedelta()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def machine_clock() -> datetime:
    """What the machine says."""
    return datetime.now(UTC)


def monotonic_clock() -> timedelta:
    """Goes on while the machine sleeps, where the system has such a clock (Linux)."""
    return timedelta(seconds=time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)))


class PlatformClock:
    """Implements contracts.Clock; safe for threads. `database`: the clock of its server, if it has one."""

    def __init__(
        self,
        database: Callable[[], datetime] | None = None,
        machine: Callable[[], datetime] = machine_clock,
        monotonic: Callable[[], timedelta] = monotonic_clock,
    ) -> None:
        self._database, self._machine, self._monotonic = database, machine, monotonic
        self._lock = threading.Lock()
        self._ahead = {"machine": _NONE, "database": _NONE}
        self._believed = False
        self._offset = machine() - _EPOCH - monotonic()
        """From the epoch to monotonic zero."""
        self.look()

    def __call__(self) -> datetime:
        """The time."""
        return _EPOCH + self._offset + self._monotonic()

    @property
    def agrees(self) -> bool:
        """Whether every clock agreed with the time at the last look."""
        return all(abs(ahead) <= TOLERANCE for ahead in self._ahead.values())

    @property
    def ahead(self) -> dict[str, timedelta]:
        """By how much each clock was ahead of the time at the last look."""
        return dict(self._ahead)

    def look(self) -> None:
        """Ask the clocks. A database that does not answer leaves the other two."""
        with self._lock:
            agreed = self.agrees
            database = None
            start = self._monotonic()
            if self._database is not None:
                try:
                    asked = self._database()
                except Exception as broken:  # whatever a driver raises: the worker says so too
                    _LOG.warning("the database's clock cannot be asked", kind=type(broken).__name__)
                else:
                    # It was asked somewhere between the two readings.
                    database = asked - _EPOCH - (start + self._monotonic()) / 2
            machine = self._machine() - _EPOCH - self._monotonic()
            self._decide(machine, database)
            self._ahead["machine"] = machine - self._offset
            if database is not None:
                self._ahead["database"] = database - self._offset
            if agreed and not self.agrees:
                _LOG.error("the clocks differ", reason=self.explained())
            elif self.agrees and not agreed:
                _LOG.warning("the clocks agree again")

    def explained(self) -> str:
        """What is wrong, with the remedy; empty where nothing is."""
        wrong = []
        for name, ahead in self._ahead.items():
            if abs(ahead) > TOLERANCE:
                side = "ahead" if ahead > _NONE else "behind"
                wrong.append(f"the {name}'s clock is {abs(ahead).total_seconds():.0f} s {side}")
        if not wrong:
            return ""
        remedy = (
            "set it right" if self._database is not None else "set it right, or restart the platform if it is"
        )
        return f"{' and '.join(wrong)} of the platform's time: {remedy}"

    def run(self, stop: threading.Event) -> None:
        """Look again and again until `stop`."""
        while not stop.wait(LOOK_SECONDS):
            self.look()

    def _decide(self, machine: timedelta, database: timedelta | None) -> None:
        """Take over what two witnesses say; where no two agree, what was believed goes on."""
        carried = [self._offset] if self._believed else []
        if database is not None and any(_agree(database, other) for other in (machine, *carried)):
            self._believed, self._offset = True, database
        elif any(_agree(machine, other) for other in carried):
            self._offset = machine
        elif not self._believed:
            self._offset = machine if database is None else database
            self._believed = self._database is None  # the machine's clock is the only witness there is


def _agree(one: timedelta, other: timedelta) -> bool:
    return abs(one - other) <= TOLERANCE

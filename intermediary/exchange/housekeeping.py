"""Keeping house: duties that recur are claimed as exchanges are, by the same workers in the same loop.

A duty is a row with a due time and a lease, so each runs once however many nodes there are, and one that dies
in the middle is taken over. It works batch by batch, each a transaction, with exchanges between them.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from intermediary.exchange.duties import JOURNALS, Duty, Housekeeping, Purged, Retention
from intermediary.exchange.model import Fact, event
from intermediary.exchange.ports import Ports

BATCH, ENTRIES = 50, 1000
"""Exchanges, and entries of each journal, in one transaction. SQLite's other writers wait for it: a
quarter of a second for exchanges of four messages and twelve events, on a machine at six times its load."""
LOOK = timedelta(seconds=10)
"""Between two looks of a worker at the duties; each costs one small statement."""
MISSED = 3
"""Turns. After so many were missed (or the clock was wrong when the platform started), a duty only waits for
its next turn: what cannot be taken back must not follow from one look at a clock."""
DAY, HOUR = timedelta(days=1), timedelta(hours=1)

_LOG = structlog.get_logger(__name__)


def purge_duty(house: Housekeeping, retention: Retention) -> Duty:
    """Remove what was kept long enough, a batch at a time."""

    def do(now: datetime) -> bool:
        return bool(purge_some(house, retention, now))

    return Duty("purge", DAY, do)


def purge_some(house: Housekeeping, retention: Retention, now: datetime) -> Purged:
    """Remove one batch; false where nothing is left to remove."""
    purged = house.purge(now - retention.exchanges, BATCH, now)
    for journal in JOURNALS:
        purged += house.cut(journal, now - retention.platform, ENTRIES, now)
    return purged


def sweep_duty(sweep: Callable[[], int]) -> Duty:
    """Delete the blobs that a crash left without a row."""

    def do(_now: datetime) -> bool:
        swept = sweep()
        if swept:
            _LOG.warning("blobs without a row deleted", count=swept)
        return False

    return Duty("sweep", HOUR, do)


def certificates_duty(house: Housekeeping, ending: Callable[[datetime], list[tuple[str, str, int]]]) -> Duty:
    """Say in the log which certificates end soon; `ending`: owner, purpose, days left."""

    def do(now: datetime) -> bool:
        house.log(
            *(
                event(Fact.CERTIFICATE_ENDING, now, owner=owner, purpose=purpose, days=days)
                for owner, purpose, days in ending(now)
            )
        )
        return False

    return Duty("certificates", DAY, do)


class Housekeeper:
    """The part of a worker that does duties."""

    def __init__(self, ports: Ports, owner: str) -> None:
        self._ports, self._owner = ports, owner
        self._duties = {duty.name: duty for duty in ports.duties}
        self._every = {duty.name: duty.every for duty in ports.duties}
        self._look_at: tuple[datetime, datetime] | None = None

    def run_due(self) -> bool:
        """Do one piece of one duty, if any is due; whether there was one.

        Not where the clocks of this node differ: other nodes do them, or they wait.
        """
        ports, house = self._ports, self._ports.housekeeping
        if house is None or not self._duties or not ports.clocks_agree():
            return False
        now = ports.clock()
        # Both bounds: a clock that was put back must not keep it from looking.
        if self._look_at is not None and self._look_at[0] <= now < self._look_at[1]:
            return False
        name = None
        if house.appoint(self._every, now):
            name = house.claim(self._every, self._owner, now, now + ports.timing.lease)
        if name is None:
            self._look_at = now, now + LOOK
            return False
        self._look_at = None
        self._do(house, self._duties[name], now)
        return True

    def _do(self, house: Housekeeping, duty: Duty, now: datetime) -> None:
        ran_at = house.ran_at(duty.name)
        more = False
        if ran_at is not None and abs(now - ran_at) <= MISSED * duty.every:
            try:
                more = duty.do(now)
            except Exception as broken:
                # Texts of foreign exceptions may quote what was processed: only the kind is kept.
                kind = type(broken).__name__
                _LOG.error("duty failed", item=duty.name, kind=kind)
                house.log(event(Fact.STEP_FAILED, now, duty=duty.name, reason=kind))
                house.ran(duty.name, self._owner, ran_at, now + self._ports.timing.retry_ceiling)
                return
        house.ran(duty.name, self._owner, now, now if more else now + duty.every)

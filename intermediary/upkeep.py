"""Duties of the house and the time they go by, wired from the settings; for `app` and the command line."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Engine

from intermediary import trust
from intermediary.exchange.clock import PlatformClock
from intermediary.exchange.contracts import Blobs, Ledger
from intermediary.exchange.duties import Duty
from intermediary.exchange.housekeeping import certificates_duty, purge_duty, sweep_duty
from intermediary.exchange.model import Event
from intermediary.observing import Observation, Watcher
from intermediary.settings import Settings
from intermediary.store.clock import server_clock
from intermediary.store.housekeeping import SqlHousekeeping

ENDING_DAYS = 30
"""Days before its end from which on a certificate is spoken of each day."""


def open_clock(engine: Engine) -> PlatformClock:
    """The platform's time, with the database's clock as a witness where it is another machine's."""
    return PlatformClock(server_clock(engine))


def open_housekeeping(engine: Engine, blobs: Blobs, watchers: Iterable[Watcher] = ()) -> SqlHousekeeping:
    """Housekeeping whose events are seen by all watchers."""
    told = tuple(watchers)

    def tell(_stream: str, event: Event) -> None:
        for watcher in told:
            watcher(Observation(event, None))

    return SqlHousekeeping(engine, blobs.delete, tell)


def duties_of(
    settings: Settings, house: SqlHousekeeping, ledger: Ledger, held: Iterable[trust.Held]
) -> tuple[Duty, ...]:
    """What has to be done again and again."""
    certificates = tuple(held)

    def ending(now: datetime) -> list[tuple[str, str, int]]:
        return [
            (entry.owner, entry.purpose, entry.days_left)
            for entry in trust.inventory(certificates, now)
            if entry.days_left is not None and entry.days_left < ENDING_DAYS and entry.alarm != "replaced"
        ]

    return (
        purge_duty(house, settings.retention.retention()),
        sweep_duty(ledger.sweep),
        certificates_duty(house, ending),
    )

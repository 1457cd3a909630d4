"""What is read at each scrape: how much waits in the store, and how long certificates last."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection, Engine, func, or_, select
from sqlmodel import col

from intermediary.exchange.contracts import Queue
from intermediary.exchange.model import Direction, State
from intermediary.store import is_current
from intermediary.store.tables import DutyRow, ExchangeRow, MessageRow
from intermediary.trust.inventory import Held, inventory

_OPEN = [state for state in State if state is not State.CLOSED]


class StoreGauges(Collector):
    """Reads the store; all nodes of one database show the same, so dashboards take `max`, never `sum`.

    Every statement walks an index over what is open; nothing counts closed exchanges. A store that cannot be
    read shows `intermediary_ready 0` and none of the others.
    """

    def __init__(self, engine: Engine, held: Iterable[Held], clock: Callable[[], datetime]) -> None:
        self._engine, self._held, self._clock = engine, tuple(held), clock

    def describe(self) -> Iterable[Metric]:
        """Nothing is read at registration."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """One scrape."""
        now = self._clock()
        yield self._certificates(now)
        found: list[Metric] = []
        try:
            ready = is_current(self._engine)
            if ready:
                with self._engine.connect().execution_options(reading=True) as connection:
                    found = [_exchanges(connection), _messages(connection), _lag(connection, now)]
        except Exception:  # whatever a driver raises: not ready, as /health/ready says too
            ready, found = False, []
        gauge = GaugeMetricFamily("intermediary_ready", "1: the database answers and has the newest schema.")
        gauge.add_metric((), float(ready))
        yield gauge
        yield from found

    def _certificates(self, now: datetime) -> Metric:
        gauge = GaugeMetricFamily(
            "intermediary_certificate_days_left",
            "Of the certificate that ends first; what a newer one replaces does not count.",
            labels=("owner", "purpose"),
        )
        left: dict[tuple[str, str], int] = {}
        for entry in inventory(self._held, now):
            if entry.days_left is not None and entry.alarm != "replaced":
                key = (entry.owner, entry.purpose)
                left[key] = min(entry.days_left, left.get(key, entry.days_left))
        for key, days in left.items():
            gauge.add_metric(key, days)
        return gauge


def _exchanges(connection: Connection) -> Metric:
    gauge = GaugeMetricFamily("intermediary_exchanges", "Open exchanges.", labels=("state",))
    rows = connection.execute(
        select(col(ExchangeRow.state), func.count())
        .where(col(ExchangeRow.state).in_(_OPEN))
        .group_by(col(ExchangeRow.state))
    )
    counted = {row[0]: row[1] for row in rows}
    for state in _OPEN:
        gauge.add_metric((state,), counted.get(state, 0))
    return gauge


def _messages(connection: Connection) -> Metric:
    gauge = GaugeMetricFamily(
        "intermediary_messages_waiting",
        "AS4 messages not handled or not acknowledged.",
        labels=("direction",),
    )
    for direction in Direction:
        waiting = select(func.count()).where(
            col(MessageRow.direction) == direction, col(MessageRow.due_at).is_not(None)
        )
        gauge.add_metric((direction,), connection.execute(waiting).scalar_one())
    return gauge


def _lag(connection: Connection, now: datetime) -> Metric:
    gauge = GaugeMetricFamily(
        "intermediary_oldest_due_seconds",
        "For how long the oldest item that is due waits for a worker.",
        labels=("queue",),
    )
    for queue in Queue:
        table = ExchangeRow if queue is Queue.EXCHANGE else MessageRow
        due, lease = col(table.due_at), col(table.lease_until)
        oldest = select(due).where(due <= now, or_(lease.is_(None), lease <= now)).order_by(due).limit(1)
        if table is MessageRow:
            direction = Direction.IN if queue is Queue.INCOMING else Direction.OUT
            oldest = oldest.where(col(MessageRow.direction) == direction)
        since = connection.execute(oldest).scalar_one_or_none()
        gauge.add_metric((queue,), 0.0 if since is None else (now - since).total_seconds())
    due, lease = col(DutyRow.due_at), col(DutyRow.lease_until)
    free = or_(lease.is_(None), lease <= now)
    since = connection.execute(select(func.min(due)).where(due <= now, free)).scalar_one_or_none()
    gauge.add_metric(("housekeeping",), 0.0 if since is None else (now - since).total_seconds())
    return gauge

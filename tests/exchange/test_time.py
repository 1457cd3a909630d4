"""What ends by itself ends in its time: over restarts, and while a clock leaps to either side."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from intermediary.as4.model import Packed
from intermediary.edm.codes import ErrorCode
from intermediary.exchange import Delivery, Exchanges, ProviderUnavailable, Stage
from intermediary.exchange.clock import PlatformClock
from intermediary.exchange.duties import Duty, Retention
from intermediary.exchange.housekeeping import purge_duty
from intermediary.exchange.model import State
from intermediary.mapping.model import PreviewPolicy
from intermediary.store.housekeeping import SqlHousekeeping
from tests import postgresql
from tests.exchange.house import Clock, House, a_request
from tests.exchange.test_stories import error
from tests.store.test_housekeeping import rows

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
LEAPS = pytest.mark.parametrize("leap", [timedelta(days=1), timedelta(days=-1)], ids=["ahead", "back"])
BOTH = pytest.mark.parametrize("house", postgresql.BOTH, indirect=True)


class Times:
    """The clocks around a house: the truth, and a machine whose clock leaps."""

    def __init__(self, house: House) -> None:
        self.house, self.true, self.off = house, Clock(), timedelta()
        self.start(server=True)

    def start(self, *, server: bool) -> None:
        """Start the platform (again)."""
        self.clock = PlatformClock(
            self.true if server else None,
            lambda: self.true() + self.off,
            lambda: self.true() - EPOCH,
        )
        self.house.clock = self.clock  # type: ignore[assignment]
        self.house.again()

    def pass_(self, minutes: float) -> None:
        """Let time pass; the clock looks, and all is done that is due."""
        self.true.advance(minutes=minutes)
        self.clock.look()
        self.house.work()


def without_preview(house: House) -> None:
    house.mappings = replace(
        house.mappings,
        mappings=tuple(
            replace(m, preview=PreviewPolicy.NOT_NEEDED, preview_legal_basis="law", additional_inputs=())
            for m in house.mappings.mappings
        ),
    )


def t1(house: House) -> None:
    """A register that is down; the answer goes to the first request."""
    without_preview(house)
    house.register.script += [ProviderUnavailable("timeout")] * 100
    request = a_request()
    procedure = tuple(replace(text, value="00") for text in request.procedure)
    house.push(replace(request, procedure=procedure, possibility_for_preview=False))
    house.work()


def t2(house: House) -> None:
    """The citizen never comes."""
    house.begin(a_request())


def t3(house: House) -> None:
    """The citizen never decides."""
    house.preview(a_request())


def second_request(house: House) -> None:
    """The portal never asks for what was approved."""
    token, view = house.preview(a_request())
    house.desk.decide(token, "visitor-1", frozenset(d.id for d in view.documents))


def receipt(house: House) -> None:
    """The answer is never acknowledged."""
    request = a_request()
    token, view = house.preview(request)
    house.push(house.second(request, token))
    house.partner.silent = 1000
    house.desk.decide(token, "visitor-1", frozenset(d.id for d in view.documents))
    house.work()


WAITS = pytest.mark.parametrize(
    ("begin", "holds", "ends", "fact"),
    [
        (t1, 3, 6, "settled"),
        (t2, 14, 17, "time-over"),
        (t3, 39, 41, "time-over"),
        (second_request, 15, 17, "closed"),
        (receipt, 2, 25, "delivery-given-up"),
    ],
    ids=["T1", "T2", "T3", "second request", "receipt"],
)


@pytest.mark.parametrize(("house", "server"), [("sqlite", False), ("postgresql", True)], indirect=["house"])
@LEAPS
@WAITS
def test_each_wait_ends_in_its_time_whatever_the_machines_clock_does(
    house: House,
    leap: timedelta,
    begin: Callable[[House], None],
    holds: float,
    ends: float,
    fact: str,
    server: bool,
) -> None:
    times = Times(house)
    times.start(server=server)
    begin(house)
    times.start(server=server)
    times.off = leap
    times.pass_(0)
    if server:  # the machine's clock is still wrong when it starts again
        times.start(server=True)
    times.pass_(holds)
    assert fact not in house.facts(), "it was given its time"
    for _ in range(8):
        times.pass_((ends - holds) / 8 + 0.1)
    assert fact in house.facts(), "it was not frozen"
    assert house.story().intact


@BOTH
def test_a_partner_without_receipt_is_told_of_in_the_story(house: House) -> None:
    times = Times(house)
    receipt(house)
    for _ in range(12):
        times.pass_(3)
    story = house.story()
    failed = [dict(e.data)["attempt"] for e in story.events if e.fact == "send-failed"]
    assert failed == [str(n) for n in range(1, house.timing.send_attempts)]
    assert [str(e.fact) for e in story.events][-3:] == ["delivery-given-up", "evidence-destroyed", "closed"]
    assert story.summary.state == State.CLOSED
    assert rows(house.engine, "document") == 0


class Gateway:
    """Takes every message and never says what became of it."""

    def __init__(self, house: House) -> None:
        self.pack = house.ports.messaging.pack

    def deliver(self, _message_id: str, _packed: Packed, _pmode: object, *, submitted: bool) -> Delivery:
        return Delivery(Stage.SUBMITTED)


def test_a_receipt_that_a_gateway_never_reports_is_overdue(house: House) -> None:
    times = Times(house)
    house.push(a_request(id="no-uuid"))
    house.worker = Exchanges(replace(house.ports, messaging=Gateway(house))).worker("w")
    house.work()
    times.pass_(60 * 23)
    assert "delivery-given-up" not in house.facts()
    times.pass_(60 * 2)
    assert house.facts()[-2:] == ["delivery-given-up", "closed"]
    reason = next(dict(e.data)["reason"] for e in house.story().events if e.fact == "delivery-given-up")
    assert reason.startswith("EBMS:0301")


@BOTH
def test_a_request_that_was_stored_while_no_worker_ran_is_answered_with_a_time_out(house: House) -> None:
    times = Times(house)
    house.push(a_request())
    times.start(server=True)
    times.pass_(10)
    assert error(house.partner.delivered[-1])[0] is ErrorCode.TIMEOUT
    assert house.facts()[-1] == "closed"


@pytest.mark.parametrize(("begin", "minutes"), [(t1, 10), (t3, 45)], ids=["T1", "T3"])
def test_a_register_is_not_asked_for_somebody_who_no_longer_waits(
    house: House, begin: Callable[[House], None], minutes: float
) -> None:
    times = Times(house)
    house.register.script += [ProviderUnavailable("timeout")] * 100
    begin(house)
    asked = len(house.register.asked)
    times.start(server=True)
    times.pass_(minutes)
    assert len(house.register.asked) == asked
    assert "time-over" in house.facts()
    assert "evidence-destroyed" not in house.facts()


class Keeping:
    """A house with duties."""

    def __init__(self, house: House, *more: Duty) -> None:
        self.times = Times(house)
        self.house, self.store = house, SqlHousekeeping(house.engine, house.blobs.delete)
        self.duties = (purge_duty(self.store, Retention()), *more)

    def keep(self, worker: str = "w") -> int:
        """A worker of a fresh process does every duty that is due; how many pieces it did."""
        clock = self.times.clock
        clock.look()
        ports = replace(
            self.house.ports,
            clock=clock,
            housekeeping=self.store,
            duties=self.duties,
            clocks_agree=lambda: clock.agrees,
        )
        node, done = Exchanges(ports).worker(worker), 0
        while node.keep_house():
            done += 1
        return done

    def days(self, number: int) -> None:
        """Days on which the platform keeps house."""
        for _ in range(number):
            self.times.true.advance(days=1)
            self.keep()


@BOTH
def test_an_exchange_is_kept_for_twelve_months(house: House) -> None:
    keeping = Keeping(house)
    keeping.keep()
    t2(house)
    keeping.times.pass_(20)
    keeping.times.pass_(20)
    assert house.facts()[-1] == "closed"
    keeping.days(1)
    keeping.times.true.advance(days=330)
    keeping.days(3)
    assert rows(house.engine, "exchange") == 1, "after eleven months"
    keeping.days(64)
    assert [rows(house.engine, t) for t in ("exchange", "message")] == [0, 0]


@LEAPS
@pytest.mark.parametrize("server", [True, False], ids=["server", "embedded"])
def test_a_purge_waits_while_clocks_differ(house: House, leap: timedelta, server: bool) -> None:
    keeping = Keeping(house)
    keeping.times.start(server=server)
    t2(house)
    keeping.times.pass_(20)
    keeping.times.pass_(20)
    keeping.days(2)
    keeping.times.off = 500 * leap
    keeping.days(3)
    assert rows(house.engine, "exchange") == 1
    assert keeping.keep() == 0
    keeping.times.off = timedelta()
    assert keeping.keep() == 1, "what was due is done as soon as they agree"
    assert rows(house.engine, "exchange") == 1


def test_a_clock_that_is_wrong_when_the_platform_starts_does_not_purge_at_once(house: House) -> None:
    keeping = Keeping(house)
    keeping.times.start(server=False)
    t2(house)
    keeping.times.pass_(20)
    keeping.times.pass_(20)
    keeping.days(2)
    keeping.times.off = timedelta(days=500)
    keeping.times.start(server=False)
    assert keeping.keep() == 1, "its turn has come by this clock"
    assert rows(house.engine, "exchange") == 1, "but it only waits for the next"
    keeping.times.off = timedelta()
    keeping.times.start(server=False)
    keeping.days(4)
    assert rows(house.engine, "exchange") == 1
    due = "SELECT due_at FROM duty WHERE name = 'purge'"
    with house.engine.connect() as connection:
        found = datetime.fromisoformat(str(connection.exec_driver_sql(due).scalar_one()))
    assert found.replace(tzinfo=UTC) < keeping.times.true() + timedelta(days=1)


@BOTH
def test_a_duty_that_breaks_is_told_of_and_tried_again(house: House) -> None:
    tried: list[datetime] = []

    def breaks(now: datetime) -> bool:
        tried.append(now)
        raise RuntimeError("PLANTED-SECRET")

    keeping = Keeping(house, Duty("breaks", timedelta(hours=1), breaks))
    keeping.keep()
    keeping.times.true.advance(hours=1)
    keeping.keep()
    assert len(tried) == 1
    keeping.times.true.advance(minutes=2)
    keeping.keep()
    assert len(tried) == 2
    with house.engine.connect() as connection:
        log = connection.exec_driver_sql("SELECT data FROM event WHERE fact = 'step-failed'").scalars().all()
    assert len(log) == 2
    assert "PLANTED-SECRET" not in str(log)


@BOTH
def test_two_nodes_do_a_piece_once_and_exchanges_come_between_the_pieces(house: House) -> None:
    pieces: list[datetime] = []

    def piecemeal(now: datetime) -> bool:
        pieces.append(now)
        return len(pieces) % 3 != 0

    keeping = Keeping(house, Duty("piecemeal", timedelta(hours=1), piecemeal))
    keeping.keep("one")
    keeping.times.true.advance(hours=1)
    assert keeping.keep("one") + keeping.keep("two") == 3
    assert len(pieces) == 3

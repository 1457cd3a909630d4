"""What retention removes, what it leaves, and duties that one of many nodes does."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event, text

from intermediary.audit import AuditLog
from intermediary.exchange.duties import Purged, Retention
from intermediary.exchange.housekeeping import purge_some
from intermediary.exchange.model import Direction, Fact, Message, MessageState, State
from intermediary.exchange.model import event as fact
from intermediary.store.clock import server_clock
from intermediary.store.housekeeping import SqlHousekeeping
from tests.store.conftest import ledger_of
from tests.store.test_ledger import EXCHANGE, MESSAGE

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MONTH = timedelta(days=30)
YEAR = timedelta(days=366)
DUTIES = {"purge": timedelta(days=1), "sweep": timedelta(hours=1)}


def house_of(engine: Engine, forgotten: list[str] | None = None) -> SqlHousekeeping:
    return SqlHousekeeping(engine, ([] if forgotten is None else forgotten).append)


def an_exchange(
    engine: Engine, name: str, ended: datetime, state: State = State.CLOSED, **message: Any
) -> Message:
    """An exchange with a message in, one out and three events."""
    came = replace(
        MESSAGE,
        message_id=f"in-{name}@x",
        exchange_id=name,
        state=MessageState.HANDLED,
        due_at=None,
        at=ended,
    )
    sent = replace(
        came, direction=Direction.OUT, message_id=f"out-{name}@x", state=MessageState.ACKNOWLEDGED, **message
    )
    with ledger_of(engine).begin() as tx:
        new = replace(EXCHANGE, id=name, token_hash=name, created_at=ended, updated_at=ended)
        tx.save(new, None)
        if state is not State.SETTLED:
            tx.save(replace(new, state=state, due_at=None), State.SETTLED)
        tx.save_message(came)
        tx.save_message(sent)
        for what in (Fact.REQUEST_RECEIVED, Fact.SETTLED, Fact.CLOSED):
            tx.log(name, fact(what, ended))
    return sent


def platform_log(engine: Engine, *ages: timedelta) -> None:
    with ledger_of(engine).begin() as tx:
        for age in ages:
            tx.log("platform", fact(Fact.TEST_RECEIVED, NOW - age, partner="portal"))


def rows(engine: Engine, table: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def exchanges(engine: Engine) -> set[str]:
    return {summary.id for summary in AuditLog(engine).exchanges()}


def test_thirteen_months_are_gone_and_eleven_stay(engine: Engine) -> None:
    an_exchange(engine, "old", NOW - 13 * MONTH)
    an_exchange(engine, "young", NOW - 11 * MONTH)
    house = house_of(engine)
    expected, oldest = house.would_go(NOW - YEAR, NOW - YEAR)
    assert (expected, oldest) == (Purged(1, 2, 3), NOW - 13 * MONTH)
    assert house.purge(NOW - YEAR, 100, NOW) == expected
    assert exchanges(engine) == {"young"}
    assert (rows(engine, "message"), rows(engine, "event")) == (2, 3 + 1)
    said = AuditLog(engine).platform()[-1]
    assert (said.fact, dict(said.data)) == (Fact.PURGED, {"exchanges": "1", "messages": "2", "events": "3"})
    assert AuditLog(engine).broken_streams() == ()
    assert house.purge(NOW - YEAR, 100, NOW) == Purged()
    assert rows(engine, "event") == 3 + 1, "nothing to say where nothing was removed"


def test_what_is_open_stays_however_old_it_is(engine: Engine) -> None:
    an_exchange(engine, "open", NOW - 30 * MONTH, state=State.SETTLED)
    an_exchange(engine, "unsent", NOW - 30 * MONTH, due_at=NOW)
    with ledger_of(engine).begin() as tx:
        tx.save_message(replace(MESSAGE, at=NOW - 30 * MONTH))
    assert house_of(engine).purge(NOW - YEAR, 100, NOW) == Purged()
    assert exchanges(engine) == {"open", "unsent"}


def test_messages_that_began_no_exchange_go_too(engine: Engine) -> None:
    lost = replace(MESSAGE, state=MessageState.HANDLED, due_at=None, at=NOW - 13 * MONTH)
    with ledger_of(engine).begin() as tx:
        tx.save_message(lost)
        tx.save_message(replace(lost, message_id="m2@x", at=NOW - 11 * MONTH))
    assert house_of(engine).purge(NOW - YEAR, 100, NOW) == Purged(messages=1)
    with ledger_of(engine).begin() as tx:
        assert tx.message(lost.item) is None
        assert tx.message(replace(lost, message_id="m2@x").item) is not None, "a repeat is still recognised"


def test_a_batch_is_bounded_and_forgets_its_blobs(engine: Engine) -> None:
    for number in range(5):
        an_exchange(engine, f"e{number}", NOW - (20 - number) * MONTH, blob=f"{number:032x}")
    forgotten: list[str] = []
    house = house_of(engine, forgotten)
    assert house.purge(NOW - YEAR, 2, NOW).exchanges == 2
    assert exchanges(engine) == {"e2", "e3", "e4"}, "the oldest go first"
    assert sorted(forgotten) == [f"{number:032x}" for number in (0, 1)]


def test_the_platforms_log_is_cut_and_its_chain_holds(engine: Engine) -> None:
    platform_log(engine, *(months * MONTH for months in (15, 14, 13, 11, 1)))
    house = house_of(engine)
    assert house.would_go(NOW - YEAR, NOW - YEAR)[0] == Purged(events=3)
    assert house.cut("platform", NOW - YEAR, 2, NOW) == Purged(events=2)
    assert house.cut("platform", NOW - YEAR, 2, NOW) == Purged(events=1)
    assert house.cut("platform", NOW - YEAR, 2, NOW) == Purged()
    log = AuditLog(engine)
    assert [e.fact for e in log.platform()] == [Fact.TEST_RECEIVED] * 2 + [Fact.LOG_CUT] * 2
    assert log.broken_streams() == ()
    platform_log(engine, timedelta())
    assert log.broken_streams() == ()


def test_what_operators_did_is_cut_too_and_what_happened_to_mappings_stays(engine: Engine) -> None:
    with ledger_of(engine).begin() as tx:
        for stream in ("operators", "mappings"):
            for age in (13, 1):
                tx.log(stream, fact(Fact.TEST_RECEIVED, NOW - age * MONTH))
    house = house_of(engine)
    assert house.would_go(NOW - YEAR, NOW - YEAR)[0] == Purged(events=1)
    assert purge_some(house, Retention(), NOW) == Purged(events=1)
    assert not purge_some(house, Retention(), NOW)
    assert rows(engine, "event") == 4, "the cut is an entry of its journal"
    assert AuditLog(engine).broken_streams() == ()


def test_a_log_that_is_cut_whole_goes_on_from_its_anchor(engine: Engine) -> None:
    platform_log(engine, 15 * MONTH, 14 * MONTH)
    assert house_of(engine).cut("platform", NOW - YEAR, 100, NOW) == Purged(events=2)
    platform_log(engine, timedelta())
    assert AuditLog(engine).broken_streams() == ()
    assert [e.fact for e in AuditLog(engine).platform()] == [Fact.LOG_CUT, Fact.TEST_RECEIVED]


@pytest.mark.parametrize(
    "tampering",
    [
        "DELETE FROM event WHERE number = (SELECT min(number) FROM event)",
        "UPDATE event SET at = '2020-01-01 00:00:00.000000' WHERE number = (SELECT max(number) FROM event)",
    ],
    ids=["more removed than was said", "the cut dated back"],
)
def test_a_cut_that_nobody_said_shows(engine: Engine, tampering: str) -> None:
    platform_log(engine, 14 * MONTH, 13 * MONTH, 2 * MONTH, MONTH)
    house_of(engine).cut("platform", NOW - YEAR, 100, NOW)
    with engine.begin() as connection:
        connection.execute(text(tampering))
    assert AuditLog(engine).broken_streams() == ("platform",)


def test_an_entry_before_an_older_one_ends_the_cut(engine: Engine) -> None:
    """A clock that went back has left times out of order: what is removed is a beginning of the chain."""
    platform_log(engine, 14 * MONTH, 11 * MONTH, 13 * MONTH)
    house = house_of(engine)
    assert house.would_go(NOW - YEAR, NOW - YEAR)[0] == Purged(events=1)
    assert house.cut("platform", NOW - YEAR, 100, NOW) == Purged(events=1)
    assert AuditLog(engine).broken_streams() == ()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ages=st.lists(st.integers(min_value=0, max_value=800), max_size=12),
    cuts=st.lists(st.tuples(st.integers(1, 4), st.integers(300, 700)), max_size=5),
)
def test_the_chain_holds_after_any_cuts(engine: Engine, ages: list[int], cuts: list[tuple[int, int]]) -> None:
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM event"))
    platform_log(engine, *(timedelta(days=age) for age in ages))
    house = house_of(engine)
    for most, days in cuts:
        house.cut("platform", NOW - timedelta(days=days), most, NOW)
        assert AuditLog(engine).broken_streams() == ()
    kept = [e for e in AuditLog(engine).platform() if e.fact is Fact.TEST_RECEIVED]
    young = [age for age in ages if age < 300]
    assert len(kept) >= len(young), "nothing within its time is removed"


@contextmanager
def killed_before_commit(engine: Engine) -> Iterator[None]:
    """The process dies in the next transaction, after all of its statements but the last."""

    def die(_c: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement.startswith("INSERT INTO event"):
            raise KeyboardInterrupt

    event.listen(engine, "before_cursor_execute", die)
    try:
        with pytest.raises(KeyboardInterrupt):
            yield
    finally:
        event.remove(engine, "before_cursor_execute", die)


def test_what_dies_in_the_middle_has_removed_nothing(engine: Engine) -> None:
    an_exchange(engine, "old", NOW - 13 * MONTH, blob="0" * 32)
    platform_log(engine, 13 * MONTH)
    forgotten: list[str] = []
    house = house_of(engine, forgotten)
    with killed_before_commit(engine):
        house.purge(NOW - YEAR, 100, NOW)
    with killed_before_commit(engine):
        house.cut("platform", NOW - YEAR, 100, NOW)
    assert (exchanges(engine), rows(engine, "event"), forgotten) == ({"old"}, 4, [])
    assert AuditLog(engine).broken_streams() == ()
    assert house.purge(NOW - YEAR, 100, NOW) + house.cut("platform", NOW - YEAR, 100, NOW) == Purged(1, 2, 4)


def test_two_nodes_that_purge_at_once_remove_each_thing_once(engine: Engine) -> None:
    for number in range(12):
        an_exchange(engine, f"e{number}", NOW - 13 * MONTH)
    platform_log(engine, *[13 * MONTH] * 12)
    nodes = [house_of(engine), house_of(engine)]

    def purge(house: SqlHousekeeping) -> Purged:
        purged = Purged()
        while some := house.purge(NOW - YEAR, 2, NOW) + house.cut("platform", NOW - YEAR, 5, NOW):
            purged += some
        return purged

    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(purge, nodes))
    assert both[0] + both[1] == Purged(12, 24, 36 + 12)
    assert AuditLog(engine).broken_streams() == ()


def test_a_duty_is_one_nodes_until_its_lease_is_over(engine: Engine) -> None:
    house, until = house_of(engine), NOW + timedelta(seconds=90)
    assert house.appoint(DUTIES, NOW)
    assert {house.claim(DUTIES, node, NOW, until) for node in ("a", "b")} == set(DUTIES)
    assert not house.appoint(DUTIES, NOW)
    assert house.claim(DUTIES, "c", NOW, until) is None
    assert house.appoint(DUTIES, until)
    taken = house.claim(DUTIES, "c", until, until + timedelta(seconds=90))
    assert taken == "purge"
    house.ran("purge", "a", NOW, NOW + timedelta(days=1))
    assert house.ran_at("purge") is None, "the lease was lost meanwhile"
    house.ran("purge", "c", until, until + timedelta(days=1))
    assert house.ran_at("purge") == until


def test_nodes_that_start_at_once_appoint_once(engine: Engine) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _n: house_of(engine).appoint(DUTIES, NOW), range(4)))
    assert rows(engine, "duty") == 2
    with ThreadPoolExecutor(4) as pool:
        claimed = list(pool.map(lambda n: house_of(engine).claim(DUTIES, str(n), NOW, NOW + MONTH), range(4)))
    assert sorted(filter(None, claimed)) == sorted(DUTIES)


def test_a_turn_that_a_wrong_clock_set_does_not_wait_for_it(engine: Engine) -> None:
    house, wrong = house_of(engine), NOW + YEAR
    house.appoint(DUTIES, wrong)
    for _ in DUTIES:
        name = house.claim(DUTIES, "a", wrong, wrong + timedelta(seconds=90))
        assert name is not None
        house.ran(name, "a", wrong, wrong + DUTIES[name])
    assert house.appoint(DUTIES, NOW), "the clock was put right"
    assert {house.claim(DUTIES, "b", NOW, NOW + MONTH) for _ in DUTIES} == set(DUTIES)


def test_what_a_newer_version_has_to_do_is_left_to_it(engine: Engine) -> None:
    house = house_of(engine)
    house.appoint({"later": timedelta(days=1)}, NOW)
    assert house.appoint(DUTIES, NOW)
    assert {house.claim(DUTIES, "a", NOW, NOW + MONTH) for _ in range(3)} == {*DUTIES, None}


def test_a_server_on_this_machine_is_no_second_witness(engine: Engine) -> None:
    assert server_clock(engine) is None

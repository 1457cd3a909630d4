"""Lists of exchanges: in order, walked by key, narrowed, by an index, on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from intermediary.audit import ExchangeRecords
from intermediary.exchange.model import Fact, Outcome, State, event
from intermediary.exchange.records import FAILED, Wanted
from intermediary.store import tables
from tests.store.conftest import ledger_of
from tests.store.test_ledger import EXCHANGE

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def _fill(engine: Engine, number: int = 30) -> list[str]:
    """Exchanges, three at a time in the same moment; their ids, newest first."""
    outcomes = (*Outcome, None)
    with ledger_of(engine).begin() as tx:
        for n in range(number):
            at = NOW - timedelta(minutes=n // 3)
            new = replace(
                EXCHANGE,
                id=f"e{n:03}",
                token_hash=f"t{n}",
                created_at=at,
                updated_at=at,
                outcome=outcomes[n % len(outcomes)],
                pmode_id="even" if n % 2 == 0 else "odd",
            )
            tx.save(new, None)
            if n % 5 == 0:
                tx.save(replace(new, state=State.CLOSED, due_at=None), State.SETTLED)
            if n % 10 == 0:
                tx.log(new.id, event(Fact.DELIVERY_GIVEN_UP, at, reason="no answer"))
    with engine.connect() as connection:
        every = connection.execute(text("SELECT id, created_at FROM exchange")).all()
    return [row.id for row in sorted(every, key=lambda row: (row.created_at, row.id), reverse=True)]


@pytest.mark.parametrize("size", [1, 2, 7, 30, 31])
def test_a_walk_meets_each_once_in_order(engine: Engine, size: int) -> None:
    ids, records, met = _fill(engine), ExchangeRecords(engine), []
    before, more = None, True
    while more:
        found, more = records.page(Wanted(), before, size)
        met += [each.id for each in found]
        before = found[-1].key
    assert met == ids


def test_filters_narrow(engine: Engine) -> None:
    ids, records = _fill(engine), ExchangeRecords(engine)

    def found(**wanted: object) -> list[str]:
        return [each.id for each in records.page(Wanted(**wanted), None, 100)[0]]  # type: ignore[arg-type]

    assert found(partner="even") == [i for i in ids if int(i[1:]) % 2 == 0]
    assert found(state=State.CLOSED) == [i for i in ids if int(i[1:]) % 5 == 0]
    outcomes = (*Outcome, None)
    assert found(failed=True) == [i for i in ids if outcomes[int(i[1:]) % len(outcomes)] in FAILED]
    assert found(outcome=Outcome.APPROVED) == [i for i in ids if int(i[1:]) % len(outcomes) == 0]
    assert found(since=NOW - timedelta(minutes=1), until=NOW) == ["e005", "e004", "e003"]
    assert sorted(found(fact=Fact.DELIVERY_GIVEN_UP)) == ["e000", "e010", "e020"]
    assert found(fact=Fact.DELIVERY_GIVEN_UP, since=NOW - timedelta(minutes=1)) == ["e000"]
    assert found(provider="nobody") == []


def test_worries_are_counted(engine: Engine) -> None:
    _fill(engine)
    worries = ExchangeRecords(engine).worries(NOW - timedelta(days=1))
    outcomes = (*Outcome, None)
    assert worries.failed == sum(outcomes[n % len(outcomes)] in FAILED for n in range(30))
    assert (worries.given_up, worries.broken, worries.changed) == (3, 0, ())
    with engine.begin() as connection:
        connection.execute(text("UPDATE event SET digest = 'x' WHERE stream = 'e010'"))
    assert ExchangeRecords(engine).worries(NOW).changed == ("e010",)


def test_the_index_of_failures_holds_what_counts_as_failed() -> None:
    named = {word.strip("' ") for word in tables.FAILED.partition("(")[2].rstrip(")").split(",")}
    assert named == set(FAILED)


def test_lists_and_search_go_by_an_index(engine: Engine) -> None:
    _fill(engine)
    sqlite = engine.dialect.name == "sqlite"
    explain = "EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN "
    newest = "SELECT id FROM exchange {} ORDER BY created_at DESC, id DESC LIMIT 51"
    plans = {
        newest.format(""): "ix_exchange_newest",
        newest.format("WHERE created_at <= '2026-11-24 12:00'"): "ix_exchange_newest",
        newest.format(f"WHERE {tables.FAILED}"): "ix_exchange_failed",
        "SELECT exchange_id FROM person WHERE value = '\\x00'": "pk_person|autoindex_person|PRIMARY KEY",
        "SELECT number FROM transcript WHERE exchange_id = 'x'": "ix_transcript_exchange_id",
    }
    with engine.connect() as connection:
        if not sqlite:  # few rows: PostgreSQL would rather read them all
            for off in ("seqscan", "bitmapscan", "sort"):
                connection.execute(text(f"SET LOCAL enable_{off} = off"))
        for statement, index in plans.items():
            plan = " ".join(str(row) for row in connection.execute(text(explain + statement)))
            assert any(name in plan for name in index.split("|")), plan

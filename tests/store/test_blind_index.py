"""The blind index: one key for all nodes, which outlives the platform key; values go with the exchange."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from intermediary.audit import ExchangeRecords
from intermediary.exchange.model import State
from intermediary.exchange.transcripts import Kind, Line, Transcript
from intermediary.store import KeyedIndex, KeyFolder, KeyVault, rewrap, wraps
from intermediary.store.housekeeping import SqlHousekeeping
from tests.store.conftest import ledger_of
from tests.store.test_ledger import EXCHANGE

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PERSONS = ("identifier\x1fit/de/1", "name and birth\x1frossi\x1f1984-05-07")


def test_all_nodes_share_a_key_however_many_start_at_once(engine: Engine) -> None:
    vault = KeyVault(bytes(32))
    indices = [KeyedIndex(engine, vault) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        first, *others = pool.map(lambda index: index(PERSONS), indices)
    assert all(other == first for other in others)
    assert len({*first}) == len(PERSONS)
    assert all(len(value) == 16 for value in first)


def test_another_database_gives_other_values(engine: Engine) -> None:
    vault = KeyVault(bytes(32))
    before = KeyedIndex(engine, vault)(PERSONS)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM secret"))
    assert not {*before} & {*KeyedIndex(engine, vault)(PERSONS)}


def test_it_outlives_a_change_of_the_platform_key(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    folder = KeyFolder(tmp_path / "keys")
    old = folder.add("old")
    before = KeyedIndex(engine, KeyVault(folder))(PERSONS)
    folder.add("new")
    folder.activate("new")
    assert wraps(engine, old)
    assert sum(rewrap(engine, KeyVault(folder))) == 1
    assert not wraps(engine, old)
    folder.retire("old")
    assert KeyedIndex(engine, KeyVault(folder))(PERSONS) == before


def test_without_the_platform_key_there_are_no_values(engine: Engine) -> None:
    KeyedIndex(engine, KeyVault(bytes(32)))(PERSONS)
    with pytest.raises(ValueError, match="another platform key"):
        KeyedIndex(engine, KeyVault(bytes(31) + b"1"))(PERSONS)


def test_nothing_is_asked_of_the_database_for_nobody(engine: Engine) -> None:
    KeyedIndex(engine, KeyVault(bytes(32)))(())
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM secret")).scalar_one() == 0


def test_values_and_transcripts_go_with_their_exchange_and_no_other(engine: Engine) -> None:
    values = KeyedIndex(engine, KeyVault(bytes(32)))(PERSONS)
    told = (Line(0, "QueryRequest"), Line(1, "FamilyName", None, 5))
    with ledger_of(engine).begin() as tx:
        for name, age in (("old", 500), ("young", 1)):
            ended = NOW - timedelta(days=age)
            new = replace(EXCHANGE, id=name, token_hash=name, created_at=ended, updated_at=ended)
            tx.save(new, None)
            tx.save(replace(new, state=State.CLOSED, due_at=None), State.SETTLED)
            tx.save_persons(name, (*values, values[0]))
            tx.save_transcript(Transcript(name, Kind.REQUEST, ended, "m@x", told))
    records = ExchangeRecords(engine)
    assert [found.id for found in records.of_persons(values, 10)[0]] == ["young", "old"]
    record = records.record("old")
    assert record is not None
    assert record.transcripts[0].lines == told
    assert (
        SqlHousekeeping(engine, lambda _blob: None).purge(NOW - timedelta(days=366), 10, NOW).exchanges == 1
    )
    assert [found.id for found in records.of_persons(values[:1], 10)[0]] == ["young"]
    with engine.connect() as connection:
        for table in ("person", "transcript"):
            left = connection.execute(text(f"SELECT DISTINCT exchange_id FROM {table}")).scalars().all()
            assert left == ["young"]

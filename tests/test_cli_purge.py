"""`intermediary purge`, as an operator uses it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from intermediary import store, upkeep
from intermediary.exchange.clock import PlatformClock
from intermediary.exchange.model import Fact, event
from intermediary.sandbox.world import World
from tests.store.conftest import ledger_of
from tests.store.test_housekeeping import an_exchange, exchanges
from tests.test_cli import call, platform

__all__ = ["platform"]


@pytest.fixture
def filled(platform: str, tmp_path: Path) -> str:
    """A platform with an exchange of last year and one of last month."""
    World(tmp_path).secret("session")
    engine, now = store.open_engine(platform), datetime.now(UTC)
    an_exchange(engine, "old", now - timedelta(days=400))
    an_exchange(engine, "young", now - timedelta(days=30))
    with ledger_of(engine).begin() as tx:
        tx.log("platform", event(Fact.TEST_RECEIVED, now - timedelta(days=400)))
    engine.dispose()
    return platform


def left(database: str) -> set[str]:
    engine = store.open_engine(database)
    found = exchanges(engine)
    engine.dispose()
    return found


def test_a_dry_run_says_what_would_go_and_removes_nothing(filled: str) -> None:
    shown = json.loads(call("purge", "--dry-run", "--json").stdout)
    assert (shown["exchanges"], shown["messages"], shown["events"]) == (1, 2, 4)
    assert shown["dry_run"] is True
    assert shown["oldest"] < shown["exchanges_before"]
    said = call("purge", "--dry-run").output
    assert said.startswith("Would go: 1 exchanges, 2 messages, 4 events; the oldest ended on ")
    assert left(filled) == {"old", "young"}


def test_a_purge_removes_it_and_the_log_still_verifies(filled: str) -> None:
    assert call("purge").output.startswith("Removed: 1 exchanges, 2 messages, 4 events")
    assert left(filled) == {"young"}
    assert "0 broken streams" in call("exchanges", "verify").output
    told = call("exchanges", "show", "platform").output
    assert "purged  exchanges=1  messages=2  events=3" in told
    assert "log-cut" in told
    assert call("purge").output.startswith("Removed: 0 exchanges")


def test_nothing_is_removed_while_clocks_differ(filled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def off(_engine: object) -> PlatformClock:
        return PlatformClock(lambda: datetime.now(UTC) - timedelta(hours=1))

    monkeypatch.setattr(upkeep, "open_clock", off)
    assert "the machine's clock is 3600 s ahead" in call("purge", code=1).output
    assert "nothing will be removed" in call("purge", "--dry-run").output
    assert left(filled) == {"old", "young"}


def test_less_than_twelve_months_is_refused(filled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERMEDIARY_RETENTION__EXCHANGE_DAYS", "90")
    from intermediary.exchange import SettingsInvalid
    from intermediary.settings import load_settings

    with pytest.raises(SettingsInvalid, match="at least 366 days"):
        load_settings()

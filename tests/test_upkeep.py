"""Duties and time of a whole platform, by nothing but its settings."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from fastapi.testclient import TestClient

from intermediary import store, upkeep
from intermediary.app import build, create_app
from intermediary.audit import AuditLog
from intermediary.exchange.clock import PlatformClock
from intermediary.exchange.model import Fact
from intermediary.observing import Observation
from intermediary.sandbox.pki import make_pki
from intermediary.sandbox.platform_files import write_platform_files
from intermediary.sandbox.world import World
from intermediary.settings import Settings, load_settings
from intermediary.trust import Held
from tests.exchange.conftest import keys
from tests.store.conftest import ledger_of
from tests.store.test_housekeeping import rows

__all__ = ["keys"]


@pytest.fixture
def settings(tmp_path: Path, keys: World, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Of a platform whose web server runs no workers."""
    (tmp_path / "pki").symlink_to(keys.root / "pki")
    world = World(tmp_path)
    make_pki(world)
    for secret in ("oidc", "session"):
        world.secret(secret)
    monkeypatch.setenv("INTERMEDIARY_SETTINGS", str(write_platform_files(world)))
    monkeypatch.setenv("INTERMEDIARY_WORKERS", "0")
    return load_settings()


def test_workers_keep_house(settings: Settings) -> None:
    platform = build(settings)
    worker = platform.exchanges.worker("w")
    while worker.keep_house():
        pass
    with platform.engine.connect() as connection:
        names = connection.exec_driver_sql("SELECT name FROM duty WHERE ran_at IS NOT NULL").scalars().all()
    assert set(names) == {"purge", "sweep", "certificates"}
    platform.engine.dispose()


@pytest.mark.parametrize("hours", [2, -2])
def test_a_node_whose_clock_leaps_is_not_ready_and_says_why(settings: Settings, hours: int) -> None:
    platform = build(settings)
    off = timedelta()
    clock = PlatformClock(None, lambda: datetime.now(UTC) + off)
    platform = replace(platform, clock=clock)
    with TestClient(create_app(platform)) as client:
        assert client.get("/health/ready").status_code == 200
        off = timedelta(hours=hours)
        clock.look()
        answer = client.get("/health/ready")
        assert answer.status_code == 503
        assert "the machine's clock is 7200 s" in answer.text
        assert client.get("/health/live").status_code == 200
    platform.engine.dispose()


def test_a_certificate_that_ends_soon_is_told_of_each_day(settings: Settings, keys: World) -> None:
    engine = store.open_engine(settings.database_url)
    store.migrate(engine)
    seen: list[Observation] = []
    ledger = ledger_of(engine)
    house = upkeep.open_housekeeping(
        engine, store.FileBlobs(settings.blob_folder, store.KeyVault(bytes(32))), [seen.append]
    )
    found = x509.load_pem_x509_certificate(keys.certificate("platform", "as4-signing").read_bytes())
    duties = upkeep.duties_of(settings, house, ledger, [Held("us", "AS4 signing", "in the test", found)])
    look = next(duty for duty in duties if duty.name == "certificates")
    look.do(found.not_valid_after_utc - timedelta(days=40))
    assert seen == []
    look.do(found.not_valid_after_utc - timedelta(days=10))
    assert [(o.event.fact, dict(o.event.data)) for o in seen] == [
        (Fact.CERTIFICATE_ENDING, {"owner": "us", "purpose": "AS4 signing", "days": "10"})
    ]
    assert [e.fact for e in AuditLog(engine).platform()] == [Fact.CERTIFICATE_ENDING]
    assert AuditLog(engine).broken_streams() == ()
    assert rows(engine, "event") == 1
    engine.dispose()

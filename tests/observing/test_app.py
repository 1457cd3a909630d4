"""The whole platform with metrics and traces, by nothing but its settings."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from intermediary.app import build, create_app
from intermediary.sandbox.pki import make_pki
from intermediary.sandbox.platform_files import write_platform_files
from intermediary.sandbox.world import World
from intermediary.settings import Settings, load_settings
from tests.exchange.conftest import keys

__all__ = ["keys"]


def _settings(folder: Path, keys: World, patch: pytest.MonkeyPatch, **more: str) -> Settings:
    (folder / "pki").symlink_to(keys.root / "pki")
    world = World(folder)
    make_pki(world)
    for secret in ("oidc", "session"):
        world.secret(secret)
    patch.setenv("INTERMEDIARY_SETTINGS", str(write_platform_files(world)))
    patch.setenv("INTERMEDIARY_WORKERS", "0")
    for name, value in more.items():
        patch.setenv(f"INTERMEDIARY_{name}", value)
    return load_settings()


def test_metrics_are_served_where_the_settings_say_so(
    tmp_path: Path, keys: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = build(_settings(tmp_path, keys, monkeypatch, METRICS="true", TRACES="true"))
    with TestClient(create_app(platform)) as client:
        answer = client.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=")
        assert "intermediary_ready 1.0" in answer.text
        assert 'intermediary_certificate_days_left{owner="us",purpose="AS4 signing"}' in answer.text
        assert (
            'intermediary_certificate_days_left{owner="partner portal",purpose="AS4 signing"}' in answer.text
        )
    platform.engine.dispose()


def test_metrics_are_not_served_by_default(
    tmp_path: Path, keys: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = build(_settings(tmp_path, keys, monkeypatch))
    with TestClient(create_app(platform)) as client:
        assert client.get("/metrics").status_code == 404
    platform.engine.dispose()

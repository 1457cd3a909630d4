"""`intermediary keys`, as an operator changes the platform's key."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from intermediary import store
from intermediary.settings import load_settings
from tests.store.conftest import ledger_of
from tests.store.test_ledger import EXCHANGE
from tests.test_cli import call, platform

__all__ = ["platform"]


@pytest.fixture
def folder(platform: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The platform's key in a folder, as `platform.key`, with three exchanges wrapped by it as a file."""
    file = load_settings().platform_key_file
    _exchanges(platform, store.KeyVault.from_file(file), "a")
    folder = file.parent / "keys"
    folder.mkdir()
    file.rename(folder / "platform.key")
    monkeypatch.setenv("INTERMEDIARY_PLATFORM_KEY_FILE", str(folder))
    return folder


def _exchanges(database: str, vault: store.KeyVault, prefix: str) -> None:
    engine = store.open_engine(database)
    with ledger_of(engine).begin() as tx:
        for n in range(3):
            name = f"{prefix}{n}"
            tx.save(replace(EXCHANGE, id=name, token_hash=name, evidence_key=vault.new_key()), None)
    engine.dispose()


def _states(code: int = 0) -> dict[str | None, tuple[str, int]]:
    rows = json.loads(call("keys", "list", "--json", code=code).output)
    return {row["name"]: (row["state"], row["wraps"]) for row in rows}


def test_one_key_takes_over_from_another(platform: str, folder: Path) -> None:
    assert _states() == {"platform": ("current", 0), None: ("without an id", 3)}
    assert "keys activate 2027" in call("keys", "add", "2027").output
    _exchanges(platform, store.KeyVault.from_file(folder), "b")
    assert _states() == {"2027": ("held", 0), "platform": ("current", 3), None: ("without an id", 3)}
    assert "current key" in call("keys", "retire", "platform", code=1).output
    call("keys", "activate", "2027")
    _exchanges(platform, store.KeyVault.from_file(folder), "c")
    assert "in 60 minutes" in call("keys", "retire", "platform", code=1).output
    os.utime(folder / "current", (0, 0))
    refused = json.loads(call("keys", "retire", "platform", "--json", code=1).output)
    assert refused == {
        "name": "platform", "retired": False, "reason": "it still wraps keys; intermediary keys rewrap"
    }  # fmt: skip
    assert json.loads(call("keys", "rewrap", "--json").output) == {
        "current": "2027",
        "rewrapped": 6,
        "left": 0,
    }
    assert "0 keys are wrapped anew" in call("keys", "rewrap").output
    call("keys", "retire", "platform")
    assert _states() == {"2027": ("current", 9), "platform": ("retired", 0)}
    assert sorted(file.name for file in folder.iterdir()) == ["2027.key", "current", "platform.retired"]
    call("keys", "list")


def test_a_key_that_is_missing_here_is_told(platform: str, folder: Path) -> None:
    elsewhere = folder.parent / "elsewhere"
    elsewhere.mkdir()
    store.KeyFolder(elsewhere).add("other")
    _exchanges(platform, store.KeyVault.from_file(elsewhere), "d")
    call("keys", "add", "2027")
    call("keys", "activate", "2027")
    assert "1 left" not in call("keys", "rewrap", code=1).output
    assert _states(code=1)[None] == ("missing", 3)
    (folder / "other.key").write_bytes((elsewhere / "other.key").read_bytes())
    call("keys", "rewrap")
    assert _states()["2027"] == ("current", 6)


def test_a_key_in_a_single_file_is_told_how_to_move(platform: str) -> None:
    assert _states() == {"platform key": ("current", 0)}
    for command in (("add",), ("activate", "x"), ("retire", "x")):
        shown = call("keys", *command, code=2).output
        assert "make a folder" in shown
        assert "as platform.key" in shown
    assert "a folder holds several" in call("keys", "rewrap", code=2).output


def test_what_is_not_there_or_cannot_be_used_is_told(platform: str, folder: Path) -> None:
    assert "There is no x.key" in call("keys", "activate", "x", code=1).output
    call("keys", "add", "platform", code=2)
    (folder / "half.key").write_bytes(b"half")
    assert "has 4 instead of 32 bytes" in call("keys", "list", code=2).output

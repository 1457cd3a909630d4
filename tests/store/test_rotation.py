"""Everything is wrapped anew by another platform key, beside nodes, whenever it is broken off."""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from intermediary import store
from intermediary.exchange.model import Direction, State
from intermediary.store import KeyFolder, KeyVault, rewrap, rotation, wrapped_by, wraps
from tests.store.conftest import ledger_of
from tests.store.test_ledger import EXCHANGE, MESSAGE


@pytest.fixture
def folder(tmp_path: Path) -> KeyFolder:
    """A folder with two keys, of which `first` is current."""
    (tmp_path / "keys").mkdir()
    folder = KeyFolder(tmp_path / "keys")
    folder.add("first")
    folder.add("second")
    return folder


def _fill(engine: Engine, new_key: Callable[[], bytes]) -> dict[str, bytes]:
    """Nine things with a key each, and some without; the keys by name."""
    keys: dict[str, bytes] = {}
    with ledger_of(engine).begin() as tx:
        for n in range(5):
            keys[f"e{n}"] = new_key()
            tx.save(replace(EXCHANGE, id=f"e{n}", token_hash=f"t{n}", evidence_key=keys[f"e{n}"]), None)
        tx.save(replace(EXCHANGE, id="closed", token_hash="t", evidence_key=None), None)
        for n in range(4):
            message = replace(MESSAGE, message_id=f"m{n}@x", key=new_key(), sealed=b"sealed")
            tx.save_message(message)
            keys[message.item] = message.key or b""
    return keys


def _in_turn(*vaults: KeyVault) -> Callable[[], bytes]:
    """Keys of one vault after the other."""
    turn = cycle(vaults)
    return lambda: next(turn).new_key()


def _held(engine: Engine) -> dict[str, bytes]:
    with engine.connect() as connection:
        exchanges = connection.execute(
            text("SELECT id, evidence_key FROM exchange WHERE evidence_key IS NOT NULL")
        )
        messages = connection.execute(text("SELECT item, key FROM message WHERE key IS NOT NULL"))
        return {name: bytes(key) for name, key in (*exchanges, *messages)}


def test_all_keys_are_wrapped_anew_and_open_what_they_opened(
    engine: Engine, folder: KeyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "BATCH", 2)
    vault = KeyVault(folder)
    first, bare = vault.ring.current, KeyVault((folder.path / "first.key").read_bytes())
    keys = _fill(engine, _in_turn(vault, bare))
    opened = {name: vault.unwrap(key) for name, key in keys.items()}
    assert wrapped_by(engine) == {first.id: 5, None: 4}
    assert wraps(engine, first)
    folder.activate("second")
    assert sorted(rewrap(engine, vault), reverse=True)[:5] == [2, 2, 2, 2, 1]
    assert wrapped_by(engine) == {vault.ring.current.id: 9}
    assert not wraps(engine, first)
    folder.retire("first")
    assert {name: vault.unwrap(key) for name, key in _held(engine).items()} == opened
    assert list(rewrap(engine, vault)) == [], "there is nothing to do twice"


def test_what_bears_no_mark_still_counts_as_wrapped(engine: Engine, folder: KeyFolder) -> None:
    vault = KeyVault(folder)
    first, second = (vault.ring.named(name) for name in ("first", "second"))
    assert first is not None
    assert second is not None
    _fill(engine, KeyVault(first.material).new_key)
    assert wraps(engine, first)
    assert not wraps(engine, second)


def test_what_no_key_here_opens_is_left_and_does_not_stop_the_rest(
    engine: Engine, folder: KeyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "BATCH", 2)
    vault, stranger = KeyVault(folder), KeyVault(bytes(32))
    keys = _fill(engine, _in_turn(vault, stranger, stranger))
    folder.activate("second")
    assert sum(rewrap(engine, vault)) == 3
    assert wrapped_by(engine) == {vault.ring.current.id: 3, None: 6}
    held = _held(engine)
    assert sum(held[name] == key for name, key in keys.items()) == 6


def test_it_goes_on_after_a_kill(engine: Engine, folder: KeyFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "BATCH", 2)
    vault = KeyVault(folder)
    opened = {name: vault.unwrap(key) for name, key in _fill(engine, vault.new_key).items()}
    folder.activate("second")
    url = engine.url.render_as_string(hide_password=False)
    engine.dispose()
    if (child := os.fork()) == 0:
        alone = store.open_engine(url)
        for commits, _done in enumerate(rewrap(alone, KeyVault(folder)), 1):
            if commits == 2:
                connection = alone.connect()
                connection.begin()
                connection.execute(text("UPDATE exchange SET evidence_key = NULL"))  # dies with it
                os.kill(os.getpid(), signal.SIGKILL)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    assert sorted(wrapped_by(engine).values()) == [4, 5]
    assert {name: vault.unwrap(key) for name, key in _held(engine).items()} == opened
    assert sum(rewrap(engine, vault)) == 5
    assert {name: vault.unwrap(key) for name, key in _held(engine).items()} == opened


def test_what_a_node_read_before_does_not_bring_the_old_key_back(engine: Engine, folder: KeyFolder) -> None:
    vault, ledger = KeyVault(folder), ledger_of(engine)
    _fill(engine, vault.new_key)
    with ledger.begin() as tx:
        exchange, message = tx.exchange("e1"), tx.message(replace(MESSAGE, message_id="m1@x").item)
    assert exchange is not None
    assert message is not None
    folder.activate("second")
    sum(rewrap(engine, vault))
    with ledger.begin() as tx:
        tx.save(replace(exchange, failures=1), exchange.state)
        tx.save_message(replace(message, attempts=1))
    current = vault.ring.current.id
    assert wrapped_by(engine) == {current: 9}
    with ledger.begin() as tx:
        tx.save(replace(exchange, state=State.ANSWERING, evidence_key=None), State.SETTLED)
        tx.save_message(replace(message, key=None, sealed=None))
    assert wrapped_by(engine) == {current: 7}, "destroyed all the same"


def test_what_a_node_has_locked_waits_for_nobody(engine: Engine, folder: KeyFolder) -> None:
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time: a batch waits for it, and it for a batch")
    vault, ledger = KeyVault(folder), ledger_of(engine)
    _fill(engine, vault.new_key)
    out = replace(MESSAGE, direction=Direction.OUT, key=vault.new_key(), sealed=b"sealed")
    with ledger.begin() as tx:
        tx.save_message(out)
    folder.activate("second")
    with ledger.begin() as tx:
        tx.exchange("e1")
        tx.message(out.item)
        assert sum(rewrap(engine, vault)) == 8
    assert sum(rewrap(engine, vault)) == 2


def test_a_single_file_cannot_rotate(engine: Engine) -> None:
    with pytest.raises(store.KeysUnusable, match="a folder holds several"):
        list(rewrap(engine, KeyVault(bytes(32))))

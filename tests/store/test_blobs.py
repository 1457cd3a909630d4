"""Blobs: the same bytes again, nothing readable on the disk, no damage unnoticed, nothing forgotten."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from intermediary.content import CHUNK, InMemory
from intermediary.exchange.model import Document, Message
from intermediary.store import FileBlobs, KeyVault, SqlLedger
from tests.store.test_ledger import EXCHANGE, MESSAGE

VAULT = KeyVault(bytes(range(32)))
KEY = VAULT.new_key()
WITNESS = b"Rossi" * 9


@pytest.fixture
def blobs(tmp_path: Path) -> FileBlobs:
    return FileBlobs(tmp_path / "blobs", VAULT)


@pytest.fixture
def ledger(engine: Engine, blobs: FileBlobs) -> SqlLedger:
    return SqlLedger(engine, blobs)


SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 99]


@pytest.mark.parametrize("size", SIZES)
def test_what_was_put_comes_back_from_every_place(blobs: FileBlobs, size: int) -> None:
    whole = os.urandom(size)
    content = blobs.open(KEY, blobs.put(KEY, InMemory(whole)))
    assert content.size == size
    assert content == whole
    for start, stop in ((0, size // 2), (size // 2, size), (size // 3, size // 2)):
        assert b"".join(content.chunks(start, stop)) == whole[start:stop]


def test_nothing_readable_is_on_the_disk(blobs: FileBlobs, tmp_path: Path) -> None:
    name = blobs.put(KEY, InMemory(WITNESS))
    file = tmp_path / "blobs" / name
    assert b"Rossi" not in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0


def test_a_deleted_blob_is_gone_but_for_who_has_it_open(blobs: FileBlobs, tmp_path: Path) -> None:
    name = blobs.put(KEY, InMemory(WITNESS))
    content = blobs.open(KEY, name)
    blobs.delete(name)
    blobs.delete(name)
    assert content == WITNESS
    assert list((tmp_path / "blobs").iterdir()) == []
    with pytest.raises(ValueError, match="not there any more"):
        blobs.open(KEY, name)


def test_another_key_opens_nothing(blobs: FileBlobs) -> None:
    name = blobs.put(KEY, InMemory(WITNESS))
    with pytest.raises(ValueError, match="does not fit"):
        blobs.open(VAULT.new_key(), name).read()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0), by=st.integers(1, 255))
def test_any_damage_is_noticed(blobs: FileBlobs, tmp_path: Path, at: int, by: int) -> None:
    name = blobs.put(KEY, InMemory(WITNESS))
    file = tmp_path / "blobs" / name
    content = bytearray(file.read_bytes())
    content[at % len(content)] ^= by
    file.write_bytes(content)
    with pytest.raises(ValueError, match="does not fit"):
        blobs.open(KEY, name).read()


def test_truncation_reordering_and_exchange_are_noticed(blobs: FileBlobs, tmp_path: Path) -> None:
    name = blobs.put(KEY, InMemory(os.urandom(3 * CHUNK)))
    other = blobs.put(KEY, InMemory(os.urandom(3 * CHUNK)))
    file = tmp_path / "blobs" / name
    whole, step = file.read_bytes(), CHUNK + 16
    salt, chunks = whole[:32], [whole[n : n + step] for n in range(32, len(whole), step)]
    wrong = [
        salt + chunks[0] + chunks[1],
        salt + chunks[0],
        salt + chunks[1] + chunks[0] + chunks[2],
        salt + b"".join(chunks) + chunks[2],
        whole[:-1],
        whole + b"x",
        salt,
        b"",
        (tmp_path / "blobs" / other).read_bytes(),
    ]
    for damaged in wrong:
        file.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"does not fit|cut off"):
            blobs.open(KEY, name).read(limit=10 * CHUNK)


@pytest.mark.parametrize("name", ["../platform.key", "", "0" * 31, "0" * 32 + "/", "A" * 32])
def test_only_names_of_ours_are_opened(blobs: FileBlobs, name: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        blobs.open(KEY, name)
    with pytest.raises(ValueError, match="no name"):
        blobs.delete(name)


def _message(blob: str | None) -> Message:
    return replace(MESSAGE, sealed=None, blob=blob)


def _document(blob: str) -> Document:
    return Document(EXCHANGE.id, f"{blob}@x", "application/pdf", 3, None, blob)


def test_a_commit_that_forgets_a_blob_deletes_it(ledger: SqlLedger, blobs: FileBlobs, tmp_path: Path) -> None:
    names = [blobs.put(KEY, InMemory(b"x")) for _ in range(3)]
    with ledger.begin() as tx:
        tx.save(EXCHANGE, None)
        tx.save_message(_message(names[0]))
        for name in names[1:]:
            tx.save_document(_document(name))
    with ledger.begin() as tx:
        assert [d.blob for d in tx.documents(EXCHANGE.id)] == names[1:]
        tx.save_message(_message(names[0]))
    assert len(list((tmp_path / "blobs").iterdir())) == 3
    with pytest.raises(ZeroDivisionError), ledger.begin() as tx:
        assert tx.destroy_documents(EXCHANGE.id) == 2
        tx.save_message(_message(None))
        raise ZeroDivisionError
    assert len(list((tmp_path / "blobs").iterdir())) == 3, "what was rolled back was not forgotten"
    with ledger.begin() as tx:
        assert tx.destroy_documents(EXCHANGE.id) == 2
        tx.save_message(_message(None))
    assert list((tmp_path / "blobs").iterdir()) == []


def test_only_old_blobs_without_a_row_are_swept(ledger: SqlLedger, blobs: FileBlobs, tmp_path: Path) -> None:
    folder = tmp_path / "blobs"
    message, document, orphan, fresh = (blobs.put(KEY, InMemory(b"x")) for _ in range(4))
    (folder / "README").write_text("not ours")
    with ledger.begin() as tx:
        tx.save(EXCHANGE, None)
        tx.save_message(_message(message))
        tx.save_document(_document(document))
    for name in (message, document, orphan, "README"):
        os.utime(folder / name, (0, 0))
    assert ledger.sweep() == 1
    assert {file.name for file in folder.iterdir()} == {message, document, fresh, "README"}
    assert ledger.sweep() == 0


def test_a_blob_that_could_not_be_written_leaves_nothing(
    blobs: FileBlobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        blobs.put(KEY, InMemory(WITNESS))
    assert list((tmp_path / "blobs").iterdir()) == []

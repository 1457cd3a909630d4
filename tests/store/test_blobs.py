"""Blobs: the same bytes again, nothing readable where they lie, no damage unnoticed, nothing forgotten."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from intermediary.content import CHUNK, Content, InMemory, Octets
from intermediary.exchange.model import Document, Message
from intermediary.store import FileBlobs, KeyVault, SqlLedger, SweptBlobs, s3
from tests.store.blob_places import KINDS, Place, open_place
from tests.store.test_ledger import EXCHANGE, MESSAGE

VAULT = KeyVault(bytes(range(32)))
KEY = VAULT.new_key()
WITNESS = b"Rossi" * 9


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return open_place(request.param, tmp_path / "blobs", VAULT)


@pytest.fixture
def blobs(place: Place) -> SweptBlobs:
    return place.blobs


@pytest.fixture
def ledger(engine: Engine, blobs: SweptBlobs) -> SqlLedger:
    return SqlLedger(engine, blobs)


SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 99]


@pytest.mark.parametrize("size", SIZES)
def test_what_was_put_comes_back_from_every_place(
    blobs: SweptBlobs, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(s3, "PART", CHUNK)
    whole = os.urandom(size)
    content = blobs.open(KEY, blobs.put(KEY, InMemory(whole)))
    assert content.size == size
    assert content == whole
    for start, stop in ((0, size // 2), (size // 2, size), (size // 3, size // 2)):
        assert b"".join(content.chunks(start, stop)) == whole[start:stop]


def test_nothing_readable_lies_there(place: Place) -> None:
    name = place.blobs.put(KEY, InMemory(WITNESS))
    assert b"Rossi" not in place.read(name)
    assert place.names() == {name}


def test_a_file_is_its_owners(tmp_path: Path) -> None:
    name = FileBlobs(tmp_path / "blobs", VAULT).put(KEY, InMemory(WITNESS))
    assert (tmp_path / "blobs" / name).stat().st_mode & 0o077 == 0


def test_a_deleted_blob_is_gone(place: Place) -> None:
    name = place.blobs.put(KEY, InMemory(WITNESS))
    place.blobs.delete(name)
    place.blobs.delete(name)
    assert place.names() == set()
    with pytest.raises(ValueError, match="not there any more"):
        place.blobs.open(KEY, name)


def test_who_has_a_file_open_may_read_on_when_it_is_deleted(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path / "blobs", VAULT)
    content = blobs.open(KEY, name := blobs.put(KEY, InMemory(WITNESS)))
    blobs.delete(name)
    assert content == WITNESS


def test_another_key_opens_nothing(blobs: SweptBlobs) -> None:
    name = blobs.put(KEY, InMemory(WITNESS))
    with pytest.raises(ValueError, match="does not fit"):
        blobs.open(VAULT.new_key(), name).read()
    with pytest.raises(ValueError, match="platform key"):
        blobs.open(KeyVault(bytes(32)).new_key(), name).read()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0), by=st.integers(1, 255))
def test_any_damage_is_noticed(tmp_path: Path, at: int, by: int) -> None:
    place = open_place("files", tmp_path / "blobs", VAULT)
    name = place.blobs.put(KEY, InMemory(WITNESS))
    content = bytearray(place.read(name))
    content[at % len(content)] ^= by
    place.write(name, bytes(content))
    with pytest.raises(ValueError, match="does not fit"):
        place.blobs.open(KEY, name).read()


def test_truncation_reordering_and_exchange_are_noticed(place: Place) -> None:
    name = place.blobs.put(KEY, InMemory(os.urandom(3 * CHUNK)))
    other = place.blobs.put(KEY, InMemory(os.urandom(3 * CHUNK)))
    whole, step = place.read(name), CHUNK + 16
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
        place.read(other),
    ]
    for damaged in wrong:
        place.write(name, damaged)
        with pytest.raises(ValueError, match=r"does not fit|cut off"):
            place.blobs.open(KEY, name).read(limit=10 * CHUNK)


@pytest.mark.parametrize("name", ["../platform.key", "", "0" * 31, "0" * 32 + "/", "A" * 32])
def test_only_names_of_ours_are_opened(blobs: SweptBlobs, name: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        blobs.open(KEY, name)
    with pytest.raises(ValueError, match="no name"):
        blobs.delete(name)


def _message(blob: str | None) -> Message:
    return replace(MESSAGE, sealed=None, blob=blob)


def _document(blob: str) -> Document:
    return Document(EXCHANGE.id, f"{blob}@x", "application/pdf", 3, None, blob)


def test_a_commit_that_forgets_a_blob_deletes_it(ledger: SqlLedger, place: Place) -> None:
    names = [place.blobs.put(KEY, InMemory(b"x")) for _ in range(3)]
    with ledger.begin() as tx:
        tx.save(EXCHANGE, None)
        tx.save_message(_message(names[0]))
        for name in names[1:]:
            tx.save_document(_document(name))
    with ledger.begin() as tx:
        assert [d.blob for d in tx.documents(EXCHANGE.id)] == names[1:]
        tx.save_message(_message(names[0]))
    assert len(place.names()) == 3
    with pytest.raises(ZeroDivisionError), ledger.begin() as tx:
        assert tx.destroy_documents(EXCHANGE.id) == 2
        tx.save_message(_message(None))
        raise ZeroDivisionError
    assert len(place.names()) == 3, "what was rolled back was not forgotten"
    with ledger.begin() as tx:
        assert tx.destroy_documents(EXCHANGE.id) == 2
        tx.save_message(_message(None))
    assert place.names() == set()


def test_what_cannot_be_deleted_is_committed_all_the_same_and_swept_later(
    ledger: SqlLedger, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = place.blobs.put(KEY, InMemory(b"x"))
    with ledger.begin() as tx:
        tx.save_message(_message(name))

    def away(_name: str) -> None:
        raise OSError("the store is away")

    with monkeypatch.context() as patch:
        patch.setattr(place.blobs, "delete", away)
        with ledger.begin() as tx:
            tx.save_message(_message(None))
    assert place.names() == {name}
    place.age(monkeypatch)
    assert ledger.sweep() == 1
    assert place.names() == set()


def test_only_old_blobs_without_a_row_are_swept(
    ledger: SqlLedger, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    message, document, orphan = (place.blobs.put(KEY, InMemory(b"x")) for _ in range(3))
    place.write("README", b"not ours")
    with ledger.begin() as tx:
        tx.save(EXCHANGE, None)
        tx.save_message(_message(message))
        tx.save_document(_document(document))
    assert ledger.sweep() == 0, "all are fresh"
    assert orphan in place.names()
    place.age(monkeypatch)
    assert ledger.sweep() == 1
    assert place.names() == {message, document, "README"}
    assert ledger.sweep() == 0


class _Breaking(Content):
    """Content that cannot be read to its end."""

    @property
    def size(self) -> int:
        return 5 * CHUNK

    def chunks(self, start: int = 0, stop: int | None = None) -> Iterator[Octets]:
        if start >= 3 * CHUNK:
            raise OSError("cannot be read")
        yield bytes((stop or self.size) - start)


def test_a_blob_that_could_not_be_written_leaves_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3, "PART", CHUNK)
    with pytest.raises(OSError, match="cannot be read"):
        place.blobs.put(KEY, _Breaking())
    assert place.names() == set()


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    blobs = FileBlobs(tmp_path / "blobs", VAULT)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        blobs.put(KEY, InMemory(WITNESS))
    assert list((tmp_path / "blobs").iterdir()) == []

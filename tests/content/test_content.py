"""Content reads the same bytes wherever they lie, and leaves nothing readable behind."""

import gc
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intermediary.content import CHUNK, Content, ContentTooLarge, InMemory, Joined, Spool, spooled

PIECES = st.lists(st.binary(max_size=60), max_size=12)


def _spool(pieces: list[bytes]) -> Content:
    spool = Spool(memory=20)
    for piece in pieces:
        spool.write(piece)
    return spool


def _open_files() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir()}


KINDS: dict[str, Callable[[list[bytes]], Content]] = {
    "in memory": lambda pieces: InMemory(b"".join(pieces)),
    "spool in memory": spooled,
    "spool in a file": _spool,
    "joined": lambda pieces: Joined([InMemory(piece) for piece in pieces]),
    "section": lambda pieces: _spool([b"xyz", *pieces, b"abc"]).section(3, 3 + sum(map(len, pieces))),
}


@pytest.mark.parametrize("kind", KINDS)
@given(pieces=PIECES, cut=st.tuples(st.integers(0, 700), st.integers(0, 700)))
def test_every_kind_reads_the_same_bytes_from_every_place(
    kind: str, pieces: list[bytes], cut: tuple[int, int]
) -> None:
    whole, content = b"".join(pieces), KINDS[kind](pieces)
    start, stop = sorted(min(at, len(whole)) for at in cut)
    assert content.size == len(whole)
    assert content.read() == content.read() == whole
    assert b"".join(content.chunks(start, stop)) == whole[start:stop]
    assert content.section(start, stop) == whole[start:stop]
    assert content.head(start) == whole[:start]
    assert content == InMemory(whole)
    assert content != whole + b"!"
    content.close()


@pytest.mark.parametrize("kind", KINDS)
def test_large_content_comes_in_chunks(kind: str) -> None:
    whole = os.urandom(2 * CHUNK + 17)
    content = KINDS[kind]([whole[:100], whole[100:]])
    pieces = list(content.chunks())
    assert b"".join(pieces) == whole
    assert 0 < min(map(len, pieces)) <= max(map(len, pieces)) <= CHUNK


def test_more_than_was_allowed_is_not_read_into_memory() -> None:
    with pytest.raises(ContentTooLarge):
        _spool([bytes(30)]).read(limit=29)


def test_the_file_holds_noise_only_and_has_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = _open_files()
    spool = _spool([b"evidence " * 1000])
    opened = max(_open_files() - before)
    assert list(tmp_path.iterdir()) == []
    assert b"evidence" not in os.pread(int(opened), 9000, 0)
    assert spool.read() == b"evidence " * 1000
    spool.close()
    assert opened not in _open_files()


def test_what_is_forgotten_is_closed() -> None:
    before = _open_files()
    part = _spool([bytes(1000)]).section(10, 20)
    gc.collect()
    assert part.read() == bytes(10), "a section keeps the spool that it lies in"
    del part
    gc.collect()
    assert _open_files() == before


def test_a_closed_spool_cannot_be_read() -> None:
    with _spool([bytes(1000)]) as spool:
        pass
    with pytest.raises((OSError, ValueError)):
        list(spool.chunks())


def test_the_repr_shows_the_size_only() -> None:
    assert repr(InMemory(b"evidence")) == "<InMemory of 8 bytes>"

"""What is kept of answers: found by its key only, bounded, and no trouble when it is broken."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from intermediary.directory import FolderCache, Kept, MemoryCache, cache
from tests.directory.double import Double

NOW = datetime(2026, 11, 25, tzinfo=UTC)


def _kept(body: bytes = b"<a/>") -> Kept:
    return Kept(NOW, body, {"digest": "x"})


def test_an_answer_is_found_by_its_key_in_another_process(tmp_path: Path) -> None:
    FolderCache(tmp_path / "new").put("k", _kept())
    assert FolderCache(tmp_path / "new").get("k") == _kept()
    assert FolderCache(tmp_path / "new").get("other") is None
    FolderCache(tmp_path / "new").put("k", _kept(b"\x00\n\xff"))
    assert FolderCache(tmp_path / "new").get("k") == _kept(b"\x00\n\xff")
    assert [file.suffix for file in (tmp_path / "new").iterdir()] == [".answer"]


@pytest.mark.parametrize(
    "content",
    [b"", b"rubbish", b"[]\n", b"{}\n", b'{"key": "k"}\n', b'{"key": "k", "at": "?", "headers": {}}\n'],
)
def test_a_broken_file_is_a_miss(tmp_path: Path, content: bytes) -> None:
    held = FolderCache(tmp_path)
    held.put("k", _kept())
    (file,) = tmp_path.iterdir()
    file.write_bytes(content)
    assert held.get("k") is None


def test_the_file_of_another_key_is_a_miss(tmp_path: Path) -> None:
    held = FolderCache(tmp_path)
    held.put("k", _kept())
    (file,) = tmp_path.iterdir()
    held.put("other", _kept())
    (other,) = {*tmp_path.iterdir()} - {file}
    other.write_bytes(file.read_bytes())
    assert held.get("other") is None


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    held = FolderCache(tmp_path / "file")
    held.put("k", _kept())
    assert held.get("k") is None


def test_both_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_MAX_FILES", 10)
    memory, folder = MemoryCache(), FolderCache(tmp_path)
    for n in range(25):
        memory.put(str(n), _kept())
        folder.put(str(n), _kept())
    assert memory.get("0") is None
    assert memory.get("24") is not None
    assert folder.get("24") is not None
    assert len(list(tmp_path.iterdir())) <= 11


def test_the_double_answers_get_and_head_only(common_services: Double) -> None:
    client = TestClient(common_services.app)
    assert client.head("/eb/rest/search").status_code == 200
    assert client.post("/eb/rest/search").status_code == 405
    assert client.get("/other/rest/search").status_code == 404

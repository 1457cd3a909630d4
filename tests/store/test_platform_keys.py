"""The platform's keys in a folder: one takes over from another while nodes run."""

import os
from pathlib import Path

import pytest

from intermediary.store import KeyFolder, KeysUnusable, KeyVault, platform_keys


@pytest.fixture
def folder(tmp_path: Path) -> KeyFolder:
    """A folder with one key, `first`."""
    folder = KeyFolder(tmp_path)
    folder.add("first")
    return folder


def test_what_a_single_file_wrapped_opens_from_a_folder_and_the_other_way_round(tmp_path: Path) -> None:
    file = KeyVault.from_file(tmp_path / "platform.key")
    before, sealed = file.new_key(), b""
    sealed = file.seal(before, b"x")
    (tmp_path / "keys").mkdir()
    (tmp_path / "platform.key").rename(tmp_path / "keys" / "platform.key")
    folder = KeyVault.from_file(tmp_path / "keys")
    assert folder.open(before, sealed) == b"x"
    after = folder.new_key()
    assert (len(before), len(after)) == (40, 49)
    assert file.open(after, folder.seal(after, b"y")) == b"y"
    KeyFolder(tmp_path / "keys").add("second")
    KeyFolder(tmp_path / "keys").activate("second")
    assert folder.open(before, sealed) == b"x", "found by its integrity"
    with pytest.raises(ValueError, match="another platform key"):
        KeyVault(bytes(32)).unwrap(after)


def test_a_new_key_wraps_only_once_it_is_activated_and_nodes_see_it_at_once(folder: KeyFolder) -> None:
    node = KeyVault(folder)
    before = node.new_key()
    folder.add("second")
    assert KeyVault(folder).ring.current.name == node.ring.current.name == "first"
    folder.activate("second")
    assert node.ring.current.name == "second"
    after = node.new_key()
    assert before[:9] != after[:9]
    assert KeyVault(folder).unwrap(before) == node.unwrap(before)
    assert node.unwrap(node.rewrapped(before)) == node.unwrap(before)
    folder.retire("first")
    with pytest.raises(ValueError, match="wrapped by another platform key"):
        node.unwrap(before)
    assert folder.retired() == ("first",)


def test_a_node_whose_copy_of_the_folder_is_half_written_goes_on_with_what_it_knows(
    folder: KeyFolder, tmp_path: Path
) -> None:
    node = KeyVault(folder)
    other = tmp_path / "other"
    other.mkdir()
    (other / "first.key").write_bytes((folder.path / "first.key").read_bytes())
    elsewhere = KeyFolder(other)
    elsewhere.add("second")
    elsewhere.activate("second")
    wrapped = KeyVault(elsewhere).new_key()
    (folder.path / "current").write_text("second\n")
    assert node.ring.current.name == "first"
    with pytest.raises(ValueError, match=wrapped[1:9].hex()):
        node.unwrap(wrapped)
    (folder.path / "second.key").write_bytes(b"half")
    assert node.ring.current.name == "first"
    with (folder.path / "second.key").open("r+b") as file:  # the folder does not show this change
        file.write((other / "second.key").read_bytes())
    assert node.unwrap(wrapped) == KeyVault(elsewhere).unwrap(wrapped)
    assert node.ring.current.name == "second"


def test_a_folder_as_secret_managers_mount_it(tmp_path: Path) -> None:
    (tmp_path / "v1").mkdir()
    KeyFolder(tmp_path / "v1").add("a")
    (tmp_path / "v2").mkdir()
    (tmp_path / "v2" / "a.key").write_bytes((tmp_path / "v1" / "a.key").read_bytes())
    KeyFolder(tmp_path / "v2").add("b")
    KeyFolder(tmp_path / "v2").activate("b")
    mount = tmp_path / "mount"
    mount.mkdir()
    (mount / "..data").symlink_to(tmp_path / "v1")
    for name in ("a.key", "b.key", "current"):
        (mount / name).symlink_to(f"..data/{name}")
    (mount / "b.key").unlink()
    node = KeyVault.from_file(mount)
    wrapped = node.new_key()
    (mount / "b.key").symlink_to("..data/b.key")
    (mount / "..next").symlink_to(tmp_path / "v2")
    (mount / "..next").rename(mount / "..data")
    assert node.ring.current.name == "b"
    assert node.unwrap(wrapped) == KeyVault(KeyFolder(tmp_path / "v1")).unwrap(wrapped)


def test_keys_are_their_owners_and_are_never_shown(folder: KeyFolder) -> None:
    assert (folder.path / "first.key").stat().st_mode & 0o077 == 0
    ring = folder.read()
    assert repr(ring.current.material)[2:-1] not in repr(ring)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda p: (p / "first.key").unlink(), "holds no key"),
        (lambda p: (p / "first.key").write_bytes(b"x"), "has 1 instead of 32 bytes"),
        (lambda p: (p / "twin.key").write_bytes((p / "first.key").read_bytes()), "the same key"),
        (lambda p: (p / "current").write_text("nobody"), r"there is no nobody\.key"),
    ],
)
def test_what_is_wrong_is_told_at_start(folder: KeyFolder, change: object, told: str) -> None:
    change(folder.path)  # type: ignore[operator]
    with pytest.raises(KeysUnusable, match=told):
        KeyVault(folder)


def test_of_several_keys_one_has_to_be_current(folder: KeyFolder) -> None:
    folder.add("second")
    (folder.path / "current").unlink()
    with pytest.raises(KeysUnusable, match="keys activate"):
        KeyVault(folder)


def test_what_cannot_be_is_refused(folder: KeyFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeysUnusable, match="has a key first already"):
        folder.add("first")
    with pytest.raises(KeysUnusable, match="letters"):
        folder.add("../x")
    with pytest.raises(KeysUnusable, match=r"no second\.key"):
        folder.activate("second")

    def read_only(*_: object) -> bytes:
        raise OSError(30, os.strerror(30))

    monkeypatch.setattr(platform_keys, "made_once", read_only)
    with pytest.raises(KeysUnusable, match="secret manager"):
        folder.add("second")

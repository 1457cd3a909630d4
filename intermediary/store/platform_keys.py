"""The platform's keys: one file, or a folder of several while one takes over from another.

A folder holds `<name>.key` (32 bytes each) and `current`, the name of the key that wraps; without it the only
key does. Both may be mounted by a secret manager. Running nodes see a change by themselves. A key that is
retired is renamed to `<name>.retired`: nobody reads it any more, but back-ups may need it.
"""

import hmac
import os
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from intermediary.store.errors import KeysUnusable
from intermediary.store.generated import made_once, sync_folder

ID_BYTES = 8
_SIZE = 32
_CURRENT = "current"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class PlatformKey:
    """One key; `id` follows from its bytes, so that nodes cannot call different keys the same."""

    name: str
    material: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.material) != _SIZE:
            raise KeysUnusable(
                f"The platform key {self.name} has {len(self.material)} instead of 32 bytes; "
                "make one with `intermediary migrate` or `intermediary keys add`"
            )

    @property
    def id(self) -> bytes:
        """Says nothing about the key (HMAC-SHA-256, 64 bits)."""
        return hmac.digest(self.material, b"intermediary platform key", "sha256")[:ID_BYTES]


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys that a node knows, and the one that it wraps with."""

    current: PlatformKey
    keys: Mapping[bytes, PlatformKey]
    """By id."""
    marks: bool
    """Whether what is wrapped says by which key. A key in a single file leaves it out, as it always has."""

    def named(self, name: str) -> PlatformKey | None:
        """The key of that name."""
        return next((key for key in self.keys.values() if key.name == name), None)


def ring_of_one(material: bytes, name: str = "platform key") -> KeyRing:
    """The ring of a single key. Raises KeysUnusable."""
    key = PlatformKey(name, material)
    return KeyRing(key, {key.id: key}, marks=False)


class KeyFolder:
    """A folder of keys."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> KeyRing:
        """All keys. Raises KeysUnusable."""
        keys = self._keys()
        if not keys:
            raise KeysUnusable(f"{self.path} holds no key; make one with `intermediary keys add`")
        by_id = {key.id: key for key in keys}
        if len(by_id) < len(keys):
            raise KeysUnusable(f"{self.path}: two files hold the same key; remove one of them")
        name = self._current()
        if name is None and len(keys) > 1:
            raise KeysUnusable(
                f"{self.path}: `current` has to say which key wraps: `intermediary keys activate NAME`"
            )
        current = keys[0] if name is None else next((key for key in keys if key.name == name), None)
        if current is None:
            raise KeysUnusable(f"{self.path}: `current` names {name}, but there is no {name}.key")
        return KeyRing(current, by_id, marks=True)

    def _keys(self) -> list[PlatformKey]:
        files = sorted(file for file in self.path.glob("*.key") if not file.name.startswith("."))
        return [PlatformKey(file.stem, file.read_bytes()) for file in files]

    def _current(self) -> str | None:
        try:
            return (self.path / _CURRENT).read_text().strip()
        except FileNotFoundError:
            return None

    def stamp(self) -> tuple[object, ...]:
        """Changes with the folder. Follows links: secret managers exchange what they point at."""
        return tuple(map(_stamp, (self.path, self.path / _CURRENT)))

    def retired(self) -> tuple[str, ...]:
        """Names of the keys that are here no more than as files."""
        return tuple(sorted(file.stem for file in self.path.glob("*.retired")))

    def activated_at(self) -> float | None:
        """When `current` was written (seconds since 1970)."""
        try:
            return (self.path / _CURRENT).stat().st_mtime
        except FileNotFoundError:
            return None

    def add(self, name: str | None = None) -> PlatformKey:
        """Make a key, which does not wrap yet, unless it is the only one. Raises KeysUnusable."""
        material = AESGCM.generate_key(256)
        name = name or PlatformKey("new", material).id.hex()
        if not _NAME.fullmatch(name):
            raise KeysUnusable("Name a key by letters, digits, «-», «_» and «.»")
        others = self._keys()
        if name in {*(key.name for key in others), *self.retired()}:
            raise KeysUnusable(f"{self.path} has a key {name} already")
        with _writing(self.path):
            if len(others) == 1 and self._current() is None:
                self._write_current(others[0].name)
            key = PlatformKey(name, made_once(self.path / f"{name}.key", lambda: material))
            if not others:
                self._write_current(name)
        return key

    def activate(self, name: str) -> None:
        """From now on this key wraps. Raises KeysUnusable where it is not here."""
        if name not in {key.name for key in self._keys()}:
            raise KeysUnusable(f"{self.path} holds no {name}.key")
        with _writing(self.path):
            self._write_current(name)

    def retire(self, name: str) -> None:
        """Nobody reads this key any more. Whoever calls has seen that nothing needs it."""
        with _writing(self.path):
            (self.path / f"{name}.key").rename(self.path / f"{name}.retired")
            sync_folder(self.path)

    def _write_current(self, name: str) -> None:
        draft = self.path / f".{_CURRENT}.{uuid.uuid4().hex}"
        with draft.open("w") as file:
            file.write(f"{name}\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path / _CURRENT)
        sync_folder(self.path)


class _writing:  # noqa: N801 - reads as a statement
    """A folder that others write is told as such."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, OSError):
            raise KeysUnusable(
                f"{self._path} cannot be written here ({error.strerror}); where a secret manager fills it, "
                "change it there: `NAME.key` of 32 bytes each, `current` with the name of the one that wraps"
            ) from None


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns

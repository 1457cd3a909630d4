"""What was answered before: verified successes only, in a folder, for starts without network too."""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

_MAX_FILES: Final = 5_000


@dataclass(frozen=True, slots=True)
class Kept:
    """One answer as it came, with the headers that prove it."""

    at: datetime
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class Cache(Protocol):
    """Where answers are kept. A miss is None; nothing is raised."""

    def get(self, key: str) -> Kept | None: ...
    def put(self, key: str, kept: Kept) -> None: ...


class MemoryCache:
    """For one process."""

    def __init__(self) -> None:
        self._held: dict[str, Kept] = {}

    def get(self, key: str) -> Kept | None:
        """What was kept under the key."""
        return self._held.get(key)

    def put(self, key: str, kept: Kept) -> None:
        """Keep it, in place of an older one; the oldest of too many goes."""
        self._held.pop(key, None)
        self._held[key] = kept
        while len(self._held) > _MAX_FILES:
            self._held.pop(next(iter(self._held)))


class FolderCache:
    """One file for each answer; processes may share the folder.

    A file that cannot be read, or is not of this key, counts as a miss. What is kept is checked again by the
    client when it is used: whoever can write into the folder cannot forge a signed answer.
    """

    def __init__(self, folder: Path) -> None:
        """The folder is made on first use."""
        self._folder = folder

    def get(self, key: str) -> Kept | None:
        """What was kept under the key."""
        try:
            with self._file(key).open("rb") as file:
                head = json.loads(file.readline(256 * 1024))
                body = file.read()
            if head["key"] != key:
                return None
            return Kept(datetime.fromisoformat(head["at"]).astimezone(UTC), body, dict(head["headers"]))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def put(self, key: str, kept: Kept) -> None:
        """Keep it. A full disk is no reason to refuse an answer: then it is not kept."""
        head = {"key": key, "at": kept.at.isoformat(), "headers": dict(kept.headers)}
        place = None
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._make_room()
            handle, name = tempfile.mkstemp(dir=self._folder, suffix=".new")
            place = Path(name)
            with os.fdopen(handle, "wb") as file:
                file.write(json.dumps(head).encode() + b"\n" + kept.body)
            place.replace(self._file(key))
        except OSError:
            if place is not None:
                place.unlink(missing_ok=True)

    def _file(self, key: str) -> Path:
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()}.answer"

    def _make_room(self) -> None:
        files = list(self._folder.glob("*.answer"))
        if len(files) >= _MAX_FILES:
            for old in sorted(files, key=lambda file: file.stat().st_mtime)[: _MAX_FILES // 10]:
                old.unlink(missing_ok=True)

"""Sealed content that is too large for a row: one file each, in a folder beside the database.

A file is on the disk before the commit that names it, and goes after the commit that forgets it; what a crash
leaves between the two is swept. Several nodes share the folder as they share the database.
"""

import os
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

from intermediary.content import Content
from intermediary.store.generated import sync_folder
from intermediary.store.sealed import (
    SALT,
    SEALED,
    UNNAMED_SECONDS,
    Sealed,
    checked,
    gone,
    is_name,
    new_name,
    seal,
)
from intermediary.store.vault import KeyVault


class FileBlobs:
    """Implements exchange.contracts.Blobs."""

    def __init__(self, folder: Path, vault: KeyVault) -> None:
        self._folder, self._vault = folder, vault
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(self, key: bytes, content: Content) -> str:
        """Seal under a wrapped key; on the disk when this returns. Returns the name."""
        name = new_name()
        path = self._folder / name
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                for piece in seal(self._vault, key, name, content):
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        sync_folder(self._folder)
        return name

    def open(self, key: bytes, name: str) -> Content:
        """The content; raises ValueError where there is none, or where key or bytes do not fit."""
        try:
            descriptor = os.open(self._folder / checked(name), os.O_RDONLY)
        except FileNotFoundError:
            raise gone() from None
        try:
            return _SealedFile(self._vault, key, name, descriptor)
        except BaseException:
            os.close(descriptor)
            raise

    def delete(self, name: str) -> None:
        """Delete; whoever has it open may read on."""
        (self._folder / checked(name)).unlink(missing_ok=True)

    def old(self) -> Iterator[str]:
        """Names of the files that no commit to come will name."""
        before = time.time() - UNNAMED_SECONDS
        for entry in os.scandir(self._folder):
            try:
                if is_name(entry.name) and entry.stat().st_mtime < before:
                    yield entry.name
            except FileNotFoundError:
                continue  # deleted meanwhile


class _SealedFile(Sealed):
    """The content of one file; takes over the descriptor."""

    __slots__ = ("__weakref__", "_close", "_descriptor")

    def __init__(self, vault: KeyVault, key: bytes, name: str, descriptor: int) -> None:
        salt, size = os.pread(descriptor, SALT, 0), os.fstat(descriptor).st_size
        super().__init__(vault, key, name, salt, size)
        self._close = weakref.finalize(self, os.close, descriptor)
        self._descriptor = descriptor

    def _sealed(self, numbers: range) -> Iterator[bytes]:
        for number in numbers:
            yield os.pread(self._descriptor, SEALED, SALT + number * SEALED)

    def close(self) -> None:
        """Close the file."""
        self._close()

"""Sealed content that is too large for a row: one file each, in a folder beside the database.

A file is a salt and then chunks, each sealed by AES-256-GCM under a key of the file's own (HKDF of the data
key and the salt) with its number and «last or not» as nonce, and the file's name as associated data: what is
truncated, reordered or exchanged for another file is noticed (STREAM, Hoang et al. 2015).

A file is on the disk before the commit that names it, and goes after the commit that forgets it; what a crash
leaves between the two is swept. Several nodes share the folder as they share the database.
"""

import os
import re
import time
import uuid
import weakref
from collections.abc import Iterator
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from intermediary.content import CHUNK, Content, Octets
from intermediary.store.generated import sync_folder
from intermediary.store.vault import KeyVault

_SALT, _TAG = 32, 16
_SEALED = CHUNK + _TAG
_NAME = re.compile(r"[0-9a-f]{32}")
UNNAMED_SECONDS = 3600.0
"""How long a file may wait for the commit that names it; no step takes nearly as long."""


class FileBlobs:
    """Implements exchange.contracts.Blobs."""

    def __init__(self, folder: Path, vault: KeyVault) -> None:
        self._folder, self._vault = folder, vault
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(self, key: bytes, content: Content) -> str:
        """Seal under a wrapped key; on the disk when this returns. Returns the name."""
        name, salt = uuid.uuid4().hex, os.urandom(_SALT)
        cipher = self._cipher(key, salt)
        path = self._folder / name
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(salt)
                last = max(content.size - 1, 0) // CHUNK
                for number in range(last + 1):
                    start = number * CHUNK
                    plain = b"".join(content.chunks(start, min(start + CHUNK, content.size)))
                    file.write(cipher.encrypt(_nonce(number, last), plain, name.encode()))
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
            descriptor = os.open(self._path(name), os.O_RDONLY)
        except FileNotFoundError:
            raise ValueError("The sealed content is not there any more") from None
        return _Sealed(descriptor, self._cipher(key, os.pread(descriptor, _SALT, 0)), name)

    def delete(self, name: str) -> None:
        """Delete; whoever has it open may read on."""
        self._path(name).unlink(missing_ok=True)

    def old(self) -> tuple[str, ...]:
        """Names of the files that no commit to come will name."""
        before = time.time() - UNNAMED_SECONDS
        found = []
        for entry in os.scandir(self._folder):
            try:
                if _NAME.fullmatch(entry.name) and entry.stat().st_mtime < before:
                    found.append(entry.name)
            except FileNotFoundError:
                continue  # deleted meanwhile
        return tuple(found)

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError("This is no name of a sealed content")
        return self._folder / name

    def _cipher(self, key: bytes, salt: bytes) -> AESGCM:
        derived = HKDF(SHA256(), 32, salt, b"intermediary blob").derive(self._vault.unwrap(key))
        return AESGCM(derived)


class _Sealed(Content):
    """The content of one file, opened chunk by chunk."""

    __slots__ = ("__weakref__", "_cipher", "_close", "_descriptor", "_last", "_name", "_size")

    def __init__(self, descriptor: int, cipher: AESGCM, name: str) -> None:
        self._close = weakref.finalize(self, os.close, descriptor)
        self._descriptor, self._cipher, self._name = descriptor, cipher, name.encode()
        sealed = os.fstat(descriptor).st_size - _SALT
        self._last = max(sealed - 1, 0) // _SEALED
        self._size = sealed - (self._last + 1) * _TAG
        if self._size < 0:
            raise ValueError("The sealed content is cut off")

    @property
    def size(self) -> int:
        """Bytes, once opened."""
        return self._size

    def chunks(self, start: int = 0, stop: int | None = None) -> Iterator[Octets]:
        """The bytes in pieces; raises ValueError where key or bytes do not fit."""
        stop = self._size if stop is None else stop
        numbers = range(start // CHUNK, (stop - 1) // CHUNK + 1) if start < stop else range(0)
        for number in numbers:
            sealed = os.pread(self._descriptor, _SEALED, _SALT + number * _SEALED)
            try:
                plain = self._cipher.decrypt(_nonce(number, self._last), sealed, self._name)
            except InvalidTag:
                raise ValueError("The sealed content does not fit its key") from None
            first = number * CHUNK
            yield memoryview(plain)[max(start - first, 0) : stop - first]

    def close(self) -> None:
        """Close the file."""
        self._close()


def _nonce(number: int, last: int) -> bytes:
    return number.to_bytes(11) + (b"\x01" if number == last else b"\x00")

"""The form of a sealed blob, the same wherever it lies.

A salt and then chunks, each sealed by AES-256-GCM under a key of the blob's own (HKDF of the data key and the
salt) with its number and «last or not» as nonce, and the blob's name as associated data: what is truncated,
reordered or exchanged for another blob is noticed (STREAM, Hoang et al. 2015).
"""

import os
import re
import uuid
from abc import abstractmethod
from collections.abc import Iterator
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from intermediary.content import CHUNK, Content, Octets
from intermediary.exchange.contracts import Blobs
from intermediary.store.vault import KeyVault

SALT, _TAG = 32, 16
SEALED = CHUNK + _TAG
"""Bytes of a sealed chunk; the last one may have fewer."""
UNNAMED_SECONDS = 3600.0
"""How long a blob may wait for the commit that names it; no step takes nearly as long."""
_NAME = re.compile(r"[0-9a-f]{32}")


class SweptBlobs(Blobs, Protocol):
    """Blobs in which the ledger can find what a crash left behind."""

    def old(self) -> Iterator[str]:
        """Names of the blobs that no commit to come will name; what was never finished goes at once."""


def new_name() -> str:
    """A name for a blob."""
    return uuid.uuid4().hex


def is_name(text: str) -> bool:
    """True for what `new_name` gives."""
    return _NAME.fullmatch(text) is not None


def checked(name: str) -> str:
    """The name; raises ValueError where it is none of ours, so that no path or key can be made up."""
    if not is_name(name):
        raise ValueError("This is no name of a sealed content")
    return name


def gone() -> ValueError:
    """What to raise where a blob was deleted."""
    return ValueError("The sealed content is not there any more")


def sealed_size(size: int) -> int:
    """Bytes of the blob for so many bytes of content."""
    return SALT + size + (max(size - 1, 0) // CHUNK + 1) * _TAG


def seal(vault: KeyVault, key: bytes, name: str, content: Content) -> Iterator[bytes]:
    """The blob in pieces: the salt, then each chunk, sealed."""
    salt = os.urandom(SALT)
    cipher = _cipher(vault, key, salt)
    yield salt
    last = max(content.size - 1, 0) // CHUNK
    for number in range(last + 1):
        start = number * CHUNK
        plain = b"".join(content.chunks(start, min(start + CHUNK, content.size)))
        yield cipher.encrypt(_nonce(number, last), plain, name.encode())


class Sealed(Content):
    """The content of one blob, opened chunk by chunk as it is asked for."""

    __slots__ = ("_cipher", "_last", "_name", "_size")

    def __init__(self, vault: KeyVault, key: bytes, name: str, salt: bytes, size: int) -> None:
        """`size`: bytes of the whole blob. Raises ValueError where that cannot be."""
        self._last = max(size - SALT - 1, 0) // SEALED
        self._size = size - SALT - (self._last + 1) * _TAG
        if self._size < 0:
            raise ValueError("The sealed content is cut off")
        self._cipher, self._name = _cipher(vault, key, salt), name

    @property
    def size(self) -> int:
        """Bytes, once opened."""
        return self._size

    @abstractmethod
    def _sealed(self, numbers: range) -> Iterator[bytes]:
        """The sealed chunks of these numbers, one by one."""

    def chunks(self, start: int = 0, stop: int | None = None) -> Iterator[Octets]:
        """The bytes in pieces; raises ValueError where key or bytes do not fit."""
        stop = self._size if stop is None else stop
        if start >= stop:
            return
        numbers = range(start // CHUNK, (stop - 1) // CHUNK + 1)
        for number, sealed in zip(numbers, self._sealed(numbers), strict=True):
            try:
                plain = self._cipher.decrypt(_nonce(number, self._last), sealed, self._name.encode())
            except InvalidTag:
                raise ValueError("The sealed content does not fit its key") from None
            first = number * CHUNK
            yield memoryview(plain)[max(start - first, 0) : stop - first]


def _cipher(vault: KeyVault, key: bytes, salt: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt, b"intermediary blob").derive(vault.unwrap(key)))


def _nonce(number: int, last: int) -> bytes:
    return number.to_bytes(11) + (b"\x01" if number == last else b"\x00")

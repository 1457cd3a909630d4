"""Content that is written once in pieces: in memory while small, then in an unlinked encrypted file."""

import os
import tempfile
import weakref
from collections.abc import Iterable, Iterator

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR

from intermediary.content.model import CHUNK, Content, InMemory, Octets

MEMORY = 256 * 1024
"""Bytes that a spool keeps in memory."""
_BLOCK = 16


class Spool(Content):
    """First written, then read; never written again after the first reading.

    The file (in the folder of TMPDIR) has no name, and its key (AES-256-CTR) exists in this process only:
    what is left on the disk after a crash is noise. Nobody else has the file open, so it bears no tag.
    """

    __slots__ = ("__weakref__", "_close", "_descriptor", "_encrypt", "_held", "_key", "_memory", "_size")

    def __init__(self, memory: int = MEMORY) -> None:
        self._memory, self._size = memory, 0
        self._held: list[Octets] = []
        self._descriptor = -1
        self._key = b""
        self._encrypt: CipherContext | None = None
        self._close: weakref.finalize[..., Spool] | None = None

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._size

    def write(self, data: Octets) -> int:
        """Append. A memoryview is kept as it is: whoever gives one must not change what lies under it."""
        self._size += len(data)
        if self._encrypt is not None:
            self._spill(data)
        elif data:
            self._held.append(data)
            if self._size > self._memory:
                self._to_file()
        return len(data)

    def _to_file(self) -> None:
        with tempfile.TemporaryFile(buffering=0) as file:
            self._descriptor = os.dup(file.fileno())
        self._close = weakref.finalize(self, os.close, self._descriptor)
        self._key = os.urandom(32)
        self._encrypt = Cipher(AES256(self._key), CTR(bytes(_BLOCK))).encryptor()
        held, self._held = self._held, []
        for data in held:
            self._spill(data)

    def _spill(self, data: Octets) -> None:
        assert self._encrypt is not None
        view = memoryview(data)
        for start in range(0, len(view), CHUNK):
            rest = memoryview(self._encrypt.update(view[start : start + CHUNK]))
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]

    def chunks(self, start: int = 0, stop: int | None = None) -> Iterator[Octets]:
        """The bytes in pieces; any number of readers at once."""
        stop = self._size if stop is None else stop
        if self._encrypt is None:
            yield from self._in_memory().chunks(start, stop)
            return
        block, skip = divmod(start, _BLOCK)
        decrypt = Cipher(AES256(self._key), CTR(block.to_bytes(_BLOCK))).decryptor()
        decrypt.update(bytes(skip))
        while start < stop:
            sealed = os.pread(self._descriptor, min(CHUNK, stop - start), start)
            if not sealed:
                raise OSError("A temporary file is shorter than what was written to it")
            start += len(sealed)
            yield decrypt.update(sealed)

    def _in_memory(self) -> InMemory:
        if len(self._held) > 1:
            self._held = [b"".join(self._held)]
        return InMemory(self._held[0] if self._held else b"")

    def section(self, start: int, stop: int) -> Content:
        """A part of it, not copied."""
        return (
            self._in_memory().section(start, stop) if self._encrypt is None else super().section(start, stop)
        )

    def close(self) -> None:
        """Give back memory, file and key at once; what is read afterwards fails."""
        self._held, self._key = [], b""
        if self._close is not None:
            self._close()


def spooled(pieces: Iterable[Octets]) -> Spool:
    """All pieces in a spool, which is closed again where one of them cannot be had."""
    spool = Spool()
    try:
        for piece in pieces:
            spool.write(piece)
    except BaseException:
        spool.close()
        raise
    return spool

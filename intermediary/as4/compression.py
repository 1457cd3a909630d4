"""gzip of parts (AS4 Profile 1.0 §3.1) in chunks: fast on sending, bounded on receiving.

gzip must be valid, not hard-working. What is compressed already travels as stored blocks; the rest is
deflated by ISA-L, some eight times faster than zlib's fastest level at about the same size.
"""

import struct
from collections.abc import Iterator

from isal import isal_zlib

from intermediary.as4.codes import EbmsErrorCode
from intermediary.as4.errors import Refusal
from intermediary.as4.mime import Limits
from intermediary.content import CHUNK, Content, Octets, Spool

_COMPRESSED_ALREADY = (
    "application/pdf",
    "application/zip",
    "application/gzip",
    "application/vnd.openxmlformats",
    "application/vnd.etsi.asic",
    "image/jpeg",
    "image/jp2",
    "image/png",
    "image/webp",
    "audio/",
    "video/",
)
"""Deflate cannot shrink these and costs 20 ms per MiB (stack §3)."""

_MAX_MEMBERS = 16
_LEVEL = 1
_GZIP = 31
"""zlib's wbits for a gzip header and trailer."""
_MAGIC = bytes((0x1F, 0x8B))
_HEADER = _MAGIC + bytes((8, 0, 0, 0, 0, 0, 4, 0xFF))
"""Deflate, no name, no time, fastest, unknown system (RFC 1952 §2.3)."""
_STORED = 0xFFFF
"""Bytes of a stored block at most (RFC 1951 §3.2.4)."""


def compress(content: Content, media_type: str) -> Iterator[Octets]:
    """One gzip member without name and time, in pieces."""
    if media_type.lower().startswith(_COMPRESSED_ALREADY):
        return _store(content)
    return _deflate(content)


def _deflate(content: Content) -> Iterator[Octets]:
    deflate = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _GZIP)
    held = b""
    for chunk in content.chunks():
        if held:
            yield held
        held = deflate.compress(chunk)
    yield held + deflate.flush()


def _store(content: Content) -> Iterator[Octets]:
    # The last chunk takes the trailer along: small content is one piece.
    checksum = None
    pieces: list[Octets] = [_HEADER]
    for chunk in content.chunks():
        if checksum is not None:
            yield b"".join(pieces)
            pieces = []
        checksum = isal_zlib.crc32(chunk, checksum or 0)
        view = memoryview(chunk)
        for start in range(0, len(view), _STORED):
            block = view[start : start + _STORED]
            pieces += (struct.pack("<BHH", 0, len(block), len(block) ^ 0xFFFF), block)
    pieces.append(struct.pack("<BHHII", 1, 0, 0xFFFF, checksum or 0, content.size & 0xFFFFFFFF))
    yield b"".join(pieces)


def decompress(content: Content, budget: int, limits: Limits) -> Spool:
    """Undo gzip into at most `budget` bytes; raises Refusal (EBMS:0303).

    Bounded before it is used: by the budget and, above `limits.ratio_free_bytes`, by the ratio.
    """
    most = min(budget, max(limits.ratio_free_bytes, limits.ratio * content.size))
    spool = Spool()
    try:
        _inflate(content, spool, most)
    except BaseException:
        spool.close()
        raise
    return spool


def _inflate(content: Content, spool: Spool, most: int) -> None:
    inflate, members = isal_zlib.decompressobj(_GZIP), 1
    _check_magic(content.head(len(_MAGIC)))
    for chunk in content.chunks():
        rest: Octets = chunk
        while True:
            if inflate.eof:
                _check_magic(rest[: len(_MAGIC)])
                inflate, members = isal_zlib.decompressobj(_GZIP), members + 1
                if members > _MAX_MEMBERS:
                    raise _failed(f"a gzip part has more than {_MAX_MEMBERS} members")
            try:
                piece = inflate.decompress(rest, CHUNK)
            except isal_zlib.error:  # type: ignore[misc]
                raise _failed("a part is not valid gzip") from None
            spool.write(piece)
            if spool.size > most:
                raise _failed("a part grows beyond the limit when decompressed")
            rest = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
            if not rest and (inflate.eof or len(piece) < CHUNK):
                break
    if not inflate.eof:
        raise _failed("a gzip part is cut off")


def _check_magic(begin: Octets) -> None:
    # ISA-L takes a few bytes of anything as a header that is not complete yet.
    if begin != _MAGIC[: len(begin)]:
        raise _failed("a part is not valid gzip")


def _failed(reason: str) -> Refusal:
    return Refusal(EbmsErrorCode.DECOMPRESSION_FAILURE, reason)

"""gzip of parts (AS4 Profile 1.0 §3.1): fast on sending, bounded on receiving."""

import zlib

from intermediary.as4.codes import EbmsErrorCode
from intermediary.as4.errors import Refusal
from intermediary.as4.mime import Limits, Octets

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
"""Deflate cannot shrink these and costs 20 ms per MiB (stack §3), so they travel as stored blocks."""

_MAX_MEMBERS = 16


def compress(content: bytes, media_type: str) -> bytes:
    """One gzip member without name and time: level 1, or stored blocks where the type is compressed."""
    level = 0 if media_type.lower().startswith(_COMPRESSED_ALREADY) else 1
    deflate = zlib.compressobj(level, zlib.DEFLATED, 31)
    return deflate.compress(content) + deflate.flush()


def decompress(content: Octets, budget: int, limits: Limits) -> bytes:
    """Undo gzip into at most `budget` bytes; raises Refusal (EBMS:0303).

    Memory is bounded before it is used: by the budget and, above `limits.ratio_free_bytes`, by the ratio.
    """
    most = min(budget, max(limits.ratio_free_bytes, limits.ratio * len(content)))
    pieces: list[bytes] = []
    size = 0
    rest: Octets = content
    for _ in range(_MAX_MEMBERS):
        inflate = zlib.decompressobj(31)
        try:
            piece = inflate.decompress(rest, most - size + 1)
        except zlib.error:
            raise _failed("a part is not valid gzip") from None
        size += len(piece)
        pieces.append(piece)
        if size > most:
            raise _failed("a part grows beyond the limit when decompressed")
        if not inflate.eof:
            raise _failed("a gzip part is cut off")
        rest = inflate.unused_data
        if not rest:
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)
    raise _failed(f"a gzip part has more than {_MAX_MEMBERS} members")


def _failed(reason: str) -> Refusal:
    return Refusal(EbmsErrorCode.DECOMPRESSION_FAILURE, reason)

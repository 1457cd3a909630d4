"""The XNachweis-shaped protocol: reader and writer. Pure; the only place where its German names live.

All of it is [assumed] from the standard's stated compatibility with the EDM: what exactly is assumed is
listed in `xsd/xnachweis/1/README.md` (messages) and in README.md beside this file (HTTP, token, callback),
nowhere else.
"""

from intermediary.national.xnachweis.model import (
    INLINE_LIMIT,
    NAMESPACE,
    RELEASE,
    Answer,
    Attachment,
    Head,
    reply_head,
)
from intermediary.national.xnachweis.multipart import pack, unpack
from intermediary.national.xnachweis.reader import read_answer, read_head, read_request
from intermediary.national.xnachweis.writer import write_answer, write_request

__all__ = [
    "INLINE_LIMIT",
    "NAMESPACE",
    "RELEASE",
    "Answer",
    "Attachment",
    "Head",
    "pack",
    "read_answer",
    "read_head",
    "read_request",
    "reply_head",
    "unpack",
    "write_answer",
    "write_request",
]

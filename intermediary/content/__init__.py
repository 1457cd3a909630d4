"""Bytes of any size that can be read again: in memory while small, else in an encrypted temporary file.

Imports nothing of ours; every room may import it. Who takes a `Content` reads it in chunks, and never has
to know where it lies.
"""

from intermediary.content.model import CHUNK, Content, ContentTooLarge, InMemory, Joined, Octets, as_content
from intermediary.content.spool import MEMORY, Spool, spooled

__all__ = [
    "CHUNK",
    "MEMORY",
    "Content",
    "ContentTooLarge",
    "InMemory",
    "Joined",
    "Octets",
    "Spool",
    "as_content",
    "spooled",
]

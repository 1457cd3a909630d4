"""What is kept is sealed: small content in its row, the rest in a blob that the row names."""

from intermediary.content import Content, InMemory
from intermediary.exchange.model import Document, Message
from intermediary.exchange.ports import Ports

INLINE = 64 * 1024
"""Bytes up to which content lies in its row."""


def seal(ports: Ports, key: bytes, content: Content) -> tuple[bytes | None, str | None]:
    """Seal under a wrapped key: for the fields `sealed` and `blob`, of which one is None.

    A blob is on the disk when this returns; call it before the transaction that names it.
    """
    if content.size <= INLINE:
        return ports.vault.seal(key, bytes(content)), None
    return None, ports.blobs.put(key, content)


def unseal(ports: Ports, key: bytes | None, held: Message | Document) -> Content:
    """The content again. Raises ValueError where it is gone, or where key or bytes do not fit."""
    if key is None or (held.sealed is None and held.blob is None):
        raise ValueError("The content was destroyed")
    if held.blob is not None:
        return ports.blobs.open(key, held.blob)
    assert held.sealed is not None
    return InMemory(ports.vault.open(key, held.sealed))

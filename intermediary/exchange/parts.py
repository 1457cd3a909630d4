"""Several parts as one run of bytes, to be sealed at rest: a JSON line of descriptions, then the contents."""

import json
from collections.abc import Iterable

from intermediary.as4.model import Payload


def join(payloads: Iterable[Payload]) -> bytes:
    """All parts as one run of bytes."""
    payloads = tuple(payloads)
    head = json.dumps([[p.content_id, p.media_type, len(p.content)] for p in payloads])
    return b"\n".join((head.encode(), b"".join(p.content for p in payloads)))


def split(joined: bytes) -> tuple[Payload, ...]:
    """The parts again."""
    head, _, content = joined.partition(b"\n")
    payloads, start = [], 0
    for content_id, media_type, size in json.loads(head):
        payloads.append(Payload(content_id, media_type, content[start : start + size]))
        start += size
    return tuple(payloads)

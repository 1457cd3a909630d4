"""Several parts as one content, to be sealed at rest: a JSON line of descriptions, then the contents."""

import json
from collections.abc import Iterable

from intermediary.as4.model import Payload
from intermediary.content import Content, InMemory, Joined

_MOST_DESCRIPTIONS = 1024 * 1024
"""Bytes of the first line: a thousand parts have some hundred KiB."""


def join(payloads: Iterable[Payload]) -> Content:
    """All parts as one content."""
    payloads = tuple(payloads)
    head = json.dumps([[p.content_id, p.media_type, p.content.size] for p in payloads])
    return Joined([InMemory(head.encode() + b"\n"), *(p.content for p in payloads)])


def split(joined: Content) -> tuple[Payload, ...]:
    """The parts again, as sections of what they were joined to."""
    head, _, _ = joined.head(_MOST_DESCRIPTIONS).partition(b"\n")
    payloads, start = [], len(head) + 1
    for content_id, media_type, size in json.loads(head):
        payloads.append(Payload(content_id, media_type, joined.section(start, start + size)))
        start += size
    return tuple(payloads)

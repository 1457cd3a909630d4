"""Requests read lately: pages of a preview and steps of a worker need not open and read them again.

A message never changes under its name, so what was read of it stays true. This is memory of one process only,
bounded in number and time; what is not here is read from its sealed message. Whoever could look into it finds
the platform key beside it.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from intermediary.edm.model import EvidenceRequest, Header

MOST = 256
"""Requests."""
LONGEST = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, repr=False)
class ReadRequest:
    """What was read of an EDM request."""

    header: Header
    secrets: frozenset[str] = field(default=frozenset(), repr=False)
    """What it says of persons (`transcripts.persons_values`)."""
    request: EvidenceRequest | None = None
    """None where it was not valid."""


class Lately:
    """Requests by the `item` of their message; safe for threads."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._read: OrderedDict[str, tuple[datetime, ReadRequest]] = OrderedDict()

    def get(self, item: str) -> ReadRequest | None:
        """What was read of that message, if it was lately."""
        with self._lock:
            found = self._read.get(item)
        return None if found is None or found[0] < self._clock() - LONGEST else found[1]

    def put(self, item: str, read: ReadRequest) -> None:
        """Remember it, and forget what is old."""
        now = self._clock()
        with self._lock:
            self._read.pop(item, None)
            self._read[item] = now, read
            while len(self._read) > MOST or next(iter(self._read.values()))[0] < now - LONGEST:
                self._read.popitem(last=False)

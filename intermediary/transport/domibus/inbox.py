"""What the gateway has received for us: retrieved, stored, and only then marked as downloaded.

With download retention 0 a gateway deletes a message once it is marked, or retrieved without a word: the
commit comes first (design, locked door 2). What push notifications miss, the next sweep finds.
"""

import threading
from collections.abc import Callable
from typing import Protocol

import structlog

from intermediary.as4 import DigestReference, Payload, UserMessage
from intermediary.exchange import PartnerUnreachable
from intermediary.transport.domibus.client import WsPlugin
from intermediary.transport.domibus.errors import ArrivalUnreadable, GatewayFault

_LOG = structlog.get_logger(__name__)
_LONGEST_PAUSE = 60.0
"""Seconds between two sweeps while the gateway cannot be reached."""


class Arrivals(Protocol):
    """What the exchange does with messages that a gateway received (exchange.AccessPoint)."""

    def knows(self, message_id: str) -> bool:
        """True where the message is stored."""

    def take(
        self,
        header: UserMessage,
        payloads: tuple[Payload, ...],
        references: tuple[DigestReference, ...],
    ) -> str | None:
        """Store it; the reason why it is none of ours, or None."""

    def turn_away(self, message_id: str, reason: str) -> None:
        """Write down that a message was not taken, and why."""


class Inbox:
    """Sweeps the gateway; one per process that serves. Several processes may sweep at once."""

    def __init__(self, plugin: WsPlugin, arrivals: Arrivals, poll_seconds: float) -> None:
        self._plugin, self._arrivals, self._poll = plugin, arrivals, poll_seconds
        self._wake = threading.Event()
        self._refused: set[str] = set()

    def hint(self) -> None:
        """Sweep now."""
        self._wake.set()

    def run(self, stop: threading.Event) -> None:
        """Sweep until `stop` (then `hint`, to end a pause)."""
        pause = self._poll
        while not stop.is_set():
            self._wake.clear()
            try:
                self.sweep()
                pause = self._poll
            except (PartnerUnreachable, GatewayFault) as problem:
                pause = min(max(pause * 2, 1.0), max(_LONGEST_PAUSE, self._poll))
                _LOG.warning("gateway cannot be swept", problem=str(problem)[:300], again_in=pause)
            except Exception as broken:
                _LOG.error("sweep failed", kind=type(broken).__name__)
            self._wake.wait(pause)

    def sweep(self) -> int:
        """Take everything that is pending; the number of messages taken. Raises PartnerUnreachable."""
        pending = self._plugin.pending()
        self._refused &= set(pending)
        return sum(self._take(message_id) for message_id in pending if message_id not in self._refused)

    def _take(self, message_id: str) -> bool:
        new = not self._arrivals.knows(message_id)
        if new and not self._fetch(message_id):
            return False
        # A fault here: somebody else has marked it, or it went with the retrieval.
        _quietly(self._plugin.mark, message_id)
        return new

    def _fetch(self, message_id: str) -> bool:
        """Retrieve and store. What cannot be taken stays at the gateway, and is told once."""
        try:
            arrival = self._plugin.retrieve(message_id)
        except ArrivalUnreadable as unreadable:
            refusal: str | None = str(unreadable)
        except GatewayFault as fault:
            _LOG.info("gateway does not hand out a pending message", message_id=message_id, code=fault.code)
            return False
        else:
            refusal = self._arrivals.take(arrival.header, arrival.payloads, arrival.references)
        if refusal is None:
            return True
        self._refused.add(message_id)
        self._arrivals.turn_away(message_id, refusal)
        return False


def _quietly(call: Callable[[str], None], message_id: str) -> None:
    try:
        call(message_id)
    except GatewayFault as fault:
        _LOG.info("message is no longer pending", message_id=message_id, code=fault.code)

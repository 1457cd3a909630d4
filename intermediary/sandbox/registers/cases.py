"""The questions a register was asked: each is decided once, and repeats get the same answer.

In memory: a register that was restarted decides again, and comes to the same documents.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock

from intermediary.national.model import NationalRequest, Outcome
from intermediary.sandbox.registers.records import DELAYS, DISCLOSURE_BARRED, Behaviour, Record


@dataclass(slots=True)
class Case:
    """One question by its id: what was decided, when the answer is there, how often anyone came."""

    id: str
    outcome: Outcome
    record: Record | None
    reason: str | None
    ready_at: float
    asked: int = 0
    polled: int = 0
    request: NationalRequest | None = None
    """For the head of a later answer, where the protocol has one."""

    @property
    def ready(self) -> bool:
        """True once the answer may be given."""
        return time.time() >= self.ready_at

    @property
    def available_at(self) -> datetime:
        """When the answer is there."""
        return datetime.fromtimestamp(self.ready_at, UTC)


class Cases:
    """All cases of one register, by the idempotency key of the question."""

    def __init__(self) -> None:
        self._cases: dict[str, Case] = {}
        self._lock = Lock()

    def ask(self, case_id: str, search: Callable[[], tuple[Record, ...]]) -> Case:
        """The case of that id: a new one is decided by what the search finds."""
        with self._lock:
            case = self._cases.get(case_id)
            if case is None:
                case = self._cases[case_id] = _decide(case_id, search())
            case.asked += 1
            return case

    def poll(self, case_id: str) -> Case | None:
        """The case of that id, asked for again; None where nobody asked it before."""
        with self._lock:
            case = self._cases.get(case_id)
            if case is not None:
                case.polled += 1
            return case

    def hurry(self) -> None:
        """Let tomorrow be now: every answer is there."""
        with self._lock:
            for case in self._cases.values():
                case.ready_at = 0.0

    def counted(self) -> list[dict[str, str | int]]:
        """How often each question was asked and polled; nothing of its content."""
        with self._lock:
            return [{"id": c.id, "asked": c.asked, "polled": c.polled} for c in self._cases.values()]


def _decide(case_id: str, found: tuple[Record, ...]) -> Case:
    if len(found) != 1:
        outcome = Outcome.AMBIGUOUS if found else Outcome.NOT_FOUND
        return Case(case_id, outcome, None, None, 0.0)
    record = found[0]
    if record.behaviour is Behaviour.REFUSED:
        return Case(case_id, Outcome.REJECTED, None, DISCLOSURE_BARRED, 0.0)
    return Case(case_id, Outcome.DELIVERED, record, None, time.time() + DELAYS[record.behaviour])

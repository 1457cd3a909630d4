"""What self service needs from other rooms."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from intermediary.mapping import Provider
from intermediary.provider_kit import Plan, Report


class Trial(Protocol):
    """Runs the conformance kit at a test system, at addresses that may be called only."""

    def __call__(
        self, provider: Provider, plan: Plan, extra_ca: str | None, progress: Callable[[int, int], None]
    ) -> Report:
        """Raises OSError, ValueError where a key or certificate cannot be read."""


@dataclass(frozen=True, slots=True)
class Counted:
    """How many exchanges asked a provider for one evidence type; numbers only."""

    mapping: str
    asked: int
    answered: int
    """With evidence, so far as the exchange is over."""
    last: datetime | None


class Counts(Protocol):
    """Counts of the exchanges of one provider, of the last twelve months."""

    def __call__(self, provider: str) -> tuple[Counted, ...]: ...

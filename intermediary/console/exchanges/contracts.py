"""What the area needs from other rooms; `operators_exchanges.py` gives it the real ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from intermediary.exchange.records import Records
from intermediary.validation import Report


@dataclass(frozen=True, slots=True)
class Choices:
    """What the list may be narrowed to, and how it is called."""

    partners: tuple[str, ...] = ()
    """P-Mode ids."""
    procedures: tuple[str, ...] = ()
    evidence_types: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Classification (URI) to titles by language."""
    providers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Key to names by language."""


class ExchangeDesk(Protocol):
    """Exchanges as other rooms know them."""

    @property
    def records(self) -> Records:
        """Finds them (audit)."""

    def choices(self) -> Choices:
        """What the mappings and partners of today offer."""

    def values(self, attributes: Sequence[str]) -> tuple[bytes, ...]:
        """Values of the blind index for normalised attributes (`exchange.persons`)."""

    def disclose(self, exchange_id: str, message_id: str, actor: str) -> bytes | None:
        """A request as it came, while its exchange is open; the exchange's story says so."""

    def releases(self) -> tuple[str, ...]:
        """EDM releases by which a request can be checked."""

    def recheck(self, exchange_id: str, message_id: str, release: str) -> Report | None:
        """What the rules of a release say of a request; None where it is not kept any more."""

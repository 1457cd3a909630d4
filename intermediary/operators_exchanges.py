"""Exchanges for the operators' console: what it needs of the exchange, the audit, the store, the rules."""

from collections.abc import Callable, Sequence
from datetime import date, datetime

from sqlalchemy import Engine

from intermediary import edm
from intermediary.audit import ExchangeRecords
from intermediary.console import Choices
from intermediary.exchange import Exchanges
from intermediary.mapping.model import MappingSet
from intermediary.validation import Report


class ConsoleExchanges:
    """Implements console.ExchangeDesk."""

    def __init__(
        self,
        engine: Engine,
        exchanges: Exchanges,
        mappings: Callable[[date], MappingSet],
        partners: tuple[str, ...],
        clock: Callable[[], datetime],
    ) -> None:
        self.records = ExchangeRecords(engine)
        self._requests, self._mappings = exchanges.sealed_requests, mappings
        self._index, self._partners, self._clock = exchanges.blind_index, partners, clock

    def choices(self) -> Choices:
        """What the mappings and partners of today offer."""
        mappings = self._mappings(self._clock().date())
        types = {
            uri: mapping.titles
            for mapping in mappings.mappings
            for uri in mapping.evidence_type_classifications
        }
        return Choices(
            self._partners,
            tuple(sorted({code for mapping in mappings.mappings for code in mapping.procedures})),
            types,
            {key: provider.names for key, provider in sorted(mappings.providers.items())},
        )

    def values(self, attributes: Sequence[str]) -> tuple[bytes, ...]:
        """Values of the blind index."""
        return self._index(attributes)

    def disclose(self, exchange_id: str, message_id: str, actor: str) -> bytes | None:
        """A request as it came, while its exchange is open."""
        return self._requests.disclose(exchange_id, message_id, actor, self._clock())

    def releases(self) -> tuple[str, ...]:
        """EDM releases that rules ship for."""
        return tuple(sorted(edm.PROFILES, reverse=True))

    def recheck(self, exchange_id: str, message_id: str, release: str) -> Report | None:
        """What the rules of a release say of a request."""
        return self._requests.recheck(exchange_id, message_id, release)

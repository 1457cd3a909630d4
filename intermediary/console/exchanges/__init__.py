"""Exchanges: the list, one as a story, search by id and by person, re-check, messages of no exchange."""

from intermediary.console.exchanges.contracts import Choices, ExchangeDesk
from intermediary.console.exchanges.part import exchanges_part

__all__ = ["Choices", "ExchangeDesk", "exchanges_part"]

"""Requests are kept sealed: here they are opened, for an auditor or for rules that quote nothing of them."""

from datetime import datetime

from intermediary import xml
from intermediary.exchange.contracts import Transaction
from intermediary.exchange.model import (
    Direction,
    Exchange,
    Fact,
    Message,
    State,
    event,
    message_item,
)
from intermediary.exchange.parts import split
from intermediary.exchange.ports import Ports
from intermediary.exchange.sealing import unseal
from intermediary.validation import Report


class SealedRequests:
    """Opens requests of exchanges that have begun. Evidence is never opened here."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def disclose(self, exchange_id: str, message_id: str, actor: str, now: datetime) -> bytes | None:
        """The request as it came, for a person to read; None once the exchange is over.

        Says so in the story of the exchange, in the transaction that finds it open.
        """
        with self._ports.ledger.begin() as tx:
            exchange = tx.exchange(exchange_id)
            if exchange is None or exchange.state is State.CLOSED:
                return None
            message = self._message(tx, exchange, message_id)
            if message is None:
                return None
            body = self._body(message)
            acted = event(
                Fact.OPERATOR_ACTED, now, actor=actor, action="request-opened", message_id=message_id
            )
            tx.log(exchange.id, acted)
        return body

    def recheck(self, exchange_id: str, message_id: str, release: str) -> Report | None:
        """What the rules of another release say of a request; findings quote no value of it.

        None where it is not kept any more, or is no XML. Raises UnknownRelease.
        """
        with self._ports.ledger.begin() as tx:
            exchange = tx.exchange(exchange_id)
            message = None if exchange is None else self._message(tx, exchange, message_id)
        if message is None:
            return None
        try:
            root = xml.parse(self._body(message))
        except xml.XmlRefused:
            return None
        return self._ports.validator.check(root, release)

    def _message(self, tx: Transaction, exchange: Exchange, message_id: str) -> Message | None:
        message = tx.message(message_item(Direction.IN, exchange.pmode_id, message_id))
        if message is None or message.exchange_id != exchange.id or message.key is None:
            return None
        return message

    def _body(self, message: Message) -> bytes:
        return bytes(split(unseal(self._ports, message.key, message))[0].content.head(xml.MOST))

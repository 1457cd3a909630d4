"""A gateway as the carrier of our messages: submit once, then ask until it knows how it ended."""

from intermediary.as4 import Packed, Payload, PMode, UserMessage
from intermediary.exchange import Delivery, Stage
from intermediary.transport.domibus import envelopes
from intermediary.transport.domibus.client import WsPlugin
from intermediary.transport.domibus.errors import ArrivalUnreadable, GatewayFault, GatewayUnreachable

_ACKNOWLEDGED = {"ACKNOWLEDGED", "ACKNOWLEDGED_WITH_WARNING"}
_RETRYING = {"SEND_ATTEMPT_FAILED", "WAITING_FOR_RETRY"}
_NOT_FOUND, _FAILURE, _DELETED = "NOT_FOUND", "SEND_FAILURE", "DELETED"
_PASSING = {"EBMS:0004", "EBMS:0005", "EBMS:0202"}
"""Faults that say nothing against the message; all other ebMS codes, and a request that breaks the plugin's
schema, are final."""


class GatewayMessaging:
    """Implements exchange.contracts.Messaging."""

    def __init__(self, plugin: WsPlugin) -> None:
        self._plugin = plugin

    def pack(self, header: UserMessage, payloads: tuple[Payload, ...], _pmode: PMode) -> Packed:
        """The submitRequest; signing, encryption and compression are the gateway's P-Mode's business."""
        return envelopes.submit(header, payloads)

    def deliver(self, message_id: str, packed: Packed, _pmode: PMode, *, submitted: bool) -> Delivery:
        """Look how far the message came, and submit it where the gateway does not know it.

        The look comes first, since a crash may lie between an earlier attempt and its record; and it comes
        again after a fault, since «already exists» is one. Raises PartnerUnreachable.
        """
        try:
            status = self._plugin.status(message_id)
            if status == _NOT_FOUND:
                refusal = self._submit(packed)
                status = self._plugin.status(message_id)
                if status == _NOT_FOUND:
                    return refusal or Delivery(Stage.FAILED, "the gateway took the message under another id")
            return self._delivery(message_id, status)
        except GatewayFault as fault:
            return Delivery(Stage.FAILED, str(fault)[:200])
        except ArrivalUnreadable as unreadable:
            raise GatewayUnreachable(str(unreadable)) from None

    def _submit(self, packed: Packed) -> Delivery | None:
        try:
            self._plugin.submit(packed)
        except GatewayFault as fault:
            final = fault.code == "soap:Sender" or (
                fault.code.startswith("EBMS:") and fault.code not in _PASSING
            )
            return Delivery(Stage.REFUSED if final else Stage.FAILED, fault.code)
        return None

    def _delivery(self, message_id: str, status: str) -> Delivery:
        if status in _ACKNOWLEDGED:
            return Delivery(Stage.ACKNOWLEDGED)
        if status == _FAILURE:
            return Delivery(Stage.REFUSED, self._reason(message_id, status))
        if status == _DELETED:
            # Whether it arrived can no longer be known: better an alarm too many than a success too many.
            return Delivery(Stage.REFUSED, self._reason(message_id, status))
        if status in _RETRYING:
            return Delivery(Stage.RETRYING, self._reason(message_id, status))
        return Delivery(Stage.SUBMITTED)

    def _reason(self, message_id: str, status: str) -> str:
        try:
            codes = self._plugin.errors(message_id)
        except GatewayFault:
            codes = ()
        return " ".join((status, *codes))

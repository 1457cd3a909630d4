"""Our own AS4 as the carrier of messages: pack, push, read the receipt (eDelivery AS4)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from intermediary import as4
from intermediary.as4.codes import EbmsErrorCode
from intermediary.as4.model import ErrorSignal, Packed, Payload, PMode, UserMessage
from intermediary.exchange.contracts import Clock, Delivery, Push, Stage

_PASSING = {EbmsErrorCode.OTHER, EbmsErrorCode.CONNECTION_FAILURE, EbmsErrorCode.DELIVERY_FAILURE}
"""Failures of the partner's side that may be over at the next attempt; all others are about the message."""


@dataclass(frozen=True, slots=True)
class OwnAs4:
    """Implements contracts.Messaging; its keys serve the receiving side (AccessPoint) too."""

    push: Push
    signing: as4.Signing = field(repr=False)
    keys: as4.OwnKeys = field(repr=False)
    certificate_check: Callable[[datetime], as4.CertificateCheck]
    clock: Clock
    limits: as4.Limits = field(default_factory=as4.Limits)
    """Of what partners push."""

    def pack(self, header: UserMessage, payloads: tuple[Payload, ...], pmode: PMode) -> Packed:
        """Signed and encrypted for the partner."""
        return as4.pack(header, payloads, pmode, self.signing)

    def deliver(self, message_id: str, packed: Packed, pmode: PMode, *, submitted: bool) -> Delivery:
        """Push once and read the signal that comes back. Raises PartnerUnreachable."""
        _status, kind, body = self.push(pmode.url, packed)
        try:
            check = self.certificate_check(self.clock())
            signal = as4.read_signal(kind, body, packed, message_id, pmode, check)
        except as4.InvalidReceipt as invalid:
            return Delivery(Stage.FAILED, str(invalid))
        if not isinstance(signal, ErrorSignal):
            return Delivery(Stage.ACKNOWLEDGED, receipt=body, receipt_type=kind)
        if any(error.says_duplicate for error in signal.errors):
            return Delivery(Stage.KNOWN, "the partner has this MessageId already")
        final = any(e.code.severity == "failure" and e.code not in _PASSING for e in signal.errors)
        reason = " ".join(error.code.code for error in signal.errors)
        return Delivery(Stage.REFUSED if final else Stage.FAILED, reason)

"""The receiving side of the access point: bytes in, a signed receipt or error out, never before the commit.

Design, locked door 2; eDelivery AS4 1.15 §3 (receipts), digest edelivery-as4 §9 (duplicates).
"""

import contextlib
from dataclasses import dataclass, field

from intermediary import as4
from intermediary.as4.codes import EbmsErrorCode
from intermediary.as4.errors import Refusal
from intermediary.as4.matching import match
from intermediary.as4.model import DigestReference, EbmsError, Packed, Payload, Received, UserMessage
from intermediary.content import Content, Octets
from intermediary.exchange.errors import LeaseLost
from intermediary.exchange.model import Direction, Fact, Message, MessageState, event, message_item
from intermediary.exchange.own_as4 import OwnAs4
from intermediary.exchange.parts import join
from intermediary.exchange.ports import Ports
from intermediary.exchange.sealing import seal


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What goes back in the HTTP response."""

    status: int
    content_type: str
    body: bytes = field(repr=False)


class AccessPoint:
    """Receives AS4 messages from partners."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def receive(self, content_type: str, body: Octets | Content) -> HttpAnswer:
        """Verify, store, acknowledge. Any input gets an answer; nothing is raised for bad input."""
        ports, own = self._ports, self._own()
        now = ports.clock()
        try:
            check = own.certificate_check(now)
            unpacked = as4.unpack(content_type, body, ports.pmodes, own.keys, check, now, own.limits)
        except as4.As4Refused as refused:
            return self._refuse(refused.error, refused.message_id, refused.pmode_id, refused.reason)
        received, pmode = unpacked.received, unpacked.pmode
        receipt = as4.pack_receipt(received, ports.message_id(), now, own.signing)
        if received.message.is_test:
            with ports.ledger.begin() as tx:
                tx.log("platform", event(Fact.TEST_RECEIVED, now, partner=pmode.id))
            return _ok(receipt)
        try:
            answer = self._store(received, pmode.id, receipt)
        except LeaseLost:
            # The same message arrived twice at the same moment; the other one was stored first.
            answer = self._store(received, pmode.id, receipt)
        ports.wake()
        return answer

    def take(
        self, header: UserMessage, payloads: tuple[Payload, ...], references: tuple[DigestReference, ...]
    ) -> str | None:
        """Store what a gateway received and acknowledged; the reason why it is none of ours, or None.

        The gateway may delete it once this returns None; the same message again changes nothing.
        """
        ports = self._ports
        try:
            pmode = match(header, ports.pmodes)
        except Refusal as refusal:
            return f"{refusal.code.code} {refusal.reason}"
        received = Received(header, payloads, references, (), b"")
        if not header.is_test and not self.knows(header.message_id):
            with contextlib.suppress(LeaseLost):  # another process stored it at the same moment
                self._store(received, pmode.id, Packed("", b""))
            ports.wake()
        return None

    def knows(self, message_id: str) -> bool:
        """True where a message from any partner with that id is stored."""
        with self._ports.ledger.read() as tx:
            items = (message_item(Direction.IN, pmode.id, message_id) for pmode in self._ports.pmodes)
            return any(tx.message(item) is not None for item in items)

    def turn_away(self, message_id: str, reason: str) -> None:
        """Write down that a message which a gateway received was not taken, and why."""
        with self._ports.ledger.begin() as tx:
            refused = event(Fact.MESSAGE_REFUSED, self._ports.clock(), reason=reason, message_id=message_id)
            tx.log("platform", refused)

    def _own(self) -> OwnAs4:
        own = self._ports.messaging
        assert isinstance(own, OwnAs4), "with a gateway partners push to the gateway"
        return own

    def _store(self, received: Received, pmode_id: str, receipt: Packed) -> HttpAnswer:
        ports, header = self._ports, received.message
        now = ports.clock()
        references = tuple((r.uri, r.digest_method, r.digest_value.hex()) for r in received.references)
        key = ports.vault.new_key()
        # Before the transaction, which nobody else may have to wait for.
        sealed, blob = seal(ports, key, join(received.payloads))
        with ports.ledger.begin() as tx:
            known = tx.message(message_item(Direction.IN, pmode_id, header.message_id))
            if known is None:
                tx.save_message(
                    Message(
                        direction=Direction.IN,
                        message_id=header.message_id,
                        pmode_id=pmode_id,
                        state=MessageState.STORED,
                        due_at=now,
                        at=now,
                        action=header.action,
                        conversation_id=header.conversation_id,
                        ref_to_message_id=header.ref_to_message_id,
                        properties=tuple((p.name, p.value, p.type or "") for p in header.properties),
                        references=references,
                        receipt=receipt.body,
                        receipt_type=receipt.content_type,
                        key=key,
                        sealed=sealed,
                        blob=blob,
                    )
                )
                return _ok(receipt)
            same = set(known.references) == set(references)
            tx.log(
                known.exchange_id or "platform",
                event(Fact.DUPLICATE_RECEIVED, now, message_id=header.message_id, same_content=same),
            )
        if blob is not None:
            ports.blobs.delete(blob)
        if same:
            return HttpAnswer(200, known.receipt_type, known.receipt)
        error = EbmsError(
            EbmsErrorCode.OTHER, "This MessageId was already used for another content", header.message_id
        )
        return self._refuse(error, header.message_id, pmode_id, "MessageId replayed with other content")

    def _refuse(
        self, error: EbmsError, message_id: str | None, pmode_id: str | None, reason: str
    ) -> HttpAnswer:
        ports = self._ports
        now = ports.clock()
        with ports.ledger.begin() as tx:
            tx.log(
                "platform",
                event(
                    Fact.MESSAGE_REFUSED,
                    now,
                    code=error.code.code,
                    reason=reason,
                    message_id=message_id,
                    partner=pmode_id,
                ),
            )
        security = next((pmode.security for pmode in ports.pmodes if pmode.id == pmode_id), None)
        signal = as4.pack_error((error,), ports.message_id(), now, self._own().signing, security)
        # 400 where not even a message id could be read: proxies and people then see it as a bad request.
        return HttpAnswer(200 if message_id else 400, signal.content_type, signal.body)


def _ok(packed: Packed) -> HttpAnswer:
    return HttpAnswer(200, packed.content_type, packed.body)

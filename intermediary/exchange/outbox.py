"""What leaves: answers are queued in the transaction that decides them, then pushed until receipt."""

import contextlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from lxml import etree

from intermediary import as4, edm, xml
from intermediary.as4.model import Packed
from intermediary.edm.codes import AgentRole
from intermediary.edm.model import (
    EdmMessage,
    EvidenceException,
    EvidenceRequest,
    EvidenceResponse,
    Header,
)
from intermediary.exchange import answers, transcripts
from intermediary.exchange.contracts import Delivery, PartnerUnreachable, Queue, Stage, Transaction
from intermediary.exchange.lately import Lately, ReadRequest
from intermediary.exchange.model import (
    Direction,
    Document,
    Event,
    Exchange,
    Fact,
    Message,
    MessageState,
    Outcome,
    State,
    event,
    message_item,
)
from intermediary.exchange.parts import split
from intermediary.exchange.ports import Ports
from intermediary.exchange.sealing import seal, unseal
from intermediary.exchange.transcripts import Transcript
from intermediary.validation import Report

SLOWEST_PARTNER = 1024 * 1024
"""Bytes per second for which a large message is leased to its sender. A slower partner may be sent it twice,
which it notices; a lower figure would make a message wait longer after a crash."""
_UNDERWAY = {Stage.SUBMITTED: MessageState.SUBMITTED, Stage.RETRYING: MessageState.RETRYING}
_TO_SEND = {MessageState.QUEUED, *_UNDERWAY.values()}


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A packed message and the event that says so; packing costs CPU, so it happens outside transactions."""

    message: Message
    queued: Event
    transcript: Transcript


@dataclass(frozen=True, slots=True)
class _Written:
    """An EDM message of ours, and what the rules say of it."""

    body: bytes = field(repr=False)
    report: Report
    root: etree._Element = field(repr=False)


class Outbox:
    """Builds, queues and pushes outgoing messages."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self.lately = Lately(ports.clock)

    def request(self, exchange: Exchange) -> EvidenceRequest:
        """The first request of an exchange."""
        known = self.lately.get(_first(exchange))
        if known is not None and known.request is not None:
            return known.request
        with self._ports.ledger.read() as tx:
            return self.request_of(tx, exchange)

    def request_of(self, tx: Transaction, exchange: Exchange) -> EvidenceRequest:
        """As `request`, within a transaction."""
        read = self.lately.get(_first(exchange))
        if read is None:
            read = self._read(self._asked(tx, exchange, exchange.request_message_id))
        assert read.request is not None, "a request that is not valid is not taken on"
        return read.request

    def _read(self, message: Message) -> ReadRequest:
        """What a message says that came in, valid or not."""
        known = self.lately.get(message.item)
        if known is not None:
            return known
        parts = split(unseal(self._ports, message.key, message))
        try:
            root = xml.parse(parts[0].content.head(xml.MOST))
        except xml.XmlRefused:  # what could not be parsed is answered all the same
            return ReadRequest(Header(kind=None))
        request = None
        with contextlib.suppress(edm.EdmUnreadable):
            request = edm.read(root)
        read = ReadRequest(
            edm.peek(root),
            transcripts.persons_values(root),
            request if isinstance(request, EvidenceRequest) else None,
        )
        self.lately.put(message.item, read)
        return read

    def error(
        self,
        exchange: Exchange,
        asked: Message,
        header: Header,
        raised: EvidenceException,
        *,
        message_id: str,
        now: datetime,
        secrets: frozenset[str] = frozenset(),
    ) -> Outgoing:
        """An EDM error response to the message `asked`, packed; nothing is written yet.

        `secrets` are what the request says of persons: its transcript must not repeat them.

        It names requester and request as the request does; where that would break a rule (the request may be
        refused for just that, or be unreadable), it names the sender of the AS4 header and no request.
        """
        profile = edm.profile_for(exchange.edm_version)
        mappings = self._ports.mappings(now.date())
        provider = mappings.providers.get(exchange.provider_key or "")
        answer = answers.error_response(
            profile,
            header.id,
            requester=header.evidence_requester,
            error_provider=answers.provider_agent(provider, AgentRole.ERROR_PROVIDER)
            if provider
            else answers.platform_agent(mappings.platform, AgentRole.ERROR_PROVIDER),
            raised=raised,
            new_id=self._ports.new_id,
        )
        written = self._written(answer, profile)
        if not written.report.ok:
            partner = self._ports.pmode(exchange.pmode_id).partner
            sender = answers.original_sender(asked.properties, partner)
            written = self._written(replace(answer, evidence_requester=sender, request_id=None), profile)
        return self._outgoing(
            exchange,
            asked,
            written,
            action=answers.EXCEPTION,
            message_id=message_id,
            now=now,
            secrets=secrets,
        )

    def _written(self, answer: EdmMessage, profile: edm.Profile) -> _Written:
        body = edm.write(answer)
        root = xml.parse(body)
        return _Written(body, self._ports.validator.check(root, profile.specification_identifier), root)

    def answer(self, exchange: Exchange, now: datetime) -> Outgoing:
        """The final answer of a settled exchange, packed; its outcome says which."""
        assert exchange.answer_to is not None and exchange.outcome is not None
        with self._ports.ledger.read() as tx:
            asked = self._asked(tx, exchange, exchange.answer_to)
            documents = tx.documents(exchange.id)
        profile = edm.profile_for(exchange.edm_version)
        read = self._read(asked)
        header, secrets = read.header, read.secrets
        outcome = exchange.outcome
        if outcome is Outcome.DECLINED and profile.decline_is_empty_response:
            outcome = Outcome.APPROVED
        if outcome in (Outcome.APPROVED, Outcome.DEFERRED):
            return self._response(exchange, asked, header, documents, now, secrets=secrets)
        raised = answers.exception(outcome, profile, now, exchange.outcome_rule)
        return self.error(
            exchange,
            asked,
            header,
            raised,
            message_id=exchange.answer_message_id,
            now=now,
            secrets=secrets,
        )

    def _response(
        self,
        exchange: Exchange,
        asked: Message,
        header: Header,
        documents: tuple[Document, ...],
        now: datetime,
        *,
        secrets: frozenset[str],
    ) -> Outgoing:
        ports = self._ports
        assert exchange.evidence_key is not None and exchange.sealed_response is not None
        draft = edm.read(xml.parse(ports.vault.open(exchange.evidence_key, exchange.sealed_response)))
        assert isinstance(draft, EvidenceResponse)
        answer = answers.approved_response(draft, frozenset(exchange.approved), header.id or "", now)
        wanted = {d.content_id for d in answer.documents}
        attachments = tuple(
            as4.Payload(d.content_id, d.media_type, unseal(ports, exchange.evidence_key, d))
            for d in documents
            if d.content_id in wanted
        )
        return self._outgoing(
            exchange,
            asked,
            self._written(answer, edm.profile_for(exchange.edm_version)),
            action=answers.RESPONSE,
            attachments=attachments,
            message_id=exchange.answer_message_id,
            now=now,
            secrets=secrets,
        )

    def _outgoing(
        self,
        exchange: Exchange,
        asked: Message,
        written: _Written,
        *,
        action: str,
        message_id: str,
        now: datetime,
        secrets: frozenset[str],
        attachments: tuple[as4.Payload, ...] = (),
    ) -> Outgoing:
        ports = self._ports
        pmode = ports.pmode(exchange.pmode_id)
        profile = edm.profile_for(exchange.edm_version)
        # What we send is checked as strictly as what we receive: a defect of ours must not leave the house.
        if not written.report.ok:
            rules = " ".join(f"{f.rule}@{f.place}" for f in written.report.errors)
            raise OwnMessageInvalid(f"Our own {action} breaks {rules}")
        header = answers.envelope(
            exchange,
            answers.Envelope(asked.message_id, asked.conversation_id, asked.properties),
            pmode,
            profile,
            action=action,
            message_id=message_id,
            now=now,
        )
        edm_part = answers.edm_part(written.body, ports.message_id())
        packed = ports.messaging.pack(header, (edm_part, *attachments), pmode)
        key = ports.vault.new_key()
        sealed, blob = seal(ports, key, packed.content)
        packed.content.close()
        message = Message(
            direction=Direction.OUT,
            message_id=message_id,
            pmode_id=pmode.id,
            state=MessageState.QUEUED,
            due_at=now,
            at=now,
            action=action,
            conversation_id=header.conversation_id,
            exchange_id=exchange.id,
            ref_to_message_id=header.ref_to_message_id,
            content_type=packed.content_type,
            properties=tuple((p.name, p.value, p.type or "") for p in header.properties),
            references=tuple((r.uri, r.digest_method, r.digest_value.hex()) for r in packed.references),
            key=key,
            sealed=sealed,
            blob=blob,
        )
        queued = event(
            Fact.MESSAGE_QUEUED, now, action=action, message_id=message_id, documents=len(attachments)
        )
        told = Transcript(
            exchange.id,
            transcripts.Kind.ANSWER,
            now,
            message_id,
            transcripts.of_edm(written.root, secrets | transcripts.persons_values(written.root)),
        )
        return Outgoing(message, queued, told)

    @staticmethod
    def queue(tx: Transaction, outgoing: Outgoing) -> None:
        """Queue what was packed, in the transaction that decides it."""
        assert outgoing.message.exchange_id is not None
        tx.save_message(outgoing.message)
        tx.save_transcript(outgoing.transcript)
        tx.log(outgoing.message.exchange_id, outgoing.queued)

    def _asked(self, tx: Transaction, exchange: Exchange, message_id: str) -> Message:
        message = tx.message(message_item(Direction.IN, exchange.pmode_id, message_id))
        assert message is not None, "an exchange always has the message that began it"
        return message

    def send(self, item: str, owner: str) -> None:
        """Deliver one queued message once, or look how far it came: acknowledged, later again, given up."""
        ports = self._ports
        with ports.ledger.read() as tx:
            message = tx.message(item)
        if message is None or message.state not in _TO_SEND:
            return
        packed = Packed(
            message.content_type,
            unseal(ports, message.key, message),
            tuple(as4.DigestReference(u, m, bytes.fromhex(d)) for u, m, d in message.references),
        )
        submitted = message.state in _UNDERWAY.values()
        if message.blob is not None and not submitted:
            self._take_time(item, owner, packed.content.size)
        try:
            pmode = ports.pmode(message.pmode_id)
            delivery = ports.messaging.deliver(message.message_id, packed, pmode, submitted=submitted)
        except PartnerUnreachable as unreachable:
            delivery = Delivery(Stage.FAILED, str(unreachable))
        now = ports.clock()
        with ports.ledger.begin() as tx:
            if not tx.owns(Queue.OUTGOING, item, owner):
                return
            # Of a repeated message «known» means that only its receipt was lost.
            known = delivery.stage is Stage.KNOWN and message.attempts > 0
            if delivery.stage is Stage.ACKNOWLEDGED or known:
                self._acknowledged(tx, message, delivery, now)
            elif delivery.stage in _UNDERWAY:
                self._underway(tx, message, delivery, now)
            elif submitted and delivery.stage is Stage.FAILED:
                self._look_again(tx, message, now)
            else:
                self._failed(tx, message, delivery.reason, final=delivery.stage is Stage.REFUSED)

    def _take_time(self, item: str, owner: str, size: int) -> None:
        """Large content may take longer than a lease; nobody else shall begin to send it meanwhile."""
        until = self._ports.clock() + self._ports.timing.lease + timedelta(seconds=size / SLOWEST_PARTNER)
        with self._ports.ledger.begin() as tx:
            if tx.owns(Queue.OUTGOING, item, owner):
                tx.lease(Queue.OUTGOING, item, owner, until)

    def look(self, message_id: str) -> None:
        """A gateway says that something happened to a message of ours: look now."""
        ports, found = self._ports, False
        with ports.ledger.begin() as tx:
            for pmode in ports.pmodes:
                message = tx.message(message_item(Direction.OUT, pmode.id, message_id))
                if message is not None and message.state in _TO_SEND:
                    # Ends the lease of a worker that looks just now: it may have looked too early.
                    tx.save_message(replace(message, due_at=ports.clock()))
                    found = True
        if found:
            ports.wake()

    def _underway(self, tx: Transaction, message: Message, delivery: Delivery, now: datetime) -> None:
        """The gateway has it: back to sleep, longer each time; a failure of its own is told once."""
        state = _UNDERWAY[delivery.stage]
        if state is message.state:
            self._look_again(tx, message, now)
            return
        about, stream = message.message_id, message.exchange_id or "platform"
        if message.state is MessageState.QUEUED:
            tx.log(stream, event(Fact.MESSAGE_SUBMITTED, now, action=message.action, message_id=about))
        if state is MessageState.RETRYING:
            tx.log(stream, event(Fact.SEND_FAILED, now, message_id=about, reason=delivery.reason))
        self._look_again(tx, replace(message, state=state, attempts=0), now)

    def _look_again(self, tx: Transaction, message: Message, now: datetime) -> None:
        timing, attempts = self._ports.timing, message.attempts + 1
        if now >= message.at + timing.gateway_patience:
            self._given_up(tx, message, "EBMS:0301 the gateway knows neither receipt nor failure", now)
            return
        due = now + timing.pause(timing.gateway_poll, attempts)
        tx.save_message(replace(message, attempts=attempts, due_at=due))

    def broken(self, item: str, owner: str, reason: str) -> None:
        """Sending raised what nobody expected: count it as a failed attempt."""
        with self._ports.ledger.begin() as tx:
            message = tx.message(item)
            if message is None or not tx.owns(Queue.OUTGOING, item, owner):
                return
            if message.state in _UNDERWAY.values():  # the gateway goes on, whatever broke here
                self._look_again(tx, message, self._ports.clock())
            else:
                self._failed(tx, message, reason, final=False)

    def _failed(self, tx: Transaction, message: Message, problem: str, *, final: bool) -> None:
        timing, now = self._ports.timing, self._ports.clock()
        attempts = message.attempts + 1
        if final or attempts >= timing.send_attempts:
            self._given_up(tx, message, problem, now)
            return
        failed = event(Fact.SEND_FAILED, now, message_id=message.message_id, attempt=attempts, reason=problem)
        tx.log(message.exchange_id or "platform", failed)
        due = now + timing.pause(timing.send_retry, attempts)
        tx.save_message(replace(message, attempts=attempts, due_at=due))

    def _acknowledged(self, tx: Transaction, message: Message, delivery: Delivery, now: datetime) -> None:
        tx.save_message(
            replace(
                message,
                state=MessageState.ACKNOWLEDGED,
                due_at=None,
                attempts=message.attempts + 1,
                receipt=delivery.receipt,
                receipt_type=delivery.receipt_type,
                key=None,
                sealed=None,
                blob=None,
            )
        )
        tx.log(
            message.exchange_id or "platform",
            event(
                Fact.MESSAGE_ACKNOWLEDGED,
                now,
                action=message.action,
                message_id=message.message_id,
                attempts=message.attempts + 1,
                receipt="lost" if delivery.stage is Stage.KNOWN else None,
            ),
        )
        self._close_if_final(tx, message, now)

    def _given_up(self, tx: Transaction, message: Message, problem: str, now: datetime) -> None:
        tx.save_message(
            replace(message, state=MessageState.FAILED, due_at=None, key=None, sealed=None, blob=None)
        )
        tx.log(
            message.exchange_id or "platform",
            event(Fact.DELIVERY_GIVEN_UP, now, message_id=message.message_id, reason=problem),
        )
        self._close_if_final(tx, message, now)

    def _close_if_final(self, tx: Transaction, message: Message, now: datetime) -> None:
        exchange = tx.exchange(message.exchange_id or "")
        if exchange and exchange.answer_message_id == message.message_id:
            close(tx, exchange, now)


def _first(exchange: Exchange) -> str:
    """The message that began an exchange."""
    return message_item(Direction.IN, exchange.pmode_id, exchange.request_message_id)


class OwnMessageInvalid(Exception):  # noqa: N818
    """A message that we wrote breaks a rule; nothing was sent."""


def destroy(tx: Transaction, exchange: Exchange, now: datetime) -> None:
    """Delete the documents that are held, and say so in the log."""
    destroyed = tx.destroy_documents(exchange.id)
    if destroyed:
        tx.log(exchange.id, event(Fact.EVIDENCE_DESTROYED, now, documents=destroyed))


def close(tx: Transaction, exchange: Exchange, now: datetime) -> None:
    """End an exchange: the evidence and its key are destroyed, the log stays."""
    destroy(tx, exchange, now)
    tx.save(
        replace(
            exchange,
            state=State.CLOSED,
            due_at=None,
            updated_at=now,
            evidence_key=None,
            sealed_inputs=None,
            sealed_response=None,
            poll_url=None,
        ),
        exchange.state,
    )
    tx.log(exchange.id, event(Fact.CLOSED, now, outcome=exchange.outcome))

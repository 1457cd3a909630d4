"""From a stored message to an exchange: first request, second request, or refusal."""

import hashlib
import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime

from lxml import etree

from intermediary import translation
from intermediary.as4.codes import EbmsErrorCode
from intermediary.edm.codes import ErrorCode
from intermediary.edm.model import EvidenceRequest, Text
from intermediary.exchange import answers, persons, reading, transcripts
from intermediary.exchange.contracts import Queue, Transaction
from intermediary.exchange.lately import ReadRequest
from intermediary.exchange.model import (
    Event,
    Exchange,
    Fact,
    Message,
    MessageState,
    Outcome,
    State,
    event,
)
from intermediary.exchange.outbox import Outbox, Outgoing
from intermediary.exchange.parts import split
from intermediary.exchange.ports import Ports
from intermediary.exchange.returning import acceptable_return
from intermediary.exchange.sealing import unseal
from intermediary.exchange.shape import Shape, shape_of
from intermediary.exchange.transcripts import Line, Transcript
from intermediary.mapping.model import EvidenceMapping

PREVIEW_DESCRIPTIONS = (
    Text("Please log in and look at the evidence before it is sent.", "EN"),
    Text("Bitte melden Sie sich an und sehen Sie den Nachweis an, bevor er gesendet wird.", "DE"),
)
"""Slot PreviewDescription: shown by the portal beside the link."""
FAILURES = 5
"""Times that handling a message may break before it is answered as failed."""


@dataclass(frozen=True, slots=True)
class _Accepted:
    """A first request taken on, and the preview offered for it."""

    exchange: Exchange
    accepted: Event
    offer: Outgoing | None = None


@dataclass(frozen=True, slots=True)
class _Heard:
    """What is kept of a message's content; made outside the transaction that keeps it."""

    lines: tuple[Line, ...]
    persons: tuple[bytes, ...] = field(repr=False)
    secrets: frozenset[str] = field(repr=False)
    """What it says of persons, not to be repeated elsewhere."""


class Intake:
    """Handles what the access point has stored."""

    def __init__(self, ports: Ports, outbox: Outbox) -> None:
        self._ports, self._outbox = ports, outbox

    def handle(self, item: str, owner: str) -> None:
        """Handle one stored message; idempotent, since the message's state moves in the same commit."""
        ports = self._ports
        with ports.ledger.read() as tx:
            message = tx.message(item)
        if message is None or message.state is not MessageState.STORED:
            return
        parts = split(unseal(ports, message.key, message))
        now = ports.clock()
        try:
            verdict = reading.read(message, parts, ports.validator)
        except reading.NotARequest as reason:
            with ports.ledger.begin() as tx:
                if tx.owns(Queue.INCOMING, item, owner):
                    tx.log("platform", _refused_message(message, reason, now))
                    tx.save_message(_handled(message, None))
            return
        first, shape, heard = None, None, self._heard(verdict.root)
        self._remember(item, verdict, heard)
        if isinstance(verdict, reading.Readable) and verdict.request.preview_location is None:
            known = self._ports.mappings(message.at.date())
            shape = shape_of(verdict.request, known.identifiers_without_meaning)
            first = self._first(message, verdict, heard, now)
        with ports.ledger.begin() as tx:
            if not tx.owns(Queue.INCOMING, item, owner):
                return
            if isinstance(verdict, reading.Refused):
                self._refuse(tx, message, verdict, heard, now)
            elif tx.request_id_seen(verdict.request.id):
                rule = "TDD 4.4: this request id was used before; send every request with an id of its own"
                self._refuse(tx, message, _refused(verdict, Outcome.INVALID, rule), heard, now)
            elif first is None:
                self._second(tx, message, verdict, heard, now)
            elif isinstance(first, reading.Refused):
                self._refuse(tx, message, first, heard, now, shape=shape)
            else:
                self._begin(tx, first.exchange, message, first.accepted, heard)
                if first.offer is not None:
                    self._outbox.queue(tx, first.offer)
                    until = first.exchange.preview_deadline
                    tx.log(first.exchange.id, event(Fact.PREVIEW_OFFERED, now, until=until))
        ports.wake()

    def broken(self, item: str, owner: str, reason: str) -> None:
        """Handling raised what nobody expected: try again later, at last answer «failed»."""
        ports, now = self._ports, self._ports.clock()
        with ports.ledger.begin() as tx:
            message = tx.message(item)
            if message is None or not tx.owns(Queue.INCOMING, item, owner):
                return
            failures = message.attempts + 1
            what = event(
                Fact.STEP_FAILED, now, message_id=message.message_id, reason=reason, failures=failures
            )
            tx.log("platform", what)
            if failures < FAILURES:
                due = now + ports.timing.pause(ports.timing.provider_retry, failures)
                tx.save_message(replace(message, attempts=failures, due_at=due))
            else:
                self._refuse(tx, message, reading.unhandled(message), None, now)

    def _heard(self, root: etree._Element | None) -> _Heard | None:
        if root is None:
            return None
        said = transcripts.persons_values(root)
        values = self._ports.blind_index(persons.of_message(root))
        return _Heard(transcripts.of_edm(root, said), values, said)

    def _remember(self, item: str, read: reading.Readable | reading.Refused, heard: _Heard | None) -> None:
        if heard is not None:
            request = read.request if isinstance(read, reading.Readable) else None
            self._outbox.lately.put(item, ReadRequest(read.header, heard.secrets, request))

    def _first(
        self, message: Message, read: reading.Readable, heard: _Heard | None, now: datetime
    ) -> _Accepted | reading.Refused:
        ports, request = self._ports, read.request
        day = message.at.date()  # the exchange's own, by which it finds the same set again
        mappings = ports.mappings(day)
        served = reading.policy(request, mappings, day)
        if not isinstance(served, EvidenceMapping):
            return _refused(read, *served)
        if now > message.at + ports.timing.t1 + ports.timing.allowance:
            rule = "TDD 4.4: T1 was over before this request could be handled; begin with a new first request"
            return _refused(read, Outcome.TIMED_OUT, rule)
        try:
            provider_key: str | None = translation.provider_for(request, served, mappings, {}).key
        except translation.Untranslatable:
            provider_key = None  # routed by something that only the citizen can say
        exchange = replace(
            self._new(message, read, now),
            mapping_key=served.key,
            mapping_version=mappings.versions.get(f"evidence/{served.key}"),
            mapping_revision=mappings.revision or None,
            provider_key=provider_key,
            evidence_key=ports.vault.new_key(),
        )
        accepted = event(
            Fact.REQUEST_ACCEPTED,
            now,
            mapping=served.key,
            mapping_version=exchange.mapping_version,
            mapping_revision=exchange.mapping_revision,
            provider=provider_key,
            version=exchange.edm_version,
            **shape_of(request, mappings.identifiers_without_meaning).said(),
        )
        if not reading.needs_preview(request, served):
            asking = replace(
                exchange,
                state=State.ASKING,
                answer_to=message.message_id,
                ask_until=message.at + ports.timing.t1,
            )
            return _Accepted(asking, accepted)
        token = secrets.token_urlsafe(32)
        waiting = replace(
            exchange,
            state=State.AWAITING_CITIZEN,
            due_at=now + ports.timing.t2 + ports.timing.allowance,
            preview_deadline=now + ports.timing.t2,
            token_hash=hash_token(token),
        )
        raised = answers.preview_required(
            read.profile, now, f"{ports.preview_base}/{token}", PREVIEW_DESCRIPTIONS
        )
        offer = self._outbox.error(
            waiting,
            message,
            read.header,
            raised,
            message_id=ports.message_id(),
            now=now,
            secrets=frozenset() if heard is None else heard.secrets,
        )
        return _Accepted(waiting, accepted, offer)

    def _second(
        self,
        tx: Transaction,
        message: Message,
        read: reading.Readable,
        heard: _Heard | None,
        now: datetime,
    ) -> None:
        ports, request = self._ports, read.request
        base, _, token = (request.preview_location or "").strip().rpartition("/")
        exchange = tx.exchange_by_token(hash_token(token)) if base == ports.preview_base else None
        if exchange is None or exchange.pmode_id != message.pmode_id:
            rule = "PreviewLocation: no such preview location was given to you; send what you received"
            self._refuse(tx, message, _refused(read, Outcome.UNRESOLVED, rule), heard, now)
            return
        if exchange.second_request_id is not None or exchange.state is State.CLOSED:
            spent = exchange.second_request_id is not None
            refusal = (
                (Outcome.INVALID, "PreviewLocation: it was used before; begin with a new first request")
                if spent
                else (Outcome.TIMED_OUT, "PreviewLocation: it has expired; begin with a new first request")
            )
            self._refuse(tx, message, _refused(read, *refusal), heard, now)
            return
        first = self._outbox.request_of(tx, exchange)
        if not _same_content(first, request) or exchange.edm_version != request.specification_identifier:
            rule = (
                "TDD 4.4: the second request differs from the first in person, evidence type, requirements "
                "or version; repeat the first one with a new id and the PreviewLocation"
            )
            self._refuse(tx, message, _refused(read, Outcome.INVALID, rule), heard, now)
            return
        location = exchange.return_location
        method = exchange.return_method
        if request.return_location is not None:
            hosts = ports.return_hosts.get(exchange.pmode_id, ())
            accepted = acceptable_return(request.return_location, hosts)
            if accepted is None:
                tx.log(exchange.id, event(Fact.RETURN_REFUSED, now, source="ReturnLocation"))
            else:
                location, method = accepted, "GET"
        settled = exchange.state is State.SETTLED
        tx.save(
            replace(
                exchange,
                second_request_id=request.id,
                answer_to=message.message_id,
                return_location=location,
                return_method=method,
                due_at=now if settled else exchange.due_at,
                updated_at=now,
            ),
            exchange.state,
        )
        tx.log(exchange.id, event(Fact.SECOND_REQUEST_RECEIVED, message.at, message_id=message.message_id))
        _transcribe(tx, exchange.id, message, heard)
        tx.save_message(_handled(message, exchange.id))

    def _refuse(
        self,
        tx: Transaction,
        message: Message,
        refused: reading.Refused,
        heard: _Heard | None,
        now: datetime,
        *,
        shape: Shape | None = None,
    ) -> None:
        """A refused request is an exchange too: it has a story, and its answer waits for a receipt."""
        exchange = replace(
            self._new(message, refused, now),
            state=State.SETTLED,
            due_at=now,
            answer_to=message.message_id,
            outcome=refused.outcome,
            outcome_rule=refused.rule,
        )
        code = answers.REFUSALS[refused.outcome].code
        self._begin(
            tx,
            exchange,
            message,
            event(
                Fact.REQUEST_REFUSED,
                now,
                code=code if isinstance(code, ErrorCode) else None,
                outcome=refused.outcome,
                rules=" ".join(dict.fromkeys(refused.rules)),
                detail=refused.rule,
                **(shape.said() if shape else {}),
            ),
            heard,
        )

    def _begin(
        self,
        tx: Transaction,
        exchange: Exchange,
        message: Message,
        what: Event,
        heard: _Heard | None,
    ) -> None:
        tx.save(exchange, None)
        if heard is not None:
            tx.save_persons(exchange.id, heard.persons)
        _transcribe(tx, exchange.id, message, heard)
        tx.log(
            exchange.id,
            event(
                Fact.REQUEST_RECEIVED,
                message.at,
                message_id=message.message_id,
                request_id=exchange.request_id,
                partner=message.pmode_id,
                requester=exchange.requester_id,
                procedure=exchange.procedure,
                evidence_type=exchange.evidence_type,
            ),
        )
        tx.log(exchange.id, what)
        tx.save_message(_handled(message, exchange.id))

    def _new(self, message: Message, read: reading.Readable | reading.Refused, now: datetime) -> Exchange:
        """A fresh exchange with everything that the log needs to know of its request."""
        ports, header = self._ports, read.header
        request = read.request if isinstance(read, reading.Readable) else None
        requester = request.evidence_requester if request else header.evidence_requester
        exchange_id = ports.new_id()
        properties = {name: value for name, value, _ in message.properties}
        return Exchange(
            id=exchange_id,
            state=State.SETTLED,
            due_at=now,
            created_at=message.at,
            updated_at=now,
            pmode_id=message.pmode_id,
            edm_version=read.profile.specification_identifier,
            conversation_id=message.conversation_id,
            request_message_id=message.message_id,
            request_id=(header.id or "")[:200],
            answer_to=None,
            edm_exchange_id=properties.get("ExchangeId"),
            requester_id=requester.identifier.value if requester else "",
            requester_country=(
                requester.address.admin_unit_level_1 if requester and requester.address else None
            ),
            procedure=request.procedure_code if request else "",
            evidence_type=request.evidence_type.evidence_type_classification if request else "",
            national_request_id=ports.new_id(),
            answer_message_id=ports.message_id(),
        )


def hash_token(token: str) -> str:
    """What the database knows of a preview token: a stolen copy opens no preview."""
    return hashlib.sha256(token.encode()).hexdigest()


def _refused_message(message: Message, reason: reading.NotARequest, now: datetime) -> Event:
    """The event of an answer to nothing: its RefToMessageId is none of ours."""
    return event(
        Fact.MESSAGE_REFUSED,
        now,
        code=EbmsErrorCode.VALUE_NOT_RECOGNIZED.code,
        reason=reason,
        message_id=message.message_id,
        partner=message.pmode_id,
    )


def _refused(read: reading.Readable, outcome: Outcome, rule: str) -> reading.Refused:
    return reading.Refused(
        outcome, rule, read.header, read.profile, (rule.partition(":")[0],), root=read.root
    )


def _transcribe(tx: Transaction, exchange_id: str, message: Message, heard: _Heard | None) -> None:
    if heard is not None:
        tx.save_transcript(
            Transcript(exchange_id, transcripts.Kind.REQUEST, message.at, message.message_id, heard.lines)
        )


def _handled(message: Message, exchange_id: str | None) -> Message:
    return replace(message, state=MessageState.HANDLED, due_at=None, exchange_id=exchange_id)


def _same_content(first: EvidenceRequest, second: EvidenceRequest) -> bool:
    return (
        first.subject == second.subject
        and first.authorized_representative == second.authorized_representative
        and first.evidence_type.evidence_type_classification
        == second.evidence_type.evidence_type_classification
        and {r.identifier.value for r in first.requirements}
        == {r.identifier.value for r in second.requirements}
        and first.evidence_requester.identifier == second.evidence_requester.identifier
    )

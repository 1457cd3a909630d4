"""What a worker does with an exchange that is due: ask, answer, or say that the time is over."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from intermediary import edm, translation
from intermediary.content import as_content
from intermediary.edm.codes import AgentRole
from intermediary.edm.model import EvidenceRequest, EvidenceResponse
from intermediary.exchange import answers, transcripts
from intermediary.exchange.contracts import ProviderUnavailable, Queue, Transaction
from intermediary.exchange.inputs import open_inputs
from intermediary.exchange.model import Document, Exchange, Fact, Outcome, State, event
from intermediary.exchange.outbox import Outbox, close, destroy
from intermediary.exchange.ports import Ports
from intermediary.exchange.sealing import seal
from intermediary.exchange.transcripts import Kind, Line, Transcript
from intermediary.mapping.model import EvidenceMapping, MappingSet, Provider
from intermediary.national.model import NationalAnswer
from intermediary.national.model import Outcome as Answered

_FAILURES = 5
"""Steps that may break in a row before an exchange is settled as failed."""
_NO_EVIDENCE = {
    Answered.NOT_FOUND: Outcome.NOT_FOUND,
    Answered.AMBIGUOUS: Outcome.AMBIGUOUS,
    Answered.REJECTED: Outcome.REJECTED,
}

Change = Callable[[Transaction, Exchange], None]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a provider was asked, and by which mapping."""

    request: EvidenceRequest
    mapping: EvidenceMapping
    mappings: MappingSet
    provider: Provider


class Workflow:
    """The steps of an inbound exchange; each is repeatable and writes its result in one transaction."""

    def __init__(self, ports: Ports, outbox: Outbox) -> None:
        self._ports, self._outbox = ports, outbox

    def step(self, exchange_id: str, owner: str) -> None:
        """Do what is due for one exchange."""
        with self._ports.ledger.read() as tx:
            exchange = tx.exchange(exchange_id)
        if exchange is None or exchange.due_at is None:
            return
        if exchange.state is State.ASKING:
            self._ask(exchange, owner)
        elif exchange.state is State.SETTLED:
            self._answer_or_expire(exchange, owner)
        else:
            now = self._ports.clock()
            self._write(exchange, owner, lambda tx, fresh: self._time_over(tx, fresh, now))

    def broken(self, exchange_id: str, owner: str, reason: str) -> None:
        """A step raised what nobody expected: try again later, at last settle or close the exchange."""
        now = self._ports.clock()

        def change(tx: Transaction, fresh: Exchange) -> None:
            failures = fresh.failures + 1
            tx.log(
                fresh.id, event(Fact.STEP_FAILED, now, state=fresh.state, reason=reason, failures=failures)
            )
            if failures < _FAILURES:
                pause = self._ports.timing.pause(self._ports.timing.provider_retry, failures)
                tx.save(replace(fresh, failures=failures, due_at=now + pause), fresh.state)
                tx.release(Queue.EXCHANGE, fresh.id)
            elif fresh.state is State.SETTLED:  # its answer cannot be written
                close(tx, fresh, now)
            else:
                self._settle(tx, fresh, Outcome.FAILED, now)

        with self._ports.ledger.begin() as tx:
            fresh = tx.exchange(exchange_id)
            if fresh is not None and tx.owns(Queue.EXCHANGE, exchange_id, owner):
                change(tx, fresh)

    def _write(self, exchange: Exchange, owner: str, change: Change) -> None:
        """Apply a change to the exchange as it now is, if it is still ours and where we left it."""
        with self._ports.ledger.begin() as tx:
            fresh = tx.exchange(exchange.id)
            ours = tx.owns(Queue.EXCHANGE, exchange.id, owner)
            if fresh is not None and ours and fresh.state is exchange.state:
                change(tx, fresh)
        self._ports.wake()

    def _settle(
        self, tx: Transaction, exchange: Exchange, outcome: Outcome, now: datetime, **changes: object
    ) -> None:
        settle(tx, self._ports, exchange, outcome, now, **changes)

    def _time_over(self, tx: Transaction, exchange: Exchange, now: datetime) -> None:
        if exchange.due_at is None or exchange.due_at > now:
            tx.release(Queue.EXCHANGE, exchange.id)
            return
        tx.log(exchange.id, event(Fact.TIME_OVER, now, state=exchange.state))
        self._settle(tx, exchange, Outcome.TIMED_OUT, now)

    def _answer_or_expire(self, exchange: Exchange, owner: str) -> None:
        now = self._ports.clock()
        if exchange.answer_to is None:

            def expire(tx: Transaction, fresh: Exchange) -> None:
                if fresh.answer_to is None:
                    tx.log(fresh.id, event(Fact.TIME_OVER, now, state=fresh.state))
                    close(tx, fresh, now)
                else:  # the second request is here after all, and due
                    tx.release(Queue.EXCHANGE, fresh.id)

            self._write(exchange, owner, expire)
            return
        outgoing = self._outbox.answer(exchange, now)

        def queue(tx: Transaction, fresh: Exchange) -> None:
            self._outbox.queue(tx, outgoing)
            tx.save(replace(fresh, state=State.ANSWERING, due_at=None, updated_at=now), fresh.state)

        self._write(exchange, owner, queue)

    def _ask(self, exchange: Exchange, owner: str) -> None:
        ports = self._ports
        now = ports.clock()
        waited_for = exchange.preview_deadline
        if waited_for is None:
            waited_for = exchange.created_at + ports.timing.t1 + ports.timing.allowance
        if now >= waited_for:  # no worker ran meanwhile: nobody needs the evidence any more
            self._write(exchange, owner, lambda tx, fresh: self._time_over(tx, fresh, now))
            return
        mappings, mapping = self._mapped(exchange)
        request = self._outbox.request(exchange)
        try:
            translated = translation.to_national(
                request,
                mapping,
                mappings,
                inputs=open_inputs(ports.vault, exchange),
                message_id=exchange.national_request_id,
                request_id=exchange.national_request_id,
                conversation_id=exchange.conversation_id,
                now=exchange.created_at,
            )
        except translation.Untranslatable as untranslatable:
            self._untranslatable(exchange, owner, Outcome.UNSUPPORTED, untranslatable)
            return
        # Asked where it is today: a register that has moved must be reached by what is under way, too.
        today = ports.mappings(now.date())
        reached = today if translated.provider_key in today.providers else mappings
        provider = reached.providers[translated.provider_key]
        with ports.ledger.begin() as tx:
            for loss in translated.losses if exchange.ask_attempts == 0 and not exchange.poll_url else ():
                tx.log(exchange.id, event(Fact.FIELDS_LOST, now, place=loss.place, reason=loss.reason))
            attempt = exchange.ask_attempts + 1
            version = reached.versions.get(f"provider/{provider.key}")
            asked = event(
                Fact.PROVIDER_ASKED, now, provider=provider.key, provider_version=version, attempt=attempt
            )
            tx.log(exchange.id, asked)
            if attempt == 1:
                lines = transcripts.of_national_request(translated.request)
                _transcribe(tx, exchange, Kind.NATIONAL_REQUEST, now, lines)
        try:
            if exchange.poll_url:
                answer = ports.connector.poll(provider, exchange.national_request_id, exchange.poll_url)
            else:
                answer = ports.connector.ask(provider, translated.request)
        except ProviderUnavailable as unavailable:
            reason = str(unavailable)
            self._write(exchange, owner, lambda tx, fresh: self._unavailable(tx, fresh, reason))
            return
        self._answered(exchange, owner, answer, _Asked(request, mapping, mappings, provider))

    def _untranslatable(
        self, exchange: Exchange, owner: str, outcome: Outcome, why: translation.Untranslatable
    ) -> None:
        now, rule = self._ports.clock(), str(why)
        self._write(
            exchange, owner, lambda tx, fresh: self._settle(tx, fresh, outcome, now, outcome_rule=rule)
        )

    def deliver(self, answer: NationalAnswer) -> bool:
        """A provider pushes what it could not say at once; False where nobody asked for it.

        Handled before it is acknowledged, so a provider that gets no answer may push again: what is no longer
        waited for is acknowledged and dropped.
        """
        ports = self._ports
        now = ports.clock()
        owner = f"callback-{ports.new_id()}"
        with ports.ledger.begin() as tx:
            exchange = tx.exchange_by_national_request(answer.request_id)
            if exchange is None:
                return False
            if exchange.state is not State.ASKING:
                return True
            tx.lease(Queue.EXCHANGE, exchange.id, owner, now + ports.timing.lease)
            request = self._outbox.request_of(tx, exchange)
        mappings, mapping = self._mapped(exchange)
        provider = translation.provider_for(request, mapping, mappings, open_inputs(ports.vault, exchange))
        self._answered(exchange, owner, answer, _Asked(request, mapping, mappings, provider))
        return True

    def _mapped(self, exchange: Exchange) -> tuple[MappingSet, EvidenceMapping]:
        mappings = self._ports.mappings_of(exchange)
        mapping = mappings.by_key(exchange.mapping_key or "")
        assert mapping is not None, "an exchange is asked for by the mapping that it was accepted with"
        return mappings, mapping

    def _unavailable(self, tx: Transaction, exchange: Exchange, reason: str) -> None:
        now = self._ports.clock()
        attempts = exchange.ask_attempts + 1
        tx.log(exchange.id, event(Fact.PROVIDER_UNAVAILABLE, now, attempt=attempts, reason=reason))
        if exchange.ask_until is None or now >= exchange.ask_until:
            self._settle(tx, exchange, Outcome.PROVIDER_DOWN, now)
            return
        pause = self._ports.timing.pause(self._ports.timing.provider_retry, attempts)
        due = min(now + pause, exchange.ask_until)
        changed = replace(exchange, ask_attempts=attempts, due_at=due, failures=0, updated_at=now)
        tx.save(changed, exchange.state)
        tx.release(Queue.EXCHANGE, exchange.id)

    def _answered(
        self,
        exchange: Exchange,
        owner: str,
        answer: NationalAnswer,
        asked: _Asked,
    ) -> None:
        now = self._ports.clock()
        told = event(
            Fact.PROVIDER_ANSWERED,
            now,
            outcome=answer.outcome,
            code=answer.code,
            available_at=answer.available_at,
            evidences=len(answer.evidences) or None,
        )
        if answer.outcome is Answered.DELIVERED:
            self._delivered(exchange, owner, answer, asked)
            return
        lines = transcripts.of_national_answer(answer)

        def change(tx: Transaction, fresh: Exchange) -> None:
            tx.log(fresh.id, told)
            _transcribe(tx, fresh, Kind.NATIONAL_ANSWER, now, lines)
            if answer.outcome is Answered.LATER:
                self._later(tx, fresh, answer, asked, now)
            elif answer.outcome in _NO_EVIDENCE:
                self._settle(tx, fresh, _NO_EVIDENCE[answer.outcome], now)
            else:
                self._unavailable(tx, fresh, f"the provider reported an error of its own ({answer.code})")

        self._write(exchange, owner, change)

    def _later(
        self,
        tx: Transaction,
        exchange: Exchange,
        answer: NationalAnswer,
        asked: _Asked,
        now: datetime,
    ) -> None:
        """Ask again when it is there; beyond what citizen or requester wait for, answer «deferred»."""
        available = max(answer.available_at or now, now + self._ports.timing.provider_retry)
        limit = exchange.preview_deadline or exchange.created_at + self._ports.timing.t1
        if available < limit:
            tx.save(
                replace(
                    exchange,
                    poll_url=answer.poll_url or exchange.poll_url,
                    available_at=available,
                    due_at=available,
                    ask_attempts=exchange.ask_attempts + 1,
                    ask_until=available + self._ports.timing.provider_patience,
                    failures=0,
                    updated_at=now,
                ),
                exchange.state,
            )
            tx.release(Queue.EXCHANGE, exchange.id)
            return
        assert exchange.evidence_key is not None
        draft = replace(
            _response(exchange, asked, self._ports.new_id(), now),
            response_available_date_time=available,
        )
        sealed = self._ports.vault.seal(exchange.evidence_key, edm.write(draft))
        self._settle(tx, exchange, Outcome.DEFERRED, now, available_at=available, sealed_response=sealed)

    def _delivered(
        self,
        exchange: Exchange,
        owner: str,
        answer: NationalAnswer,
        asked: _Asked,
    ) -> None:
        ports = self._ports
        now = ports.clock()
        try:
            evidence = translation.to_edm(
                answer, asked.request, asked.mapping, asked.mappings, new_id=ports.new_id
            )
        except translation.Untranslatable as untranslatable:
            self._untranslatable(exchange, owner, Outcome.FAILED, untranslatable)
            return
        assert exchange.evidence_key is not None
        key = exchange.evidence_key
        draft = replace(_response(exchange, asked, ports.new_id(), now), packages=evidence.packages)
        sealed_response = ports.vault.seal(key, edm.write(draft))
        documents = tuple(
            Document(exchange.id, a.content_id, a.media_type, content.size, *seal(ports, key, content))
            for a in evidence.attachments
            for content in (as_content(a.content),)
        )
        told = event(
            Fact.PROVIDER_ANSWERED,
            now,
            outcome=answer.outcome,
            evidences=len(answer.evidences),
            documents=len(documents),
        )
        lines = transcripts.of_national_answer(answer)

        def change(tx: Transaction, fresh: Exchange) -> None:
            tx.log(fresh.id, told)
            _transcribe(tx, fresh, Kind.NATIONAL_ANSWER, now, lines)
            for loss in evidence.losses:
                tx.log(fresh.id, event(Fact.FIELDS_LOST, now, place=loss.place, reason=loss.reason))
            for document in documents:
                tx.save_document(document)
            held = replace(
                fresh,
                sealed_response=sealed_response,
                provider_key=asked.provider.key,
                failures=0,
                updated_at=now,
            )
            if fresh.token_hash is None:
                everything = tuple(d.content_id for d in documents)
                self._settle(tx, held, Outcome.APPROVED, now, approved=everything)
            else:
                tx.save(replace(held, state=State.PREVIEWING, due_at=fresh.preview_deadline), fresh.state)

        self._write(exchange, owner, change)


def settle(
    tx: Transaction, ports: Ports, exchange: Exchange, outcome: Outcome, now: datetime, **changes: object
) -> None:
    """The outcome stands: due at once where somebody waits for it, else kept for the second request."""
    due = now if exchange.answer_to is not None else now + ports.timing.second_request
    if outcome is not Outcome.APPROVED:
        destroy(tx, exchange, now)
    settled = replace(
        exchange,
        state=State.SETTLED,
        outcome=outcome,
        due_at=due,
        failures=0,
        updated_at=now,
        **changes,  # type: ignore[arg-type]
    )
    tx.save(settled, exchange.state)
    tx.log(exchange.id, event(Fact.SETTLED, now, outcome=outcome, detail=settled.outcome_rule))


def _transcribe(
    tx: Transaction, exchange: Exchange, kind: Kind, now: datetime, lines: tuple[Line, ...]
) -> None:
    tx.save_transcript(Transcript(exchange.id, kind, now, exchange.national_request_id, lines))


def _response(exchange: Exchange, asked: _Asked, response_id: str, now: datetime) -> EvidenceResponse:
    return EvidenceResponse(
        request_id=asked.request.id,
        id=response_id,
        specification_identifier=exchange.edm_version,
        issue_date_time=now,
        evidence_providers=(
            answers.provider_agent(asked.provider, AgentRole.EVIDENCE_PROVIDER),
            answers.platform_agent(asked.mappings.platform, AgentRole.INTERMEDIARY_PLATFORM),
        ),
        evidence_requester=answers.requester_in_answer(asked.request.evidence_requester),
    )

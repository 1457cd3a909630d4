"""The citizen's side of an exchange: implements the port that the preview pages call."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from intermediary import edm, translation, xml
from intermediary.content import Content
from intermediary.edm.model import EvidenceRequest, EvidenceResponse, Text
from intermediary.exchange.contracts import Transaction
from intermediary.exchange.inputs import open_inputs, seal_inputs
from intermediary.exchange.intake import hash_token
from intermediary.exchange.matching import differences
from intermediary.exchange.model import Exchange, Fact, Outcome, State, event
from intermediary.exchange.outbox import Outbox
from intermediary.exchange.ports import Ports
from intermediary.exchange.preview import (
    Identity,
    InputField,
    PreviewDocument,
    PreviewStep,
    PreviewUnknown,
    PreviewView,
)
from intermediary.exchange.reading import assured
from intermediary.exchange.returning import acceptable_return
from intermediary.exchange.sealing import unseal
from intermediary.exchange.workflow import settle
from intermediary.mapping.model import EvidenceMapping

_STEPS = {
    State.AWAITING_CITIZEN: PreviewStep.LOGIN,
    State.AWAITING_INPUT: PreviewStep.INPUT,
    State.ASKING: PreviewStep.WAITING,
    State.PREVIEWING: PreviewStep.DECIDE,
}
_ENDS = {
    Outcome.APPROVED: PreviewStep.DONE,
    Outcome.DECLINED: PreviewStep.DONE,
    Outcome.DEFERRED: PreviewStep.LATER,
    Outcome.UNKNOWN_PERSON: PreviewStep.UNKNOWN_PERSON,
    Outcome.NOT_FOUND: PreviewStep.NOT_FOUND,
    Outcome.AMBIGUOUS: PreviewStep.NOT_FOUND,
    Outcome.REJECTED: PreviewStep.NOT_FOUND,
    Outcome.UNSUPPORTED: PreviewStep.NOT_FOUND,
    Outcome.TIMED_OUT: PreviewStep.EXPIRED,
}
"""Every other outcome is shown as «register down»."""


class Desk:
    """Shows an exchange to the citizen who owns its preview location, and takes what they say."""

    def __init__(self, ports: Ports, outbox: Outbox) -> None:
        self._ports, self._outbox = ports, outbox

    def view(self, token: str, visitor: str | None) -> PreviewView:
        """What to show to this visitor now."""
        with self._ports.ledger.read() as tx:
            exchange = self._exchange(tx, token)
            return self._view(tx, exchange, visitor)

    def remember_return(self, token: str, return_url: str | None, return_method: str | None) -> None:
        """Keep where the portal wants the user back, if it is acceptable; the first acceptable one counts."""
        if not return_url:
            return
        now = self._ports.clock()
        with self._ports.ledger.begin() as tx:
            exchange = self._exchange(tx, token)
            if exchange.return_location is not None:
                return
            method = (return_method or "GET").upper()
            accepted = acceptable_return(return_url, self._ports.return_hosts.get(exchange.pmode_id, ()))
            if accepted is None or method not in ("GET", "POST"):
                tx.log(exchange.id, event(Fact.RETURN_REFUSED, now, source="returnurl"))
                return
            tx.save(replace(exchange, return_location=accepted, return_method=method), exchange.state)

    def identify(self, token: str, visitor: str, identity: Identity) -> PreviewView:
        """Compare who logged in with the person of the request; on a match the visitor owns the link."""
        now = self._ports.clock()
        request = None
        with self._ports.ledger.begin() as tx:
            exchange = self._exchange(tx, token)
            if exchange.state is State.AWAITING_CITIZEN and not self._late(exchange, now):
                exchange, request = self._identified(tx, exchange, visitor, identity, now)
            elif exchange.visitor_hash is not None and not _owns(exchange, visitor):
                exchange = self._another_session(tx, exchange, visitor, identity, now)
            view = self._view(tx, exchange, visitor, request)
        self._ports.wake()
        return view

    def _identified(
        self, tx: Transaction, exchange: Exchange, visitor: str, identity: Identity, now: datetime
    ) -> tuple[Exchange, EvidenceRequest]:
        ports = self._ports
        different, mapping, request = self._compare(tx, exchange, identity)
        # The visitor owns the link from here on, whatever comes of it: nobody else sees even a refusal.
        exchange = replace(exchange, visitor_hash=_hash(visitor), updated_at=now)
        if different:
            tx.log(exchange.id, event(Fact.CITIZEN_NOT_MATCHED, now, attributes=" ".join(different)))
            settle(tx, ports, exchange, Outcome.UNKNOWN_PERSON, now)
        else:
            tx.log(exchange.id, event(Fact.CITIZEN_IDENTIFIED, now, level=identity.level_of_assurance))
            exchange = replace(exchange, preview_deadline=now + ports.timing.t3)
            missing = translation.missing_inputs(request, mapping, {})
            self._proceed(tx, exchange, State.AWAITING_INPUT if missing else State.ASKING, now)
        return self._again(tx, exchange), request

    def _another_session(
        self, tx: Transaction, exchange: Exchange, visitor: str, identity: Identity, now: datetime
    ) -> Exchange:
        """The same person with a new session takes the link along; anybody else is refused."""
        different, _mapping, _request = self._compare(tx, exchange, identity)
        if different:
            tx.log(exchange.id, event(Fact.VISITOR_REFUSED, now, attributes=" ".join(different)))
            return exchange
        tx.log(
            exchange.id, event(Fact.CITIZEN_IDENTIFIED, now, level=identity.level_of_assurance, again=True)
        )
        exchange = replace(exchange, visitor_hash=_hash(visitor), updated_at=now)
        tx.save(exchange, exchange.state)
        return exchange

    def _compare(
        self, tx: Transaction, exchange: Exchange, identity: Identity
    ) -> tuple[tuple[str, ...], EvidenceMapping, EvidenceRequest]:
        request, mapping = self._request_and_mapping(tx, exchange)
        without_meaning = self._ports.mappings_of(exchange).identifiers_without_meaning
        different = differences(identity, request, without_meaning)
        if not assured(identity.level_of_assurance, mapping.level_of_assurance):
            different = (*different, "level_of_assurance")
        return different, mapping, request

    def supply(self, token: str, visitor: str, inputs: Mapping[str, str]) -> tuple[str, ...]:
        """Give the additional inputs; returns the keys that are missing or not well-formed."""
        ports, now = self._ports, self._ports.clock()
        with ports.ledger.begin() as tx:
            exchange = self._owned(tx, token, visitor)
            if exchange.state is not State.AWAITING_INPUT or self._late(exchange, now):
                return ()
            request, mapping = self._request_and_mapping(tx, exchange)
            given = {**open_inputs(ports.vault, exchange), **_clean(inputs)}
            missing = translation.missing_inputs(request, mapping, {})
            asked = {field.key for field in missing}
            given = {key: value for key, value in given.items() if key in asked}
            wrong = translation.input_problems(replace(mapping, additional_inputs=missing), given)
            if wrong:
                return wrong
            tx.log(exchange.id, event(Fact.INPUT_GIVEN, now, inputs=" ".join(sorted(given))))
            held = replace(exchange, sealed_inputs=seal_inputs(ports.vault, exchange, given), updated_at=now)
            self._proceed(tx, held, State.ASKING, now)
        ports.wake()
        return ()

    def _proceed(self, tx: Transaction, exchange: Exchange, state: State, now: datetime) -> None:
        """Onwards: the citizen is asked for inputs until T3 is over, or the provider is asked at once."""
        asking = state is State.ASKING
        changed = replace(
            exchange,
            state=state,
            due_at=now if asking else exchange.preview_deadline,
            ask_until=now + self._ports.timing.provider_patience if asking else None,
        )
        tx.save(changed, exchange.state)

    def document(self, token: str, visitor: str, document_id: str) -> tuple[str, Content]:
        """Media type and content of one document. Raises PreviewUnknown."""
        ports, now = self._ports, self._ports.clock()
        with ports.ledger.begin() as tx:
            exchange = self._owned(tx, token, visitor)
            if exchange.state is not State.PREVIEWING or self._late(exchange, now):
                raise PreviewUnknown("The evidence is not shown at present")
            found = next((d for d in tx.documents(exchange.id) if d.content_id == document_id), None)
            if found is None:
                raise PreviewUnknown("There is no such document in this exchange")
            tx.log(exchange.id, event(Fact.DOCUMENT_SHOWN, now, document=document_id))
            # Opened before anybody can destroy it; read later, and all of it.
            return found.media_type, unseal(ports, exchange.evidence_key, found)

    def decide(self, token: str, visitor: str, approved: frozenset[str]) -> PreviewView:
        """Approve these documents (empty: decline). Deciding twice changes nothing."""
        ports, now = self._ports, self._ports.clock()
        with ports.ledger.begin() as tx:
            exchange = self._owned(tx, token, visitor)
            if exchange.state is State.PREVIEWING and not self._late(exchange, now):
                held = [d.content_id for d in tx.documents(exchange.id)]
                kept = tuple(content_id for content_id in held if content_id in approved)
                tx.log(exchange.id, event(Fact.DECIDED, now, approved=len(kept), of=len(held)))
                outcome = Outcome.APPROVED if kept else Outcome.DECLINED
                settle(tx, ports, exchange, outcome, now, approved=kept)
                exchange = self._again(tx, exchange)
            view = self._view(tx, exchange, visitor)
        ports.wake()
        return view

    def _exchange(self, tx: Transaction, token: str) -> Exchange:
        exchange = tx.exchange_by_token(hash_token(token))
        if exchange is None:
            raise PreviewUnknown("There is no such preview link")
        return exchange

    def _owned(self, tx: Transaction, token: str, visitor: str) -> Exchange:
        exchange = self._exchange(tx, token)
        if not _owns(exchange, visitor):
            raise PreviewUnknown("The preview link belongs to another session")
        return exchange

    def _again(self, tx: Transaction, exchange: Exchange) -> Exchange:
        fresh = tx.exchange(exchange.id)
        assert fresh is not None
        return fresh

    @staticmethod
    def _late(exchange: Exchange, now: datetime) -> bool:
        return exchange.preview_deadline is not None and now >= exchange.preview_deadline

    def _request_and_mapping(
        self, tx: Transaction, exchange: Exchange
    ) -> tuple[EvidenceRequest, EvidenceMapping]:
        return self._outbox.request_of(tx, exchange), self._mapping(exchange)

    def _mapping(self, exchange: Exchange) -> EvidenceMapping:
        mapping = self._ports.mappings_of(exchange).by_key(exchange.mapping_key or "")
        assert mapping is not None, "an exchange with a preview has a mapping"
        return mapping

    def _step(self, exchange: Exchange, visitor: str | None) -> PreviewStep:
        mine = visitor is not None and _owns(exchange, visitor)
        if exchange.visitor_hash is not None and not mine:
            return PreviewStep.LOGIN if visitor is None else PreviewStep.TAKEN
        if exchange.state in _STEPS:
            late = self._late(exchange, self._ports.clock())
            return PreviewStep.EXPIRED if late else _STEPS[exchange.state]
        if exchange.outcome is None:
            return PreviewStep.EXPIRED
        return _ENDS.get(exchange.outcome, PreviewStep.REGISTER_DOWN)

    def _view(
        self,
        tx: Transaction,
        exchange: Exchange,
        visitor: str | None,
        request: EvidenceRequest | None = None,
    ) -> PreviewView:
        """`request`: where it was read already."""
        mapping = self._mapping(exchange)
        mappings = self._ports.mappings_of(exchange)
        provider = mappings.providers.get(exchange.provider_key or "")
        step = self._step(exchange, visitor)
        if request is None:
            request = self._outbox.request_of(tx, exchange)
        view = PreviewView(
            step=step,
            requester_name=_name(request.evidence_requester.names),
            requester_country=exchange.requester_country,
            procedure=exchange.procedure,
            evidence_title=mapping.titles,
            provider_name=provider.names if provider else {},
            deadline=exchange.preview_deadline,
            available_at=exchange.available_at,
            return_location=exchange.return_location,
            return_method=exchange.return_method,
            approved=len(exchange.approved),
            declined=exchange.outcome is Outcome.DECLINED,
        )
        if step is PreviewStep.INPUT:
            fields = translation.missing_inputs(request, mapping, {})
            inputs = tuple(
                InputField(f.key, f.titles, f.hints, f.required, f.pattern, f.choices) for f in fields
            )
            return replace(view, inputs=inputs)
        if step is PreviewStep.DECIDE:
            return replace(view, documents=self._documents(tx, exchange))
        return view

    def _documents(self, tx: Transaction, exchange: Exchange) -> tuple[PreviewDocument, ...]:
        assert exchange.evidence_key is not None and exchange.sealed_response is not None
        draft = edm.read(xml.parse(self._ports.vault.open(exchange.evidence_key, exchange.sealed_response)))
        assert isinstance(draft, EvidenceResponse)
        # Companions carry little metadata of their own: their main evidence speaks for them.
        metadata = {
            d.content_id: package.main.metadata for package in draft.packages for d in package.documents
        }
        shown = []
        for held in tx.documents(exchange.id):
            about = metadata.get(held.content_id)
            issuer = about.issuing_authority if about else None
            titles = {t.lang.lower(): t.value for t in about.titles if t.lang} if about else {}
            shown.append(
                PreviewDocument(
                    id=held.content_id,
                    title=titles,
                    media_type=held.media_type,
                    size=held.size,
                    issuing_authority=_name(issuer.names) if issuer else "",
                    issuing_date=about.issuing_date if about else None,
                )
            )
        return tuple(shown)


def _owns(exchange: Exchange, visitor: str) -> bool:
    return exchange.visitor_hash is not None and hmac.compare_digest(exchange.visitor_hash, _hash(visitor))


def _hash(visitor: str) -> str:
    return hashlib.sha256(visitor.encode()).hexdigest()


def _clean(inputs: Mapping[str, str]) -> dict[str, str]:
    stripped = {key: value.strip() for key, value in inputs.items()}
    return {key: value for key, value in stripped.items() if value}


def _name(names: tuple[Text, ...]) -> str:
    return names[0].value if names else ""

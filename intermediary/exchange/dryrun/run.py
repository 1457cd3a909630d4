"""One request, tried: a real exchange on paper, from the message that comes to the answer that leaves."""

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from lxml import etree

from intermediary import edm, translation, xml
from intermediary.as4.model import Payload
from intermediary.content import Content
from intermediary.edm.model import EvidenceErrorResponse, EvidenceRequest, Header, LegalPerson
from intermediary.exchange.answers import EDM_MEDIA_TYPE, REFUSALS
from intermediary.exchange.desk import Desk
from intermediary.exchange.dryrun.model import (
    Call,
    Connectors,
    DryRun,
    Page,
    PaperConnector,
    Plan,
    Recorded,
    Sent,
)
from intermediary.exchange.dryrun.paper import PARTNER, PaperBlobs, PaperLedger, PaperMessaging, PaperVault
from intermediary.exchange.dryrun.samples import sample_answer, sample_input
from intermediary.exchange.intake import Intake
from intermediary.exchange.model import Direction, Exchange, Fact, Message, MessageState, Outcome, State
from intermediary.exchange.outbox import Outbox, OwnMessageInvalid
from intermediary.exchange.parts import join
from intermediary.exchange.ports import Ports
from intermediary.exchange.preview import Identity, PreviewStep
from intermediary.exchange.shape import identity_fields
from intermediary.exchange.timing import Timing
from intermediary.exchange.workflow import Workflow
from intermediary.mapping.model import EvidenceMapping, MappingSet, Provider
from intermediary.national.errors import NationalUnwritable, Problem
from intermediary.national.model import NationalAnswer, NationalRequest
from intermediary.translation import Loss
from intermediary.translation.inputs import acceptable
from intermediary.validation import Finding, Report, Severity, Validator

_BASE = "https://preview.invalid/dry-run"
_OWNER = _VISITOR = "dry-run"
_STEPS = 50
"""More than any exchange takes, with all repeats of a provider that is not to be reached."""
MOST = 8 * 1024 * 1024
"""Bytes of a request or of an answer that is tried."""


def dry_run(
    plan: Plan,
    mappings: MappingSet,
    *,
    validator: Validator,
    connectors: Connectors,
    now: datetime,
    new_id: Callable[[], str],
) -> DryRun:
    """Try a request against a mapping set at a time; nothing is stored, nobody is asked.

    It goes through the code of the real exchange, so what is shown is what would happen.
    """
    return _Run(plan, mappings, validator, connectors, now=now, new_id=new_id).run()


class _Watched(Validator):
    """The validator, and what it was asked last: of our own messages the outcome is shown."""

    def __init__(self, inner: Validator) -> None:
        self._inner = inner
        self.root: etree._Element | None = None
        self.report = Report()

    def check(self, root: etree._Element, release: str) -> Report:
        self.root, self.report = root, self._inner.check(root, release)
        return self.report


@dataclass
class _Messaging(PaperMessaging):
    """Keeps with each message what the rules said of it."""

    watched: _Watched | None = None
    reports: list[Report] = field(default_factory=list)

    def pack(self, *message: Any) -> Any:
        assert self.watched is not None
        self.reports.append(self.watched.report)
        return super().pack(*message)


class _Connector:
    """Keeps who was asked what; the paper connector does the rest."""

    def __init__(self, inner: PaperConnector) -> None:
        self.inner = inner
        self.provider: Provider | None = None
        self.request: NationalRequest | None = None

    def ask(self, provider: Provider, request: NationalRequest) -> NationalAnswer:
        self.provider, self.request = provider, request
        return self.inner.ask(provider, request)

    def poll(self, provider: Provider, request_id: str, poll_url: str) -> NationalAnswer:
        return self.inner.poll(provider, request_id, poll_url)


class _Run:
    def __init__(
        self,
        plan: Plan,
        mappings: MappingSet,
        validator: Validator,
        connectors: Connectors,
        *,
        now: datetime,
        new_id: Callable[[], str],
    ) -> None:
        self._plan, self._mappings, self._new_id, self._now = plan, mappings, new_id, now
        self._ledger, self._watched = PaperLedger(), _Watched(validator)
        self._messaging = _Messaging(watched=self._watched)
        self._connector = _Connector(connectors(self._said, lambda: self._now))
        self._ports = Ports(
            ledger=self._ledger,
            vault=PaperVault(),
            blobs=PaperBlobs(),
            clock=lambda: self._now,
            new_id=new_id,
            mappings=lambda _day, _revision=None: mappings,
            connector=self._connector,
            messaging=self._messaging,
            validator=self._watched,
            pmodes=(PARTNER,),
            timing=Timing(),
            preview_base=_BASE,
            message_domain="dry-run.invalid",
        )
        outbox = Outbox(self._ports)
        self._intake, self._workflow = Intake(self._ports, outbox), Workflow(self._ports, outbox)
        self._desk = Desk(self._ports, outbox)
        self._notes: list[str] = []
        self._pages: list[Page] = []
        self._problems: list[Problem] = []
        self._inputs: dict[str, str] = {}
        self._missing: tuple[str, ...] = ()
        self._invalid: Sent | None = None

    def run(self) -> DryRun:
        body, findings, request = self._read()
        self._receive(body)
        if request is not None:
            self._guarded(lambda: self._go_on(request))
        else:
            self._step()
        return self._result(findings, request)

    # ---------------------------------------------------------------------------------------- what comes in

    def _read(self) -> tuple[bytes, tuple[Finding, ...], EvidenceRequest | None]:
        """The request as it is tried, what the rules say of it, and what it says where it can be read."""
        body = self._plan.request
        try:
            root = xml.parse(body)
        except xml.XmlRefused as refused:
            finding = Finding(refused.rule, Severity.ERROR, "/", refused.line, refused.reason, refused.remedy)
            return body, (finding,), None
        version = edm.peek(root).specification_identifier or ""
        if version not in edm.PROFILES:
            return body, (), None
        findings = self._watched.check(root, version).findings
        try:
            request = edm.read(root)
        except edm.EdmUnreadable as unreadable:
            known = {(f.rule, f.place) for f in findings}
            more = tuple(
                Finding(p.rule, Severity.ERROR, p.place, p.line, p.text, p.remedy)
                for p in unreadable.problems
                if (p.rule, p.place) not in known
            )
            return body, (*findings, *more), None
        if not isinstance(request, EvidenceRequest):
            return body, findings, None
        if request.preview_location is not None:
            self._notes.append(
                "It is a second request; it was tried as a first one, without its PreviewLocation"
            )
            request = replace(request, preview_location=None, return_location=None)
            body = edm.write(request)
        return body, findings, request

    def _receive(self, body: bytes) -> None:
        """A message as a partner's access point would have brought it, with a header that fits it."""
        header = Header(kind=None)
        with contextlib.suppress(xml.XmlRefused):
            header = edm.peek(xml.parse(body))
        version = header.specification_identifier or ""
        profile = edm.PROFILES.get(version)
        agents = (("originalSender", header.evidence_requester), ("finalRecipient", header.evidence_provider))
        properties = [
            (name, agent.identifier.value, agent.identifier.scheme_id or "")
            for name, agent in agents
            if agent
        ]
        if profile and profile.exchange_id_property:
            properties.append(("ExchangeId", self._new_id(), ""))
        if profile and profile.specification_id_property:
            properties.append(("SpecificationId", version, ""))
        part = Payload(f"{self._new_id()}@requester.invalid", EDM_MEDIA_TYPE, body)
        message = Message(
            direction=Direction.IN,
            message_id=f"{self._new_id()}@requester.invalid",
            pmode_id=PARTNER.id,
            state=MessageState.STORED,
            due_at=self._now,
            at=self._now,
            action="ExecuteQueryRequest",
            conversation_id=self._new_id(),
            properties=tuple(properties),
            key=b"paper",
            sealed=join((part,)).read(MOST + 64 * 1024),
        )
        self._ledger.save_message(message)
        self._guarded(lambda: self._intake.handle(message.item, _OWNER))

    # -------------------------------------------------------------------------------------- how it goes on

    @property
    def _exchange(self) -> Exchange | None:
        return next(iter(self._ledger.exchanges.values()), None)

    def _go_on(self, request: EvidenceRequest) -> None:
        exchange = self._exchange
        if exchange is None or exchange.state is not State.AWAITING_CITIZEN:
            self._ask()
            return
        location = self._location()
        token = location.rpartition("/")[2]
        self._look(token, None)
        view = self._desk.identify(token, _VISITOR, _login(request))
        if view.step is PreviewStep.INPUT:
            self._look(token, _VISITOR)
            mapping = self._mapping(exchange)
            for asked in view.inputs:
                known = next(i for i in mapping.additional_inputs if i.key == asked.key)
                given = self._plan.inputs.get(asked.key) or sample_input(
                    asked,
                    lambda value, known=known: acceptable(known, value),  # type: ignore[misc]
                )
                self._inputs |= {asked.key: given} if given else {}
            self._missing = self._desk.supply(token, _VISITOR, self._inputs)
            if self._missing:
                return
        self._ask(token)
        self._look(token, _VISITOR)
        if self._state() is State.PREVIEWING:
            documents = frozenset(d.content_id for d in self._ledger.documents(""))
            self._desk.decide(token, _VISITOR, frozenset() if self._plan.decline else documents)
        second = replace(request, id=f"urn:uuid:{self._new_id()}", preview_location=location)
        self._receive(edm.write(second))
        self._step()

    def _state(self) -> State | None:
        exchange = self._exchange
        return exchange.state if exchange else None

    def _ask(self, token: str | None = None) -> None:
        """Let the provider be asked until the outcome stands, then answer where no citizen waits."""
        for _ in range(_STEPS):
            exchange = self._exchange
            if exchange is None or exchange.state is not State.ASKING:
                break
            self._now = max(self._now, exchange.due_at or self._now)
            self._step()
        if token is None:
            self._step()

    def _step(self) -> None:
        exchange = self._exchange
        if exchange is not None:
            self._guarded(lambda: self._workflow.step(exchange.id, _OWNER), exchange)

    def _guarded(self, step: Callable[[], None], exchange: Exchange | None = None) -> None:
        """What would break a worker is told, and goes on as it would there."""
        try:
            step()
        except OwnMessageInvalid:
            root = self._watched.root
            body = b"" if root is None else etree.tostring(root)
            self._invalid = Sent("invalid", body, self._watched.report.findings)
        except NationalUnwritable as unwritable:
            self._problems += unwritable.problems
            self._give_up(exchange)
        except Exception as broken:
            text = f"This step broke: {type(broken).__name__}."
            remedy = "Let the rules check the mapping set; if they find nothing, tell the developers."
            self._problems.append(Problem("STEP-BROKEN", "/", None, text, remedy))
            self._give_up(exchange)

    def _give_up(self, exchange: Exchange | None) -> None:
        for _ in range(_STEPS):
            if exchange is None or self._state() is not State.ASKING:
                return
            self._workflow.broken(exchange.id, _OWNER, "dry run")

    def _said(self, provider: Provider, request: NationalRequest) -> NationalAnswer | Recorded:
        told = self._plan.answer
        if isinstance(told, Recorded):
            return told
        return sample_answer(told, provider, request, now=self._now, new_id=self._new_id)

    def _location(self) -> str:
        message = edm.read(xml.parse(self._messaging.sent[0][1][0].data))
        assert isinstance(message, EvidenceErrorResponse)
        preview = message.exceptions[0].preview
        assert preview is not None, "an exchange that waits for its citizen has offered a preview"
        return preview.location

    def _look(self, token: str, visitor: str | None) -> None:
        view = self._desk.view(token, visitor)
        held: dict[str, bytes] = {}
        for document in view.documents:
            content: Content = self._desk.document(token, visitor or "", document.id)[1]
            held[document.id] = content.read(content.size)
        self._pages.append(Page(view, held))

    # ---------------------------------------------------------------------------------------- what came of it

    def _mapping(self, exchange: Exchange) -> EvidenceMapping:
        mapping = self._mappings.by_key(exchange.mapping_key or "")
        assert mapping is not None, "an exchange that waits for its citizen has a mapping"
        return mapping

    def _result(self, findings: tuple[Finding, ...], request: EvidenceRequest | None) -> DryRun:
        exchange, connector = self._exchange, self._connector
        mapping, rule = None, None
        there: tuple[str, ...] = ()
        if request is not None:
            day = self._now.date()
            classification = request.evidence_type.evidence_type_classification
            mapping = self._mappings.find(classification, day)
            there = identity_fields(request.subject)
            if mapping is None:
                self._notes += _out_of_force(self._mappings, classification)
        sent_fields: tuple[str, ...] = ()
        if request is not None and mapping is not None:
            meant = translation.fields_there(request.subject, self._mappings.identifiers_without_meaning)
            legal = isinstance(request.subject, LegalPerson)
            rule = translation.rule_for(mapping.identification, meant, legal=legal)
            if rule is not None and connector.request is not None:
                sent_fields = tuple(n for n in there if n in meant and n in {*rule.fields, *rule.optional})
        before, after = self._losses()
        told = _reason(exchange) or next(
            (
                v
                for _, e in self._ledger.events
                if e.fact is Fact.MESSAGE_REFUSED
                for k, v in e.data
                if k == "reason"
            ),
            "",
        )
        provider = connector.provider
        if provider is None and exchange is not None:
            provider = self._mappings.providers.get(exchange.provider_key or "")
        sent = [
            Sent(
                header.action,
                payloads[0].data,
                report.findings,
                tuple((p.content_id, p.media_type, bytes(p.content)) for p in payloads[1:]),
            )
            for (header, payloads), report in zip(self._messaging.sent, self._messaging.reports, strict=True)
        ]
        return DryRun(
            request=self._plan.request,
            edm_version=exchange.edm_version if exchange else "",
            findings=findings,
            notes=tuple(self._notes),
            events=tuple(e for _, e in self._ledger.events),
            outcome=exchange.outcome if exchange else None,
            reason=told,
            mapping=mapping,
            mapping_version=self._mappings.versions.get(f"evidence/{mapping.key}") if mapping else None,
            rule=rule,
            identity=there,
            sent_fields=sent_fields,
            inputs=self._inputs,
            missing=self._missing,
            provider=provider,
            national=connector.request,
            calls=_once(connector.inner.calls),
            problems=(*self._problems, *dict.fromkeys(connector.inner.problems)),
            request_losses=before,
            answer_losses=after,
            pages=tuple(self._pages),
            sent=(*sent, *((self._invalid,) if self._invalid else ())),
        )

    def _losses(self) -> tuple[tuple[Loss, ...], tuple[Loss, ...]]:
        """On the way to the provider, and on the way back."""
        before: list[Loss] = []
        after: list[Loss] = []
        found = before
        for _, told in self._ledger.events:
            if told.fact is Fact.PROVIDER_ANSWERED:
                found = after
            elif told.fact is Fact.FIELDS_LOST:
                data = dict(told.data)
                found.append(Loss(data["place"], data["reason"]))
        return tuple(before), tuple(after)


def _once(calls: Iterable[Call]) -> tuple[Call, ...]:
    return tuple(dict.fromkeys(calls))


def _reason(exchange: Exchange | None) -> str:
    if exchange is None or exchange.outcome in (None, Outcome.APPROVED, Outcome.DEFERRED):
        return ""
    assert exchange.outcome is not None
    refusal = REFUSALS.get(exchange.outcome)
    return exchange.outcome_rule or (refusal.detail if refusal else "")


def _out_of_force(mappings: MappingSet, classification: str) -> list[str]:
    """Mappings that name the evidence type but do not count on the day, or name it in another repository."""
    wanted, path = classification.casefold(), urlsplit(classification).path.casefold()
    found = []
    for mapping in mappings.mappings:
        named = {each.casefold() for each in mapping.evidence_type_classifications}
        if wanted in named:
            until = f" to {mapping.valid_until}" if mapping.valid_until else ""
            found.append(f"{mapping.key} maps it, but from {mapping.valid_from}{until} only")
        elif path in {urlsplit(each).path for each in named}:
            found.append(
                f"{mapping.key} maps the same path of another Semantic Repository: mind the EDM version"
            )
    return found


def _login(request: EvidenceRequest) -> Identity:
    """The person of the request, as an identity provider would say it."""
    person = request.authorized_representative or request.subject
    if isinstance(person, LegalPerson):
        identifier = person.legal_person_identifier
        return Identity(
            "High",
            legal_name=person.legal_name,
            legal_person_identifier=identifier.value if identifier else None,
        )
    return Identity(
        "High",
        person.identifier.value if person.identifier else None,
        person.family_name,
        person.given_name,
        person.date_of_birth,
    )

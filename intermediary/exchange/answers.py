"""From an outcome to the messages that go back: EDM answer and AS4 header. Pure.

Sources: TDD 4.5.2, 4.5.3 (EDM), 4.7 (header: parties and corners swapped, RefToMessageId, ExchangeId).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from intermediary.as4.model import Party, Payload, PMode, Property, UserMessage
from intermediary.edm import Profile
from intermediary.edm.codes import AgentRole, DocumentRole, ErrorCode
from intermediary.edm.model import (
    Agent,
    EvidenceDocument,
    EvidenceErrorResponse,
    EvidenceException,
    EvidencePackage,
    EvidenceResponse,
    Identifier,
    Preview,
    Text,
)
from intermediary.exchange.model import Exchange, Outcome
from intermediary.mapping.model import PlatformIdentity, Provider, Titles

_SCHEMES = ("urn:cef.eu:names:identifier:EAS:", "urn:oasis:names:tc:ebcore:partyid-type:unregistered")
"""Kinds of agent identifiers (R-EDM-ERR-C010)."""
EDM_MEDIA_TYPE = "application/x-ebrs+xml"
RESPONSE, EXCEPTION = "ExecuteQueryResponse", "ExceptionResponse"


@dataclass(frozen=True, slots=True)
class Refusal:
    """How an outcome without evidence is told: error code and the fixed detail (no personal data)."""

    code: ErrorCode
    detail: str


REFUSALS = {
    Outcome.DECLINED: Refusal(ErrorCode.AUTHORIZATION, "The user did not allow any document to be sent"),
    Outcome.UNKNOWN_PERSON: Refusal(
        ErrorCode.AUTHENTICATION, "The user could not be matched with the person of the request"
    ),
    Outcome.NOT_FOUND: Refusal(ErrorCode.OBJECT_NOT_FOUND, "The provider holds no such evidence"),
    Outcome.AMBIGUOUS: Refusal(
        ErrorCode.OBJECT_NOT_FOUND, "The person could not be identified uniquely at the provider"
    ),
    Outcome.REJECTED: Refusal(ErrorCode.QUERY, "The provider refused to issue the evidence"),
    Outcome.PROVIDER_DOWN: Refusal(ErrorCode.QUERY, "The provider could not be reached in time"),
    Outcome.TIMED_OUT: Refusal(ErrorCode.TIMEOUT, "The user did not finish the preview in time"),
    Outcome.INVALID: Refusal(ErrorCode.INVALID_REQUEST, "The request breaks a rule"),
    Outcome.UNSUPPORTED: Refusal(
        ErrorCode.UNSUPPORTED_CAPABILITY, "The request asks for what is not offered"
    ),
    Outcome.UNMAPPED: Refusal(
        ErrorCode.OBJECT_NOT_FOUND, "No provider is connected for this evidence type classification"
    ),
    Outcome.UNRESOLVED: Refusal(
        ErrorCode.UNRESOLVED_REFERENCE, "The preview location is unknown here, or not yours"
    ),
    Outcome.FAILED: Refusal(ErrorCode.QUERY, "The request could not be processed"),
}
"""Every outcome but APPROVED and DEFERRED."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the answer needs from the AS4 message that it answers."""

    message_id: str
    conversation_id: str
    properties: tuple[tuple[str, str, str], ...]

    def value(self, name: str) -> tuple[str, str] | None:
        """Value and type of a property."""
        return next(((value, kind) for n, value, kind in self.properties if n == name), None)


def platform_agent(platform: PlatformIdentity, role: AgentRole) -> Agent:
    """The platform in an EDM message."""
    return _agent(platform.agent_id, platform.agent_scheme, platform.names, role)


def provider_agent(provider: Provider, role: AgentRole) -> Agent:
    """A national provider in an EDM message."""
    return _agent(provider.agent_id, provider.agent_scheme, provider.names, role)


def _agent(identifier: str, scheme: str, names: Titles, role: AgentRole) -> Agent:
    return Agent(Identifier(identifier, scheme), texts(names), classification=role)


def texts(titles: Titles) -> tuple[Text, ...]:
    """Titles by language as EDM texts, languages upper-case as in the code list."""
    return tuple(Text(text, lang.upper()) for lang, text in titles.items())


def original_sender(properties: Iterable[tuple[str, str, str]], partner: Party) -> Agent:
    """The requester as the AS4 header tells (originalSender, TDD 4.7), else the partner's access point."""
    found = next(((value, kind) for name, value, kind in properties if name == "originalSender"), None)
    value, kind = found or (partner.id, partner.type or "")
    scheme = kind if kind.startswith(_SCHEMES) else _SCHEMES[1]
    return Agent(Identifier(value, scheme), (Text(value, "EN"),))


def requester_in_answer(requester: Agent) -> Agent:
    """The requester as answers name it: identifier and names only (R-EDM-RESP, R-EDM-ERR)."""
    return Agent(requester.identifier, requester.names)


def exception(
    outcome: Outcome, profile: Profile, now: datetime, rule: str | None = None
) -> EvidenceException:
    """The rs:Exception of an outcome; `rule` (rule, place, remedy) makes the detail precise."""
    refusal = REFUSALS[outcome]
    return EvidenceException(
        code=refusal.code,
        message=profile.messages[refusal.code],
        timestamp=now,
        detail=rule or refusal.detail,
    )


def preview_required(
    profile: Profile, now: datetime, location: str, descriptions: tuple[Text, ...]
) -> EvidenceException:
    """The rs:Exception that sends the user to the preview (0002, severity PreviewRequired)."""
    return EvidenceException(
        code=ErrorCode.AUTHORIZATION,
        message=profile.messages[ErrorCode.AUTHORIZATION],
        timestamp=now,
        detail="The user has to authenticate and preview the evidence at the provider's side",
        preview=Preview(location, descriptions, "GET"),
    )


def error_response(
    profile: Profile,
    request_id: str | None,
    *,
    requester: Agent | None,
    error_provider: Agent,
    raised: EvidenceException,
    new_id: Callable[[], str],
) -> EvidenceErrorResponse:
    """An EDM error response in the version of the request."""
    return EvidenceErrorResponse(
        id=new_id(),
        specification_identifier=profile.specification_identifier,
        error_provider=error_provider,
        evidence_requester=None if requester is None else requester_in_answer(requester),
        exceptions=(raised,),
        request_id=request_id,
    )


def approved_response(
    draft: EvidenceResponse, approved: frozenset[str], request_id: str, now: datetime
) -> EvidenceResponse:
    """The drafted response with only the documents that the user allowed, for the request to be answered.

    A package whose main evidence was not allowed gets its first remaining document as the main one
    (exactly one MainEvidence per package, 2.0).
    """
    packages = []
    for package in draft.packages:
        kept = tuple(d for d in package.documents if d.content_id in approved)
        if kept and all(d.role is not DocumentRole.MAIN_EVIDENCE for d in kept):
            kept = (_promoted(kept[0], package), *kept[1:])
        if kept:
            packages.append(EvidencePackage(kept, package.id, package.extra))
    return replace(draft, packages=tuple(packages), request_id=request_id, issue_date_time=now)


def _promoted(document: EvidenceDocument, package: EvidencePackage) -> EvidenceDocument:
    """A companion as main evidence: it takes over the metadata that only main evidence carries."""
    metadata = package.main.metadata
    if metadata is not None and document.metadata is not None:
        own = document.metadata
        metadata = replace(metadata, identifier=own.identifier, distribution=own.distribution)
    return replace(document, role=DocumentRole.MAIN_EVIDENCE, metadata=metadata)


def envelope(
    exchange: Exchange,
    asked: Envelope,
    pmode: PMode,
    profile: Profile,
    *,
    action: str,
    message_id: str,
    now: datetime,
) -> UserMessage:
    """The AS4 header of an answer: From and To from the P-Mode, the corners swapped."""
    properties = []
    for ours, theirs in (("originalSender", "finalRecipient"), ("finalRecipient", "originalSender")):
        found = asked.value(theirs)
        if found:
            properties.append(Property(ours, found[0], found[1] or None))
    if profile.exchange_id_property and exchange.edm_exchange_id:
        properties.append(Property("ExchangeId", exchange.edm_exchange_id))
    if profile.specification_id_property:
        properties.append(Property("SpecificationId", profile.specification_identifier))
    return UserMessage(
        message_id=message_id,
        timestamp=now,
        sender=Party(pmode.us.id, pmode.us.type, pmode.us.role),
        receiver=Party(pmode.partner.id, pmode.partner.type, pmode.partner.role),
        service=pmode.service,
        service_type=pmode.service_type,
        action=action,
        conversation_id=asked.conversation_id,
        ref_to_message_id=asked.message_id,
        agreement=pmode.agreement,
        properties=tuple(properties),
    )


def edm_part(xml: bytes, content_id: str) -> Payload:
    """The EDM message as the first part."""
    return Payload(content_id, EDM_MEDIA_TYPE, xml)

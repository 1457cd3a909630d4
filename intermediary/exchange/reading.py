"""From the stored parts of a message to a request that may be answered, or to a refusal. Pure.

The order is: XML, version, schema and rules, structure, header against body. The first stage that has
errors decides; within a stage all findings are reported (TDD 4.4: a 0003 names the rule in its detail).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Protocol

from lxml import etree

from intermediary import edm, translation, xml
from intermediary.as4.model import Payload
from intermediary.edm.codes import LevelOfAssurance
from intermediary.edm.model import EvidenceRequest, Header, LegalPerson
from intermediary.exchange.model import Message, Outcome
from intermediary.mapping.model import EvidenceMapping, MappingSet, PreviewPolicy, SubjectKind
from intermediary.validation import Validator
from intermediary.validation.rules import HeaderFacts, Kind, header_findings

SYSTEM_CHECK = "00"
"""Procedure code of the system check (TDD 1.1.2): no citizen, no preview."""
_DETAIL = 900
"""Characters of detail on the wire; the log has all findings."""


class _Problem(Protocol):
    """What findings of validation and problems of the reader have in common."""

    @property
    def rule(self) -> str: ...
    @property
    def place(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def remedy(self) -> str: ...


class NotARequest(ValueError):  # noqa: N818
    """The message is no evidence request, so it gets no EDM answer: answers are never answered."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a request is not taken on; `rule` is fit for the wire, `rules` the ids of all findings."""

    outcome: Outcome
    rule: str
    header: Header
    profile: edm.Profile
    rules: tuple[str, ...] = ()
    root: etree._Element | None = field(default=None, repr=False, compare=False)
    """The message, where it is XML."""


@dataclass(frozen=True, slots=True)
class Readable:
    """A request that is valid in itself."""

    request: EvidenceRequest = field(repr=False)
    header: Header = field(repr=False)
    profile: edm.Profile
    root: etree._Element | None = field(default=None, repr=False, compare=False)


def read(message: Message, parts: tuple[Payload, ...], validator: Validator) -> Readable | Refused:
    """Read and validate one incoming request. Raises NotARequest."""
    try:
        root = xml.parse(parts[0].content.head(xml.MOST))
    except xml.XmlRefused as refused:
        unread = Header(kind=None)
        profile = _profile(unread, message) or edm.profile_for(edm.LATEST)
        return Refused(
            Outcome.INVALID, f"{refused.rule}: {refused}. {refused.remedy}", unread, profile, (refused.rule,)
        )
    return replace(_judged(message, root, parts, validator), root=root)


def _judged(
    message: Message, root: etree._Element, parts: tuple[Payload, ...], validator: Validator
) -> Readable | Refused:
    header = edm.peek(root)
    if header.kind in ("response", "error"):
        raise NotARequest(f"The message is an EDM {header.kind} to none of our requests")
    known = _profile(header, message)
    profile = known or edm.profile_for(edm.LATEST)
    if known is None:
        versions = ", ".join(edm.PROFILES)
        return Refused(
            Outcome.UNSUPPORTED,
            f"R-EDM-REQ-C001: SpecificationIdentifier names no version spoken here; use one of {versions}",
            header,
            profile,
            ("R-EDM-REQ-C001",),
        )
    report = validator.check(root, profile.specification_identifier)
    if not report.ok:
        return _invalid(report.errors, header, profile)
    try:
        request = edm.read(root)
    except edm.EdmUnreadable as unreadable:
        return _invalid(unreadable.problems, header, profile)
    if not isinstance(request, EvidenceRequest):
        raise NotARequest("The message is no evidence request")
    broken = header_findings(_header_facts(message, parts, profile))
    if broken:
        return _invalid(broken, header, profile)
    return Readable(request, header, profile)


def unhandled(message: Message) -> Refused:
    """The refusal of a message that broke us each time; its answer speaks the version it announced."""
    unread = Header(kind=None)
    profile = _profile(unread, message) or edm.profile_for(edm.LATEST)
    return Refused(
        Outcome.FAILED,
        "The request could not be processed here; it was kept for examination",
        unread,
        profile,
    )


def _header_facts(message: Message, parts: tuple[Payload, ...], profile: edm.Profile) -> HeaderFacts:
    """What the rules between AS4 header and EDM body ask about (TDD 4.7.2); a request refers to no parts."""
    return HeaderFacts(
        Kind.REQUEST,
        profile.specification_identifier,
        message.action,
        message.conversation_id,
        {name: value for name, value, _ in message.properties},
        tuple(part.content_id for part in parts),
        exchange_id=profile.exchange_id_property,
    )


def policy(
    request: EvidenceRequest, mappings: MappingSet, day: date
) -> EvidenceMapping | tuple[Outcome, str]:
    """The mapping that serves a request, or why none may: outcome and sentence."""
    mapping = mappings.find(request.evidence_type.evidence_type_classification, day)
    if mapping is None:
        return (
            Outcome.UNMAPPED,
            "EvidenceTypeClassification: no provider is connected for it; look it up again",
        )
    kind = SubjectKind.LEGAL if isinstance(request.subject, LegalPerson) else SubjectKind.NATURAL
    if kind not in mapping.subjects:
        kinds = " or ".join(mapping.subjects)
        return Outcome.UNSUPPORTED, f"Subject: this evidence is issued for a {kinds} person only"
    if not assured(request.subject.level_of_assurance, mapping.level_of_assurance):
        return (
            Outcome.UNKNOWN_PERSON,
            f"LevelOfAssurance: at least {mapping.level_of_assurance} is required for this evidence type",
        )
    try:
        translation.wanted_formats(request, mapping)
    except translation.Untranslatable as untranslatable:
        return Outcome.UNSUPPORTED, str(untranslatable)
    if not needs_preview(request, mapping):
        return mapping
    if not request.explicit_request_given:
        return (
            Outcome.INVALID,
            "ExplicitRequestGiven: this evidence is issued on the user's explicit request only "
            "(Regulation (EU) 2018/1724, Art. 14(3)(b)); send true once the user has asked for it",
        )
    if not request.possibility_for_preview:
        return (
            Outcome.UNSUPPORTED,
            "PossibilityForPreview: this evidence needs a preview; send true and redirect the user",
        )
    return mapping


def needs_preview(request: EvidenceRequest, mapping: EvidenceMapping) -> bool:
    """Whether the citizen has to see the evidence before it leaves."""
    return mapping.preview is PreviewPolicy.REQUIRED and request.procedure_code != SYSTEM_CHECK


def assured(level: str | None, required: str) -> bool:
    """True where `level` is at least the required eIDAS level of assurance."""
    try:
        return LevelOfAssurance(level or "").rank >= LevelOfAssurance(required).rank
    except ValueError:
        return False


def _profile(header: Header, message: Message) -> edm.Profile | None:
    named = header.specification_identifier or next(
        (value for name, value, _ in message.properties if name == "SpecificationId"), None
    )
    try:
        return edm.profile_for(named or "")
    except edm.UnsupportedVersion:
        return None


def _invalid(problems: Iterable[_Problem], header: Header, profile: edm.Profile) -> Refused:
    problems = tuple(problems)
    sentences = [f"{p.rule} at {p.place}: {p.text} {p.remedy}" for p in problems]
    return Refused(Outcome.INVALID, _short(sentences), header, profile, tuple(p.rule for p in problems))


def _short(sentences: Iterable[str]) -> str:
    text = " | ".join(sentences)
    return text if len(text) <= _DETAIL else f"{text[: _DETAIL - 1]}…"

"""What is tried, and what came of it. Values of a person are in fields that no repr shows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from intermediary.exchange.contracts import NationalConnector
from intermediary.exchange.model import Event, Outcome
from intermediary.exchange.preview import PreviewView
from intermediary.mapping.model import EvidenceMapping, IdentificationRule, Provider
from intermediary.national.errors import Problem
from intermediary.national.model import NationalAnswer, NationalRequest
from intermediary.translation import Loss
from intermediary.validation import Finding


class Expected(StrEnum):
    """What the provider is assumed to do where nobody gives its answer."""

    DELIVERED = "delivered"
    """It delivers each form that it is asked for; the content is made up."""
    NOT_FOUND = "not-found"
    AMBIGUOUS = "ambiguous"
    REJECTED = "rejected"
    LATER = "later"
    """In a day."""
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Recorded:
    """An answer of the provider as it would come over the wire."""

    body: bytes = field(repr=False)
    content_type: str = "application/xml"
    status: int = 200


@dataclass(frozen=True, slots=True)
class Call:
    """The HTTP call that a provider would get, without the token."""

    method: str
    url: str = field(repr=False)
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is tried; raises nothing: what does not fit together shows in the result."""

    request: bytes = field(repr=False)
    inputs: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What the citizen adds; what is missing is made up where the mapping shows an example."""
    answer: Expected | Recorded = Expected.DELIVERED
    decline: bool = False
    """The citizen allows nothing to be sent."""


class PaperConnector(NationalConnector, Protocol):
    """Asks nobody: keeps the call, and says what it was told to say (transport)."""

    @property
    def calls(self) -> tuple[Call, ...]:
        """What the provider would have got."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Why the recorded answer cannot be read."""


Answers = Callable[[Provider, NationalRequest], NationalAnswer | Recorded]
"""What a provider says; raises ProviderUnavailable."""
Connectors = Callable[[Answers, Callable[[], datetime]], PaperConnector]


@dataclass(frozen=True, slots=True)
class Page:
    """What the citizen would see at one step, with the bytes of the documents shown."""

    view: PreviewView
    documents: Mapping[str, bytes] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Sent:
    """An EDM message that would leave, what the rules say of it, and its documents (id, type, bytes)."""

    action: str
    body: bytes = field(repr=False)
    findings: tuple[Finding, ...]
    documents: tuple[tuple[str, str, bytes], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a request would become, step by step; a step that was not reached is empty."""

    request: bytes = field(repr=False)
    edm_version: str
    findings: tuple[Finding, ...]
    """Everything that the rules say of the request."""
    notes: tuple[str, ...]
    """What was done to it before: sentences."""
    events: tuple[Event, ...]
    """The story, as the log of an exchange would tell it."""
    outcome: Outcome | None
    reason: str
    """Place, reason and remedy, where it ends without evidence."""
    mapping: EvidenceMapping | None = None
    mapping_version: int | None = None
    rule: IdentificationRule | None = None
    identity: tuple[str, ...] = ()
    """Names of the identity fields in the request."""
    sent_fields: tuple[str, ...] = ()
    """Those that the provider gets."""
    inputs: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What the citizen was assumed to say."""
    missing: tuple[str, ...] = ()
    """Keys of inputs for which a value has to be given to go on."""
    provider: Provider | None = None
    national: NationalRequest | None = None
    calls: tuple[Call, ...] = ()
    problems: tuple[Problem, ...] = ()
    """Why the national request cannot be written, or the recorded answer not be read."""
    request_losses: tuple[Loss, ...] = ()
    answer_losses: tuple[Loss, ...] = ()
    pages: tuple[Page, ...] = ()
    sent: tuple[Sent, ...] = ()
    """First «preview required», where there is a preview; the last is the answer."""

    @property
    def answered(self) -> bool:
        """True where evidence would leave."""
        return self.outcome is Outcome.APPROVED and not self.broken

    @property
    def broken(self) -> bool:
        """True where something of ours would be invalid."""
        return bool(self.problems) or any(
            finding.severity == "error" for sent in self.sent for finding in sent.findings
        )

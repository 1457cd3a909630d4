"""What the platform asks of a national provider and what it is told, free of any one protocol.

Each sub-package of `national` is one protocol: it writes a NationalRequest and reads a NationalAnswer.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Authority:
    """A national authority: `id` in the national directory, `component` its technical system."""

    id: str
    name: str
    component: str | None = None


@dataclass(frozen=True, slots=True)
class NationalEvidenceType:
    """A national evidence type as the national metadata name it."""

    id: str
    version: str
    title: str


@dataclass(frozen=True, slots=True)
class Purpose:
    """What the evidence is asked for; `service` is the national key of the administrative service."""

    service: str
    legal_basis: str
    eu_procedure: str | None = None


@dataclass(frozen=True, slots=True)
class Format:
    """A wanted or given form: media type, data model URI, language."""

    media_type: str
    data_model: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class NationalAddress:
    """A postal address in national form."""

    street: str | None = None
    house_number: str | None = None
    post_code: str | None = None
    city: str | None = None
    country: str | None = None
    full: str | None = None


@dataclass(frozen=True, slots=True)
class NationalNaturalPerson:
    """Personal data never appear in repr, hence in no log or traceback."""

    family_name: str = field(repr=False)
    given_names: str = field(repr=False)
    date_of_birth: date = field(repr=False)
    birth_name: str | None = field(default=None, repr=False)
    place_of_birth: str | None = field(default=None, repr=False)
    gender: str | None = field(default=None, repr=False)
    address: NationalAddress | None = field(default=None, repr=False)
    national_id: str | None = field(default=None, repr=False)
    eidas_id: str | None = field(default=None, repr=False)
    eidas_country: str | None = None


@dataclass(frozen=True, slots=True)
class NationalLegalPerson:
    """`identifiers` maps scheme (register, euid, lei, vat, …) to value."""

    name: str = field(repr=False)
    identifiers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    address: NationalAddress | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class NationalRequest:
    """One request to a provider; `request_id` is the idempotency key and stays the same over repeats."""

    message_id: str
    request_id: str
    conversation_id: str
    issued_at: datetime
    sender: Authority
    recipient: Authority
    evidence_type: NationalEvidenceType
    purpose: Purpose
    level_of_assurance: str
    explicit_request: bool
    preview_by_consumer: bool
    """False: the intermediary platform shows the preview."""
    formats: tuple[Format, ...]
    subject: NationalNaturalPerson | NationalLegalPerson = field(repr=False)
    representative: NationalNaturalPerson | NationalLegalPerson | None = field(default=None, repr=False)
    additional: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """What the register needs beyond identity, key and value."""
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Representation:
    """One form of an evidence."""

    format: Format
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class NationalEvidence:
    """An evidence as delivered, in one or more representations."""

    evidence_id: str
    evidence_type: NationalEvidenceType
    issuing_authority: Authority
    issuing_date: date
    representations: tuple[Representation, ...]
    valid_from: date | None = None
    valid_until: date | None = None


class Outcome(StrEnum):
    """What a provider may answer."""

    DELIVERED = "delivered"
    NOT_FOUND = "not-found"
    AMBIGUOUS = "ambiguous"
    LATER = "later"
    REJECTED = "rejected"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class NationalAnswer:
    """A provider's answer. DELIVERED has evidences; LATER has `available_at`, and `poll_url` where polled."""

    request_id: str
    outcome: Outcome
    evidences: tuple[NationalEvidence, ...] = ()
    available_at: datetime | None = None
    poll_url: str | None = None
    code: str | None = None
    """A technical token of the provider, fit for a log."""
    reason: str | None = field(default=None, repr=False)
    """For people; may speak of the person."""

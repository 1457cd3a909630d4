"""The evidence-type mapping: which EU evidence type is which national one, who provides it, how it translates.

A mapping is data, never code; a new evidence type is a new entry. Frozen, free of I/O.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

Titles = Mapping[str, str]
"""Language (lower case, ISO 639-1) to text; `en` is always there."""


class PreviewPolicy(StrEnum):
    """Whether the citizen sees the evidence before it leaves."""

    REQUIRED = "required"
    NOT_NEEDED = "not-needed"
    """Only with a legal basis (Art. 14(5) of Regulation 2018/1724)."""


class SubjectKind(StrEnum):
    """Whom an evidence may be about."""

    NATURAL = "natural"
    LEGAL = "legal"


class JurisdictionLevel(StrEnum):
    """At which level the provider is competent (NUTS and LAU codes as in the EU lists)."""

    COUNTRY = "country"
    NUTS1 = "nuts1"
    NUTS2 = "nuts2"
    NUTS3 = "nuts3"
    LAU = "lau"


@dataclass(frozen=True, slots=True)
class Provider:
    """A national data provider and how it is called.

    `protocol` names the connector (`xnachweis`, `rest`); `options` is the connector's own data, for `rest`
    the URL template and field paths. `agent_scheme`/`agent_id` is its identity in EDM messages.
    """

    key: str
    national_id: str
    names: Titles
    agent_scheme: str
    agent_id: str
    country: str
    protocol: str
    url: str
    component: str | None = None
    audience: str | None = None
    """Audience of the access token; None: no token."""
    nuts: str | None = None
    lau: str | None = None
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Routing:
    """Which provider answers: a fixed one, or the one whose code equals the value of an input.

    `by` names an additional input (or None for the fixed `provider`); `table` maps its value to provider
    keys; `provider` is then the fallback.
    """

    provider: str | None = None
    by: str | None = None
    table: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IdentificationRule:
    """One set of fields by which a person may be looked up, tried in the order of the mapping.

    Field names are those of the EDM person (`family_name`, `identifier`, `identifier:VAT`, …).
    """

    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AdditionalInput:
    """What a register needs beyond identity.

    Taken in this order from: the request's EvidenceProviderClassification whose identifier is
    `classification`; a sector specific attribute whose URI is `attribute`; the citizen, asked on the preview
    pages with `titles` and `hints`, checked against `pattern` (full match), where `ask_citizen`.
    """

    key: str
    titles: Titles
    required: bool = True
    classification: str | None = None
    attribute: str | None = None
    ask_citizen: bool = True
    pattern: str | None = None
    hints: Titles = field(default_factory=dict)
    choices: Mapping[str, Titles] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FormatMapping:
    """One EU form and the national form that it is made of.

    `conversion` names a conversion of `translation` (`identity` where bytes pass unchanged).
    """

    media_type: str
    national_media_type: str
    conforms_to: str | None = None
    national_data_model: str | None = None
    transformation: str | None = None
    conversion: str = "identity"


@dataclass(frozen=True, slots=True)
class EvidenceMapping:
    """One row: EU evidence type classification(s) ↔ national evidence type."""

    key: str
    evidence_type_classifications: tuple[str, ...]
    requirements: tuple[str, ...]
    procedures: tuple[str, ...]
    national_id: str
    national_version: str
    national_service: str
    """Key of the national administrative service (purpose of the national request)."""
    titles: Titles
    descriptions: Titles
    jurisdiction_level: JurisdictionLevel
    routing: Routing
    subjects: tuple[SubjectKind, ...]
    identification: tuple[IdentificationRule, ...]
    formats: tuple[FormatMapping, ...]
    level_of_assurance: str
    legal_basis: str
    preview: PreviewPolicy = PreviewPolicy.REQUIRED
    preview_legal_basis: str | None = None
    additional_inputs: tuple[AdditionalInput, ...] = ()
    valid_from: date = date(2020, 1, 1)
    valid_until: date | None = None
    retention_days: int = 0
    source: str | None = None
    """File and line it was loaded from."""

    def in_force(self, day: date) -> bool:
        """True where `day` lies within the validity dates (both inclusive)."""
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


@dataclass(frozen=True, slots=True)
class PlatformIdentity:
    """Who we are: in EDM messages (agent classified IP), in the national network, and our country."""

    country: str
    agent_scheme: str
    agent_id: str
    names: Titles
    national_id: str
    national_component: str | None = None


@dataclass(frozen=True, slots=True)
class MappingSet:
    """Everything that is mapped: one consistent set, as loaded or as live in the store."""

    platform: PlatformIdentity
    providers: Mapping[str, Provider]
    mappings: tuple[EvidenceMapping, ...]
    identifiers_without_meaning: tuple[str, ...] = ()
    """Countries (ISO 3166-1) whose eIDAS identifier is derived per destination and says nothing here."""

    def find(self, classification: str, day: date) -> EvidenceMapping | None:
        """The row in force on `day` for an EU evidence type classification URI, or None."""
        return next(
            (
                m
                for m in self.mappings
                if classification in m.evidence_type_classifications and m.in_force(day)
            ),
            None,
        )

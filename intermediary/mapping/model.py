"""The evidence-type mapping: which EU evidence type is which national one, who provides it, and how.

A mapping is data, never code; a new evidence type is a new entry. Frozen, free of I/O.
The dataclasses are also the schema of the files: unknown keys are refused (`_STRICT`, read by pydantic).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from operator import attrgetter

from pydantic import ConfigDict

_STRICT = ConfigDict(extra="forbid")

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


class Conversion(StrEnum):
    """How bytes of the national form become bytes of the EU form; `translation.conversions` has the code."""

    IDENTITY = "identity"
    """Bytes pass unchanged."""
    XML_TO_PDF = "xml-to-pdf"
    """A human-readable rendering of an XML evidence."""
    IMAGE_TO_PDF = "image-to-pdf"
    """A scan (JPEG, PNG, TIFF) as PDF, one page for each image."""


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

    __pydantic_config__ = _STRICT

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
    valid_from: date | None = None
    valid_until: date | None = None
    """First and last day of what is said here; None: without end. Another version follows by the clock."""
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Routing:
    """Which provider answers: a fixed one, or the one whose code equals the value of an input.

    `by` names an additional input (or None for the fixed `provider`); `table` maps its value to provider
    keys; `provider` is then the fallback.
    """

    __pydantic_config__ = _STRICT

    provider: str | None = None
    by: str | None = None
    table: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IdentificationRule:
    """One set of fields by which a person may be looked up, tried in the order of the mapping.

    Field names are those of the EDM person (`family_name`, `identifier`, `identifier:VAT`, …). All `fields`
    must be there for the rule to apply; `optional` ones are sent where they are there. Nothing else is sent.
    """

    __pydantic_config__ = _STRICT

    fields: tuple[str, ...]
    optional: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AdditionalInput:
    """What a register needs beyond identity.

    Taken in this order from: the request's EvidenceProviderClassification whose identifier is
    `classification`; a sector specific attribute whose URI is `attribute`; the citizen, asked on the preview
    pages with `titles` and `hints`, checked against `pattern` (full match), where `ask_citizen`.
    """

    __pydantic_config__ = _STRICT

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

    `conforms_to_in` gives the data model URI for the EDM versions (`oots-edm:v1.0`) that name it otherwise.
    """

    __pydantic_config__ = _STRICT

    media_type: str
    national_media_type: str
    conforms_to: str | None = None
    conforms_to_in: Mapping[str, str] = field(default_factory=dict)
    national_data_model: str | None = None
    transformation: str | None = None
    conversion: Conversion = Conversion.IDENTITY

    def data_model(self, specification_identifier: str) -> str | None:
        """The data model URI as this EDM version names it."""
        return self.conforms_to_in.get(specification_identifier, self.conforms_to)


@dataclass(frozen=True, slots=True)
class EvidenceMapping:
    """One row: EU evidence type classification(s) ↔ national evidence type."""

    __pydantic_config__ = _STRICT

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
    source: str | None = field(default=None, compare=False)
    """File and line it was loaded from; never in the file itself."""

    def in_force(self, day: date) -> bool:
        """True where `day` lies within the validity dates (both inclusive)."""
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


@dataclass(frozen=True, slots=True)
class PlatformIdentity:
    """Who we are: in EDM messages (agent classified IP), in the national network, and our country."""

    __pydantic_config__ = _STRICT

    country: str
    agent_scheme: str
    agent_id: str
    names: Titles
    national_id: str
    national_component: str | None = None
    language: str = "en"
    """The language in which the national side names things."""
    languages: tuple[str, ...] = ()
    """The languages in which every text has to be there; empty: English and `language`."""


@dataclass(frozen=True, slots=True)
class MappingSet:
    """Everything that is mapped: one consistent set, as loaded or as live in the store.

    `mappings` are kept in the order of their keys, whatever order they were given in.
    """

    platform: PlatformIdentity
    providers: Mapping[str, Provider]
    mappings: tuple[EvidenceMapping, ...]
    identifiers_without_meaning: tuple[str, ...] = ()
    """Countries (ISO 3166-1) whose eIDAS identifier is derived per destination and says nothing here."""
    references: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Names that files may use (`$name`) for identifiers published elsewhere, and what they stand for."""
    revision: int = field(default=0, compare=False)
    """The revision of the store that it was read from; 0: from files."""
    versions: Mapping[str, int] = field(default_factory=dict, repr=False, compare=False)
    """Of each entry (`evidence/<key>`, `provider/<key>`, …) the version that it holds; empty: from files."""
    _by_key: Mapping[str, EvidenceMapping] = field(init=False, repr=False, compare=False)
    _by_classification: Mapping[str, tuple[EvidenceMapping, ...]] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        ordered = tuple(sorted(self.mappings, key=attrgetter("key")))
        object.__setattr__(self, "mappings", ordered)
        object.__setattr__(self, "_by_key", {m.key: m for m in reversed(ordered)})
        object.__setattr__(self, "_by_classification", _index(ordered))

    def find(self, classification: str, day: date) -> EvidenceMapping | None:
        """The row in force on `day` for an EU evidence type classification URI (any case), or None.

        Takes the same time however many rows there are.
        """
        rows = self._by_classification.get(classification.casefold(), ())
        return next((row for row in rows if row.in_force(day)), None)

    def by_key(self, key: str) -> EvidenceMapping | None:
        """The row of that key, in force or not, or None."""
        return self._by_key.get(key)


def _index(mappings: Iterable[EvidenceMapping]) -> dict[str, tuple[EvidenceMapping, ...]]:
    found: dict[str, tuple[EvidenceMapping, ...]] = {}
    for mapping in mappings:
        for classification in mapping.evidence_type_classifications:
            folded = classification.casefold()
            found[folded] = (*found.get(folded, ()), mapping)
    return found


class Severity(StrEnum):
    """ERROR: the set is refused. WARNING: it works, but somebody should look."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class LintFinding:
    """What is wrong with a mapping set, where, and what to do. `line` counts from 1; 0: no file was read."""

    severity: Severity
    file: str
    line: int
    text: str
    remedy: str
    entry: str = ""
    """`evidence/<key>`, `provider/<key>`, `platform`, `references`; empty where a file is none of these."""
    path: tuple[str | int, ...] = ()
    """The way to the field inside the entry's document."""
    rule: str = ""
    """Id of the rule (`MAP-…`), which never changes."""
    values: tuple[tuple[str, str], ...] = ()
    """What stands in the places of the rule's texts: to say them in another language."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.severity}: {self.rule}: {self.text} {self.remedy}"

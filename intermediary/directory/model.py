"""What the Evidence Broker and the Data Service Directory say, as frozen values.

The names are those of the SDG Generic Metadata Profile. One model for the 1.x and the 2.0 line: what only one
of them has is optional. URIs are opaque keys, kept and compared byte for byte.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from intermediary.directory.codes import EUROPEAN_UNION, JurisdictionLevel, RefusalCode


@dataclass(frozen=True, slots=True)
class Text:
    """A text in one language (upper-case two-letter code; EN where the answer names none)."""

    value: str
    language: str = "EN"


def text_in(texts: Sequence[Text], languages: Iterable[str] = ()) -> str:
    """The text in the first language there is, else in English, else any; "" where there is none."""
    said = {text.language.upper(): text.value for text in reversed(texts)}
    for language in (*languages, "en"):
        if (value := said.get(language.upper())) is not None:
            return value
    return texts[0].value if texts else ""


@dataclass(frozen=True, slots=True)
class PartyId:
    """An identifier with its scheme (`schemeID`): an EAS code or an unregistered ebCore party id type."""

    value: str
    scheme: str = ""

    def __str__(self) -> str:
        return f"{self.scheme}:{self.value}" if self.scheme else self.value


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """Country (ISO 3166-1), region (NUTS) and municipality (LAU)."""

    country: str
    nuts: str | None = None
    lau: str | None = None

    def __str__(self) -> str:
        return "/".join(part for part in (self.country, self.nuts, self.lau) if part)


@dataclass(frozen=True, slots=True)
class ReferenceFramework:
    """A national implementation of procedures; several jurisdictions may each have one."""

    identifier: str
    procedures: tuple[str, ...]
    jurisdiction: Jurisdiction | None = None
    titles: tuple[Text, ...] = ()
    descriptions: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class EvidenceType:
    """A kind of evidence, as the Evidence Broker knows it."""

    classification: str
    titles: tuple[Text, ...]
    descriptions: tuple[Text, ...] = ()
    jurisdictions: tuple[Jurisdiction, ...] = ()
    """1.x; in 2.0 it is the list that has one."""
    formats: tuple[str, ...] = ()
    """2.0: of its structured distributions."""

    @property
    def country(self) -> str:
        """Whose it is by its URI; `EU` where it is the same in the whole Union."""
        parts = self.classification.rsplit("/", 2)
        return parts[1].upper() if len(parts) == 3 else ""

    @property
    def common(self) -> bool:
        """True where it is a Union-wide type."""
        return self.country == EUROPEAN_UNION


@dataclass(frozen=True, slots=True)
class EvidenceTypeList:
    """Evidence types that prove a requirement together (AND); several lists are alternatives (OR)."""

    identifier: str
    evidence_types: tuple[EvidenceType, ...]
    names: tuple[Text, ...] = ()
    jurisdiction: Jurisdiction | None = None

    @property
    def no_match(self) -> bool:
        """2.0: the country says that it cannot prove the requirement."""
        return not self.evidence_types


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a procedure asks for. All requirements of a procedure have to be met (AND)."""

    identifier: str
    names: tuple[Text, ...]
    descriptions: tuple[Text, ...] = ()
    reference_frameworks: tuple[ReferenceFramework, ...] = ()
    evidence_type_lists: tuple[EvidenceTypeList, ...] = ()


@dataclass(frozen=True, slots=True)
class Distribution:
    """A form in which an evidence is to be had."""

    media_type: str
    conforms_to: str | None = None
    transformation: str | None = None
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address; only the country is always there."""

    country: str
    nuts: str | None = None
    full: str | None = None
    locator: str | None = None
    post_code: str | None = None
    city: str | None = None
    thoroughfare: str | None = None


@dataclass(frozen=True, slots=True)
class ClassificationConcept:
    """What tells providers of one evidence type apart, or what they must be told: a question to the user.

    `supported_values` are those that a provider is competent for; a question has none.
    """

    identifier: str
    type: str = ""
    value_expression: str | None = None
    """Where the admissible values are: a code list of the Semantic Repository."""
    descriptions: tuple[Text, ...] = ()
    supported_values: tuple[str, ...] = ()
    value_kind: str = "StringValue"
    """StringValue, DateValue or BooleanValue."""


@dataclass(frozen=True, slots=True)
class EvidenceProvider:
    """Who issues the evidence (corner 4; `sdg:Publisher`): the final recipient of a request."""

    identifier: PartyId
    names: tuple[Text, ...]
    address: Address
    jurisdiction: Jurisdiction
    concepts: tuple[ClassificationConcept, ...] = ()


@dataclass(frozen=True, slots=True)
class AccessService:
    """An access point (corner 3) serving one provider, and the EDM versions that it speaks."""

    identifier: PartyId
    conforms_to: tuple[str, ...]
    provider: EvidenceProvider
    names: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class JurisdictionDetermination:
    """By which place of the user the provider is found."""

    context_id: str
    contexts: tuple[Text, ...]
    level: JurisdictionLevel


@dataclass(frozen=True, slots=True)
class DataServiceEvidenceType:
    """An evidence type as data services offer it. Without access services: not determined yet."""

    identifier: str
    classification: str
    titles: tuple[Text, ...]
    distributions: tuple[Distribution, ...]
    descriptions: tuple[Text, ...] = ()
    access_services: tuple[AccessService, ...] = ()
    level_of_assurance: str | None = None
    determination: JurisdictionDetermination | None = None
    classifications: tuple[ClassificationConcept, ...] = ()


@dataclass(frozen=True, slots=True)
class AdditionalInput:
    """What DSD:ERR:0005 asks for, of one evidence type: a place, values of concepts, or both."""

    evidence_type: DataServiceEvidenceType
    determination: JurisdictionDetermination | None = None
    classifications: tuple[ClassificationConcept, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """One exception of a failure. It comes with HTTP 200: the body decides."""

    code: str
    """Of `RefusalCode`, or one that a later release has added."""
    message: str
    exception_type: str
    severity: str = ""
    detail: str | None = None
    input: AdditionalInput | None = None

    @property
    def nothing_found(self) -> bool:
        """True where there is simply nothing for what was asked."""
        return self.code in (RefusalCode.EB_NOTHING_FOUND, RefusalCode.DSD_NOTHING_FOUND)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of EB or DSD: records, or refusals; never both, never neither."""

    version: str | None = None
    """The interface version answered in; None: 1.0."""
    requirements: tuple[Requirement, ...] = ()
    services: tuple[DataServiceEvidenceType, ...] = ()
    refusals: tuple[Refusal, ...] = ()

    @property
    def refused(self) -> bool:
        """True where the body is a failure."""
        return bool(self.refusals)

    @property
    def inputs(self) -> tuple[AdditionalInput, ...]:
        """What the directory still needs from the user (DSD:ERR:0005), one for each evidence type."""
        return tuple(refusal.input for refusal in self.refusals if refusal.input is not None)


@dataclass(frozen=True, slots=True)
class Publication:
    """What is published of one country: in EB by requirements, in DSD by data services."""

    country: str
    requirements: tuple[Requirement, ...] = field(default=(), repr=False)
    services: tuple[DataServiceEvidenceType, ...] = field(default=(), repr=False)
    places: bool = field(default=True, repr=False)
    """False: read over an interface that names no jurisdiction to be determined (2.0)."""

"""The messages of the OOTS Exchange Data Model as frozen values, the same for every EDM version.

A value is what the message says, trimmed but otherwise as written: whether it is allowed is the business
of `validation`. What a profile does not know is kept in `extra` and written back (design, locked door 1).
Sources: TDD chapter 4.5 (syntax mapping); SDG Generic Metadata Profile; RegRep 4.0.
"""

from dataclasses import dataclass, field
from datetime import date, datetime

from intermediary.edm.codes import DocumentRole, ErrorCode


class _Personal:
    """A value that may say something about a person: its repr shows the kind only (locked door 4)."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


@dataclass(frozen=True, slots=True, repr=False)
class Extra(_Personal):
    """Attributes (Clark name, value) and child elements (canonical XML) that the profile does not know.

    An attribute of a child that has no `extra` of its own is kept under its path: `Gender/@listID`,
    `Language[2]/@x`, `Slot[EvidenceRequester]/SlotValue/@collectionType`. A child that the model dissolves
    (IsConformantTo, RegistryObjectList) is kept with only what is unknown in it, and merged.
    """

    attributes: tuple[tuple[str, str], ...] = ()
    elements: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.attributes or self.elements)


@dataclass(frozen=True, slots=True)
class Text:
    """A text in one language; `lang` as written (lists use upper-case two-letter codes)."""

    value: str
    lang: str | None = None


@dataclass(frozen=True, slots=True)
class Identifier:
    """An identifier and the scheme that issued it."""

    value: str
    scheme_id: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Address(_Personal):
    """sdg:AddressType; `admin_unit_level_1` is the country, level 2 a NUTS code, level 3 a LAU code."""

    full_address: str | None = None
    locator_designator: str | None = None
    post_code: str | None = None
    post_city_name: str | None = None
    thoroughfare: str | None = None
    admin_unit_level_1: str | None = None
    admin_unit_level_2: str | None = None
    admin_unit_level_3: str | None = None
    extra: Extra = Extra()


@dataclass(frozen=True, slots=True)
class Agent:
    """An authority in one of its roles: `classification` is ER, EP, IP or ERRP (AgentClassification list)."""

    identifier: Identifier
    names: tuple[Text, ...]
    address: Address | None = None
    classification: str | None = None
    extra: Extra = Extra()


@dataclass(frozen=True, slots=True)
class Requirement:
    """A requirement of the procedure, as the Evidence Broker publishes it."""

    identifier: Identifier
    names: tuple[Text, ...]
    descriptions: tuple[Text, ...] = ()
    extra: Extra = Extra()


@dataclass(frozen=True, slots=True, repr=False)
class SectorSpecificAttribute(_Personal):
    """An attribute beyond the eIDAS minimum data set."""

    name: str
    uri: str
    value: str
    extra: Extra = Extra()


@dataclass(frozen=True, slots=True, repr=False)
class NaturalPerson(_Personal):
    """sdg:Person with the eIDAS minimum data set; `date_of_birth` is xs:date."""

    family_name: str
    given_name: str
    date_of_birth: date | None
    level_of_assurance: str | None = None
    identifier: Identifier | None = None
    birth_name: str | None = None
    place_of_birth: str | None = None
    current_address: Address | None = None
    gender: str | None = None
    nationalities: tuple[str, ...] = ()
    country_of_birth: str | None = None
    town_of_birth: str | None = None
    country_of_residence: str | None = None
    phone_number: str | None = None
    email_address: str | None = None
    sector_specific_attributes: tuple[SectorSpecificAttribute, ...] = ()
    extra: Extra = Extra()


@dataclass(frozen=True, slots=True, repr=False)
class LegalPerson(_Personal):
    """sdg:LegalPerson; `legal_person_identifier` is the eIDAS one, `identifiers` the VAT, LEI, … ones."""

    legal_name: str
    level_of_assurance: str | None = None
    legal_person_identifier: Identifier | None = None
    identifiers: tuple[Identifier, ...] = ()
    registered_address: Address | None = None
    sector_specific_attributes: tuple[SectorSpecificAttribute, ...] = ()
    extra: Extra = Extra()


@dataclass(frozen=True, slots=True)
class Distribution:
    """A form in which an evidence is wanted or given: media type, data model, sub-set, languages."""

    format: str
    conforms_to: str | None = None
    transformation: str | None = None
    languages: tuple[str, ...] = ()
    extra: Extra = Extra()
    associated_documents: tuple[str, ...] = ()
    """Companions asked for with the evidence (2.0, requests): Annex, HumanReadableVersion, Translation."""


@dataclass(frozen=True, slots=True)
class DataServiceEvidenceType:
    """The evidence type asked for, as the Data Service Directory publishes it."""

    identifier: Identifier
    evidence_type_classification: str
    titles: tuple[Text, ...]
    distributed_as: tuple[Distribution, ...]
    descriptions: tuple[Text, ...] = ()
    extra: Extra = Extra()


@dataclass(frozen=True, slots=True, repr=False)
class EvidenceProviderClassification(_Personal):
    """One answer of the user to a question of the Data Service Directory."""

    identifier: Identifier
    type: str | None = None
    value_expression: str | None = None
    descriptions: tuple[Text, ...] = ()
    supported_values: tuple[str, ...] = ()
    """Lexical values; `supported_value_type` names the element (StringValue, DateValue, BooleanValue)."""
    supported_value_type: str = "StringValue"
    extra: Extra = Extra()


@dataclass(frozen=True, slots=True)
class EvidenceRequest:
    """query:QueryRequest (TDD 4.5.1). `id` carries its `urn:uuid:` prefix.

    `procedure` has languages in 1.x and one text without language in 2.0.
    """

    id: str
    specification_identifier: str
    issue_date_time: datetime
    procedure: tuple[Text, ...]
    possibility_for_preview: bool
    explicit_request_given: bool
    requirements: tuple[Requirement, ...]
    evidence_requesters: tuple[Agent, ...]
    evidence_provider: Agent
    evidence_type: DataServiceEvidenceType
    subject: NaturalPerson | LegalPerson
    authorized_representative: NaturalPerson | LegalPerson | None = None
    preview_location: str | None = None
    return_location: str | None = None
    evidence_provider_classifications: tuple[EvidenceProviderClassification, ...] = ()
    extra: Extra = Extra()
    query_extra: Extra = Extra()

    @property
    def procedure_code(self) -> str:
        """The code of the procedures list, whichever form the version gives it."""
        return self.procedure[0].value if self.procedure else ""

    @property
    def evidence_requester(self) -> Agent:
        """The agent classified ER, or the first one where none is."""
        agents = self.evidence_requesters
        return next((agent for agent in agents if agent.classification == "ER"), agents[0])


@dataclass(frozen=True, slots=True)
class Evidence:
    """sdg:Evidence: the metadata of one document (slot EvidenceMetadata).

    A companion of 2.0 has an identifier and a distribution only (R-EDM-RESP-S063): the rest is None or empty.
    """

    identifier: Identifier
    is_about: NaturalPerson | LegalPerson | None
    issuing_authority: Agent | None
    evidence_type_classification: str
    titles: tuple[Text, ...]
    issuing_date: date | None
    distribution: Distribution
    descriptions: tuple[Text, ...] = ()
    valid_from: date | None = None
    valid_until: date | None = None
    extra: Extra = Extra()


@dataclass(frozen=True, slots=True)
class EvidenceDocument:
    """rim:ExtrinsicObject: one document; `content_id` is the cid without `cid:` of its AS4 attachment."""

    id: str
    content_id: str
    metadata: Evidence | None
    title: str | None = None
    role: DocumentRole = DocumentRole.MAIN_EVIDENCE
    extra: Extra = Extra()
    classification_id: str | None = None
    """Id of its rim:Classification; None lets the profile choose, "" writes none."""
    association_id: str | None = None
    """Id of the rim:Association that ties a companion to its main evidence; None and "" as above."""


@dataclass(frozen=True, slots=True)
class EvidencePackage:
    """One main evidence and its companions (2.0); in 1.x each document is a package of one without id."""

    documents: tuple[EvidenceDocument, ...]
    id: str | None = None
    extra: Extra = Extra()

    @property
    def main(self) -> EvidenceDocument:
        """The main evidence, or the first document where none is classified so."""
        mains = (d for d in self.documents if d.role is DocumentRole.MAIN_EVIDENCE)
        return next(mains, self.documents[0])


@dataclass(frozen=True, slots=True)
class EvidenceResponse:
    """query:QueryResponse, successful or deferred (TDD 4.5.2); `request_id` with `urn:uuid:`, `id` without.

    Deferred: no packages and `response_available_date_time` set.
    """

    request_id: str
    id: str
    specification_identifier: str
    issue_date_time: datetime
    evidence_providers: tuple[Agent, ...]
    evidence_requester: Agent
    packages: tuple[EvidencePackage, ...] = ()
    response_available_date_time: datetime | None = None
    extra: Extra = Extra()

    @property
    def documents(self) -> tuple[EvidenceDocument, ...]:
        """All documents in the order of the message."""
        return tuple(document for package in self.packages for document in package.documents)


@dataclass(frozen=True, slots=True)
class Preview:
    """Where the user is to be sent; `method` is GET or POST."""

    location: str
    descriptions: tuple[Text, ...] = ()
    method: str = "GET"


@dataclass(frozen=True, slots=True)
class EvidenceException:
    """rs:Exception: one reason why no evidence comes. Its xsi:type and severity follow from the code."""

    code: ErrorCode | str
    message: str
    timestamp: datetime
    detail: str | None = None
    severity: str | None = None
    """None lets the profile choose: Error, or PreviewRequired where `preview` is set."""
    preview: Preview | None = None
    extra: Extra = Extra()


@dataclass(frozen=True, slots=True)
class EvidenceErrorResponse:
    """query:QueryResponse with status Failure (TDD 4.5.3); `request_id` may be unknown."""

    id: str
    specification_identifier: str
    error_provider: Agent
    evidence_requester: Agent | None
    exceptions: tuple[EvidenceException, ...]
    request_id: str | None = None
    extra: Extra = Extra()
    further_error_providers: tuple[Agent, ...] = ()
    """Agents beside the error provider where the slot is a collection (an intermediary platform)."""


EdmMessage = EvidenceRequest | EvidenceResponse | EvidenceErrorResponse


@dataclass(frozen=True, slots=True)
class Header:
    """What can be told of a message without believing the rest: enough to answer a broken one.

    `kind` is request, response, error or None when the root is none of ours; every field may be missing.
    """

    kind: str | None
    id: str | None = None
    request_id: str | None = None
    specification_identifier: str | None = None
    preview_location: str | None = None
    evidence_requester: Agent | None = None
    evidence_provider: Agent | None = None
    exceptions: tuple[str, ...] = field(default=())
    """Codes of the exceptions of an error response."""

"""What differs between EDM versions, as one value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from intermediary.edm.codes import ErrorCode
from intermediary.edm.model import EvidenceException

MESSAGES: Mapping[ErrorCode, str] = MappingProxyType(
    {
        ErrorCode.AUTHENTICATION: "Failed Authentication",
        ErrorCode.AUTHORIZATION: "Missing Authorization",
        ErrorCode.INVALID_REQUEST: "Syntactically or semantically invalid request",
        ErrorCode.OBJECT_NOT_FOUND: "Object not found",
        ErrorCode.TIMEOUT: "Exceeding timeout period",
        ErrorCode.UNRESOLVED_REFERENCE: "Referenced object that cannot be resolved",
        ErrorCode.UNSUPPORTED_CAPABILITY: "Optional feature or capability is not supported",
        ErrorCode.QUERY: "Problem during the processing of a QueryRequest",
    }
)
"""Fixed wording of the code list EDMErrorCodes (2022-12); the codes are the same up to 2.0.1."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One version of the Exchange Data Model (TDD 4.5 of that version).

    Fields that neither reader nor writer needs (`return_location`, `transformation`, …) say what a message
    of this version may carry: who composes one asks here; who breaks it is told by `validation`.
    """

    specification_identifier: str
    semantic_repository: str
    """Scheme and host of the Semantic Repository's identifiers."""
    data_model_path: str
    """Path of data models there: ConformsTo starts with `semantic_repository/data_model_path/`."""
    severity_preview_required: str
    decline_is_empty_response: bool
    """How «the user sends nothing» is told: True a successful response without objects, False error 0002.

    1.0: Projectathon TC08 answers with an empty list, and R-EDM-ERR-C015 of 1.0 forbids 0002 with severity
    Error. Later C015 exempts 0002, and the Commission's user journey (step 6) speaks of an error.
    """
    set_collections: frozenset[str]
    """Slots whose collection the official samples type as a Set; the others leave the default (Bag)."""
    severity_error: str = "urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Error"
    messages: Mapping[ErrorCode, str] = field(default_factory=lambda: MESSAGES, compare=False, repr=False)
    exchange_id_property: bool = False
    """The ebMS header carries ExchangeId (R-EDM-ebMS-019 of 2.0)."""
    specification_id_property: bool = False
    """The ebMS header carries SpecificationId (R-EDM-ebMS-019, -038 of 2.0)."""
    plain_procedure: bool = False
    """Procedure is a plain String (2.0) instead of an InternationalString with a language."""
    packaged: bool = False
    """Documents travel in packages with classifications and associations (R-EDM-RESP-S046 to S066)."""
    return_location: bool = False
    """The second request has a slot ReturnLocation instead of query parameters in the PreviewLocation."""
    preview_method: bool = True
    """The preview-required exception has a slot PreviewMethod; removed in 2.0, where it is always GET."""
    requirement_descriptions: bool = True
    """sdg:Requirement may have descriptions (from 1.1)."""
    transformation: bool = True
    """Distributions may name a Transformation; removed in 2.0."""
    request_language: bool = True
    """QueryRequest may have xml:lang; forbidden in 2.0, which has Language in DistributedAs."""
    legal_representative: bool = False
    """A legal person may be the representative (slot AuthorizedRepresentativeLegalPerson)."""

    def severity_of(self, raised: EvidenceException) -> str:
        """The severity on the wire: as stated, else PreviewRequired with a preview and Error without."""
        if raised.severity is not None:
            return raised.severity
        return self.severity_error if raised.preview is None else self.severity_preview_required

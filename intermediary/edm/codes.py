"""Published vocabularies of the Exchange Data Model as enumerations."""

from enum import StrEnum


class ErrorCode(StrEnum):
    """EDM error codes (code list EDMErrorCodes); `exception_type` is the xsi:type that each goes with."""

    AUTHENTICATION = "EDM:ERR:0001"
    AUTHORIZATION = "EDM:ERR:0002"
    INVALID_REQUEST = "EDM:ERR:0003"
    OBJECT_NOT_FOUND = "EDM:ERR:0004"
    TIMEOUT = "EDM:ERR:0005"
    UNRESOLVED_REFERENCE = "EDM:ERR:0006"
    UNSUPPORTED_CAPABILITY = "EDM:ERR:0007"
    QUERY = "EDM:ERR:0008"

    @property
    def exception_type(self) -> str:
        """Clark name of the exception's xsi:type (code list EDMErrorCodes, column Type)."""
        return _EXCEPTION_TYPES[self.value]


_RS = "{urn:oasis:names:tc:ebxml-regrep:xsd:rs:4.0}"
_EXCEPTION_TYPES = {
    "EDM:ERR:0001": f"{_RS}AuthenticationExceptionType",
    "EDM:ERR:0002": f"{_RS}AuthorizationExceptionType",
    "EDM:ERR:0003": f"{_RS}InvalidRequestExceptionType",
    "EDM:ERR:0004": f"{_RS}ObjectNotFoundExceptionType",
    "EDM:ERR:0005": f"{_RS}TimeoutExceptionType",
    "EDM:ERR:0006": f"{_RS}UnresolvedReferenceExceptionType",
    "EDM:ERR:0007": f"{_RS}UnsupportedCapabilityExceptionType",
    "EDM:ERR:0008": "{urn:oasis:names:tc:ebxml-regrep:xsd:query:4.0}QueryExceptionType",
}


class DocumentRole(StrEnum):
    """Classification node of a document in an evidence package (2.0 packaging)."""

    MAIN_EVIDENCE = "MainEvidence"
    HUMAN_READABLE_VERSION = "HumanReadableVersion"
    TRANSLATION = "Translation"
    ANNEX = "Annex"


class AgentRole(StrEnum):
    """Code list AgentClassification."""

    EVIDENCE_REQUESTER = "ER"
    EVIDENCE_PROVIDER = "EP"
    INTERMEDIARY_PLATFORM = "IP"
    ERROR_PROVIDER = "ERRP"


class LevelOfAssurance(StrEnum):
    """eIDAS levels of assurance (code list LevelsOfAssurance)."""

    LOW = "Low"
    SUBSTANTIAL = "Substantial"
    HIGH = "High"

    @property
    def rank(self) -> int:
        """0 for Low to 2 for High, to compare levels."""
        return ("Low", "Substantial", "High").index(self.value)

"""Fixed names of the Common Services: namespaces, queries, parameters, error codes (TDD chapter 3)."""

from enum import StrEnum
from typing import Final

QUERY: Final = "urn:oasis:names:tc:ebxml-regrep:xsd:query:4.0"
RIM: Final = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:4.0"
RS: Final = "urn:oasis:names:tc:ebxml-regrep:xsd:rs:4.0"
LCM: Final = "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:4.0"
SDG: Final = "http://data.europa.eu/p4s"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
XSI_TYPE: Final = f"{{{XSI}}}type"

SUCCESS: Final = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"
FAILURE: Final = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure"
ERROR: Final = "urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Error"
ADDITIONAL_INPUT: Final = "urn:sr.oots.tech.europa.eu:codes:ErrorSeverity:DSDErrorResponse:AdditionalInput"
SET: Final = "urn:oasis:names:tc:ebxml-regrep:CollectionType:Set"
ASSOCIATION: Final = "urn:oasis:names:tc:ebxml-regrep:AssociationType:"
MEDIA_TYPE: Final = "application/x-ebrs+xml"

VERSION_1_0: Final = "oots-cs:v1.0"
VERSION_1_1: Final = "oots-cs:v1.1"
VERSION_2_0: Final = "oots-cs:v2.0"

SLOT_VERSION: Final = "SpecificationIdentifier"
SLOT_REQUIREMENT: Final = "Requirement"
SLOT_SERVICE: Final = "DataServiceEvidenceType"
SLOT_DETERMINATION: Final = "JurisdictionDetermination"
SLOT_CONCEPTS: Final = "UserRequestedClassificationConcepts"

EUROPEAN_UNION: Final = "EU"
"""In place of a country in the URI of an evidence type that is the same in the whole Union."""


class Service(StrEnum):
    """The two query services; the value is their label in discovery names."""

    EVIDENCE_BROKER = "eb"
    DATA_SERVICE_DIRECTORY = "dsd"


class QueryId(StrEnum):
    """`queryId` of the three queries."""

    REQUIREMENTS = "urn:fdc:oots:eb:ebxml-regrep:queries:requirements-by-procedure-and-jurisdiction"
    EVIDENCE_TYPES = "urn:fdc:oots:eb:ebxml-regrep:queries:evidence-types-by-requirement-and-jurisdiction"
    DATA_SERVICES = "urn:fdc:oots:dsd:ebxml-regrep:queries:dataservices-by-evidencetype-and-jurisdiction"

    @property
    def service(self) -> Service:
        """Who answers it."""
        return Service.DATA_SERVICE_DIRECTORY if self is QueryId.DATA_SERVICES else Service.EVIDENCE_BROKER


class RefusalCode(StrEnum):
    """Error codes of EB and DSD (code lists EBErrorCodes, DSDErrorCodes)."""

    EB_NOTHING_FOUND = "EB:ERR:0001"
    EB_REQUIREMENT_UNKNOWN = "EB:ERR:0002"
    EB_PARAMETERS = "EB:ERR:0003"
    EB_JURISDICTION = "EB:ERR:0004"
    EB_PROCEDURE = "EB:ERR:0005"
    EB_COUNTRY = "EB:ERR:0006"
    EB_QUERY_UNKNOWN = "EB:ERR:0007"
    DSD_NOTHING_FOUND = "DSD:ERR:0001"
    DSD_EVIDENCE_TYPE_UNKNOWN = "DSD:ERR:0002"
    DSD_PARAMETERS = "DSD:ERR:0003"
    DSD_QUERY_UNKNOWN = "DSD:ERR:0004"
    DSD_MORE_NEEDED = "DSD:ERR:0005"
    DSD_VALUE = "DSD:ERR:0006"

    @property
    def exception_type(self) -> str:
        """Local name of the exception's xsi:type."""
        return "ObjectNotFoundExceptionType" if self in _NOT_FOUND else "InvalidRequestExceptionType"


_NOT_FOUND = (
    RefusalCode.EB_NOTHING_FOUND,
    RefusalCode.EB_REQUIREMENT_UNKNOWN,
    RefusalCode.DSD_NOTHING_FOUND,
    RefusalCode.DSD_EVIDENCE_TYPE_UNKNOWN,
    RefusalCode.DSD_MORE_NEEDED,
)


class JurisdictionLevel(StrEnum):
    """Code list JurisdictionLevel: which code the user is asked for."""

    COUNTRY = "Country"
    NUTS1 = "NUTS1"
    NUTS2 = "NUTS2"
    NUTS3 = "NUTS3"
    LAU = "LAU"

    @property
    def parameter(self) -> str | None:
        """The query parameter that takes the code; None: nothing more is asked."""
        if self is JurisdictionLevel.COUNTRY:
            return None
        return "jurisdiction-admin-l3" if self is JurisdictionLevel.LAU else "jurisdiction-admin-l2"


STRUCTURED: Final = ("application/xml", "application/json")
"""Formats that need a data model (R-DSD-RESP-C039)."""

"""What differs between the releases of the EDM, as data: one `Edition` per release, no `if version` anywhere.

Sources: the official rules 1.0; TDD 4.5 and 4.6 of 1.1, 1.2 and 2.0 for what replaced them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from intermediary.validation.codelists import code_list
from intermediary.validation.model import Severity


@dataclass(frozen=True, slots=True)
class Edition:
    """The values that rules of one release are made with."""

    release: str
    """What slot SpecificationIdentifier says."""
    host: str = "sr.oots.tech.europa.eu"
    """Semantic Repository, and the name in URNs of severities."""
    models: str = "distributions"
    """First path segment of data models in the Semantic Repository."""
    cid: str = r"^cid:[a-z0-9]*@[a-z0-9]*"
    """What a reference to an evidence part must look like."""
    procedures: frozenset[str] = code_list("procedures").codes
    representatives: tuple[str, ...] = ("sdg:Person",)
    """What slot AuthorizedRepresentative may hold."""
    requirements: Severity = Severity.WARNING
    """How bad it is to lack the slots Procedure and Requirements."""
    procedure_type: str = "rim:InternationalStringValueType"
    decline_by_0002: bool = False
    """Whether an AuthorizationException may have severity Error, which is how a user's decline is told."""

    @property
    def preview_required(self) -> str:
        """The severity that asks for a preview."""
        return f"urn:{self.host}:codes:ErrorSeverity:EDMErrorResponse:PreviewRequired"

    @property
    def in_repository(self) -> str:
        """The start of Semantic Repository URLs, as a pattern that may lie on the test host too."""
        return "https://" + self.host.replace(".", r"\.") + "/"


V1_0: Final = Edition("oots-edm:v1.0")
V1_1: Final = replace(
    V1_0,
    release="oots-edm:v1.1",
    host="sr.oots.tech.ec.europa.eu",
    models="datamodels",
    cid=r"^cid:[A-Za-z0-9._-]+@[A-Za-z0-9.-]+",
    procedures=V1_0.procedures | {"00"},
    representatives=("sdg:Person", "sdg:LegalPerson"),
)
V1_2: Final = replace(V1_1, release="oots-edm:v1.2", decline_by_0002=True)
V2_0: Final = replace(
    V1_2,
    release="oots-edm:v2.0",
    requirements=Severity.ERROR,
    procedure_type="rim:StringValueType",
)
EDITIONS: Final[Mapping[str, Edition]] = MappingProxyType({e.release: e for e in (V1_0, V1_1, V1_2, V2_0)})
BEFORE_2: Final = frozenset({V1_0.release, V1_1.release, V1_2.release})
FROM_2: Final = frozenset({V2_0.release})

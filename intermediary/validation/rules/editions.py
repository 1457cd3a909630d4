"""What differs between the releases of the EDM, as data: one `Edition` per release, no `if version` anywhere.

Sources: the official rules 1.0; TDD 4.5 and 4.6 of 1.1, 1.2 and 2.0 for what replaced them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from intermediary.validation.codelists import code_list
from intermediary.validation.model import Severity
from intermediary.validation.rules import forms

_DOCUMENT: Final = "rim:RegistryObjectList/rim:RegistryObject"


def _repository(host: str, path: str, rest: str, form: str, start: str = "^") -> tuple[str, str]:
    """A pattern for URLs of the Semantic Repository, with the form that a reader is shown."""
    return f"{start}https://{host.replace('.', r'[.]')}/{path}/{rest}", f"https://{host}/{path}/{form}"


def _urls(host: str, models: str) -> tuple[tuple[str, str], tuple[str, str], tuple[str, str]]:
    """Requirement, evidence type and data model of 1.x."""
    uuid = forms.UUID[0]
    return (
        _repository(host, "requirements", rf"(?:urn:uuid:)?{forms.LOWER_UUID}\Z", "UUID"),
        _repository(host, "evidencetypeclassifications", f"[A-Za-z]{{2}}/{uuid}", "XX/UUID", "(?i)"),
        _repository(host, models, "", "…"),
    )


@dataclass(frozen=True, slots=True)
class Edition:
    """The values that rules of one release are made with; patterns come with the form shown to a reader."""

    release: str
    """What slot SpecificationIdentifier says."""
    requirement: tuple[str, str]
    """Identifier of a requirement."""
    evidence_type: tuple[str, str]
    """EvidenceTypeClassification."""
    data_model: tuple[str, str]
    """ConformsTo and Transformation."""
    preview_required: str
    """The severity that asks for a preview."""
    cid: tuple[str, str]
    """Reference to an evidence part."""
    procedures: frozenset[str]
    more_slots: tuple[str, ...] = ()
    """Slots of the request that 1.0 does not know."""
    representatives: tuple[str, ...] = ("sdg:Person", "sdg:LegalPerson")
    """What slot AuthorizedRepresentative may hold."""
    requirements: Severity = Severity.WARNING
    """How bad it is to lack the slots Procedure and Requirements."""
    procedure_type: str = "rim:InternationalStringValueType"
    service_identifier: tuple[str, str] = forms.UUID
    languages: frozenset[str] = forms.LANGUAGES
    document: str = _DOCUMENT
    """From the response to its documents."""
    decline_by_0002: bool = True
    """Whether an AuthorizationException may have severity Error, which is how a user's decline is told."""
    exceptions: int | None = 1
    """Most exceptions in an error response."""
    mended: Severity = Severity.WARNING
    """Severity of rules that by a slip of the official text never fire: what the official validator lets pass
    is not refused for them."""


_HOST_1_0, _HOST = "sr.oots.tech.europa.eu", "sr.oots.tech.ec.europa.eu"
_SEVERITY = "urn:{}:codes:ErrorSeverity:EDMErrorResponse:PreviewRequired"

V1_0: Final = Edition(
    "oots-edm:v1.0",
    *_urls(_HOST_1_0, "distributions"),
    preview_required=_SEVERITY.format(_HOST_1_0),
    cid=("^cid:[a-z0-9]*@[a-z0-9]*", "cid:abc@def"),
    procedures=code_list("procedures").codes,
    representatives=("sdg:Person",),
    decline_by_0002=False,
)
_REQUIREMENT, _EVIDENCE_TYPE, _DATA_MODEL = _urls(_HOST, "datamodels")
V1_1: Final = replace(
    V1_0,
    release="oots-edm:v1.1",
    requirement=_REQUIREMENT,
    evidence_type=_EVIDENCE_TYPE,
    data_model=_DATA_MODEL,
    preview_required=_SEVERITY.format(_HOST),
    cid=("^cid:[A-Za-z0-9._-]+@[A-Za-z0-9.-]+", "cid:part@host"),
    procedures=V1_0.procedures | {"00"},
    representatives=("sdg:Person", "sdg:LegalPerson"),
)
V1_2: Final = replace(V1_1, release="oots-edm:v1.2", decline_by_0002=True)

_ANY_HOST = r"^https://sr(?:[.]acc)?[.]oots[.]tech[.]ec[.]europa[.]eu/"
V2_0: Final = replace(
    V1_2,
    release="oots-edm:v2.0",
    requirement=(
        rf"{_ANY_HOST}requirements/(?:[A-Za-z]{{2}}/)?{forms.LOWER_UUID}\Z",
        f"https://{_HOST}/requirements/UUID",
    ),
    evidence_type=(
        rf"{_ANY_HOST}evidencetypeclassifications/(?:[A-Z]{{2}}|oots)/{forms.UUID[0]}",
        f"https://{_HOST}/evidencetypeclassifications/XX/UUID",
    ),
    data_model=(f"{_ANY_HOST}datamodels/", f"https://{_HOST}/datamodels/…"),
    more_slots=("ReturnLocation",),
    requirements=Severity.ERROR,
    procedure_type="rim:StringValueType",
    service_identifier=forms.BARE_UUID,
    languages=frozenset(code for code in forms.LANGUAGES if len(code) == 2),
    document=f"{_DOCUMENT}/{_DOCUMENT}",
    exceptions=None,
    mended=Severity.ERROR,
)
EDITIONS: Final[Mapping[str, Edition]] = MappingProxyType({e.release: e for e in (V1_0, V1_1, V1_2, V2_0)})
BEFORE_2: Final = frozenset({V1_0.release, V1_1.release, V1_2.release})
FROM_2: Final = frozenset({V2_0.release})

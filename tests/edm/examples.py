"""Complete, realistic messages: Italy asks Germany for a vehicle registration. For the tests of every room.

The 1.0 forms satisfy the official 1.0 schema and rules. Any field of the message may be changed by keyword.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from intermediary import edm
from intermediary.edm.codes import AgentRole, DocumentRole, ErrorCode
from intermediary.edm.model import (
    Address,
    Agent,
    DataServiceEvidenceType,
    Distribution,
    EdmMessage,
    Evidence,
    EvidenceDocument,
    EvidenceErrorResponse,
    EvidenceException,
    EvidencePackage,
    EvidenceRequest,
    EvidenceResponse,
    Identifier,
    LegalPerson,
    NaturalPerson,
    Preview,
    Requirement,
    Text,
)

REQUEST_ID = "urn:uuid:6fdc7b3e-2f64-4d2f-9d0c-0a4be1f3c901"
RESPONSE_ID = "f4a5d1c2-93a6-4f63-8a53-6a0c4f4f7b21"
NOW = datetime(2026, 3, 12, 9, 30, 15, 120_000, UTC)
PREVIEW_LOCATION = "https://preview.example.org/p/2f0c5d9a7b"
RETURN_LOCATION = "https://sportello.example.it/ritorno?pratica=4711"
CONTENT_ID = "registration@ip.example.de"

ITALIAN_OFFICE = Agent(
    Identifier("IT80078750587", "urn:cef.eu:names:identifier:EAS:0201"),
    (Text("Ufficio della Motorizzazione Civile di Bolzano", "IT"),),
    Address(
        full_address="Piazza Silvius Magnago 3, 39100 Bolzano, Italia",
        locator_designator="3",
        post_code="39100",
        post_city_name="Bolzano",
        thoroughfare="Piazza Silvius Magnago",
        admin_unit_level_1="IT",
        admin_unit_level_2="ITH10",
    ),
    AgentRole.EVIDENCE_REQUESTER.value,
)
ITALIAN_PLATFORM = Agent(
    Identifier("IT97735020584", "urn:cef.eu:names:identifier:EAS:0201"),
    (Text("Piattaforma intermediaria nazionale", "IT"),),
    classification=AgentRole.INTERMEDIARY_PLATFORM.value,
)
VEHICLE_REGISTER = Agent(
    Identifier("DE136752345", "urn:cef.eu:names:identifier:EAS:9930"),
    (Text("Federal Motor Transport Authority", "EN"), Text("Kraftfahrt-Bundesamt", "DE")),
)
VEHICLE_REGISTER_ADDRESS = Address(
    full_address="Fördestraße 16, 24944 Flensburg, Germany",
    locator_designator="16",
    post_code="24944",
    post_city_name="Flensburg",
    thoroughfare="Fördestraße",
    admin_unit_level_1="DE",
    admin_unit_level_2="DEF01",
)
GIULIA = NaturalPerson(
    family_name="Rossi",
    given_name="Giulia",
    date_of_birth=date(1984, 5, 7),
    level_of_assurance="High",
    identifier=Identifier("IT/DE/RSSGLI84E47", "eidas"),
    place_of_birth="Bolzano",
    current_address=Address(
        full_address="Via Claudia Augusta 12, 39100 Bolzano, Italia",
        locator_designator="12",
        post_code="39100",
        post_city_name="Bolzano",
        thoroughfare="Via Claudia Augusta",
        admin_unit_level_1="IT",
        admin_unit_level_2="ITH10",
    ),
    gender="Female",
)
DAIRY = LegalPerson(
    legal_name="Latteria Alto Adige S.r.l.",
    level_of_assurance="Substantial",
    legal_person_identifier=Identifier("IT/DE/02618540213", "eidas"),
    identifiers=(Identifier("IT02618540213", "VAT"),),
)


def request(version: str = edm.LATEST, **changes: Any) -> EvidenceRequest:
    """A first request about a natural person, in the form of `version`."""
    profile = edm.profile_for(version)
    requirement = Requirement(
        Identifier(f"{profile.semantic_repository}/requirements/9aebd9bb-9e8f-4b4b-8a76-7a4f12d4c9a5"),
        (Text("Proof of vehicle registration", "EN"), Text("Prova dell'immatricolazione del veicolo", "IT")),
        (Text("The registration of the vehicle to be re-registered", "EN"),)
        if profile.requirement_descriptions
        else (),
    )
    message = EvidenceRequest(
        id=REQUEST_ID,
        specification_identifier=version,
        issue_date_time=NOW,
        procedure=(Text("V2", None if profile.plain_procedure else "EN"),),
        possibility_for_preview=True,
        explicit_request_given=True,
        requirements=(requirement,),
        evidence_requesters=(ITALIAN_OFFICE, ITALIAN_PLATFORM),
        evidence_provider=VEHICLE_REGISTER,
        evidence_type=DataServiceEvidenceType(
            identifier=Identifier("2af27699-f131-4411-8fdb-9e8cd4e8bded"),
            evidence_type_classification=classification(version),
            titles=_TITLES,
            distributed_as=(_distribution(version),),
            descriptions=_DESCRIPTIONS,
        ),
        subject=GIULIA,
    )
    return replace(message, **changes)


def second_request(version: str = edm.LATEST, **changes: Any) -> EvidenceRequest:
    """The request that follows the preview-required exception."""
    returns = RETURN_LOCATION if edm.profile_for(version).return_location else None
    fresh = "urn:uuid:0d6a7a52-41a8-4b06-8f3c-55f0a1b6d002"
    message = request(version, id=fresh, preview_location=PREVIEW_LOCATION, return_location=returns)
    return replace(message, **changes)


def response(version: str = edm.LATEST, **changes: Any) -> EvidenceResponse:
    """The response to `request` with one document; in 2.0 also its human-readable version."""
    profile = edm.profile_for(version)
    main = EvidenceDocument(
        id="urn:uuid:dc518a5b-ff25-44de-9bc5-2ecda71d3f6e",
        content_id=CONTENT_ID,
        metadata=evidence(version),
        title="Vehicle registration",
    )
    documents: tuple[EvidenceDocument, ...] = (main,)
    if profile.packaged:
        documents += (companion(),)
    message = EvidenceResponse(
        request_id=REQUEST_ID,
        id=RESPONSE_ID,
        specification_identifier=version,
        issue_date_time=NOW,
        evidence_providers=(
            replace(
                VEHICLE_REGISTER,
                address=VEHICLE_REGISTER_ADDRESS,
                classification=AgentRole.EVIDENCE_PROVIDER.value,
            ),
        ),
        evidence_requester=replace(ITALIAN_OFFICE, address=None, classification=None),
        packages=(EvidencePackage(documents),),
    )
    return replace(message, **changes)


def deferred(version: str = edm.LATEST, **changes: Any) -> EvidenceResponse:
    """A response that announces the evidence for later."""
    later = NOW.replace(day=14)
    return replace(response(version, packages=(), response_available_date_time=later), **changes)


def companion() -> EvidenceDocument:
    """A human-readable version, which has an identifier and a distribution only (R-EDM-RESP-S063)."""
    return EvidenceDocument(
        id="urn:uuid:5bb9b4bb-6ad4-4ff2-9bb3-b52b4e4ad3f1",
        content_id="readable@ip.example.de",
        metadata=Evidence(
            identifier=Identifier("7d0c5a91-0b3e-4a2f-9c64-2ab0d1e8f5c7"),
            is_about=None,
            issuing_authority=None,
            evidence_type_classification="",
            titles=(),
            issuing_date=None,
            distribution=Distribution("application/pdf"),
        ),
        title="Vehicle registration (PDF)",
        role=DocumentRole.HUMAN_READABLE_VERSION,
    )


def evidence(version: str = edm.LATEST, **changes: Any) -> Evidence:
    """The metadata of a vehicle registration."""
    metadata = Evidence(
        identifier=Identifier("5ee5c0de-c066-4637-bea3-6e3511ada970"),
        is_about=replace(GIULIA, level_of_assurance=None, current_address=None, gender=None),
        issuing_authority=VEHICLE_REGISTER,
        evidence_type_classification=classification(version),
        titles=_TITLES,
        issuing_date=date(2025, 11, 3),
        distribution=_distribution(version),
        descriptions=_DESCRIPTIONS,
        valid_from=date(2025, 11, 3),
        valid_until=date(2027, 11, 3),
    )
    return replace(metadata, **changes)


def error(
    version: str = edm.LATEST, code: ErrorCode = ErrorCode.OBJECT_NOT_FOUND, **changes: Any
) -> EvidenceErrorResponse:
    """An error response with one exception of `code`."""
    raised = EvidenceException(
        code, edm.profile_for(version).messages[code], NOW, detail="The provider holds no such evidence"
    )
    message = EvidenceErrorResponse(
        id=RESPONSE_ID,
        specification_identifier=version,
        error_provider=replace(
            VEHICLE_REGISTER, address=VEHICLE_REGISTER_ADDRESS, classification=AgentRole.ERROR_PROVIDER.value
        ),
        evidence_requester=replace(ITALIAN_OFFICE, address=None, classification=None),
        exceptions=(raised,),
        request_id=REQUEST_ID,
    )
    return replace(message, **changes)


def preview_required(version: str = edm.LATEST, **changes: Any) -> EvidenceErrorResponse:
    """The error response that sends the user to the preview."""
    message = error(version, ErrorCode.AUTHORIZATION)
    preview = Preview(PREVIEW_LOCATION, (Text("Please look at your registration.", "EN"),))
    raised = replace(message.exceptions[0], preview=preview, detail="The user has to preview the evidence")
    return replace(message, exceptions=(raised,), **changes)


def classification(version: str) -> str:
    """The evidence type classification in the Semantic Repository of a version."""
    host = edm.profile_for(version).semantic_repository
    return f"{host}/evidencetypeclassifications/DE/ca8afed6-2dc0-422a-a931-d21c3d8d370e"


def _distribution(version: str) -> Distribution:
    profile = edm.profile_for(version)
    model = f"{profile.semantic_repository}/{profile.data_model_path}/vehicle-registration-1.0.0"
    return Distribution("application/xml", conforms_to=model)


_TITLES = (Text("Vehicle registration certificate", "EN"), Text("Zulassungsbescheinigung", "DE"))
_DESCRIPTIONS = (Text("Extract of the central register of vehicles", "EN"),)

EXAMPLES: tuple[Callable[[str], EdmMessage], ...] = (
    request,
    second_request,
    response,
    deferred,
    error,
    preview_required,
)
"""Every kind of message, by version."""

"""A request for any shipped mapping, and the register's answer to it."""

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import count
from uuid import UUID

from intermediary import translation
from intermediary.edm.model import Distribution, EvidenceRequest, Identifier, LegalPerson, Requirement
from intermediary.mapping import EvidenceMapping, MappingSet, load
from intermediary.mapping.model import SubjectKind
from intermediary.national.model import (
    Authority,
    Format,
    NationalAnswer,
    NationalEvidence,
    NationalEvidenceType,
    Outcome,
    Representation,
)
from intermediary.shipped import shipped
from intermediary.translation import TranslatedRequest
from tests.edm import examples

SHIPPED = load(shipped("mappings"))
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
INPUTS = {
    "kennzeichen": "B-GR 1990",
    "gemeindeschluessel": "09162000",
    "standesamt": "München",
    "hochschule": "TU München",
    "abschlussjahr": "2019",
    "bundesland": "HH",
    "steuerjahr": "2025",
    "versicherungsnummer": "12070584R003",
}
CONTENT = {
    "application/xml": "<nachweis><art>Prüfung &amp; Größe</art></nachweis>".encode(),
    "application/pdf": b"%PDF-1.7 original",
}


def shipped_mapping(key: str = "fahrzeugregistrierung") -> EvidenceMapping:
    """A mapping of the shipped set."""
    mapping = SHIPPED.by_key(key)
    assert mapping is not None
    return mapping


def request_for(
    mapping: EvidenceMapping, version: str = "oots-edm:v2.0", wanted: str | None = None, **changes: object
) -> EvidenceRequest:
    """A request for its evidence in all forms (or one media type), in the words of an EDM version."""
    old = version == "oots-edm:v1.0"
    uri = next(u for u in mapping.evidence_type_classifications if (".ec." in u) is not old)
    forms = [f for f in mapping.formats if wanted in (None, f.media_type)]
    base = examples.request(version=version)
    subject = base.subject
    if SubjectKind.NATURAL not in mapping.subjects:
        subject = replace(
            examples.DAIRY,
            identifiers=(*examples.DAIRY.identifiers, Identifier("DED2601V.HRB214785", "BusinessCode")),
        )
    evidence_type = replace(
        base.evidence_type,
        evidence_type_classification=uri,
        distributed_as=tuple(Distribution(f.media_type, f.data_model(version)) for f in forms),
    )
    requirement = Requirement(Identifier(mapping.requirements[0]), base.requirements[0].names)
    request = replace(base, subject=subject, evidence_type=evidence_type, requirements=(requirement,))
    return replace(request, **changes)  # type: ignore[arg-type]


def ask(
    request: EvidenceRequest,
    mapping: EvidenceMapping,
    mappings: MappingSet = SHIPPED,
    inputs: dict[str, str] | None = None,
) -> TranslatedRequest:
    """The national request."""
    return translation.to_national(
        request,
        mapping,
        mappings,
        inputs=INPUTS if inputs is None else inputs,
        message_id="message-1",
        request_id="request-1",
        conversation_id="conversation-1",
        now=NOW,
    )


def answer_to(asked: TranslatedRequest, **changes: object) -> NationalAnswer:
    """The register delivers one evidence in every form that it was asked for."""
    request = asked.request
    evidence = NationalEvidence(
        evidence_id="5ee5c0de-c066-4637-bea3-6e3511ada970",
        evidence_type=NationalEvidenceType(
            request.evidence_type.id, request.evidence_type.version, request.evidence_type.title
        ),
        issuing_authority=Authority(request.recipient.id, request.recipient.name),
        issuing_date=date(2026, 11, 24),
        representations=tuple(
            Representation(Format(f.media_type, f.data_model, "de"), CONTENT[f.media_type])
            for f in request.formats
            if f.media_type in CONTENT
        ),
    )
    changed = replace(evidence, **changes)  # type: ignore[arg-type]
    return NationalAnswer(request.request_id, Outcome.DELIVERED, (changed,))


class Ids:
    """UUIDs that count up."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def __call__(self) -> str:
        return str(UUID(int=(4 << 76) | (8 << 60) | next(self._numbers)))


def company(**changes: object) -> LegalPerson:
    """A company with every identifier of the list."""
    schemes = ("VAT", "TAX", "BusinessCode", "LEI", "EORI", "SEED", "SIC")
    identifiers = tuple(Identifier(f"value-{scheme}", scheme) for scheme in schemes)
    return replace(examples.DAIRY, identifiers=identifiers, **changes)  # type: ignore[arg-type]

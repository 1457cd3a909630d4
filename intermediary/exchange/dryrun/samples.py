"""Requests, answers and inputs that are made up for a dry run: nobody's data. Pure."""

import io
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from PIL import Image

from intermediary import edm
from intermediary.edm.codes import AgentRole, DocumentRole
from intermediary.edm.model import (
    Address,
    Agent,
    DataServiceEvidenceType,
    Distribution,
    EvidenceRequest,
    Identifier,
    LegalPerson,
    NaturalPerson,
    Requirement,
    Text,
)
from intermediary.exchange.answers import texts
from intermediary.exchange.contracts import ProviderUnavailable
from intermediary.exchange.dryrun.model import Expected
from intermediary.exchange.preview import InputField
from intermediary.mapping.model import EvidenceMapping, FormatMapping, MappingSet, Provider, SubjectKind
from intermediary.national.model import (
    Authority,
    Format,
    NationalAnswer,
    NationalEvidence,
    NationalRequest,
    Outcome,
    Representation,
)
from intermediary.translation.conversions import xml_to_pdf

REQUESTER = Agent(
    Identifier("0000000097", "urn:cef.eu:names:identifier:EAS:0208"),
    (Text("Municipality of Sampletown", "EN"),),
    Address(
        full_address="Rue de l'Exemple 1, 1000 Bruxelles",
        locator_designator="1",
        post_code="1000",
        post_city_name="Bruxelles",
        thoroughfare="Rue de l'Exemple",
        admin_unit_level_1="BE",
    ),
    AgentRole.EVIDENCE_REQUESTER.value,
)
_NAMED = re.compile(r"[\w./-]+(?: [\w./-]+){0,3}")
_XML = b"<sample><statement>Made up for a dry run</statement><number>12345</number></sample>"
_IMAGES = {"image/png": "PNG", "image/jpeg": "JPEG", "image/tiff": "TIFF"}


def sample_request(
    mapping: EvidenceMapping,
    mappings: MappingSet,
    version: str,
    *,
    now: datetime,
    new_id: Callable[[], str],
    subject: SubjectKind | None = None,
    form: FormatMapping | None = None,
) -> EvidenceRequest:
    """A valid first request for the evidence of a mapping; the requester and the person do not exist.

    `form`: one of the mapping's; by default its first, with the human-readable companion where the version
    has these. Raises UnsupportedVersion.
    """
    profile = edm.profile_for(version)
    here = mappings.platform.country
    legal = (subject or mapping.subjects[0]) is SubjectKind.LEGAL
    person = _person(here)
    wanted = form or mapping.formats[0]
    companions = (
        (DocumentRole.HUMAN_READABLE_VERSION,)
        if form is None and profile.packaged and len(mapping.formats) > 1
        else ()
    )
    keys = (mapping.routing.provider, *mapping.routing.table.values())
    known = [mappings.providers[key] for key in keys if key and key in mappings.providers]
    asked = known[0] if known else mappings.platform  # nobody to ask: the run will say so
    return EvidenceRequest(
        id=f"urn:uuid:{new_id()}",
        specification_identifier=version,
        issue_date_time=now,
        procedure=(Text(next(iter(mapping.procedures), "R1"), None if profile.plain_procedure else "EN"),),
        possibility_for_preview=True,
        explicit_request_given=True,
        requirements=(
            Requirement(
                Identifier(_own(mapping.requirements, profile)),
                (Text("The requirement of the procedure", "EN"),),
            ),
        ),
        evidence_requesters=(REQUESTER,),
        evidence_provider=Agent(Identifier(asked.agent_id, asked.agent_scheme), texts(asked.names)),
        evidence_type=DataServiceEvidenceType(
            identifier=Identifier(new_id()),
            evidence_type_classification=_own(mapping.evidence_type_classifications, profile),
            titles=texts(mapping.titles),
            descriptions=texts(mapping.descriptions),
            distributed_as=(
                Distribution(
                    wanted.media_type,
                    wanted.data_model(version),
                    transformation=wanted.transformation if profile.transformation else None,
                    associated_documents=companions,
                ),
            ),
        ),
        subject=_company(here, mapping) if legal else person,
        authorized_representative=person if legal else None,
    )


def _own(identifiers: tuple[str, ...], profile: edm.Profile) -> str:
    """The identifier in the Semantic Repository of that version; else the first one."""
    host = f"{profile.semantic_repository}/"
    return next((each for each in identifiers if each.startswith(host)), next(iter(identifiers), host))


def _person(here: str) -> NaturalPerson:
    return NaturalPerson(
        family_name="Peeters",
        given_name="Emma",
        date_of_birth=date(1990, 2, 3),
        level_of_assurance="High",
        identifier=Identifier(f"BE/{here}/SAMPLE00001", "eidas"),
        birth_name="Janssens",
        place_of_birth="Leuven",
        current_address=REQUESTER.address,
        gender="Female",
    )


def _company(here: str, mapping: EvidenceMapping) -> LegalPerson:
    named = (name for rule in mapping.identification for name in (*rule.fields, *rule.optional))
    schemes = dict.fromkeys(n.removeprefix("identifier:") for n in named if n.startswith("identifier:"))
    values = {"VAT": "BE0000000097", "LEI": "00000000000000000098", "BusinessCode": "BEKBOBCE.0000000097"}
    return LegalPerson(
        legal_name="Sample Bakery BV",
        level_of_assurance="High",
        legal_person_identifier=Identifier(f"BE/{here}/SAMPLE00002", "eidas"),
        identifiers=tuple(Identifier(values.get(scheme, "BE0000000097"), scheme) for scheme in schemes),
        registered_address=REQUESTER.address,
    )


def sample_input(asked: InputField, fits: Callable[[str], bool]) -> str | None:
    """A value that fits: a choice, an example of the hint, what the pattern demands; else None."""
    candidates = (*asked.choices, *_examples(asked), _fitting(asked.pattern), "Sample", "2025")
    return next((value for value in candidates if fits(value)), None)


def _examples(asked: InputField) -> Iterator[str]:
    """What a hint names behind «example», the longest first."""
    for hint in asked.hints.values():
        _, _, behind = re.sub(r"(?i)zum beispiel|for example|e\.g\.", "\0", hint).partition("\0")
        found = _NAMED.search(behind)
        words = found.group().split(" ") if found else []
        for count in range(len(words), 0, -1):
            yield " ".join(words[:count]).rstrip(".")


def _fitting(pattern: str | None) -> str:
    """The shortest text that a pattern demands, as far as it is made of characters, classes and repeats."""
    if pattern is None:
        return ""
    # The parser of `re` is nobody's promise: whatever comes of it is tried before it is used.
    parsed: Iterable[tuple[Any, Any]] = re._parser.parse(pattern)
    return _joined(parsed)


def _joined(items: Iterable[tuple[Any, Any]]) -> str:
    return "".join(map(_piece, items))[:300]


def _piece(item: tuple[Any, Any]) -> str:
    kind, value = str(item[0]), item[1]
    match kind:
        case "LITERAL":
            return chr(value)
        case "IN":
            return "" if str(value[0][0]) == "NEGATE" else _piece(value[0])
        case "RANGE":
            return chr(value[0])
        case "CATEGORY":
            return {"CATEGORY_DIGIT": "1", "CATEGORY_SPACE": " "}.get(str(value), "a")
        case "MAX_REPEAT" | "MIN_REPEAT":
            return _joined(value[2]) * min(int(value[0]), 300)
        case "SUBPATTERN":
            return _joined(value[-1])
        case "BRANCH":
            return _joined(value[1][0])
    return "a" if kind == "ANY" else ""


def sample_answer(
    expected: Expected,
    provider: Provider,
    request: NationalRequest,
    *,
    now: datetime,
    new_id: Callable[[], str],
) -> NationalAnswer:
    """What a provider would say. Raises ProviderUnavailable where it is not to be reached."""
    asked = request.request_id
    if expected is Expected.UNREACHABLE:
        raise ProviderUnavailable("the provider is assumed to be unreachable")
    if expected is Expected.LATER:
        return NationalAnswer(asked, Outcome.LATER, available_at=now + timedelta(days=1))
    if expected is not Expected.DELIVERED:
        return NationalAnswer(asked, Outcome(expected))
    evidence = NationalEvidence(
        evidence_id=new_id(),
        evidence_type=request.evidence_type,
        issuing_authority=Authority(provider.national_id, request.recipient.name),
        issuing_date=now.date(),
        representations=tuple(
            Representation(
                Format(form.media_type, form.data_model, request.language), _content(form.media_type)
            )
            for form in request.formats
        ),
    )
    return NationalAnswer(asked, Outcome.DELIVERED, (evidence,))


def _content(media_type: str) -> bytes:
    if media_type == "application/pdf":
        return xml_to_pdf(_XML, "Sample")
    if media_type in _IMAGES:
        out = io.BytesIO()
        Image.new("L", (600, 800), 230).save(out, _IMAGES[media_type])
        return out.getvalue()
    return b'{"statement": "Made up for a dry run"}' if media_type.endswith("json") else _XML

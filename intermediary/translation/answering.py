"""From the national answer to EDM evidence: one package for each evidence, as the mapping says. Pure.

Sources: TDD 4.5.2 (response; metadata rules R-EDM-RESP-C015 to C044), 2.0 packaging (R-EDM-RESP-S062).
"""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from intermediary import edm
from intermediary.edm.codes import DocumentRole
from intermediary.edm.model import (
    Agent,
    Distribution,
    Evidence,
    EvidenceDocument,
    EvidencePackage,
    EvidenceRequest,
    Identifier,
    LegalPerson,
    NaturalPerson,
    Text,
)
from intermediary.mapping.model import EvidenceMapping, FormatMapping, MappingSet, Titles
from intermediary.national.model import NationalAnswer, NationalEvidence, Representation
from intermediary.translation.asking import STRUCTURED, wanted_formats
from intermediary.translation.conversions import CONVERSIONS
from intermediary.translation.errors import Unconvertible, Untranslatable
from intermediary.translation.model import Attachment, Loss, TranslatedEvidence

_HOST = "evidence.oots"
"""Right side of a Content-ID; the left side alone is unique. R-EDM-RESP-C042: letters and digits."""
_UNREGISTERED = "urn:oasis:names:tc:ebcore:partyid-type:unregistered:"

_COMPANION = Evidence(Identifier(""), None, None, "", (), None, Distribution(""))
"""A companion of a package has an identifier and a distribution only (2.0, R-EDM-RESP-S063)."""

_Chosen = tuple[FormatMapping, Representation, bytes]


def to_edm(
    answer: NationalAnswer,
    request: EvidenceRequest,
    mapping: EvidenceMapping,
    mappings: MappingSet,
    *,
    new_id: Callable[[], str],
) -> TranslatedEvidence:
    """The evidences of a DELIVERED answer in the forms that the request asked for; `new_id` gives UUIDs.

    Raises Untranslatable where nothing of what was delivered may be sent.
    """
    packages: list[EvidencePackage] = []
    attachments: list[Attachment] = []
    losses: list[Loss] = []
    used: set[str] = set()
    profile = edm.profile_for(request.specification_identifier)
    forms = wanted_formats(request, mapping)
    languages = [lang for wanted in request.evidence_type.distributed_as for lang in wanted.languages]
    language = languages[0].lower() if languages else ""
    for number, evidence in enumerate(answer.evidences, 1):
        place = f"NationalEvidence[{number}]"
        if evidence.evidence_type.id != mapping.national_id:
            losses.append(Loss(place, "It is of another type than was asked for"))
            continue
        chosen = _choose(evidence, forms, language, place, losses)
        if not chosen:
            losses.append(Loss(place, "It came in no form that was asked for"))
            continue
        metadata = _metadata(evidence, request, mapping, mappings, place=place, losses=losses)
        documents = []
        for index, (form, representation, content) in enumerate(chosen):
            content_id = f"{new_id().replace('-', '')}@{_HOST}"
            named = _identifier(evidence.evidence_id, used, new_id)
            if index == 0 and named != evidence.evidence_id:
                reason = "EDM wants a UUID of its own (R-EDM-RESP-C015); a fresh one stands for it"
                losses.append(Loss(f"{place}/evidence_id", reason))
            described = metadata if index == 0 or not profile.packaged else _COMPANION
            described = replace(
                described,
                identifier=Identifier(named),
                distribution=_distribution(form, representation, request),
            )
            role = _role(index, chosen)
            documents.append(
                EvidenceDocument(f"urn:uuid:{new_id()}", content_id, described, mapping.titles["en"], role)
            )
            attachments.append(Attachment(content_id, form.media_type, content))
        # In 1.x a package is a list of documents that stand for themselves; an id would make it more.
        packages.append(
            EvidencePackage(tuple(documents), f"urn:uuid:{new_id()}" if profile.packaged else None)
        )
    if not packages:
        reasons = "; ".join(dict.fromkeys(loss.reason for loss in losses)) or "it holds no evidence"
        raise Untranslatable(f"NationalAnswer: nothing of it can be sent: {reasons}")
    return TranslatedEvidence(tuple(packages), tuple(attachments), tuple(losses))


def _choose(
    evidence: NationalEvidence,
    forms: tuple[FormatMapping, ...],
    language: str,
    place: str,
    losses: list[Loss],
) -> list[_Chosen]:
    """What is sent, the main form first; each representation that nobody asked for is a loss."""
    chosen: list[_Chosen] = []
    taken: set[int] = set()

    def first_wanted(item: tuple[int, Representation]) -> bool:
        return (item[1].format.language or "").lower() != language

    for form in forms:
        for index, representation in sorted(enumerate(evidence.representations), key=first_wanted):
            if not _fits(form, representation):
                continue
            taken.add(index)
            try:
                content = CONVERSIONS[form.conversion](representation.content, evidence.evidence_type.title)
            except Unconvertible as failed:
                where = f"{place}/representation[{index + 1}]"
                losses.append(Loss(where, f"Conversion {form.conversion} failed: {failed}"))
                continue
            chosen.append((form, representation, content))
    losses += [
        Loss(f"{place}/representation[{index + 1}]", "The form was not asked for")
        for index in range(len(evidence.representations))
        if index not in taken
    ]
    return chosen


def _fits(form: FormatMapping, representation: Representation) -> bool:
    given = representation.format
    media_type = given.media_type.partition(";")[0].strip().lower()
    models = {form.national_data_model, given.data_model} - {None}
    return media_type == form.national_media_type and len(models) <= 1


def _role(index: int, chosen: list[_Chosen]) -> DocumentRole:
    (main, first, _), (form, representation, _) = chosen[0], chosen[index]
    if index == 0:
        return DocumentRole.MAIN_EVIDENCE
    language = representation.format.language
    if language and first.format.language and language.lower() != first.format.language.lower():
        return DocumentRole.TRANSLATION
    if main.media_type in STRUCTURED and form.media_type not in STRUCTURED:
        return DocumentRole.HUMAN_READABLE_VERSION
    return DocumentRole.ANNEX


def _distribution(
    form: FormatMapping, representation: Representation, request: EvidenceRequest
) -> Distribution:
    language = representation.format.language
    return Distribution(
        format=form.media_type,
        conforms_to=form.data_model(request.specification_identifier),
        transformation=form.transformation,
        languages=(language.upper(),) if language else (),
    )


def _metadata(
    evidence: NationalEvidence,
    request: EvidenceRequest,
    mapping: EvidenceMapping,
    mappings: MappingSet,
    *,
    place: str,
    losses: list[Loss],
) -> Evidence:
    """What all documents of one evidence have in common; identifier and distribution follow."""
    validity = (evidence.valid_from, evidence.valid_until)
    if None in validity and validity != (None, None):
        losses.append(Loss(f"{place}/validity", "sdg:ValidityPeriod wants both dates; one is not there"))
        validity = (None, None)
    return Evidence(
        identifier=Identifier(""),
        is_about=_about(request.subject),
        issuing_authority=_issuer(evidence, mappings),
        evidence_type_classification=request.evidence_type.evidence_type_classification,
        titles=_texts(mapping.titles),
        issuing_date=evidence.issuing_date,
        distribution=Distribution(""),
        descriptions=_texts(mapping.descriptions),
        valid_from=validity[0],
        valid_until=validity[1],
    )


def _about(subject: NaturalPerson | LegalPerson) -> NaturalPerson | LegalPerson:
    """The minimum data set of the request, which confirms the match; no more (R-EDM-RESP-S041, S042)."""
    if isinstance(subject, LegalPerson):
        return LegalPerson(
            legal_name=subject.legal_name,
            legal_person_identifier=subject.legal_person_identifier,
        )
    return NaturalPerson(
        family_name=subject.family_name,
        given_name=subject.given_name,
        date_of_birth=subject.date_of_birth,
        identifier=subject.identifier,
        place_of_birth=subject.place_of_birth,
    )


def _issuer(evidence: NationalEvidence, mappings: MappingSet) -> Agent:
    """The authority in EDM words: as a provider of ours where it is one, else by its national id."""
    authority, platform = evidence.issuing_authority, mappings.platform
    for provider in mappings.providers.values():
        if provider.national_id == authority.id:
            return Agent(Identifier(provider.agent_id, provider.agent_scheme), _texts(provider.names))
    scheme = f"{_UNREGISTERED}{platform.country}"
    return Agent(Identifier(authority.id, scheme), (Text(authority.name, platform.language.upper()),))


def _identifier(national: str, used: set[str], new_id: Callable[[], str]) -> str:
    """The national id where it is a UUID and not used yet, else a fresh one."""
    try:
        same = str(UUID(national)) == national.lower() and national.lower() not in used
    except ValueError:
        same = False
    identifier = national if same else new_id()
    used.add(identifier.lower())
    return identifier


def _texts(titles: Titles) -> tuple[Text, ...]:
    return tuple(Text(text, language.upper()) for language, text in titles.items())

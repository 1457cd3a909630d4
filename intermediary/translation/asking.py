"""From the EDM request to the national one, as the mapping says. Pure.

Sources: TDD 4.5.1 (request), national protocol of the mapping's provider.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from intermediary.edm.codes import DocumentRole, LevelOfAssurance
from intermediary.edm.model import Distribution, EvidenceRequest, NaturalPerson
from intermediary.mapping.model import EvidenceMapping, FormatMapping, MappingSet, Provider, Titles
from intermediary.national.model import Authority, Format, NationalEvidenceType, NationalRequest, Purpose
from intermediary.translation import persons
from intermediary.translation.errors import Untranslatable
from intermediary.translation.inputs import answer
from intermediary.translation.model import Loss, TranslatedRequest

STRUCTURED = ("application/xml", "application/json")
"""Forms that people cannot read."""


def provider_for(
    request: EvidenceRequest, mapping: EvidenceMapping, mappings: MappingSet, inputs: Mapping[str, str]
) -> Provider:
    """Who is asked. Raises Untranslatable where that depends on an input that is not there yet."""
    routing = mapping.routing
    key = routing.provider
    if routing.by is not None:
        asked = next(i for i in mapping.additional_inputs if i.key == routing.by)
        value = answer(asked, request, inputs)
        if value is None and asked.required:
            raise Untranslatable(f"AdditionalInput/{routing.by}: the provider depends on it; it is not known")
        key = routing.table.get(value, key) if value is not None else key
    if key is None:
        raise Untranslatable(f"AdditionalInput/{routing.by}: no provider is connected for this value")
    return mappings.providers[key]


def wanted_formats(request: EvidenceRequest, mapping: EvidenceMapping) -> tuple[FormatMapping, ...]:
    """The forms that the request asks for, in its order; all that are on offer where it names none.

    A human-readable companion, where the request asks for one (2.0), comes after them.

    Raises Untranslatable, with what is on offer, where none of the wanted forms is.
    """
    wanted = request.evidence_type.distributed_as
    if not wanted:
        return mapping.formats
    chosen = [form for w in wanted for form in mapping.formats if _fits(form, w)]
    if any(DocumentRole.HUMAN_READABLE_VERSION in w.associated_documents for w in wanted):
        chosen += [form for form in mapping.formats if form.media_type not in STRUCTURED] if chosen else []
    if not chosen:
        version = request.specification_identifier
        offers = ", ".join(
            " ".join(filter(None, (form.media_type, form.data_model(version)))) for form in mapping.formats
        )
        raise Untranslatable(f"DistributedAs: no wanted format is on offer; ask for one of: {offers}")
    return tuple({id(form): form for form in chosen}.values())


def _fits(form: FormatMapping, wanted: Distribution) -> bool:
    models = {form.conforms_to, *form.conforms_to_in.values()}
    return (
        form.media_type == wanted.format.strip().lower()
        and (wanted.conforms_to is None or wanted.conforms_to.strip() in models)
        and (wanted.transformation is None or wanted.transformation.strip() == form.transformation)
    )


def to_national(
    request: EvidenceRequest,
    mapping: EvidenceMapping,
    mappings: MappingSet,
    *,
    inputs: Mapping[str, str],
    message_id: str,
    request_id: str,
    conversation_id: str,
    now: datetime,
) -> TranslatedRequest:
    """The national request, who gets it, and what could not be carried over. Raises Untranslatable."""
    platform = mappings.platform
    provider = provider_for(request, mapping, mappings, inputs)
    answers = tuple((asked, answer(asked, request, inputs)) for asked in mapping.additional_inputs)
    for asked, value in answers:
        if value is None and asked.required:
            raise Untranslatable(
                f"AdditionalInput/{asked.key}: the register needs it; it is missing or malformed"
            )
    losses = list(_losses(request, mapping, provider))
    used = {asked.attribute for asked, value in answers if asked.attribute and value is not None}
    without = mappings.identifiers_without_meaning
    kind = "NaturalPerson" if isinstance(request.subject, NaturalPerson) else "LegalPerson"
    subject, lost = persons.to_national(request.subject, mapping.identification, without, kind, used)
    losses += lost
    representative = None
    if request.authorized_representative is not None:
        representative, lost = persons.to_national(
            request.authorized_representative, None, without, "AuthorizedRepresentative", used
        )
        losses += lost
    forms = wanted_formats(request, mapping)
    languages = [lang for wanted in request.evidence_type.distributed_as for lang in wanted.languages]
    if len(languages) > 1:
        losses.append(Loss("DistributedAs/Language", "The register is asked for one language only"))
    national = NationalRequest(
        message_id=message_id,
        request_id=request_id,
        conversation_id=conversation_id,
        issued_at=now,
        sender=Authority(
            platform.national_id, _named(platform.names, platform.language), platform.national_component
        ),
        recipient=Authority(
            provider.national_id, _named(provider.names, platform.language), provider.component
        ),
        evidence_type=NationalEvidenceType(
            mapping.national_id, mapping.national_version, _named(mapping.titles, platform.language)
        ),
        purpose=Purpose(mapping.national_service, mapping.legal_basis, request.procedure_code or None),
        level_of_assurance=_level(request),
        explicit_request=request.explicit_request_given,
        preview_by_consumer=False,
        formats=tuple(
            dict.fromkeys(Format(form.national_media_type, form.national_data_model) for form in forms)
        ),
        subject=subject,
        representative=representative,
        additional=tuple((asked.key, value) for asked, value in answers if value is not None),
        language=languages[0].lower() if languages else None,
    )
    return TranslatedRequest(national, provider.key, tuple(dict.fromkeys(losses)))


def _level(request: EvidenceRequest) -> str:
    """The lower of the two levels: it is the representative who was authenticated."""
    people = (request.subject, request.authorized_representative)
    levels = [p.level_of_assurance for p in people if p is not None and p.level_of_assurance]
    try:
        return min((LevelOfAssurance(level) for level in levels), key=lambda level: level.rank)
    except ValueError:
        raise Untranslatable(
            "LevelOfAssurance: it is missing or not on the list; send one of the list"
        ) from None


def _losses(request: EvidenceRequest, mapping: EvidenceMapping, provider: Provider) -> Iterator[Loss]:
    """What the national request has no place for, outside the persons."""
    yield Loss("EvidenceRequester", "The national request names the intermediary platform as the sender")
    if request.evidence_provider.identifier.value.strip() != provider.agent_id:
        yield Loss("EvidenceProvider", "Another provider is competent by the routing of the mapping")
    known = {uri.casefold() for uri in mapping.requirements}
    for requirement in request.requirements:
        if requirement.identifier.value.strip().casefold() not in known:
            yield Loss("Requirements/Requirement", "The mapping does not know the requirement")
    for given in request.evidence_provider_classifications:
        identifier = given.identifier.value.casefold()
        asked = next(
            (i for i in mapping.additional_inputs if (i.classification or "").casefold() == identifier), None
        )
        if asked is None:
            yield Loss("EvidenceProviderClassification", "The register does not ask for it")
        elif len(given.supported_values) > 1:
            yield Loss("EvidenceProviderClassification/SupportedValue", "One value only is sent")
    if request.extra or request.query_extra:
        yield Loss("QueryRequest", "Unknown slots, elements or attributes were left out")


def _named(titles: Titles, language: str) -> str:
    return titles.get(language) or titles["en"]

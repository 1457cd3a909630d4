"""From query parameters to an answer, as section 3 to 5 of the interface say. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from intermediary.directory.codes import JurisdictionLevel, QueryId, RefusalCode, Service
from intermediary.directory.model import (
    AccessService,
    AdditionalInput,
    Answer,
    ClassificationConcept,
    DataServiceEvidenceType,
    EvidenceTypeList,
    Jurisdiction,
    Publication,
    ReferenceFramework,
    Refusal,
    Requirement,
)
from intermediary.directory.query import place_fits

PROCEDURES = frozenset({
    "00", "R1", "S1", "T1", "T2", "T3", "U1", "U2", "U3", "U4", "V1", "V2", "V3", "V4", "W1", "W2",
    "X1", "X2", "X3", "X4", "X5", "X6",
})  # fmt: skip
COUNTRIES = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "EL", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS",
    "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
})  # fmt: skip
VERSIONS = ("oots-cs:v1.0", "oots-cs:v1.1", "oots-cs:v1.2", "oots-cs:v2.0")
_REQUIREMENTS = ("procedure-id", "country-code", "jurisdiction-admin-l2", "jurisdiction-admin-l3")
_DATA_SERVICES = ("evidence-type-classification", "country-code", "specification")
_PLACE = ("jurisdiction-admin-l2", "jurisdiction-admin-l3", "jurisdiction-context-id")


class _Refused(Exception):  # noqa: N818
    def __init__(self, *refusals: Refusal) -> None:
        super().__init__()
        self.refusals = refusals


def answer(
    publications: Sequence[Publication],
    service: Service,
    parameters: Sequence[tuple[str, str]],
    version: str | None = None,
) -> Answer:
    """What EB or DSD answers. `version` as asked for; None: the shape of 1.0, without echo."""
    echo = version if version in VERSIONS else None
    try:
        if version is not None and echo is None:
            raise _refused(_parameters_of(service), "Accept-Version")
        query, given = _query(service, parameters)
        two = version == "oots-cs:v2.0"
        if query is QueryId.REQUIREMENTS:
            return Answer(echo, requirements=_requirements(publications, given, two))
        if query is QueryId.EVIDENCE_TYPES:
            return Answer(echo, requirements=(_evidence_types(publications, given, two),))
        return Answer(echo, services=_data_services(publications, given, version or VERSIONS[0]))
    except _Refused as refused:
        return Answer(echo, refusals=refused.refusals)


def _query(service: Service, parameters: Sequence[tuple[str, str]]) -> tuple[QueryId, dict[str, str]]:
    given = dict(parameters)
    if len(given) != len(parameters):
        raise _refused(_parameters_of(service), "a parameter twice")
    wanted = given.pop("queryId", None)
    if wanted is None:
        raise _refused(_parameters_of(service), "queryId")
    if wanted not in tuple(QueryId) or QueryId(wanted).service is not service:
        eb = service is Service.EVIDENCE_BROKER
        raise _refused(RefusalCode.EB_QUERY_UNKNOWN if eb else RefusalCode.DSD_QUERY_UNKNOWN, "queryId")
    return QueryId(wanted), given


def _requirements(
    publications: Sequence[Publication], given: dict[str, str], two: bool
) -> tuple[Requirement, ...]:
    known = ("procedure-id", "country-code", "return-incomplete") if two else _REQUIREMENTS
    _no_others(given, known, RefusalCode.EB_PARAMETERS)
    if (procedure := given.get("procedure-id")) is not None and procedure not in PROCEDURES:
        raise _refused(RefusalCode.EB_PROCEDURE, "procedure-id")
    _country(given)

    def fits(framework: ReferenceFramework) -> bool:
        place = framework.jurisdiction or Jurisdiction("")
        return (
            (procedure is None or procedure in framework.procedures)
            and given.get("country-code", place.country) == place.country
            and given.get("jurisdiction-admin-l2", place.nuts) == place.nuts
            and given.get("jurisdiction-admin-l3", place.lau) == place.lau
        )

    filtered = any(name in given for name in _REQUIREMENTS)
    found = [
        replace(
            each, reference_frameworks=tuple(filter(fits, each.reference_frameworks)), evidence_type_lists=()
        )
        for each in _joined(publications)
    ]
    kept = tuple(each for each in found if each.reference_frameworks or not filtered)
    if not kept:
        raise _refused(RefusalCode.EB_NOTHING_FOUND)
    return kept


def _evidence_types(publications: Sequence[Publication], given: dict[str, str], two: bool) -> Requirement:
    known = ("requirement-id", "country-code")
    _no_others(given, known if two else (*known, *_PLACE[:2]), RefusalCode.EB_PARAMETERS)
    wanted = given.get("requirement-id")
    if wanted is None:
        code = RefusalCode.EB_REQUIREMENT_UNKNOWN if two else RefusalCode.EB_PARAMETERS
        raise _refused(code, "requirement-id")
    country = _country(given)
    held = next((each for each in _joined(publications) if each.identifier == wanted), None)
    if held is None:
        raise _refused(RefusalCode.EB_REQUIREMENT_UNKNOWN, "requirement-id")
    lists = [
        _in_shape(each, two)
        for each in held.evidence_type_lists
        if (country is None or country in _countries(each)) and (two or not each.no_match)
    ]
    if not lists:
        raise _refused(RefusalCode.EB_NOTHING_FOUND)
    return replace(held, evidence_type_lists=tuple(lists))


def _countries(held: EvidenceTypeList) -> set[str]:
    places = [held.jurisdiction, *(j for each in held.evidence_types for j in each.jurisdictions)]
    return {place.country for place in places if place is not None}


def _in_shape(held: EvidenceTypeList, two: bool) -> EvidenceTypeList:
    """2.0 has the jurisdiction at the list, 1.x at the evidence type."""
    places = [j for each in held.evidence_types for j in each.jurisdictions]
    if two:
        types = tuple(replace(each, jurisdictions=()) for each in held.evidence_types)
        return replace(held, jurisdiction=held.jurisdiction or next(iter(places), None), evidence_types=types)
    own = (held.jurisdiction,) if held.jurisdiction else ()
    types = tuple(
        replace(each, jurisdictions=each.jurisdictions or own, formats=()) for each in held.evidence_types
    )
    return replace(held, jurisdiction=None, evidence_types=types)


def _joined(publications: Iterable[Publication]) -> list[Requirement]:
    """Requirements are Union-wide: what each country says of one stands together."""
    made: dict[str, Requirement] = {}
    for each in (each for one in publications for each in one.requirements):
        held = made.get(each.identifier)
        made[each.identifier] = each if held is None else replace(
            held,
            reference_frameworks=(*held.reference_frameworks, *each.reference_frameworks),
            evidence_type_lists=(*held.evidence_type_lists, *each.evidence_type_lists),
        )  # fmt: skip
    return list(made.values())


def _data_services(
    publications: Sequence[Publication], given: dict[str, str], version: str
) -> tuple[DataServiceEvidenceType, ...]:
    _check_data_services(publications, given, version)
    wanted, country = given["evidence-type-classification"], given["country-code"]
    two = version == VERSIONS[-1]
    there = [each for one in publications if one.country == country for each in one.services]
    found = [each for each in there if each.classification == wanted]
    if (chosen := given.get("evidence-type-id")) is not None:
        found = [each for each in found if each.identifier == chosen]
    if (speaks := given.get("specification")) is not None:
        found = [_speaking(each, speaks) for each in found]
    found = [_in_version(each, version) for each in found if each.access_services]
    if not found:
        raise _refused(RefusalCode.DSD_NOTHING_FOUND, "DS_NOT_FOUND")
    settled: list[DataServiceEvidenceType] = []
    asked: list[Refusal] = []
    for each in found:
        left, question = _determined(each, given, two=two)
        if question is not None:
            asked.append(question)
        elif left.access_services:
            settled.append(left)
    if asked:
        raise _Refused(*asked)
    if not settled:
        raise _refused(RefusalCode.DSD_NOTHING_FOUND, "EMPTY_RESULT")
    return tuple(settled)


def _check_data_services(publications: Sequence[Publication], given: dict[str, str], version: str) -> None:
    """Parameters that the version does not know, or that are missing; evidence types that nobody knows."""
    for name in _DATA_SERVICES[:2]:
        if not given.get(name):
            raise _refused(RefusalCode.DSD_PARAMETERS, name)
    known = {*_DATA_SERVICES, *(() if version == VERSIONS[-1] else _PLACE)}
    if version == VERSIONS[0]:
        known.discard("specification")
    if version in VERSIONS[:2]:
        known.add("evidence-type-id")
    everywhere = [each for one in publications for each in one.services]
    concepts = {concept.identifier for each in everywhere for concept in each.classifications}
    _no_others(given, known | concepts, RefusalCode.DSD_PARAMETERS)
    brokered = {
        kind.classification
        for one in publications
        for requirement in one.requirements
        for held in requirement.evidence_type_lists
        for kind in held.evidence_types
    }
    if given["evidence-type-classification"] not in brokered | {each.classification for each in everywhere}:
        raise _refused(RefusalCode.DSD_EVIDENCE_TYPE_UNKNOWN, "evidence-type-classification")


def _speaking(each: DataServiceEvidenceType, version: str) -> DataServiceEvidenceType:
    return replace(each, access_services=tuple(a for a in each.access_services if version in a.conforms_to))


def _in_version(each: DataServiceEvidenceType, version: str) -> DataServiceEvidenceType:
    """1.0 knows one EDM version for each access service; only 2.0 names them, and languages of forms."""
    services = each.access_services
    if version == VERSIONS[0]:
        services = tuple(
            replace(access, conforms_to=(each_version,), names=())
            for access in services
            for each_version in access.conforms_to[:1]
        )
    elif version != VERSIONS[-1]:
        services = tuple(replace(access, names=()) for access in services)
    if version == VERSIONS[-1]:
        return replace(each, access_services=services, determination=None)
    forms = tuple(replace(form, languages=()) for form in each.distributions)
    return replace(each, access_services=services, distributions=forms)


def _determined(
    each: DataServiceEvidenceType, given: dict[str, str], *, two: bool
) -> tuple[DataServiceEvidenceType, Refusal | None]:
    """The service with the providers that are left, or what must be asked to find them."""
    left = each.access_services
    determination, ask_place = None if two else each.determination, False
    if determination is not None:
        level = determination.level
        place = given.get(level.parameter or "")
        if place is not None:
            if not place_fits(level, place):
                raise _refused(RefusalCode.DSD_VALUE, level.parameter)
            left = _nearest(left, level, place)
        else:
            ask_place = level.parameter is not None and len(left) > 1
    open_questions = []
    for concept in each.classifications:
        able = [access for access in left if _values(access, concept) is not None]
        value = given.get(concept.identifier)
        if value is not None and able:
            right = [access for access in able if value in (_values(access, concept) or ())]
            others = tuple(access for access in left if access not in able)
            if not right and not others:
                raise _refused(RefusalCode.DSD_VALUE, concept.identifier)
            left = tuple(right) or others
        elif value is None and able and len(left) > 1:
            open_questions.append(concept)
    if not ask_place and not open_questions:
        return replace(each, access_services=left), None
    bare = replace(each, access_services=(), determination=None, classifications=(), level_of_assurance=None)
    return each, Refusal(
        RefusalCode.DSD_MORE_NEEDED,
        "More is needed from the user to find the provider.",
        RefusalCode.DSD_MORE_NEEDED.exception_type,
        input=AdditionalInput(bare, determination if ask_place else None, tuple(open_questions)),
    )


def _values(access: AccessService, concept: ClassificationConcept) -> tuple[str, ...] | None:
    for own in access.provider.concepts:
        if own.identifier == concept.identifier:
            return own.supported_values
    return None


def _nearest(
    left: Sequence[AccessService], level: JurisdictionLevel, place: str
) -> tuple[AccessService, ...]:
    """Those of that very place, else those of no place narrower than the country."""

    def of(access: AccessService) -> str | None:
        where = access.provider.jurisdiction
        return where.lau if level is JurisdictionLevel.LAU else where.nuts

    exact = tuple(access for access in left if (own := of(access)) and place.startswith(own))
    return exact or tuple(access for access in left if of(access) is None)


def _country(given: dict[str, str]) -> str | None:
    country = given.get("country-code")
    if country is not None and country not in COUNTRIES:
        raise _refused(RefusalCode.EB_COUNTRY, "country-code")
    return country


def _no_others(given: dict[str, str], known: Iterable[str], code: RefusalCode) -> None:
    if foreign := sorted(given.keys() - set(known)):
        raise _refused(code, foreign[0])


def _parameters_of(service: Service) -> RefusalCode:
    eb = service is Service.EVIDENCE_BROKER
    return RefusalCode.EB_PARAMETERS if eb else RefusalCode.DSD_PARAMETERS


def _refused(code: RefusalCode, detail: str | None = None) -> _Refused:
    return _Refused(Refusal(code, _MESSAGES[code], code.exception_type, detail=detail))


_MESSAGES = {
    RefusalCode.EB_NOTHING_FOUND: "Nothing was found.",
    RefusalCode.EB_REQUIREMENT_UNKNOWN: "There is no requirement of that identifier.",
    RefusalCode.EB_PARAMETERS: "The parameters do not fit the query.",
    RefusalCode.EB_JURISDICTION: "The code of the jurisdiction is not known.",
    RefusalCode.EB_PROCEDURE: "The procedure is not known.",
    RefusalCode.EB_COUNTRY: "The country is not known.",
    RefusalCode.EB_QUERY_UNKNOWN: "The query is not known.",
    RefusalCode.DSD_NOTHING_FOUND: "No data service was found.",
    RefusalCode.DSD_EVIDENCE_TYPE_UNKNOWN: "The evidence type is not known.",
    RefusalCode.DSD_PARAMETERS: "The parameters do not fit the query.",
    RefusalCode.DSD_QUERY_UNKNOWN: "The query is not known.",
    RefusalCode.DSD_VALUE: "A value that was given is not one of the admissible ones.",
}

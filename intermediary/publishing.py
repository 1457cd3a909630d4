"""What our mappings say, as EB and DSD would publish it: the same data seen from inside.

Wiring, since it joins the mapping's model and the directory's.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from uuid import UUID, uuid5

from intermediary.directory.codes import JurisdictionLevel
from intermediary.directory.model import (
    AccessService,
    Address,
    ClassificationConcept,
    DataServiceEvidenceType,
    Distribution,
    EvidenceProvider,
    EvidenceType,
    EvidenceTypeList,
    Jurisdiction,
    JurisdictionDetermination,
    PartyId,
    Publication,
    ReferenceFramework,
    Requirement,
    Text,
)
from intermediary.edm.profiles import PROFILES
from intermediary.mapping import model

_OURS = UUID("8f0a6d0c-8a53-5f7e-b1f0-0f6a5d3f4c21")
"""Namespace of identifiers that no directory has given yet."""
_HOST = "https://sr.oots.tech.ec.europa.eu/"
_HOST_1_0 = "https://sr.oots.tech.europa.eu/"
_LEVELS = {
    model.JurisdictionLevel.NUTS1: JurisdictionLevel.NUTS1,
    model.JurisdictionLevel.NUTS2: JurisdictionLevel.NUTS2,
    model.JurisdictionLevel.NUTS3: JurisdictionLevel.NUTS3,
    model.JurisdictionLevel.LAU: JurisdictionLevel.LAU,
}


def publication(mappings: model.MappingSet, day: date, access_point: PartyId | None = None) -> Publication:
    """What is in force on `day`, in the first spelling that the mappings have of each identifier.

    `access_point`: the party id of our access point (corner 3); default: the platform's identity [assumed].
    Names of requirements are Union-wide and not in the mappings: the evidence's title stands in.
    """
    rows = [row for row in mappings.mappings if row.in_force(day)]
    point = access_point or PartyId(mappings.platform.agent_id, mappings.platform.agent_scheme)
    return Publication(
        mappings.platform.country,
        _requirements(rows, mappings.platform.country),
        tuple(
            _service(row, uri, mappings, day, point)
            for row in rows
            for uri in _firsts(row.evidence_type_classifications)
        ),
    )


def not_in_force(mappings: model.MappingSet, day: date) -> dict[str, str]:
    """Evidence types of rows that have ended or not begun on `day`, each with the reason in words."""
    said: dict[str, str] = {}
    for row in mappings.mappings:
        ended = row.valid_until is not None and row.valid_until < day
        reason = f"valid until {row.valid_until}" if ended else f"valid from {row.valid_from}"
        if not row.in_force(day):
            said |= dict.fromkeys(_firsts(row.evidence_type_classifications), reason)
    for row in mappings.mappings:
        if row.in_force(day):
            for uri in row.evidence_type_classifications:
                said.pop(uri, None)
    return said


def first_spelling(mappings: model.MappingSet) -> Callable[[str], str]:
    """From any spelling of an identifier to the one that `publication` uses."""
    found = {uri: group[0] for group in _groups(mappings) for uri in group[1:]}
    return lambda uri: found.get(uri, uri)


def spelling_of_1_0(mappings: model.MappingSet) -> Callable[[str], str]:
    """From the spelling that `publication` uses to the one of release 1.0.

    What the mappings do not know moves to the host and path of 1.0, under which its rules demand it.
    """
    found = {}
    for group in _groups(mappings):
        old = [uri for uri in group if uri.startswith(_HOST_1_0) and "urn:uuid:" not in uri]
        if old and old[0] != group[0]:
            found[group[0]] = old[0]

    def spelled(uri: str) -> str:
        moved = uri.replace(_HOST, _HOST_1_0, 1).replace(
            f"{_HOST_1_0}datamodels/", f"{_HOST_1_0}distributions/", 1
        )
        return found.get(uri, moved if uri.startswith(_HOST) else uri)

    return spelled


def _groups(mappings: model.MappingSet) -> Iterable[tuple[str, ...]]:
    for row in mappings.mappings:
        yield from _by_last_part(row.evidence_type_classifications)
        yield from _by_last_part(row.requirements)
        for form in row.formats:
            if form.conforms_to:
                yield (form.conforms_to, *form.conforms_to_in.values())


def _by_last_part(uris: Iterable[str]) -> list[tuple[str, ...]]:
    """Spellings of the same thing, which end in the same UUID."""
    groups: dict[str, list[str]] = {}
    for uri in uris:
        groups.setdefault(uri.rsplit("/", 1)[-1].removeprefix("urn:uuid:"), []).append(uri)
    return [tuple(group) for group in groups.values()]


def _firsts(uris: Iterable[str]) -> list[str]:
    return [group[0] for group in _by_last_part(uris)]


def _requirements(rows: list[model.EvidenceMapping], country: str) -> tuple[Requirement, ...]:
    made: dict[str, Requirement] = {}
    for row in rows:
        for identifier in _firsts(row.requirements):
            held = made.get(identifier)
            own = (_list(row, uri, identifier, country) for uri in _firsts(row.evidence_type_classifications))
            frameworks = {each.identifier: each for each in held.reference_frameworks} if held else {}
            frameworks |= {each.identifier: each for each in _frameworks(row, country)}
            made[identifier] = Requirement(
                identifier,
                held.names if held else _texts(row.titles),
                reference_frameworks=tuple(frameworks.values()),
                evidence_type_lists=(*(held.evidence_type_lists if held else ()), *own),
            )
    return tuple(made.values())


def _frameworks(row: model.EvidenceMapping, country: str) -> Iterable[ReferenceFramework]:
    for procedure in row.procedures:
        yield ReferenceFramework(
            _id("framework", country, procedure), (procedure,), Jurisdiction(country),
            (Text(f"Procedure {procedure}"),),
        )  # fmt: skip


def _list(row: model.EvidenceMapping, uri: str, requirement: str, country: str) -> EvidenceTypeList:
    jurisdiction = Jurisdiction(country)
    kind = EvidenceType(
        uri,
        _texts(row.titles),
        _texts(row.descriptions),
        (jurisdiction,),
    )
    # Each of our evidence types proves the requirement on its own: lists are alternatives.
    return EvidenceTypeList(_id("list", requirement, uri), (kind,), _texts(row.titles), jurisdiction)


def _service(
    row: model.EvidenceMapping, classification: str, mappings: model.MappingSet, day: date, point: PartyId
) -> DataServiceEvidenceType:
    forms = (Distribution(f.media_type, f.conforms_to, f.transformation) for f in row.formats)
    return DataServiceEvidenceType(
        identifier=_id("service", classification),
        classification=classification,
        titles=_texts(row.titles),
        distributions=tuple(dict.fromkeys(forms)),
        descriptions=_texts(row.descriptions),
        access_services=tuple(
            AccessService(point, tuple(PROFILES), _provider(provider, row))
            for provider in _providers(row, mappings, day)
        ),
        level_of_assurance=row.level_of_assurance,
        determination=_determination(row, classification),
        classifications=tuple(filter(None, (_question(row),))),
    )


def _providers(row: model.EvidenceMapping, mappings: model.MappingSet, day: date) -> Iterable[model.Provider]:
    keys = dict.fromkeys(key for key in (row.routing.provider, *row.routing.table.values()) if key)
    for key in keys:
        provider = mappings.providers.get(key)
        if provider is None:
            continue
        begun = provider.valid_from is None or provider.valid_from <= day
        if begun and (provider.valid_until is None or day <= provider.valid_until):
            yield provider


def _provider(provider: model.Provider, row: model.EvidenceMapping) -> EvidenceProvider:
    return EvidenceProvider(
        PartyId(provider.agent_id, provider.agent_scheme),
        _texts(provider.names),
        Address(provider.country, provider.nuts),
        Jurisdiction(provider.country, provider.nuts, provider.lau),
        tuple(_competence(provider.key, row)),
    )


def _competence(key: str, row: model.EvidenceMapping) -> Iterable[ClassificationConcept]:
    """The values of the question that lead to this provider."""
    asked, question = _routing_input(row), _question(row)
    if asked is None or question is None:
        return
    values = [value for value, target in row.routing.table.items() if target == key]
    if key == row.routing.provider:
        values += [value for value in asked.choices if value not in row.routing.table]
    if values:
        yield replace(question, supported_values=tuple(values))


def _question(row: model.EvidenceMapping) -> ClassificationConcept | None:
    """The question by which a directory tells the providers apart: one with a closed list of answers.

    A directory compares what the user says with the values that providers support (R-DSD-RESP-S012 demands
    some), so neither what only the register needs nor a question with a provider for «everything else»
    can be published; the citizen is asked for those on the preview pages.
    """
    asked = _routing_input(row)
    if asked is None or asked.classification is None or not asked.choices or not row.routing.table:
        return None
    return ClassificationConcept(asked.classification, "Codelist", descriptions=_texts(asked.titles))


def _routing_input(row: model.EvidenceMapping) -> model.AdditionalInput | None:
    return next((each for each in row.additional_inputs if each.key == row.routing.by), None)


def _determination(row: model.EvidenceMapping, classification: str) -> JurisdictionDetermination | None:
    level = _LEVELS.get(row.jurisdiction_level)
    if level is None:
        return None
    asked = _routing_input(row)
    contexts = _texts(asked.titles) if asked else (Text("Place"),)
    return JurisdictionDetermination(_id("context", classification), contexts, level)


def _texts(titles: Mapping[str, str]) -> tuple[Text, ...]:
    return tuple(Text(value, language.upper()) for language, value in sorted(titles.items()))


def _id(*names: str) -> str:
    return str(uuid5(_OURS, " ".join(names)))

"""What a mapping set must satisfy beyond its shape. Pure; all findings are reported."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations

from intermediary.mapping import reach
from intermediary.mapping import rulebook as book
from intermediary.mapping.documents import EVIDENCE, PLATFORM, PROVIDER, REFERENCES
from intermediary.mapping.model import (
    AdditionalInput,
    EvidenceMapping,
    FormatMapping,
    MappingSet,
    PlatformIdentity,
    PreviewPolicy,
    Provider,
    SubjectKind,
)
from intermediary.mapping.reach import LEVELS, may_be
from intermediary.mapping.rulebook import Path, Problem, Rule
from intermediary.mapping.subjects import LEGAL_FIELDS, NATURAL_BASE, NATURAL_FIELDS, kinds_of
from intermediary.national import rest

_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_LANGUAGE = re.compile(r"[a-z]{2}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")  # RFC 6838 §4.2
_URI = re.compile(r"[a-z][a-z0-9+.-]*:[^\s]+", re.IGNORECASE)
_CLASSIFICATION = re.compile(r"https://[^\s/]+/evidencetypeclassifications/[A-Za-z]{2,4}/[^\s/]+")
_PROCEDURES = (
    *("00", "R1", "S1", "T1", "T2", "T3", "U1", "U2", "U3", "U4", "V1", "V2", "V3", "V4"),
    *("W1", "W2", "X1", "X2", "X3", "X4", "X5", "X6"),
)
"""Annex II of Regulation 2018/1724, as in the code list Procedures; 00: system check."""
_PROTOCOLS = ("xnachweis", "rest")

_EDM_MEDIA_TYPES = frozenset(
    ("image/jpeg", "application/json", "image/png", "application/pdf", "application/xml", "image/svg+xml")
)  # code list OOTSMediaTypes (R-EDM-RESP-C023)
_STRUCTURED = ("application/xml", "application/json")


def check(mapping_set: MappingSet) -> tuple[Problem, ...]:
    """Every breach of a rule and every warning, in the order of the entries."""
    languages = languages_of(mapping_set.platform)
    return (
        *_platform(mapping_set),
        *_references(mapping_set),
        *(p for key, provider in mapping_set.providers.items() for p in _provider(key, provider, languages)),
        *(p for mapping in mapping_set.mappings for p in _evidence(mapping, mapping_set)),
        *_overlaps(mapping_set),
        *reach.check(mapping_set),
    )


def languages_of(platform: PlatformIdentity) -> tuple[str, ...]:
    """The languages in which every text has to be there: as the platform says, else English and its own."""
    return platform.languages or tuple(dict.fromkeys(("en", platform.language)))


def _platform(mapping_set: MappingSet) -> Iterator[Problem]:
    platform = mapping_set.platform
    yield from _titles(PLATFORM, ("names",), platform.names, languages_of(platform))
    yield from _country(PLATFORM, ("country",), platform.country)
    for index, country in enumerate(mapping_set.identifiers_without_meaning):
        yield from _country(PLATFORM, ("identifiers_without_meaning", index), country)
    if not _LANGUAGE.fullmatch(platform.language):
        yield book.LANGUAGE_OF_PLATFORM.at(PLATFORM, ("language",), name="language")
    for index, language in enumerate(platform.languages):
        if not _LANGUAGE.fullmatch(language):
            yield book.LANGUAGE_CODE.at(PLATFORM, ("languages", index), code=language)


def _references(mapping_set: MappingSet) -> Iterator[Problem]:
    for name, uris in mapping_set.references.items():
        if not uris:
            yield book.REFERENCE_EMPTY.at(REFERENCES, (name,), name=name)


def _provider(key: str, provider: Provider, languages: Iterable[str]) -> Iterator[Problem]:
    entry = PROVIDER + key
    yield from _key(entry, (), key)
    yield from _titles(entry, ("names",), provider.names, languages)
    yield from _country(entry, ("country",), provider.country)
    if not provider.url.startswith("https://"):
        yield book.PROVIDER_HTTPS.at(entry, ("url",))
    for name in ("national_id", "agent_scheme", "agent_id"):
        if not getattr(provider, name).strip():
            yield book.PROVIDER_IDENTITY.at(entry, (name,), name=name)
    if provider.valid_from and provider.valid_until and provider.valid_until < provider.valid_from:
        yield book.DAYS.at(entry, ("valid_until",))
    if provider.protocol not in _PROTOCOLS:
        allowed = ", ".join(_PROTOCOLS)
        yield book.PROVIDER_PROTOCOL.at(entry, ("protocol",), protocol=provider.protocol, allowed=allowed)
    elif provider.protocol == "rest":
        for problem in rest.options_problems(provider.options):
            steps = [int(step) if step.isdigit() else step for step in problem.place.split(".")]
            yield book.PROVIDER_OPTIONS.at(
                entry, ("options", *steps), place=problem.place, reason=problem.text, what=problem.remedy
            )
    elif provider.options:
        yield book.PROVIDER_NO_OPTIONS.at(entry, ("options",), protocol=provider.protocol)


def _evidence(mapping: EvidenceMapping, mapping_set: MappingSet) -> Iterator[Problem]:
    entry = EVIDENCE + mapping.key
    yield from _key(entry, (), mapping.key)
    languages = languages_of(mapping_set.platform)
    yield from _names(entry, mapping, languages)
    yield from _european(entry, mapping)
    yield from _policy(entry, mapping)
    yield from _routing(entry, mapping, mapping_set.providers)
    yield from _identification(entry, mapping)
    seen: set[str] = set()
    for index, asked in enumerate(mapping.additional_inputs):
        yield from _input(entry, ("additional_inputs", index), asked, seen, languages)
    for index, form in enumerate(mapping.formats):
        yield from _format(entry, ("formats", index), form)


def _names(entry: str, mapping: EvidenceMapping, languages: Iterable[str]) -> Iterator[Problem]:
    yield from _titles(entry, ("titles",), mapping.titles, languages)
    yield from _titles(
        entry, ("descriptions",), mapping.descriptions, languages, book.LANGUAGE_ENGLISH_DESCRIPTION
    )
    for name in ("national_id", "national_version", "national_service", "legal_basis"):
        if not getattr(mapping, name).strip():
            yield book.EVIDENCE_EMPTY.at(entry, (name,), name=name)


def _european(entry: str, mapping: EvidenceMapping) -> Iterator[Problem]:
    for name in ("evidence_type_classifications", "requirements", "procedures", "subjects", "formats"):
        if not getattr(mapping, name):
            yield book.EVIDENCE_NOTHING.at(entry, (name,), name=name)
    for uri in mapping.evidence_type_classifications:
        if not _CLASSIFICATION.fullmatch(uri):
            yield book.CLASSIFICATION.at(entry, ("evidence_type_classifications",), uri=uri)
    for uri in mapping.requirements:
        if not _URI.fullmatch(uri):
            yield book.REQUIREMENT.at(entry, ("requirements",), uri=uri)
    for index, procedure in enumerate(mapping.procedures):
        if procedure not in _PROCEDURES:
            allowed = ", ".join(_PROCEDURES)
            yield book.PROCEDURE.at(entry, ("procedures", index), code=procedure, allowed=allowed)


def _policy(entry: str, mapping: EvidenceMapping) -> Iterator[Problem]:
    if mapping.level_of_assurance not in LEVELS:
        level, allowed = mapping.level_of_assurance, ", ".join(LEVELS)
        yield book.LEVEL.at(entry, ("level_of_assurance",), level=level, allowed=allowed)
    if mapping.preview is PreviewPolicy.NOT_NEEDED and not (mapping.preview_legal_basis or "").strip():
        yield book.PREVIEW.at(entry, ("preview",))
    if mapping.valid_until is not None and mapping.valid_until < mapping.valid_from:
        yield book.DAYS.at(entry, ("valid_until",))
    if mapping.retention_days < 0:
        yield book.RETENTION_NEGATIVE.at(entry, ("retention_days",))
    elif mapping.retention_days:
        yield book.RETENTION.at(entry, ("retention_days",))


def _routing(entry: str, mapping: EvidenceMapping, providers: Mapping[str, Provider]) -> Iterator[Problem]:
    routing = mapping.routing
    if routing.provider is None and routing.by is None:
        yield book.ROUTE_NOBODY.at(entry, ("routing",))
    targets: list[tuple[Path, str]] = [
        (("routing", "table", value), provider) for value, provider in routing.table.items()
    ]
    if routing.provider is not None:
        targets.append((("routing", "provider"), routing.provider))
    for path, key in targets:
        if key not in providers:
            yield book.ROUTE_PROVIDER.at(entry, path, key=key)
    if routing.by is None:
        if routing.table:
            yield book.ROUTE_TABLE_ALONE.at(entry, ("routing", "table"))
        return
    if not routing.table:
        yield book.ROUTE_NO_TABLE.at(entry, ("routing",))
    asked = next((i for i in mapping.additional_inputs if i.key == routing.by), None)
    if asked is None:
        yield book.ROUTE_BY.at(entry, ("routing", "by"), name=routing.by)
        return
    for value in routing.table:
        if not may_be(asked, value):
            yield book.ROUTE_NEVER.at(entry, ("routing", "table", value), value=value)


def _identification(entry: str, mapping: EvidenceMapping) -> Iterator[Problem]:
    usable: set[SubjectKind] = set()
    for index, rule in enumerate(mapping.identification):
        path: Path = ("identification", index)
        if not rule.fields:
            yield book.IDENTIFY_FIELDS.at(entry, path)
        kinds = kinds_of(rule)
        if rule.fields and not kinds:
            natural, legal = ", ".join(sorted(NATURAL_FIELDS)), ", ".join(sorted(LEGAL_FIELDS))
            yield book.IDENTIFY_NOBODY.at(entry, path, natural=natural, legal=legal)
        elif SubjectKind.NATURAL in kinds and not (rule.fields and set(rule.fields) >= NATURAL_BASE):
            kinds.discard(SubjectKind.NATURAL)
            if not kinds:
                missing = ", ".join(sorted(NATURAL_BASE - set(rule.fields)))
                yield book.IDENTIFY_BASE.at(entry, path, missing=missing)
        usable |= kinds
    for kind in mapping.subjects:
        if kind not in usable:
            rule_of = book.IDENTIFY_NATURAL if kind is SubjectKind.NATURAL else book.IDENTIFY_LEGAL
            yield rule_of.at(entry, ("identification",))


def _input(
    entry: str, path: Path, asked: AdditionalInput, seen: set[str], languages: Iterable[str]
) -> Iterator[Problem]:
    yield from _key(entry, (*path, "key"), asked.key)
    if asked.key in seen:
        yield book.INPUT_TWICE.at(entry, (*path, "key"), key=asked.key)
    seen.add(asked.key)
    yield from _titles(entry, (*path, "titles"), asked.titles, languages)
    if asked.hints:
        yield from _titles(entry, (*path, "hints"), asked.hints, languages)
    for value, titles in asked.choices.items():
        yield from _titles(entry, (*path, "choices", value), titles, languages)
    if asked.pattern is not None:
        try:
            re.compile(asked.pattern)
        except re.error as broken:
            yield book.INPUT_PATTERN.at(entry, (*path, "pattern"), reason=broken)
        else:
            if not asked.hints and asked.ask_citizen:
                yield book.INPUT_HINT.at(entry, path)
    if asked.required and not asked.ask_citizen and not (asked.classification or asked.attribute):
        yield book.INPUT_NOBODY.at(entry, path)


def _format(entry: str, path: Path, form: FormatMapping) -> Iterator[Problem]:
    for name in ("media_type", "national_media_type"):
        if not _MEDIA_TYPE.fullmatch(getattr(form, name)):
            yield book.FORMAT_MEDIA_TYPE.at(entry, (*path, name), media_type=getattr(form, name))
    if _MEDIA_TYPE.fullmatch(form.media_type) and form.media_type not in _EDM_MEDIA_TYPES:
        yield book.FORMAT_LIST.at(
            entry,
            (*path, "media_type"),
            media_type=form.media_type,
            allowed=", ".join(sorted(_EDM_MEDIA_TYPES)),
        )
    if form.media_type in _STRUCTURED and not form.conforms_to:
        yield book.FORMAT_MODEL.at(entry, path, media_type=form.media_type)
    uris = {"conforms_to": form.conforms_to, "transformation": form.transformation}
    for name, uri in uris.items():
        if uri is not None and not _URI.fullmatch(uri):
            yield book.FORMAT_URI.at(entry, (*path, name), uri=uri)
    for version, uri in form.conforms_to_in.items():
        if not _URI.fullmatch(uri) or not re.fullmatch(r"oots-edm:v\d+\.\d+", version):
            yield book.FORMAT_VERSION.at(entry, (*path, "conforms_to_in", version))


def _overlaps(mapping_set: MappingSet) -> Iterator[Problem]:
    seen: dict[str, list[EvidenceMapping]] = {}
    for mapping in mapping_set.mappings:
        for uri in dict.fromkeys(u.casefold() for u in mapping.evidence_type_classifications):
            seen.setdefault(uri, []).append(mapping)
    reported = set()
    for rows in seen.values():
        for one, other in combinations(rows, 2):
            if (one.key, other.key) not in reported and _overlap(one, other):
                reported.add((one.key, other.key))
                yield book.DAYS_OVERLAP.at(
                    EVIDENCE + other.key, ("evidence_type_classifications",), other=one.key
                )


def _overlap(one: EvidenceMapping, other: EvidenceMapping) -> bool:
    return (one.valid_until is None or other.valid_from <= one.valid_until) and (
        other.valid_until is None or one.valid_from <= other.valid_until
    )


def _key(entry: str, path: Path, key: str) -> Iterator[Problem]:
    if not _KEY.fullmatch(key):
        yield book.KEY.at(entry, path, key=key)


def _country(entry: str, path: Path, country: str) -> Iterator[Problem]:
    if not _COUNTRY.fullmatch(country):
        yield book.COUNTRY.at(entry, path, code=country)


def _titles(
    entry: str,
    path: Path,
    titles: Mapping[str, str],
    languages: Iterable[str],
    english: Rule = book.LANGUAGE_ENGLISH,
) -> Iterator[Problem]:
    name = ".".join(str(step) for step in path)
    if "en" not in titles:
        yield english.at(entry, path, name=name)
    for language in languages if titles else ():
        if language not in titles and language != "en":
            yield book.LANGUAGE_MISSING.at(entry, path, name=name, language=language)
    for language, text in titles.items():
        if not _LANGUAGE.fullmatch(language):
            yield book.LANGUAGE_CODE.at(entry, (*path, language), code=language)
        if not text.strip():
            yield book.LANGUAGE_EMPTY.at(entry, (*path, language))

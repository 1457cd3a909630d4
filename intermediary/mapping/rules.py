"""What a mapping set must satisfy beyond its shape. Pure; all findings are reported."""

import re
from collections.abc import Iterator, Mapping
from itertools import combinations

from intermediary.mapping.documents import EVIDENCE, PLATFORM, PROVIDER, REFERENCES, Path, Problem
from intermediary.mapping.model import (
    AdditionalInput,
    EvidenceMapping,
    FormatMapping,
    IdentificationRule,
    MappingSet,
    PreviewPolicy,
    Provider,
    Severity,
    SubjectKind,
)
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
_LEVELS = ("Low", "Substantial", "High")
_EDM_MEDIA_TYPES = frozenset(
    ("image/jpeg", "application/json", "image/png", "application/pdf", "application/xml", "image/svg+xml")
)  # code list OOTSMediaTypes (R-EDM-RESP-C023)
_STRUCTURED = ("application/xml", "application/json")
NATURAL_FIELDS = frozenset(
    (
        "family_name",
        "given_name",
        "date_of_birth",
        "identifier",
        "birth_name",
        "place_of_birth",
        "current_address",
        "gender",
    )
)
LEGAL_FIELDS = frozenset(("legal_name", "identifier", "registered_address"))
_LEGAL_IDENTIFIER = re.compile(r"identifier:[A-Za-z0-9_-]+")
_NATURAL_BASE = frozenset(("family_name", "given_name", "date_of_birth"))


def check(mapping_set: MappingSet) -> tuple[Problem, ...]:
    """Every breach of a rule and every warning, in the order of the entries."""
    return (
        *_platform(mapping_set),
        *_references(mapping_set),
        *(p for key, provider in mapping_set.providers.items() for p in _provider(key, provider)),
        *(p for mapping in mapping_set.mappings for p in _evidence(mapping, mapping_set)),
        *_overlaps(mapping_set),
    )


def _platform(mapping_set: MappingSet) -> Iterator[Problem]:
    platform = mapping_set.platform
    yield from _titles(PLATFORM, ("names",), platform.names)
    yield from _country(PLATFORM, ("country",), platform.country)
    for index, country in enumerate(mapping_set.identifiers_without_meaning):
        yield from _country(PLATFORM, ("identifiers_without_meaning", index), country)
    if not _LANGUAGE.fullmatch(platform.language):
        yield Problem(
            PLATFORM, ("language",), "«language» is no language code.", "Write two lower-case letters."
        )


def _references(mapping_set: MappingSet) -> Iterator[Problem]:
    for name, uris in mapping_set.references.items():
        if not uris:
            yield Problem(
                REFERENCES, (name,), f"«{name}» stands for nothing.", "List at least one identifier."
            )


def _provider(key: str, provider: Provider) -> Iterator[Problem]:
    entry = PROVIDER + key
    yield from _key(entry, (), key)
    yield from _titles(entry, ("names",), provider.names)
    yield from _country(entry, ("country",), provider.country)
    if not provider.url.startswith("https://"):
        yield Problem(
            entry, ("url",), "«url» is not https.", "Providers are called over TLS only: write https://…"
        )
    for name in ("national_id", "agent_scheme", "agent_id"):
        if not getattr(provider, name).strip():
            yield Problem(entry, (name,), f"«{name}» is empty.", "Give the provider its identity.")
    if provider.valid_from and provider.valid_until and provider.valid_until < provider.valid_from:
        text = "The validity ends before it begins."
        yield Problem(entry, ("valid_until",), text, "Correct one of the dates.")
    if provider.protocol not in _PROTOCOLS:
        text = f"«{provider.protocol}» is no protocol that is spoken here."
        yield Problem(entry, ("protocol",), text, f"Write one of {', '.join(_PROTOCOLS)}.")
    elif provider.protocol == "rest":
        for problem in rest.options_problems(provider.options):
            steps = [int(step) if step.isdigit() else step for step in problem.place.split(".")]
            what = f"«{problem.place}»: {problem.text}."
            yield Problem(entry, ("options", *steps), what, problem.remedy)
    elif provider.options:
        text = f"{provider.protocol} has no options."
        yield Problem(entry, ("options",), text, "Remove them, or write «protocol: rest».")


def _evidence(mapping: EvidenceMapping, mapping_set: MappingSet) -> Iterator[Problem]:
    entry = EVIDENCE + mapping.key
    yield from _key(entry, (), mapping.key)
    yield from _names(entry, mapping)
    yield from _european(entry, mapping)
    yield from _policy(entry, mapping)
    yield from _routing(entry, mapping, mapping_set.providers)
    yield from _identification(entry, mapping)
    seen: set[str] = set()
    for index, asked in enumerate(mapping.additional_inputs):
        yield from _input(entry, ("additional_inputs", index), asked, seen)
    for index, form in enumerate(mapping.formats):
        yield from _format(entry, ("formats", index), form)


def _names(entry: str, mapping: EvidenceMapping) -> Iterator[Problem]:
    yield from _titles(entry, ("titles",), mapping.titles)
    yield from _titles(entry, ("descriptions",), mapping.descriptions, severity=Severity.WARNING)
    if "en" in mapping.titles and len(mapping.titles) == 1:
        text = "The title is in English only."
        yield Problem(entry, ("titles",), text, "Add the other languages.", Severity.WARNING)
    for name in ("national_id", "national_version", "national_service", "legal_basis"):
        if not getattr(mapping, name).strip():
            yield Problem(entry, (name,), f"«{name}» is empty.", "The national request needs it.")


def _european(entry: str, mapping: EvidenceMapping) -> Iterator[Problem]:
    for name in ("evidence_type_classifications", "requirements", "procedures", "subjects", "formats"):
        if not getattr(mapping, name):
            yield Problem(entry, (name,), f"«{name}» is empty.", "List at least one.")
    for uri in mapping.evidence_type_classifications:
        if not _CLASSIFICATION.fullmatch(uri):
            yield Problem(
                entry,
                ("evidence_type_classifications",),
                f"«{uri}» is no evidence type classification.",
                "Write https://<Semantic Repository>/evidencetypeclassifications/<country>/<UUID>.",
            )
    for uri in mapping.requirements:
        if not _URI.fullmatch(uri):
            remedy = "Write the URI of the Evidence Broker."
            yield Problem(entry, ("requirements",), f"«{uri}» is no URI.", remedy)
    for index, procedure in enumerate(mapping.procedures):
        if procedure not in _PROCEDURES:
            text = f"«{procedure}» is no procedure of Annex II."
            yield Problem(entry, ("procedures", index), text, f"Write one of {', '.join(_PROCEDURES)}.")


def _policy(entry: str, mapping: EvidenceMapping) -> Iterator[Problem]:
    if mapping.level_of_assurance not in _LEVELS:
        text = f"«{mapping.level_of_assurance}» is no level of assurance."
        yield Problem(entry, ("level_of_assurance",), text, f"Write one of {', '.join(_LEVELS)}.")
    if mapping.preview is PreviewPolicy.NOT_NEEDED and not (mapping.preview_legal_basis or "").strip():
        yield Problem(
            entry,
            ("preview",),
            "The preview may be left out by law only (Regulation (EU) 2018/1724, Art. 14(5)).",
            "Name the law in «preview_legal_basis», or write «preview: required».",
        )
    if mapping.valid_until is not None and mapping.valid_until < mapping.valid_from:
        text = "The validity ends before it begins."
        yield Problem(entry, ("valid_until",), text, "Correct one of the dates.")
    if mapping.retention_days < 0:
        yield Problem(entry, ("retention_days",), "«retention_days» is negative.", "Write 0 to keep nothing.")
    elif mapping.retention_days:
        text = "Evidence would be kept."
        yield Problem(entry, ("retention_days",), text, "Is there a law for it? Else 0.", Severity.WARNING)


def _routing(entry: str, mapping: EvidenceMapping, providers: Mapping[str, Provider]) -> Iterator[Problem]:
    routing = mapping.routing
    if routing.provider is None and routing.by is None:
        yield Problem(entry, ("routing",), "No provider is named.", "Write «provider», or «by» and «table».")
    targets: list[tuple[Path, str]] = [
        (("routing", "table", value), provider) for value, provider in routing.table.items()
    ]
    if routing.provider is not None:
        targets.append((("routing", "provider"), routing.provider))
    for path, key in targets:
        if key not in providers:
            yield Problem(
                entry, path, f"There is no provider «{key}».", "Add it to providers.yaml, or correct the key."
            )
    if routing.by is None:
        if routing.table:
            yield Problem(
                entry, ("routing", "table"), "A table without «by» is never read.", "Name the input in «by»."
            )
        return
    if not routing.table:
        yield Problem(
            entry, ("routing",), "«by» without a table leads nowhere.", "Add «table»: value → provider."
        )
    asked = next((i for i in mapping.additional_inputs if i.key == routing.by), None)
    if asked is None:
        text = f"«{routing.by}» is none of the additional inputs."
        yield Problem(entry, ("routing", "by"), text, "Add it to «additional_inputs», or correct the key.")
        return
    for value in routing.table:
        if (asked.choices and value not in asked.choices) or not _fits(asked, value):
            yield Problem(
                entry,
                ("routing", "table", value),
                f"The input can never be «{value}».",
                "Correct the value, or the input's choices and pattern.",
            )


def _identification(entry: str, mapping: EvidenceMapping) -> Iterator[Problem]:
    usable: set[SubjectKind] = set()
    for index, rule in enumerate(mapping.identification):
        path: Path = ("identification", index)
        if not rule.fields:
            yield Problem(entry, path, "The rule names no fields.", "List the fields that must be there.")
        kinds = _kinds(rule)
        if rule.fields and not kinds:
            yield Problem(
                entry,
                path,
                "No person has all of these fields.",
                f"Natural: {', '.join(sorted(NATURAL_FIELDS))}. "
                f"Legal: {', '.join(sorted(LEGAL_FIELDS))}, identifier:<scheme>.",
            )
        elif SubjectKind.NATURAL in kinds and not (rule.fields and set(rule.fields) >= _NATURAL_BASE):
            kinds.discard(SubjectKind.NATURAL)
            if not kinds:
                yield Problem(
                    entry,
                    path,
                    "A natural person is always asked for with names and date of birth.",
                    f"Add {', '.join(sorted(_NATURAL_BASE - set(rule.fields)))} to «fields».",
                )
        usable |= kinds
    for kind in mapping.subjects:
        if kind not in usable:
            text = f"No rule identifies a {kind} person."
            yield Problem(entry, ("identification",), text, "Add one, or take the kind out of «subjects».")


def _kinds(rule: IdentificationRule) -> set[SubjectKind]:
    names = (*rule.fields, *rule.optional)
    kinds = set()
    if all(name in NATURAL_FIELDS for name in names):
        kinds.add(SubjectKind.NATURAL)
    if all(name in LEGAL_FIELDS or _LEGAL_IDENTIFIER.fullmatch(name) for name in names):
        kinds.add(SubjectKind.LEGAL)
    return kinds


def _input(entry: str, path: Path, asked: AdditionalInput, seen: set[str]) -> Iterator[Problem]:
    yield from _key(entry, (*path, "key"), asked.key)
    if asked.key in seen:
        yield Problem(entry, (*path, "key"), f"The input «{asked.key}» is there twice.", "Remove one.")
    seen.add(asked.key)
    yield from _titles(entry, (*path, "titles"), asked.titles)
    if asked.hints:
        yield from _titles(entry, (*path, "hints"), asked.hints)
    for value, titles in asked.choices.items():
        yield from _titles(entry, (*path, "choices", value), titles)
    if asked.pattern is not None:
        try:
            re.compile(asked.pattern)
        except re.error as broken:
            text = f"The pattern is no regular expression: {broken}."
            yield Problem(entry, (*path, "pattern"), text, "Correct it; it must match the whole value.")
        else:
            if not asked.hints and asked.ask_citizen:
                text = "The citizen gets no hint what the pattern wants."
                yield Problem(entry, path, text, "Add «hints».", Severity.WARNING)
    if asked.required and not asked.ask_citizen and not (asked.classification or asked.attribute):
        yield Problem(
            entry,
            path,
            "The input is required, but nobody is asked for it.",
            "Write «ask_citizen: true», or name a «classification» or an «attribute».",
        )


def _fits(asked: AdditionalInput, value: str) -> bool:
    try:
        return asked.pattern is None or re.fullmatch(asked.pattern, value) is not None
    except re.error:
        return True  # reported where the input is checked


def _format(entry: str, path: Path, form: FormatMapping) -> Iterator[Problem]:
    for name in ("media_type", "national_media_type"):
        if not _MEDIA_TYPE.fullmatch(getattr(form, name)):
            text = f"«{getattr(form, name)}» is no media type."
            yield Problem(entry, (*path, name), text, "Write type/subtype in lower case, without parameters.")
    if _MEDIA_TYPE.fullmatch(form.media_type) and form.media_type not in _EDM_MEDIA_TYPES:
        text = f"«{form.media_type}» is not on the code list OOTSMediaTypes (R-EDM-RESP-C023)."
        yield Problem(
            entry,
            (*path, "media_type"),
            text,
            f"Use one of {', '.join(sorted(_EDM_MEDIA_TYPES))}.",
            Severity.WARNING,
        )
    if form.media_type in _STRUCTURED and not form.conforms_to:
        yield Problem(
            entry,
            path,
            f"{form.media_type} without «conforms_to» (R-EDM-RESP-C044).",
            "Name the data model's URI in the Semantic Repository.",
        )
    uris = {"conforms_to": form.conforms_to, "transformation": form.transformation}
    for name, uri in uris.items():
        if uri is not None and not _URI.fullmatch(uri):
            yield Problem(entry, (*path, name), f"«{uri}» is no URI.", "Write the data model's URI.")
    for version, uri in form.conforms_to_in.items():
        if not _URI.fullmatch(uri) or not re.fullmatch(r"oots-edm:v\d+\.\d+", version):
            yield Problem(
                entry,
                (*path, "conforms_to_in", version),
                "Neither version nor URI may be anything else.",
                "Write oots-edm:v1.0: <URI>.",
            )


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
                yield Problem(
                    EVIDENCE + other.key,
                    ("evidence_type_classifications",),
                    f"«{one.key}» maps the same classification in the same time.",
                    "Let one end (valid_until) before the other begins (valid_from).",
                )


def _overlap(one: EvidenceMapping, other: EvidenceMapping) -> bool:
    return (one.valid_until is None or other.valid_from <= one.valid_until) and (
        other.valid_until is None or one.valid_from <= other.valid_until
    )


def _key(entry: str, path: Path, key: str) -> Iterator[Problem]:
    if not _KEY.fullmatch(key):
        text = f"«{key}» is no key."
        yield Problem(
            entry, path, text, "Use lower-case letters, digits, _ and -, beginning with a letter or digit."
        )


def _country(entry: str, path: Path, country: str) -> Iterator[Problem]:
    if not _COUNTRY.fullmatch(country):
        yield Problem(
            entry, path, f"«{country}» is no country code.", "Write two upper-case letters (ISO 3166-1)."
        )


def _titles(
    entry: str, path: Path, titles: Mapping[str, str], severity: Severity = Severity.ERROR
) -> Iterator[Problem]:
    if "en" not in titles:
        text = f"«{'.'.join(str(step) for step in path)}» has no English text."
        yield Problem(entry, path, text, "Add «en: …».", severity)
    for language, text in titles.items():
        if not _LANGUAGE.fullmatch(language):
            what = f"«{language}» is no language code."
            yield Problem(entry, (*path, language), what, "Write two lower-case letters (ISO 639-1).")
        if not text.strip():
            yield Problem(entry, (*path, language), "The text is empty.", "Write it, or remove the language.")

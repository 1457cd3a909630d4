"""What of a mapping set is never reached, never used, or leads nowhere. Pure.

A row, a rule, a value or a form that nothing ever comes to is a mistake that no message would ever show.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Final

from intermediary.mapping import rulebook as book
from intermediary.mapping.documents import EVIDENCE
from intermediary.mapping.model import (
    AdditionalInput,
    Conversion,
    EvidenceMapping,
    FormatMapping,
    MappingSet,
    Provider,
)
from intermediary.mapping.rulebook import Problem
from intermediary.mapping.subjects import applies_to

LEVELS: Final = ("Low", "Substantial", "High")
"""Levels of assurance of Regulation (EU) 910/2014, the lowest first."""
MAKES: Final[Mapping[Conversion, tuple[frozenset[str], str]]] = {
    Conversion.XML_TO_PDF: (frozenset(("application/xml", "text/xml")), "application/pdf"),
    Conversion.IMAGE_TO_PDF: (frozenset(("image/jpeg", "image/png", "image/tiff")), "application/pdf"),
}
"""Of what a conversion (`translation.conversions`) makes what."""
_LONGEST = 200
"""Characters of an answer (`translation.inputs`)."""
_PLACEHOLDER = re.compile(r"\{additional\.([A-Za-z0-9_-]+)(\??)\}")
_STRUCTURED = ("application/xml", "application/json")
_EVER = date.max


def check(mapping_set: MappingSet) -> Iterator[Problem]:
    """Warnings, but for forms that no conversion makes."""
    for mapping in mapping_set.mappings:
        entry = EVIDENCE + mapping.key
        yield from _routing(entry, mapping)
        yield from _identification(entry, mapping)
        yield from _inputs(entry, mapping, mapping_set.providers)
        for index, form in enumerate(mapping.formats):
            yield from _format(entry, index, form, mapping.formats[:index])
    yield from _shadowed(mapping_set)


def published(mapping_set: MappingSet, levels: Mapping[str, str]) -> Iterator[Problem]:
    """Where a level of assurance is another than the directory publishes (classification → level)."""
    known = {uri.casefold(): level for uri, level in levels.items() if level in LEVELS}
    for mapping in mapping_set.mappings:
        if mapping.level_of_assurance not in LEVELS:
            continue
        ours = LEVELS.index(mapping.level_of_assurance)
        said = [known[u] for uri in mapping.evidence_type_classifications if (u := uri.casefold()) in known]
        for level in dict.fromkeys(said):
            theirs = LEVELS.index(level)
            if ours != theirs:
                rule = book.LEVEL_BELOW_DIRECTORY if ours < theirs else book.LEVEL_ABOVE_DIRECTORY
                yield rule.at(
                    EVIDENCE + mapping.key,
                    ("level_of_assurance",),
                    level=mapping.level_of_assurance,
                    published=level,
                )


def may_be(asked: AdditionalInput, value: str) -> bool:
    """True where a value can be the answer to an input, as `translation.inputs` takes it."""
    if not value or value != value.strip() or len(value) > _LONGEST:
        return False
    return (not asked.choices or value in asked.choices) and _fits(asked, value)


def _fits(asked: AdditionalInput, value: str) -> bool:
    try:
        return asked.pattern is None or re.fullmatch(asked.pattern, value) is not None
    except re.error:
        return True  # reported where the input is checked


def _routing(entry: str, mapping: EvidenceMapping) -> Iterator[Problem]:
    routing = mapping.routing
    asked = next((i for i in mapping.additional_inputs if i.key == routing.by), None)
    if asked is None or not routing.table:
        return
    values = [value for value in asked.choices if may_be(asked, value)]
    left = [value for value in values if value not in routing.table]
    if routing.provider is None:
        if left:
            listed = ", ".join(f"«{value}»" for value in left)
            yield book.ROUTE_GAP.at(entry, ("routing", "table"), values=listed)
        elif not values or not asked.required:
            yield book.ROUTE_OPEN.at(entry, ("routing",))
    elif values and not left and asked.required:
        yield book.ROUTE_FALLBACK_NEVER.at(entry, ("routing", "provider"), key=routing.provider)


def _identification(entry: str, mapping: EvidenceMapping) -> Iterator[Problem]:
    for index, rule in enumerate(mapping.identification):
        if not rule.fields:
            continue
        path = ("identification", index)
        kind = applies_to(rule)
        if kind not in mapping.subjects:
            yield book.IDENTIFY_SUBJECT.at(entry, path)
            continue
        for number, earlier in enumerate(mapping.identification[:index], 1):
            if earlier.fields and applies_to(earlier) is kind and set(earlier.fields) <= set(rule.fields):
                yield book.IDENTIFY_SHADOWED.at(entry, path, number=number)
                break


def _inputs(entry: str, mapping: EvidenceMapping, providers: Mapping[str, Provider]) -> Iterator[Problem]:
    for index, asked in enumerate(mapping.additional_inputs):
        for value in asked.choices:
            if not _fits(asked, value):
                yield book.INPUT_CHOICE_NEVER.at(
                    entry, ("additional_inputs", index, "choices", value), value=value
                )
    routing = mapping.routing
    keys = dict.fromkeys(k for k in (*routing.table.values(), routing.provider) if k in providers)
    asked_ones = [providers[key] for key in keys if key is not None]
    named = {provider.key: _named(provider) for provider in asked_ones if provider.protocol == "rest"}
    if asked_ones and len(named) == len(asked_ones):  # any other protocol sends every input
        for index, asked in enumerate(mapping.additional_inputs):
            if asked.key != routing.by and not any(asked.key in names for names in named.values()):
                yield book.INPUT_UNUSED.at(entry, ("additional_inputs", index), key=asked.key)
    sure = {asked.key for asked in mapping.additional_inputs if asked.required}
    for key, names in named.items():
        for name, needed in names.items():
            if needed and name not in sure:
                yield book.INPUT_NEEDED.at(entry, ("additional_inputs",), provider=key, key=name)


def _named(provider: Provider) -> dict[str, bool]:
    """The inputs that a REST provider's request names, and whether it cannot be made without them."""
    request = provider.options.get("request")
    if not isinstance(request, dict):
        return {}
    text = json.dumps({name: part for name, part in request.items() if name != "headers"}, default=str)
    found: dict[str, bool] = {}
    for name, optional in _PLACEHOLDER.findall(text):
        found[name] = found.get(name, False) or not optional
    return found


def _format(
    entry: str, index: int, form: FormatMapping, before: tuple[FormatMapping, ...]
) -> Iterator[Problem]:
    path = ("formats", index)
    if not _reached(form):
        yield book.FORMAT_CONVERSION.at(
            entry,
            path,
            media_type=form.media_type,
            national=form.national_media_type,
            conversion=form.conversion,
        )
    if form.national_media_type in _STRUCTURED and not form.national_data_model:
        yield book.FORMAT_NATIONAL_MODEL.at(entry, path, media_type=form.national_media_type)
    if form.transformation and not form.conforms_to:
        yield book.FORMAT_TRANSFORMATION.at(entry, (*path, "transformation"))
    if form in before:
        yield book.FORMAT_TWICE.at(entry, path)


def _reached(form: FormatMapping) -> bool:
    if form.conversion in MAKES:
        sources, made = MAKES[form.conversion]
        return form.national_media_type in sources and form.media_type == made
    # XML and JSON keep their bytes under a more particular name (RFC 6839): text/xml, application/x+xml.
    syntax = form.media_type.rpartition("/")[2].rpartition("+")[2]
    return form.national_media_type == form.media_type or (
        form.media_type in _STRUCTURED
        and form.national_media_type.rpartition("/")[2].rpartition("+")[2] == syntax
    )


def _shadowed(mapping_set: MappingSet) -> Iterator[Problem]:
    """Rows that `MappingSet.find` never finds: it takes the first that is in force."""
    before: dict[str, list[EvidenceMapping]] = {}
    for mapping in mapping_set.mappings:
        uris = [uri.casefold() for uri in mapping.evidence_type_classifications]
        earlier = [before.get(uri, []) for uri in uris]
        if uris and all(_covered(mapping, rows) for rows in earlier):
            others = dict.fromkeys(row.key for rows in earlier for row in rows)
            yield book.DAYS_SHADOWED.at(EVIDENCE + mapping.key, (), others=", ".join(others))
        for uri in uris:
            before.setdefault(uri, []).append(mapping)


def _covered(mapping: EvidenceMapping, rows: list[EvidenceMapping]) -> bool:
    """True where on each day of a row another one is in force."""
    day, last = mapping.valid_from, mapping.valid_until or _EVER
    for row in sorted(rows, key=lambda row: row.valid_from):
        if row.valid_from > day:
            return False
        until = row.valid_until or _EVER
        if until >= last:
            return day <= last
        day = max(day, until + timedelta(days=1))
    return False

"""A mapping set as plain documents (what YAML and JSON can hold), one for each entry, and back. Pure.

An entry is `platform`, `references`, `provider/<key>` or `evidence/<key>`. Documents are what files and
store hold; the dataclasses of `model` are their schema. Names of published identifiers (`$name`) are
resolved on reading and put back on writing.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from datetime import date
from enum import Enum
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from intermediary.mapping import rulebook as book
from intermediary.mapping.model import EvidenceMapping, MappingSet, PlatformIdentity, Provider
from intermediary.mapping.rulebook import Path, Problem

PLATFORM, REFERENCES, PROVIDER, EVIDENCE = "platform", "references", "provider/", "evidence/"
_WITHOUT_MEANING = "identifiers_without_meaning"
_BY_ENTRY: Mapping[type, tuple[str, ...]] = {Provider: ("key",), EvidenceMapping: ("key", "source")}
"""What the entry's name and place say, so that the document does not."""

_ENTRY = re.compile(r"platform|references|(provider|evidence)/[a-z0-9][a-z0-9_-]{0,63}")

Document = dict[str, Any]


def encode(mapping_set: MappingSet) -> dict[str, Document]:
    """Every entry as a document; fields in the order of the model, defaults left out."""
    names = _Names(mapping_set.references)
    platform = _plain(mapping_set.platform)
    if mapping_set.identifiers_without_meaning:
        platform[_WITHOUT_MEANING] = list(mapping_set.identifiers_without_meaning)
    documents = {PLATFORM: platform}
    if mapping_set.references:
        documents[REFERENCES] = {name: list(uris) for name, uris in sorted(mapping_set.references.items())}
    for key in sorted(mapping_set.providers):
        documents[PROVIDER + key] = _plain(mapping_set.providers[key])
    for mapping in mapping_set.mappings:
        documents[EVIDENCE + mapping.key] = _each_reference(_plain(mapping), names.put_back)
    return documents


def decode(
    documents: Mapping[str, Any], source: Callable[[str], str | None] = lambda _entry: None
) -> tuple[MappingSet | None, tuple[Problem, ...]]:
    """The set, or None where an entry cannot be read at all; `source` says where an entry came from."""
    problems: list[Problem] = []
    references = _read(dict[str, tuple[str, ...]], REFERENCES, documents.get(REFERENCES, {}), problems) or {}
    platform, without = _platform(documents, problems)
    providers: dict[str, Provider] = {}
    mappings: list[EvidenceMapping] = []
    for entry, document in documents.items():
        if entry.startswith(PROVIDER):
            key = entry.removeprefix(PROVIDER)
            provider = _read(Provider, entry, _with(document, entry, problems, key=key), problems)
            if provider is not None:
                providers[key] = provider
        elif entry.startswith(EVIDENCE):
            key = entry.removeprefix(EVIDENCE)
            keyed = _with(document, entry, problems, key=key, source=source(entry))
            resolved = _each_reference(keyed, _Resolver(references, entry, problems))
            mapping = _read(EvidenceMapping, entry, resolved, problems)
            if mapping is not None:
                mappings.append(mapping)
    if platform is None or problems:
        return None, tuple(problems)
    return MappingSet(platform, providers, tuple(mappings), without, references), ()


def canonical(entry: str, document: Document, references: Mapping[str, Any]) -> Document:
    """The document as `encode` writes it, so that equal content is equal text; one that cannot be read stays.

    `references` are those that it may name.
    """
    if entry in (PLATFORM, REFERENCES):
        held: dict[str, Any] = {PLATFORM: _NOBODY, entry: document}
    else:
        held = {PLATFORM: _NOBODY, REFERENCES: references, entry: document}
    mapping_set, _ = decode(held)
    return document if mapping_set is None else encode(mapping_set).get(entry, document)


_NOBODY = {"country": "", "agent_scheme": "", "agent_id": "", "names": {}, "national_id": ""}


def is_entry(name: str) -> bool:
    """True where an entry may be called so."""
    return _ENTRY.fullmatch(name) is not None


def _platform(
    documents: Mapping[str, Any], problems: list[Problem]
) -> tuple[PlatformIdentity | None, tuple[str, ...]]:
    if PLATFORM not in documents:
        problems.append(book.SCHEMA_NO_PLATFORM.at(PLATFORM))
        return None, ()
    document = documents[PLATFORM]
    countries: tuple[str, ...] = ()
    if isinstance(document, dict) and _WITHOUT_MEANING in document:
        document = dict(document)
        listed = document.pop(_WITHOUT_MEANING)
        countries = _read(tuple[str, ...], PLATFORM, listed, problems, (_WITHOUT_MEANING,)) or ()
    return _read(PlatformIdentity, PLATFORM, document, problems), countries


def _with(document: Any, entry: str, problems: list[Problem], **ours: str | None) -> Any:
    """The document and what its name says of it; what we set may not stand in the document."""
    if not isinstance(document, dict):
        return document
    problems += [book.SCHEMA_RESERVED.at(entry, (name,), name=name) for name in ours if name in document]
    return document | ours


# ---------------------------------------------------------------------------------------------- reading


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _read(kind: Any, entry: str, document: Any, problems: list[Problem], at: Path = ()) -> Any:
    try:
        return _adapter(kind).validate_python(document)
    except ValidationError as invalid:
        for error in invalid.errors(include_url=False, include_input=False):
            path = at + error["loc"]
            problems.append(_explained(error, kind, entry, path))
        return None


def _explained(error: Any, kind: Any, entry: str, path: Path) -> Problem:
    name = ".".join(str(step) for step in path) or "The document"
    match error["type"]:
        case "missing":
            return book.SCHEMA_MISSING.at(entry, path, name=name)
        case "unexpected_keyword_argument":
            known = {f.name for cls in _dataclasses(kind) for f in fields(cls)} - {"key", "source"}
            near = difflib.get_close_matches(str(path[-1]), known, 1)
            if near:
                return book.SCHEMA_MISSPELT.at(entry, path, name=name, near=near[0])
            return book.SCHEMA_UNKNOWN.at(entry, path, name=name)
        case "enum":
            return book.SCHEMA_CHOICE.at(entry, path, name=name, allowed=error["ctx"]["expected"])
        case "dataclass_type" | "dict_type" | "mapping_type":
            return book.SCHEMA_MAP.at(entry, path, name=name)
        case "tuple_type" | "list_type":
            return book.SCHEMA_LIST.at(entry, path, name=name)
        case "string_type":
            return book.SCHEMA_TEXT.at(entry, path, name=name)
        case kind_of if kind_of.startswith("date"):
            return book.SCHEMA_DATE.at(entry, path, name=name)
        case _:
            return book.SCHEMA_VALUE.at(entry, path, name=name, reason=error["msg"])


@cache
def _dataclasses(kind: Any) -> tuple[Any, ...]:
    from intermediary.mapping import model

    return tuple(c for c in vars(model).values() if is_dataclass(c)) if is_dataclass(kind) else ()


# ---------------------------------------------------------------------------------------------- writing


def _plain(value: Any, *, sort: bool = True) -> Any:
    if is_dataclass(value):
        document = {}
        for field in fields(value):
            item = getattr(value, field.name)
            named_by_entry = field.name in _BY_ENTRY.get(type(value), ())
            if not named_by_entry and item != _default(field):
                document[field.name] = _plain(item, sort=field.name != "options")
        return document
    if isinstance(value, Mapping):
        keys = sorted(value) if sort else list(value)
        return {key: _plain(value[key], sort=sort) for key in keys}
    if isinstance(value, tuple | list):
        return [_plain(item, sort=sort) for item in value]
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if isinstance(value, date) else value


def _default(field: "Field[Any]") -> object:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default


# ------------------------------------------------------------------------------------------- references

_LISTS = ("evidence_type_classifications", "requirements")
_SINGLE = ("conforms_to", "national_data_model", "transformation")


def _each_reference(document: Any, change: "Callable[[list[Any], Path, bool], list[Any]]") -> Any:
    """The document with every field that may name a reference changed; what has another shape is left."""
    if not isinstance(document, dict):
        return document
    changed = dict(document)
    for name in _LISTS:
        if isinstance(changed.get(name), list):
            changed[name] = change(changed[name], (name,), True)
    if isinstance(changed.get("formats"), list):
        changed["formats"] = [_format(f, ("formats", i), change) for i, f in enumerate(changed["formats"])]
    inputs = changed.get("additional_inputs")
    if isinstance(inputs, list):
        changed["additional_inputs"] = [
            _single(item, ("classification", "attribute"), ("additional_inputs", i), change)
            for i, item in enumerate(inputs)
        ]
    return changed


def _format(document: Any, path: Path, change: "Callable[[list[Any], Path, bool], list[Any]]") -> Any:
    changed = _single(document, _SINGLE, path, change)
    if isinstance(changed, dict) and isinstance(changed.get("conforms_to_in"), dict):
        table = changed["conforms_to_in"]
        changed["conforms_to_in"] = _single(table, tuple(table), (*path, "conforms_to_in"), change)
    return changed


def _single(
    document: Any, names: Iterable[str], path: Path, change: "Callable[[list[Any], Path, bool], list[Any]]"
) -> Any:
    if not isinstance(document, dict):
        return document
    return document | {
        name: change([document[name]], (*path, name), False)[0]
        for name in names
        if isinstance(document.get(name), str)
    }


@dataclass(frozen=True, slots=True)
class _Resolver:
    """`$name` → what it stands for; a list takes all, a single field exactly one."""

    references: Mapping[str, tuple[str, ...]]
    entry: str
    problems: list[Problem]

    def __call__(self, items: list[Any], path: Path, many: bool) -> list[Any]:
        found: list[Any] = []
        for item in items:
            name = item[1:] if isinstance(item, str) and item.startswith("$") else None
            uris = self.references.get(name, ()) if name is not None else (item,)
            if name is not None and (not uris or (len(uris) > 1 and not many)):
                rule = book.REFERENCE_SEVERAL if uris else book.REFERENCE_UNKNOWN
                self.problems.append(rule.at(self.entry, path, name=name))
                uris = uris or (item,)
            found += uris
        return found


class _Names:
    """What it stands for → `$name`: the longest name that fits, the first by alphabet among equals."""

    def __init__(self, references: Mapping[str, tuple[str, ...]]) -> None:
        self._by_first: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
        for name, uris in sorted(references.items(), key=lambda item: (-len(item[1]), item[0])):
            if uris:
                self._by_first.setdefault(uris[0], []).append((name, uris))

    def put_back(self, items: list[Any], _path: Path, many: bool) -> list[Any]:
        found: list[Any] = []
        rest = list(items)
        while rest:
            for name, uris in self._by_first.get(rest[0], ()):
                if tuple(rest[: len(uris)]) == uris and (many or len(uris) == 1):
                    found.append(f"${name}")
                    rest = rest[len(uris) :]
                    break
            else:
                found.append(rest.pop(0))
        return found

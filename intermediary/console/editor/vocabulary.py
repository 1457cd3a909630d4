"""What fields are chosen or suggested from: published code lists, and what the mappings already name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from intermediary.console.mappings import words
from intermediary.console.pages import _N
from intermediary.mapping import Document, Entry, State
from intermediary.validation.codelists import code_list


@dataclass(frozen=True, slots=True)
class Word:
    """One value: how it is written, and how a person reads it."""

    code: str
    text: str = ""
    """As data says it."""
    message: str = ""
    """As a message of the catalogue."""
    titles: Mapping[str, str] = field(default_factory=dict)
    kind: str = ""
    """`language` or `country`: the page knows their names."""


Vocabulary = Mapping[str, tuple[Word, ...]]

_LANGUAGES = [
    "en",
    "de",
    "bg",
    "cs",
    "da",
    "el",
    "es",
    "et",
    "fi",
    "fr",
    "ga",
    "hr",
    "hu",
    "is",
    "it",
    "lt",
    "lv",
    "mt",
    "nl",
    "no",
    "pl",
    "pt",
    "ro",
    "sk",
    "sl",
    "sv",
    "lb",
    "sq",
    "bs",
    "mk",
    "sr",
    "tr",
    "uk",
]
_COUNTRIES = [
    "AT",
    "BE",
    "BG",
    "CY",
    "CZ",
    "DE",
    "DK",
    "EE",
    "EL",
    "ES",
    "FI",
    "FR",
    "GR",
    "HR",
    "HU",
    "IE",
    "IS",
    "IT",
    "LI",
    "LT",
    "LU",
    "LV",
    "MT",
    "NL",
    "NO",
    "PL",
    "PT",
    "RO",
    "SE",
    "SI",
    "SK",
]
_OUTCOMES: Final = {
    "delivered": _N("the evidence is there"),
    "not-found": _N("nothing was found"),
    "ambiguous": _N("several persons fit"),
    "later": _N("the evidence comes later"),
    "rejected": _N("the provider may not answer"),
    "failed": _N("the provider has failed"),
}
CONTENTS: Final = {
    "base64": _N("bytes as Base64"),
    "text": _N("text"),
    "json": _N("a part of the JSON itself"),
    "link": _N("link to fetch it from the provider"),
}
"""What a path to the content of a representation may lead to."""


def _said(texts: Mapping[str, str]) -> tuple[Word, ...]:
    return tuple(Word(code, message=message) for code, message in texts.items())


FIXED: Final[Vocabulary] = {
    "languages": tuple(Word(code, kind="language") for code in _LANGUAGES),
    "countries": tuple(Word(code, kind="country") for code in _COUNTRIES),
    "procedures": _said(words.PROCEDURES),
    "levels": _said(words.LEVELS),
    "subjects": _said(words.SUBJECTS),
    "person": _said(words.FIELDS),
    "assurance": _said(words.ASSURANCE),
    "conversions": _said(words.CONVERSIONS),
    "protocols": _said(words.PROTOCOLS),
    "outcomes": _said(_OUTCOMES),
    "methods": (Word("GET", "GET"), Word("POST", "POST")),
    "preview": (
        Word("required", message=_N("citizens see the evidence first")),
        Word("not-needed", message=_N("not needed, by law")),
    ),
    "media": tuple(Word(code) for code in sorted({*code_list("oots-media-types").codes, "image/tiff"})),
    "schemes": tuple(
        Word(f"urn:cef.eu:names:identifier:EAS:{code}") for code in sorted(code_list("eas").codes)
    ),
}


def vocabulary(entries: Iterable[Entry], tree: Any) -> Vocabulary:
    """All vocabularies: the fixed ones, and what other entries and this form (its inputs) name."""
    entries = tuple(entries)
    references = next((e.document for e in entries if e.kind == "references"), {})
    evidence = [e.document for e in entries if e.kind == "evidence"]
    inputs = tree.get("additional_inputs", ()) if isinstance(tree, dict) else ()
    return {
        **FIXED,
        "providers": tuple(
            Word(e.key, titles=e.titles)
            for e in entries
            if e.kind == "provider" and (e.in_force or e.scheduled or e.pending)
        ),
        "inputs": tuple(Word(row["key"]) for row in inputs if row["key"]),
        "classifications": _named(references, "evidence/", _each(evidence, "evidence_type_classifications")),
        "requirements": _named(references, "requirement/", _each(evidence, "requirements")),
        "questions": _named(references, "question/", _below(evidence, "additional_inputs", "classification")),
        "attributes": _named({}, "", _below(evidence, "additional_inputs", "attribute")),
        "models": _named(references, "model/", _below(evidence, "formats", "conforms_to", "transformation")),
    }


def pending_providers(entries: Iterable[Entry], document: Document) -> tuple[tuple[str, int], ...]:
    """The versions of providers that are not in force yet and that a mapping leads to."""
    routing = document.get("routing")
    routing = routing if isinstance(routing, dict) else {}
    table = routing.get("table")
    named = {routing.get("provider"), *(table.values() if isinstance(table, dict) else ())}
    return tuple(
        e.pending.ref
        for e in entries
        if e.kind == "provider"
        and e.key in named
        and e.pending is not None
        and e.newest.state is not State.RETIRED
    )


def _named(references: Mapping[str, Any], prefix: str, others: Iterable[str]) -> tuple[Word, ...]:
    names = [f"${name}" for name in references if name.startswith(prefix)]
    more = sorted({other for other in others if not other.startswith("$")})
    return tuple(Word(code) for code in (*names, *more))


def _each(documents: Iterable[Document], name: str) -> list[str]:
    found = (document.get(name) for document in documents)
    return [item for listed in found if isinstance(listed, list) for item in listed if isinstance(item, str)]


def _below(documents: Iterable[Document], listed: str, *names: str) -> list[str]:
    rows = (row for document in documents for row in _rows(document.get(listed)))
    return [row[name] for row in rows for name in names if isinstance(row.get(name), str)]


def _rows(value: Any) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []

"""EU evidence type ↔ requirement ↔ procedure ↔ national type ↔ provider, and what is not mapped. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from intermediary.console.mappings import listing
from intermediary.console.mappings.listing import Row
from intermediary.console.mappings.words import PROCEDURES
from intermediary.mapping import Entry

ANNEX = tuple(code for code in PROCEDURES if code != "00")
"""Procedures for which Member States must exchange evidence."""


@dataclass(frozen=True, slots=True)
class EuropeanThing:
    """One EU evidence type or requirement, in all forms of its identifier."""

    short: str
    uris: tuple[str, ...]
    names: tuple[str, ...] = ()
    """The names (`$name`) by which mappings know it."""
    rows: tuple[Row, ...] = ()
    """The mappings that answer or prove it; empty: none does."""
    procedures: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    """Of an evidence type: the short form of what it proves."""

    @property
    def mapped(self) -> bool:
        """Whether it is answered today."""
        return any(row.standing in ("in-force", "ending") for row in self.rows)

    def fits(self, text: str) -> bool:
        """Whether a search finds it: all words somewhere in it or its mappings."""
        said = [self.short, *self.uris, *self.names, *self.procedures, *self.requirements]
        for row in self.rows:
            said += [row.entry.name, row.national_id, *row.titles.values(), *row.providers]
        joined = " ".join(said).casefold()
        return all(word in joined for word in text.casefold().split())


@dataclass(slots=True)
class _Made:
    uris: dict[str, None] = field(default_factory=dict)
    names: dict[str, None] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)
    procedures: dict[str, None] = field(default_factory=dict)
    requirements: dict[str, None] = field(default_factory=dict)


def evidence_types(entries: Iterable[Entry], day: date) -> tuple[EuropeanThing, ...]:
    """Every EU evidence type that a mapping answers or a name stands for, by their short form."""
    return _things(entries, day, "evidence_type_classifications", "/evidencetypeclassifications/")


def requirements(entries: Iterable[Entry], day: date) -> tuple[EuropeanThing, ...]:
    """Every requirement that a mapping proves or a name stands for."""
    return _things(entries, day, "requirements", "/requirements/")


def procedures_without(entries: Iterable[Entry], day: date) -> tuple[str, ...]:
    """The procedures of Annex II for which nothing is in force."""
    held = {
        code
        for entry in entries
        if entry.kind == "evidence" and listing.standing(entry, day) in ("in-force", "ending")
        for code in listing.texts(entry.document.get("procedures"))
    }
    return tuple(code for code in ANNEX if code not in held)


def _things(entries: Iterable[Entry], day: date, field_name: str, mark: str) -> tuple[EuropeanThing, ...]:
    listed = tuple(entries)
    references = listing.references_of(listed)
    made: dict[str, _Made] = {}
    for name, uris in references.items():
        for uri in uris:
            if mark in uri:
                thing = made.setdefault(listing.short(uri), _Made())
                thing.uris[uri] = thing.names[name] = None
    for entry in listed:
        if entry.kind == "evidence":
            _add(made, entry, listing.row(entry, day, references), references, field_name)
    return tuple(
        EuropeanThing(
            short,
            tuple(m.uris),
            tuple(m.names),
            tuple(m.rows.values()),
            tuple(sorted(m.procedures)),
            tuple(m.requirements),
        )
        for short, m in sorted(made.items(), key=lambda item: (next(iter(item[1].names), ""), item[0]))
    )


def _add(
    made: dict[str, _Made],
    entry: Entry,
    row: Row,
    references: Mapping[str, Sequence[str]],
    field_name: str,
) -> None:
    proves = _resolved(entry, "requirements", references)
    for uri in _resolved(entry, field_name, references):
        thing = made.setdefault(listing.short(uri), _Made())
        thing.uris[uri] = None
        thing.rows[entry.name] = row
        thing.procedures |= dict.fromkeys(row.procedures)
        if field_name != "requirements":
            thing.requirements |= dict.fromkeys(map(listing.short, proves))


def _resolved(entry: Entry, field_name: str, references: Mapping[str, Sequence[str]]) -> list[str]:
    names = listing.texts(entry.document.get(field_name))
    return [uri for name in names for uri in listing.resolved(name, references)]

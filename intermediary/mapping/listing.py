"""The store as a list for people: each entry in a line, and where an entry is used."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, func, select, tuple_
from sqlmodel import SQLModel

from intermediary.mapping import life, records
from intermediary.mapping.documents import EVIDENCE, PROVIDER, Document
from intermediary.mapping.errors import MappingMissing
from intermediary.mapping.life import PENDING, State, Version
from intermediary.mapping.model import MappingSet
from intermediary.mapping.tables import MappingContentRow
from intermediary.store.tables import ExchangeRow

_CONTENTS = SQLModel.metadata.tables[MappingContentRow.__tablename__]
_EXCHANGES = SQLModel.metadata.tables[ExchangeRow.__tablename__]
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry on a day: the version in force, those that are to follow, and the one that is being made."""

    name: str
    titles: Mapping[str, str]
    newest: Version
    in_force: Version | None
    scheduled: tuple[Version, ...]
    """Live versions that begin later, the next first."""
    pending: Version | None
    """Draft, in review or approved."""
    document: Document
    """What the version in force says; else the pending one, else the newest."""

    @property
    def kind(self) -> str:
        """`evidence`, `provider`, `platform` or `references`."""
        return self.name.partition("/")[0]

    @property
    def key(self) -> str:
        """The name without its kind."""
        return self.name.partition("/")[2] or self.name

    def fits(self, text: str, kind: str | None, state: State | None) -> bool:
        """Whether a search finds it."""
        shown = (self.in_force, *self.scheduled, self.pending)
        states = {v.state for v in shown if v is not None} or {self.newest.state}
        if (kind is not None and kind != self.kind) or (state is not None and state not in states):
            return False
        words = text.casefold().split()
        if not words:
            return True
        said = " ".join((self.name, *_texts(self.document))).casefold()
        return all(word in said for word in words)


@dataclass(frozen=True, slots=True)
class Usage:
    """The exchanges of an entry: how many, when, and the newest of them."""

    count: int
    first: datetime | None
    last: datetime | None
    by_version: Mapping[int | None, int]
    """How many used which version; None: from before versions were recorded. Empty of a provider."""
    exchanges: tuple[str, ...]
    """Ids, the newest first."""


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [value] if isinstance(value, str) else []


def entries(connection: Connection, day: date) -> tuple[Entry, ...]:
    """Every entry, in the order of the names."""
    found = records.versions(connection)
    shown = {entry: _shown(versions, day) for entry, versions in found.items()}
    documents = _documents(connection, shown)
    return tuple(_entry(name, found[name], day, documents[name]) for name in sorted(found))


def entry(connection: Connection, name: str, day: date) -> Entry:
    """One entry. Raises MappingMissing."""
    found = records.known(connection, name)
    return _entry(name, found, day, records.document(connection, name, _shown(found, day)))


def _shown(versions: list[Version], day: date) -> int:
    live = sorted((v for v in versions if v.state is State.LIVE), key=_publication)
    if live:
        return life.counts(life.periods(live), day)
    return next((v.number for v in versions if v.state in PENDING), versions[-1].number)


def _publication(version: Version) -> tuple[int, int]:
    return version.published or 0, version.number


def _documents(connection: Connection, shown: Mapping[str, int]) -> dict[str, Document]:
    wanted = sorted(shown.items())
    found: dict[str, Document] = {}
    for n in range(0, len(wanted), _AT_ONCE):
        some = tuple_(_CONTENTS.c.entry, _CONTENTS.c.version).in_(wanted[n : n + _AT_ONCE])
        found |= {
            row.entry: row.document
            for row in connection.execute(select(_CONTENTS.c.entry, _CONTENTS.c.document).where(some))
        }
    return found


def _entry(name: str, versions: list[Version], day: date, document: Document) -> Entry:
    by_number = {version.number: version for version in versions}
    live = sorted((v for v in versions if v.state is State.LIVE), key=_publication)
    found = life.periods(live)
    now = life.in_force(found, day)
    titles = document.get("titles") or document.get("names") or {}
    return Entry(
        name=name,
        titles=titles if isinstance(titles, dict) else {},
        newest=versions[-1],
        in_force=by_number[now] if now is not None else None,
        scheduled=tuple(by_number[period.version] for period in found if period.first > day),
        pending=next((v for v in versions if v.state in PENDING), None),
        document=document,
    )


def usage(connection: Connection, entry: str, number: int | None, limit: int) -> Usage:
    """The exchanges that used an entry. Raises MappingMissing where exchanges do not name it."""
    t = _EXCHANGES.c
    if entry.startswith(EVIDENCE):
        where = [t.mapping_key == entry.removeprefix(EVIDENCE)]
        if number is not None:
            where.append(t.mapping_version == number)
    elif entry.startswith(PROVIDER) and number is None:
        where = [t.provider_key == entry.removeprefix(PROVIDER)]
    else:
        raise MappingMissing(
            f"Exchanges do not name a version of {entry}; they name evidence mappings with their version, "
            "providers by key (and version in the events provider-asked), and the revision of the whole"
        )
    count, first, last = connection.execute(
        select(func.count(), func.min(t.created_at), func.max(t.created_at)).where(*where)
    ).one()
    by_version: dict[int | None, int] = {}
    if entry.startswith(EVIDENCE):
        each = select(t.mapping_version, func.count()).where(*where).group_by(t.mapping_version)
        by_version = {row[0]: row[1] for row in connection.execute(each)}
    newest = select(t.id).where(*where).order_by(t.created_at.desc()).limit(limit)
    return Usage(count, first, last, by_version, tuple(connection.execute(newest).scalars()))


def needed_by(mapping_set: MappingSet, entry: str) -> tuple[str, ...]:
    """The evidence mappings of a set that route to a provider: what changing it concerns."""
    key = entry.removeprefix(PROVIDER)
    return tuple(
        EVIDENCE + m.key
        for m in mapping_set.mappings
        if key == m.routing.provider or key in m.routing.table.values()
    )

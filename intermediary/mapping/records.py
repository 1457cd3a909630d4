"""The rows of the mapping store: how they are read, and the one way in which they are written."""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select
from sqlmodel import SQLModel

from intermediary.exchange.model import Event, Fact, event
from intermediary.mapping.documents import Document
from intermediary.mapping.errors import MappingMissing
from intermediary.mapping.life import Action, Change, Ref, State, Step, Version
from intermediary.mapping.shelf import Shelf
from intermediary.mapping.tables import MappingChangeRow, MappingContentRow, MappingStepRow
from intermediary.store.ledger import chain
from intermediary.store.tables import EventRow

STREAM = "mappings"
"""One stream of the log for all of them: an entry whose whole history vanished would not show in its own."""
_CHANGES, _CONTENTS, _STEPS, _EVENTS = (
    SQLModel.metadata.tables[row.__tablename__]
    for row in (MappingChangeRow, MappingContentRow, MappingStepRow, EventRow)
)
_AT_ONCE = 500
_FACTS = {
    State.DRAFT: Fact.MAPPING_DRAFTED,
    State.IN_REVIEW: Fact.MAPPING_SUBMITTED,
    State.APPROVED: Fact.MAPPING_APPROVED,
    State.LIVE: Fact.MAPPING_LIVE,
    State.RETIRED: Fact.MAPPING_RETIRED,
}
REVISION = select(func.max(_CHANGES.c.number)).where(_CHANGES.c.publishes)


def versions(connection: Connection, entries: Collection[str] | None = None) -> dict[str, list[Version]]:
    """Every version of these entries, the oldest first; of all entries where None."""
    columns = [column for column in _CONTENTS.c if column.name != "document"]
    contents = select(*columns, _CHANGES.c.at, _CHANGES.c.reason).join(
        _CHANGES, _CHANGES.c.number == _CONTENTS.c.change
    )
    steps = _steps().order_by(_STEPS.c.number)
    found: dict[tuple[str, int], Version] = {}
    rows: list[Any] = []
    for some in _parts(entries):
        rows += connection.execute(contents.where(_CONTENTS.c.entry.in_(some)) if some else contents).all()
    for row in rows:
        found[row.entry, row.version] = _version(row)
    rows = []
    for some in _parts(entries):
        rows += connection.execute(steps.where(_STEPS.c.entry.in_(some)) if some else steps).all()
    for row in rows:
        version = found[row.entry, row.version]
        found[version.ref] = _moved(version, row, found.get((row.entry, version.based_on or 0)))
    by_entry: dict[str, list[Version]] = {}
    for ref in sorted(found):
        by_entry.setdefault(ref[0], []).append(found[ref])
    return by_entry


def _parts(entries: Collection[str] | None) -> list[list[str] | None]:
    if entries is None:
        return [None]
    listed = sorted(entries)
    return [listed[n : n + _AT_ONCE] for n in range(0, len(listed), _AT_ONCE)]


def _version(row: Any) -> Version:
    return Version(
        entry=row.entry,
        number=row.version,
        state=State.DRAFT,
        authors=tuple(row.authors),
        reason=row.reason,
        drafted_at=row.at,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        based_on=row.based_on,
    )


def _moved(version: Version, row: Any, based: Version | None) -> Version:
    """The version after a step."""
    state, reviewer = State(row.state), version.reviewer
    if state is State.APPROVED:
        reviewer = row.actor
    elif state is State.DRAFT:
        reviewer = None
    elif row.action == Action.ROLL_BACK and state is State.LIVE and based is not None:
        reviewer = based.reviewer
    published, published_at = (
        (row.change, row.at) if state is State.LIVE else (version.published, version.published_at)
    )
    return replace(
        version,
        state=state,
        reviewer=reviewer,
        published=published,
        published_at=published_at,
        changed_at=row.at,
    )


def _steps() -> Any:
    return select(
        _STEPS.c.change,
        _CHANGES.c.action,
        _STEPS.c.entry,
        _STEPS.c.version,
        _STEPS.c.state,
        _CHANGES.c.actor,
        _CHANGES.c.reason,
        _CHANGES.c.at,
        _CHANGES.c.via,
    ).join(_CHANGES, _CHANGES.c.number == _STEPS.c.change)


def revision(connection: Connection) -> int:
    """The live revision; 0 while the store is empty."""
    return connection.scalar(REVISION) or 0


def known(connection: Connection, entry: str) -> list[Version]:
    """Every version of an entry, the oldest first. Raises MappingMissing."""
    found = versions(connection, [entry]).get(entry)
    if not found:
        raise MappingMissing(f"There is no entry {entry}; `intermediary mappings list` shows all")
    return found


def one(versions_: Sequence[Version], ref: Ref) -> Version:
    """The version that is meant. Raises MappingMissing."""
    for version in versions_:
        if version.number == ref[1]:
            return version
    raise MappingMissing(f"There is no version {ref[1]} of {ref[0]}; its history lists them")


def those(connection: Connection, refs: Sequence[Ref]) -> tuple[Version, ...]:
    """The versions that are meant, each once. Raises MappingMissing."""
    by_entry = versions(connection, {entry for entry, _ in refs})
    return tuple(one(by_entry.get(ref[0], ()), ref) for ref in dict.fromkeys(refs))


def history(connection: Connection, entry: str | None, limit: int | None) -> tuple[Step, ...]:
    """The steps of an entry, or of all, the newest first."""
    statement = _steps().order_by(_STEPS.c.number.desc()).limit(limit)
    if entry is not None:
        statement = statement.where(_STEPS.c.entry == entry)
    return tuple(
        Step(row.change, Action(row.action), row.entry, row.version, State(row.state), *row[5:])
        for row in connection.execute(statement)
    )


def document(connection: Connection, entry: str, number: int) -> Document:
    """What a version says. Raises MappingMissing."""
    found: Document | None = connection.execute(
        select(_CONTENTS.c.document).where(_CONTENTS.c.entry == entry, _CONTENTS.c.version == number)
    ).scalar()
    if found is None:
        raise MappingMissing(f"There is no version {number} of {entry}; its history lists them")
    return found


def shelf(connection: Connection, revision: int) -> Shelf:
    """What was live at a revision. Raises MappingMissing."""
    if not connection.execute(select(_CHANGES.c.number).where(_CHANGES.c.number == revision)).first():
        raise MappingMissing(f"There is no revision {revision} of the mappings; import a set first")
    last = (
        select(func.max(_STEPS.c.number).label("number"))
        .where(_STEPS.c.change <= revision)
        .group_by(_STEPS.c.entry, _STEPS.c.version)
        .subquery()
    )
    statement = (
        select(_CONTENTS, _STEPS.c.change.label("published"))
        .join(_STEPS, (_STEPS.c.entry == _CONTENTS.c.entry) & (_STEPS.c.version == _CONTENTS.c.version))
        .join(last, last.c.number == _STEPS.c.number)
        .where(_STEPS.c.state == State.LIVE)
        .order_by(_STEPS.c.number)
    )
    live: dict[str, tuple[Version, ...]] = {}
    documents: dict[tuple[str, int], Document] = {}
    for row in connection.execute(statement):
        version = Version(
            row.entry, row.version, State.LIVE, tuple(row.authors), "", _NO_TIME,
            row.valid_from, row.valid_until, row.based_on, published=row.published,
        )  # fmt: skip
        live[row.entry] = (*live.get(row.entry, ()), version)
        documents[version.ref] = row.document
    return Shelf(revision, live, documents)


_NO_TIME = datetime.min
"""A shelf needs no times."""


def write(
    connection: Connection,
    change: Change,
    drafts: Mapping[tuple[str, int], tuple[Version, Document]],
    steps: Iterable[tuple[Version, State]],
) -> int:
    """Append a change with the versions that it made and the steps that it took, and log them.

    The caller holds the lock of the store. Returns the number of the change; nothing is written where there
    is no step.
    """
    steps = tuple(steps)
    if not steps:
        return revision(connection)
    publishes = any(State.LIVE in (state, version.state) for version, state in steps)
    number = (connection.execute(select(func.max(_CHANGES.c.number))).scalar() or 0) + 1
    values = {"action": change.action, "actor": change.actor, "reason": change.reason}
    connection.execute(
        insert(_CHANGES),
        {**values, "number": number, "at": change.at, "via": change.via, "publishes": publishes},
    )
    if drafts:
        connection.execute(
            insert(_CONTENTS),
            [
                {
                    "entry": version.entry,
                    "version": version.number,
                    "change": number,
                    "document": said,
                    "valid_from": version.valid_from,
                    "valid_until": version.valid_until,
                    "authors": list(version.authors),
                    "based_on": version.based_on,
                }
                for version, said in drafts.values()
            ],
        )
    rows = [
        {"change": number, "entry": version.entry, "version": version.number, "state": state}
        for version, state in steps
    ]
    connection.execute(insert(_STEPS), rows)
    _log(connection, [_event(change, number, *step, drafts) for step in steps])
    return number


def _event(
    change: Change,
    number: int,
    version: Version,
    state: State,
    drafts: Mapping[tuple[str, int], tuple[Version, Document]],
) -> Event:
    drafted = drafts.get(version.ref)
    return event(
        Fact.MAPPING_REJECTED if change.action is Action.REJECT else _FACTS[state],
        change.at,
        entry=version.entry,
        version=version.number,
        action=change.action,
        actor=change.actor,
        reason=change.reason,
        via=change.via,
        change=number,
        based_on=version.based_on if drafted else None,
        content=_digest(drafted[1]) if drafted else None,
    )


def _log(connection: Connection, events: Iterable[Event]) -> None:
    """Append to our stream. Nobody else writes to it, and who writes holds the lock of the store."""
    last = (
        select(_EVENTS.c.digest).where(_EVENTS.c.stream == STREAM).order_by(_EVENTS.c.number.desc()).limit(1)
    )
    digest: str = connection.execute(last).scalar() or ""
    rows = []
    for each in events:
        digest = chain(digest, STREAM, each)
        rows.append(
            {"stream": STREAM, "fact": each.fact, "at": each.at, "data": dict(each.data), "digest": digest}
        )
    connection.execute(insert(_EVENTS), rows)


def _digest(said: Document) -> str:
    """SHA-256 of a document: the log proves what a version said."""
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

"""Every version of the mapping set in the database; nothing is edited in place.

A version holds only the entries that it changed: what was live when is the newest document of each entry
up to that version.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from intermediary.mapping import documents, files
from intermediary.mapping.errors import MappingInvalid, MappingMissing
from intermediary.mapping.model import LintFinding, MappingSet, Severity
from intermediary.mapping.tables import MappingEntryRow, MappingVersionRow

_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Revision:
    """One version: `changed` names the entries it added or changed, `removed` those it took away."""

    version: int
    author: str
    reason: str
    saved_at: datetime
    changed: tuple[str, ...]
    removed: tuple[str, ...] = ()


class MappingStore:
    """Saves and gives mapping sets; one object for each process, safe to share between threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._live: tuple[int, MappingSet] | None = None

    def save(self, mapping_set: MappingSet, *, author: str, reason: str, now: datetime) -> int:
        """Make a set live and return its version; a set equal to the live one makes no new version.

        Raises MappingInvalid: what breaks a rule never becomes live.
        """
        errors = tuple(f for f in files.findings_of(mapping_set) if f.severity is Severity.ERROR)
        if errors:
            raise MappingInvalid(errors)
        wanted = documents.encode(mapping_set)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._append(wanted, author, reason, now)
            except IntegrityError:
                # Another process took the same number; what is to be changed may have changed, too.
                if attempt == _ATTEMPTS:
                    raise
        raise AssertionError("unreachable")

    def _append(self, wanted: dict[str, documents.Document], author: str, reason: str, now: datetime) -> int:
        with Session(self._engine) as session, session.begin():
            latest = _latest(session)
            held = _entries(session, latest)
            changed = {entry: doc for entry, doc in wanted.items() if held.get(entry) != doc}
            gone = [entry for entry in held if entry not in wanted]
            if latest and not changed and not gone:
                return latest
            number = latest + 1
            session.add(MappingVersionRow(number=number, author=author, reason=reason, saved_at=now))
            session.flush()
            session.add_all(MappingEntryRow(entry=e, version=number, document=d) for e, d in changed.items())
            session.add_all(MappingEntryRow(entry=e, version=number, document=None) for e in gone)
        return number

    def version(self) -> int:
        """The live version; 0 while the store is empty."""
        with self._engine.connect().execution_options(reading=True) as connection:
            return connection.scalar(select(func.max(MappingVersionRow.number))) or 0

    def live(self) -> MappingSet:
        """The live set; read again only when its version has changed. Raises MappingMissing."""
        version = self.version()
        held = self._live
        if held is None or held[0] != version:
            held = (version, self.as_of(version))
            self._live = held
        return held[1]

    def as_of(self, version: int) -> MappingSet:
        """The set as it was live at a version. Raises MappingMissing."""
        with Session(self._engine.execution_options(reading=True)) as session:
            if session.get(MappingVersionRow, version) is None:
                raise MappingMissing(f"There is no version {version} of the mappings; import a set first")
            entries = _entries(session, version)
        mapping_set, problems = documents.decode(entries, lambda entry: f"{entry} (version {version})")
        if mapping_set is None:
            raise MappingInvalid(
                tuple(LintFinding(p.severity, p.entry, 0, p.text, p.remedy) for p in problems)
            )
        return mapping_set

    def history(self) -> tuple[Revision, ...]:
        """Every version, the newest first."""
        with Session(self._engine.execution_options(reading=True)) as session:
            versions = session.scalars(
                select(MappingVersionRow).order_by(col(MappingVersionRow.number).desc())
            ).all()
            rows = session.execute(
                select(
                    col(MappingEntryRow.version),
                    col(MappingEntryRow.entry),
                    col(MappingEntryRow.document).is_(None),
                ).order_by(col(MappingEntryRow.entry))
            ).all()
        entries: dict[tuple[int, bool], list[str]] = {}
        for number, entry, removed in rows:
            entries.setdefault((number, bool(removed)), []).append(entry)
        return tuple(
            Revision(
                v.number,
                v.author,
                v.reason,
                v.saved_at,
                changed=tuple(entries.get((v.number, False), ())),
                removed=tuple(entries.get((v.number, True), ())),
            )
            for v in versions
        )


class StoredMappings:
    """The live set as the exchange wants it (`exchange.contracts.Mappings`); validity is in the rows."""

    def __init__(self, store: MappingStore) -> None:
        self._store = store

    def __call__(self, day: date) -> MappingSet:
        """The live set; which row is in force on a day, `MappingSet.find` says."""
        return self._store.live()


def _latest(session: Session) -> int:
    return session.scalar(select(func.max(MappingVersionRow.number))) or 0


def _entries(session: Session, version: int) -> dict[str, Any]:
    """The newest document of each entry up to a version, without the removed ones."""
    row = MappingEntryRow
    newest = (
        select(col(row.entry), func.max(row.version).label("version"))
        .where(col(row.version) <= version)
        .group_by(col(row.entry))
        .subquery()
    )
    same = (col(row.entry) == newest.c.entry) & (col(row.version) == newest.c.version)
    found = session.execute(
        select(col(row.entry), col(row.document))
        .join(newest, same)
        .where(col(row.document).is_not(None))
        .order_by(col(row.entry))
    )
    return {entry: document for entry, document in found}  # noqa: C416 - rows are no pairs for mypy

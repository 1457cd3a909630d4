"""The mapping store: every version of every entry, who made, reviewed and published it, and what is in force.

Nothing is edited in place. All writers take turns (`_LOCK`), so each decides on what is there. A revision is
the number of a change that altered what is live; with a day it gives one set, for ever.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from threading import Lock

from sqlalchemy import Connection, Engine

from intermediary.mapping import documents, files, life, listing, making, records
from intermediary.mapping import rulebook as book
from intermediary.mapping.diff import Difference, diff
from intermediary.mapping.documents import Document
from intermediary.mapping.errors import FourEyes, MappingConflict, MappingInvalid
from intermediary.mapping.life import PENDING, Action, Change, Ref, State, Step, Version
from intermediary.mapping.listing import Entry, Usage
from intermediary.mapping.model import LintFinding, MappingSet, Severity
from intermediary.mapping.shelf import Shelf
from intermediary.store.engine import lock

_LOCK = "mappings"
_KEPT = 8
"""Revisions of which the sets stay in memory: the live one, and those of exchanges under way."""


class MappingStore:
    """Keeps and changes the mappings; one object for each process, safe to share between threads.

    `via` says by which way changes come in (`console`, `cli:root`); it is recorded beside the actor. Every
    action takes `actor` (who), `reason` (why) and `at` (when, aware), and logs in the same commit.
    """

    def __init__(self, engine: Engine, *, via: str = "platform") -> None:
        self._engine, self._via = engine, via
        self._reading = engine.execution_options(reading=True)
        self._shelves: OrderedDict[int, Shelf] = OrderedDict()
        self._using = Lock()

    # ------------------------------------------------------------------------------------------ what is live

    def revision(self) -> int:
        """The live revision; 0 while the store is empty."""
        with self._reading.connect() as connection:
            return connection.scalar(records.REVISION) or 0

    def live(self, day: date) -> MappingSet:
        """The set in force on a day; read again only when revision or day bring another one.

        Raises MappingMissing while the store is empty.
        """
        return self.as_of(self.revision(), day)

    def as_of(self, revision: int, day: date) -> MappingSet:
        """The set of a day as it was live at a revision. Raises MappingMissing."""
        return self._shelf(revision).on(day)

    def _shelf(self, revision: int, connection: Connection | None = None) -> Shelf:
        with self._using:
            held = self._shelves.get(revision)
            if held is not None:
                self._shelves.move_to_end(revision)
                return held
        if connection is None:
            with self._reading.connect() as reading:
                held = records.shelf(reading, revision)
        elif revision:
            held = records.shelf(connection, revision)
        else:
            return Shelf(0, {}, {})
        with self._using:
            held = self._shelves.setdefault(revision, held)
            while len(self._shelves) > _KEPT:
                self._shelves.popitem(last=False)
        return held

    # -------------------------------------------------------------------------------------------- looking up

    def entries(
        self, day: date, *, text: str = "", kind: str | None = None, state: State | None = None
    ) -> tuple[Entry, ...]:
        """Every entry that ever was, in the order of the names: what is in force, scheduled, pending.

        `text` is looked for in name, titles, identifiers and procedures; `kind` is `evidence`, `provider`,
        `platform` or `references`; `state` keeps the entries that have a version in that state.
        """
        with self._reading.connect() as connection:
            found = listing.entries(connection, day)
        return tuple(e for e in found if e.fits(text, kind, state))

    def entry(self, name: str, day: date) -> Entry:
        """One entry. Raises MappingMissing."""
        with self._reading.connect() as connection:
            return listing.entry(connection, name, day)

    def versions(self, entry: str) -> tuple[Version, ...]:
        """Every version of an entry, the newest first. Raises MappingMissing."""
        with self._reading.connect() as connection:
            return tuple(reversed(records.known(connection, entry)))

    def version(self, entry: str, number: int) -> Version:
        """One version. Raises MappingMissing."""
        with self._reading.connect() as connection:
            return records.one(records.known(connection, entry), (entry, number))

    def before(self, entry: str, day: date) -> Version:
        """What was live before what is in force on a day: where to roll back to. Raises MappingMissing."""
        with self._reading.connect() as connection:
            return making.before(records.known(connection, entry), day)

    def document(self, entry: str, number: int) -> Document:
        """What a version says. Raises MappingMissing."""
        with self._reading.connect() as connection:
            return records.document(connection, entry, number)

    def diff(self, entry: str, old: int, new: int) -> tuple[Difference, ...]:
        """What differs between two versions; `old` 0: from nothing. Raises MappingMissing."""
        return diff(self.document(entry, old) if old else None, self.document(entry, new))

    def history(self, entry: str | None = None, limit: int | None = None) -> tuple[Step, ...]:
        """Who did what when and why, the newest first: of one entry, or of all."""
        with self._reading.connect() as connection:
            return records.history(connection, entry, limit)

    def usage(self, entry: str, number: int | None = None, limit: int = 20) -> Usage:
        """The exchanges that used an evidence mapping (one version of it), or asked a provider."""
        with self._reading.connect() as connection:
            return listing.usage(connection, entry, number, limit)

    def findings(self, *refs: Ref, day: date) -> tuple[LintFinding, ...]:
        """What the rules would say if these versions went live together: of them, and what is new of others.

        Errors and warnings. Raises MappingMissing.
        """
        with self._reading.connect() as connection:
            shelf = self._shelf(self.revision(), connection)
            come = [(v, records.document(connection, *v.ref)) for v in records.those(connection, refs)]
        return _findings(shelf, come, day)

    def standing_findings(self, day: date) -> tuple[LintFinding, ...]:
        """What the rules say of what is in force on a day, and of each set that follows by the clock.

        Raises MappingMissing while the store is empty.
        """
        return tuple(map(files.finding_of, self._shelf(self.revision()).problems(day)))

    def findings_if(self, entry: str, document: Document, *refs: Ref, day: date) -> tuple[LintFinding, ...]:
        """What the rules would say of a document that is not kept yet, going live together with `refs`.

        Raises MappingInvalid where it is no document at all, MappingMissing.
        """
        making.check_name(entry)
        with self._reading.connect() as connection:
            shelf = self._shelf(self.revision(), connection)
            others = records.those(connection, [ref for ref in refs if ref[0] != entry])
            come = [(v, records.document(connection, *v.ref)) for v in others]
            references = self._references(connection)
        said = documents.canonical(entry, making.readable(entry, document), references)
        return _findings(shelf, [*come, (making.unkept(entry, said), said)], day)

    def would_be(self, *refs: Ref, day: date) -> MappingSet:
        """The set of a day with these versions in it, whatever their state: to try them before they are live.

        Raises MappingInvalid where one cannot be read, MappingMissing.
        """
        with self._reading.connect() as connection:
            shelf = self._shelf(self.revision(), connection)
            return shelf.on(day, {ref: records.document(connection, *ref) for ref in refs})

    # ---------------------------------------------------------------------------------------------- changing

    def adopt(self, mapping_set: MappingSet, *, actor: str, reason: str, at: datetime) -> int:
        """Make the first set of an empty store live, without review; returns the revision.

        Raises MappingConflict where the store is not empty (of two nodes that start at once, one), and
        MappingInvalid.
        """
        errors = tuple(f for f in files.findings_of(mapping_set) if f.severity is Severity.ERROR)
        if errors:
            raise MappingInvalid(errors)
        change = self._change(Action.ADOPT, actor, reason, at)
        with self._writing() as connection:
            if records.versions(connection):
                raise MappingConflict("The store is not empty; changes go through review: `propose` them")
            drafts = {
                (entry, 1): (making.new(entry, 1, said, change), said)
                for entry, said in documents.encode(mapping_set).items()
            }
            steps = [(version, State.LIVE) for version, _ in drafts.values()]
            return records.write(connection, change, drafts, steps)

    def draft(
        self,
        entry: str,
        document: Document,
        *,
        expected: int,
        actor: str,
        reason: str,
        at: datetime,
        based_on: int | None = None,
    ) -> Version:
        """A new version, as a draft; it takes the place of the entry's pending one, if there is one.

        `expected` is the number of the newest version that the author saw, 0 for a new entry: MappingConflict
        where there is a newer one. What it says need not be right yet (`findings` tells), only readable:
        MappingInvalid. `based_on` is the version that the author began with, the newest by default.
        """
        making.check_name(entry)
        change = self._change(Action.DRAFT, actor, reason, at)
        with self._writing() as connection:
            known = records.versions(connection, [entry]).get(entry, [])
            newest = known[-1].number if known else 0
            if newest != expected:
                raise MappingConflict(making.overtaken(entry, known, expected))
            if based_on is not None:
                records.one(known, (entry, based_on))
            references = self._references(connection)
            said = documents.canonical(entry, making.readable(entry, document), references)
            version, steps = making.draft(known, entry, said, change, based_on)
            records.write(connection, change, {version.ref: (version, said)}, steps)
        return self.version(*version.ref)

    def propose(
        self, wanted: Mapping[str, Document], *, actor: str, reason: str, at: datetime
    ) -> tuple[Version, ...]:
        """Hand in a whole set, or some entries of one, as they stand in git; what is now in review for it.

        An entry that says what is in force or to follow is left alone, and one that is not in `wanted`, too
        (`retire` it). Raises MappingConflict where somebody else has another version pending, and
        MappingInvalid.
        """
        change = self._change(Action.SUBMIT, actor, reason, at)
        with self._writing() as connection:
            known = records.versions(connection, wanted)
            drafts: dict[Ref, tuple[Version, Document]] = {}
            steps: list[tuple[Version, State]] = []
            waiting: list[Ref] = []
            for entry, said in sorted(wanted.items()):
                making.check_name(entry)
                mine = known.get(entry, [])
                current = life.current(mine, at.date())
                same = [v for v in current if records.document(connection, *v.ref) == said]
                if any(v.state is State.LIVE for v in same):
                    continue
                if same:
                    waiting.append(same[0].ref)
                    steps += [(v, State.IN_REVIEW) for v in same if v.state is State.DRAFT]
                    continue
                for v in current:
                    if v.state in PENDING and not life.same_person(v.author, actor):
                        raise MappingConflict(
                            f"{entry} version {v.number} is {v.state}, by {v.author}; "
                            "let it go live or retire it, then import again"
                        )
                version, made = making.draft(mine, entry, said, change, None)
                drafts[version.ref] = (version, said)
                steps += [*made, (version, State.IN_REVIEW)]
            if steps:
                shelf = self._shelf(records.revision(connection), connection)
                come = [*drafts.values()]
                come += [
                    (v, wanted[v.entry])
                    for v, state in steps
                    if v.ref not in drafts and state is State.IN_REVIEW
                ]
                making.refuse_errors(shelf, shelf.changed(come), at.date(), [v.entry for v, _ in come])
                records.write(connection, change, drafts, steps)
        return self._again(sorted([*waiting, *drafts]))

    def submit(self, *refs: Ref, actor: str, reason: str, at: datetime) -> tuple[Version, ...]:
        """Hand drafts in for review; what depends on each other is handed in together.

        Raises MappingInvalid with everything that is wrong, MappingConflict, MappingMissing.
        """
        with self._moving(Action.SUBMIT, refs, actor, reason, at) as (connection, shelf, found):
            come = [(v, records.document(connection, *v.ref)) for v in found]
            making.refuse_errors(shelf, shelf.changed(come), at.date(), [e for e, _ in refs])
        return self._again(refs)

    def approve(self, *refs: Ref, actor: str, reason: str, at: datetime) -> tuple[Version, ...]:
        """Say that these versions are right. Raises FourEyes, MappingConflict, MappingMissing."""
        with self._moving(Action.APPROVE, refs, actor, reason, at) as (_, _, found):
            for version in found:
                if any(life.same_person(actor, author) for author in version.authors):
                    raise FourEyes(
                        f"{actor} drafted {version.entry} version {version.number} or what it was made of; "
                        "somebody else has to approve it"
                    )
        return self._again(refs)

    def reject(self, *refs: Ref, actor: str, reason: str, at: datetime) -> tuple[Version, ...]:
        """Send versions back to their authors. Raises MappingConflict, MappingMissing."""
        with self._moving(Action.REJECT, refs, actor, reason, at):
            pass
        return self._again(refs)

    def go_live(self, *refs: Ref, actor: str, reason: str, at: datetime) -> tuple[Version, ...]:
        """Put approved versions in force on the days of their validity, all with one revision.

        Raises MappingInvalid, MappingMissing, and MappingConflict, also where a version would take the place
        of one that is scheduled, or is over already.
        """
        change = self._change(Action.GO_LIVE, actor, reason, at)
        with self._writing() as connection:
            found = records.those(connection, refs)
            for version in found:
                making.check_state(Action.GO_LIVE, version)
            shelf = self._shelf(records.revision(connection), connection)
            steps = self._publish(connection, shelf, found, at.date())
            for version, state in steps:
                scheduled = version.valid_from is not None and version.valid_from > at.date()
                newcomer = next(v for v in found if v.entry == version.entry)
                if state is State.RETIRED and scheduled and version.valid_from != newcomer.valid_from:
                    raise MappingConflict(
                        f"{version.entry} version {version.number} is to follow on {version.valid_from}; "
                        f"retire it first, or end version {newcomer.number} (valid_until) the day before"
                    )
            records.write(connection, change, {}, steps)
        return self._again(refs)

    def retire(self, *refs: Ref, actor: str, reason: str, at: datetime) -> tuple[Version, ...]:
        """Take versions out of force at once, or give up pending ones; one person may.

        Raises MappingInvalid where others need what would be gone, MappingConflict, MappingMissing.
        """
        change = self._change(Action.RETIRE, actor, reason, at)
        with self._writing() as connection:
            found = records.those(connection, refs)
            for version in found:
                making.check_state(Action.RETIRE, version)
            shelf = self._shelf(records.revision(connection), connection)
            gone = {version.ref: version for version in found if version.state is State.LIVE}
            for entry in {version.entry for version in gone.values()}:
                # What a retired version has replaced must not come back into force by itself.
                gone |= {version.ref: version for version in life.over(shelf.live[entry], at.date())}
            if gone:
                making.refuse_errors(shelf, shelf.changed(gone=gone.values()), at.date(), ())
            steps = {version.ref: version for version in found} | gone
            records.write(connection, change, {}, [(v, State.RETIRED) for v in steps.values()])
        return self._again(refs)

    def roll_back(self, entry: str, to: int, *, actor: str, reason: str, at: datetime) -> Version:
        """Put in force again what an earlier version said, as a new version, at once.

        Needs no new approval, since that version had been live by one. It takes the place of whatever is live
        or scheduled on its days. Raises MappingConflict where the version was never live, is in force, or is
        over; MappingInvalid where what it needs is gone; MappingMissing.
        """
        change = self._change(Action.ROLL_BACK, actor, reason, at)
        with self._writing() as connection:
            known = records.known(connection, entry)
            old = records.one(known, (entry, to))
            if old.published is None:
                raise MappingConflict(f"{entry} version {to} was never live; let it be reviewed instead")
            shelf = self._shelf(records.revision(connection), connection)
            if life.in_force(shelf.periods.get(entry, ()), at.date()) == to:
                raise MappingConflict(f"{entry} version {to} is in force; roll back to an earlier one")
            said = records.document(connection, entry, to)
            version = making.new(entry, known[-1].number + 1, said, change, based_on=to)
            steps = self._publish(connection, shelf, [version], at.date(), {version.ref: said})
            records.write(connection, change, {version.ref: (version, said)}, steps)
        return self.version(*version.ref)

    # ------------------------------------------------------------------------------------------------- inside

    def _change(self, action: Action, actor: str, reason: str, at: datetime) -> Change:
        given = {"actor": actor, "reason": reason}
        if missing := [name for name, text in given.items() if not text.strip()]:
            raise MappingInvalid((making.finding("", book.STORE_WHO, name=missing[0]),))
        return Change(action, " ".join(actor.split()), reason.strip(), at, self._via)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._engine.begin() as connection:
            lock(connection, _LOCK)
            yield connection

    @contextmanager
    def _moving(
        self, action: Action, refs: Sequence[Ref], actor: str, reason: str, at: datetime
    ) -> Iterator[tuple[Connection, Shelf, tuple[Version, ...]]]:
        """One step of some versions, written after the body has had its say."""
        change = self._change(action, actor, reason, at)
        with self._writing() as connection:
            found = records.those(connection, refs)
            for version in found:
                making.check_state(action, version)
            yield connection, self._shelf(records.revision(connection), connection), found
            records.write(connection, change, {}, [(v, life.TARGETS[action]) for v in found])

    def _publish(
        self,
        connection: Connection,
        shelf: Shelf,
        found: Sequence[Version],
        today: date,
        said: Mapping[Ref, Document] | None = None,
    ) -> list[tuple[Version, State]]:
        """The steps by which versions go live; refuses what may not."""
        for version in found:
            if version.valid_until is not None and version.valid_until < today:
                raise MappingConflict(
                    f"{version.entry} version {version.number} ended on {version.valid_until}; "
                    "draft one that is valid now"
                )
        come = [(v, (said or {}).get(v.ref) or records.document(connection, *v.ref)) for v in found]
        taken = [old for v in found for old in life.taken(shelf.live.get(v.entry, ()), v)]
        after = shelf.changed(come, taken)
        making.refuse_errors(shelf, after, today, [v.entry for v in found])
        return [*((v, State.RETIRED) for v in taken), *((v, State.LIVE) for v in found)]

    def _references(self, connection: Connection) -> Document:
        shelf = self._shelf(records.revision(connection), connection)
        live = shelf.live.get(documents.REFERENCES, ())
        return shelf.documents[live[-1].ref] if live else {}

    def _again(self, refs: Iterable[Ref]) -> tuple[Version, ...]:
        with self._reading.connect() as connection:
            return records.those(connection, tuple(refs))


def _findings(shelf: Shelf, come: Sequence[tuple[Version, Document]], day: date) -> tuple[LintFinding, ...]:
    names = {version.entry for version, _ in come}
    before = frozenset(shelf.problems(day))
    found = shelf.changed(come).problems(day)
    return tuple(files.finding_of(p) for p in found if p.entry in names or p not in before)


class StoredMappings:
    """The sets as the exchange wants them (`exchange.contracts.Mappings`)."""

    def __init__(self, store: MappingStore) -> None:
        self._store = store

    def __call__(self, day: date, revision: int | None = None) -> MappingSet:
        """The set of a day: the live one, or as it was at a revision."""
        return self._store.live(day) if revision is None else self._store.as_of(revision, day)

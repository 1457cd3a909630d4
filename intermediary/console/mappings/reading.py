"""One version as pages show it: what it says in readable form, how it stands, what the rules find."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from intermediary.mapping import (
    PENDING,
    Document,
    Entry,
    EvidenceMapping,
    LintFinding,
    MappingInvalid,
    MappingMissing,
    MappingSet,
    MappingStore,
    Provider,
    State,
    Version,
    needed_by,
)
from intermediary.mapping.files import findings_of
from intermediary.mapping.model import PlatformIdentity


@dataclass(frozen=True, slots=True)
class Shown:
    """One version of an entry on a day."""

    entry: Entry
    version: Version
    document: Document
    findings: tuple[LintFinding, ...]
    """What the rules say: of what is in force, or would be with this version."""
    mapping: EvidenceMapping | None = None
    provider: Provider | None = None
    platform: PlatformIdentity | None = None
    unreadable: bool = False
    """It says something that cannot be read as an entry of its kind yet; `findings` say what."""
    held: MappingSet | None = None
    """The set of the day with this version in it."""
    used_by: Sequence[str] = ()
    """Of a provider: the mappings that may lead to it."""

    @property
    def providers(self) -> Mapping[str, Provider]:
        """The providers beside it."""
        return self.held.providers if self.held else {}

    def used(self, name: str) -> EvidenceMapping | None:
        """One of the mappings beside it."""
        return self.held.by_key(name.partition("/")[2]) if self.held else None

    @property
    def in_force(self) -> bool:
        """Whether it is what counts today."""
        return self.entry.in_force is not None and self.entry.in_force.number == self.version.number


class Reader:
    """Reads the store for pages; what the rules say of what is live is worked out once for each revision."""

    def __init__(self, store: MappingStore) -> None:
        self.store = store
        self._live: tuple[tuple[int, date], tuple[LintFinding, ...]] | None = None

    def entry(self, name: str, day: date) -> Entry:
        """One entry. Raises MappingMissing."""
        return self.store.entry(name, day)

    def flaws(self, day: date) -> tuple[LintFinding, ...]:
        """What the rules say of all that is in force on a day."""
        key = (self.store.revision(), day)
        held = self._live
        if held is None or held[0] != key:
            held = self._live = (key, self._check(day))
        return held[1]

    def _check(self, day: date) -> tuple[LintFinding, ...]:
        try:
            return findings_of(self.store.live(day))
        except MappingInvalid as invalid:
            return invalid.findings
        except MappingMissing:
            return ()

    def shown(self, name: str, number: int | None, day: date) -> Shown:
        """A version, by default the one that counts today. Raises MappingMissing."""
        entry = self.store.entry(name, day)
        version = current(entry) if number is None else self.store.version(name, number)
        document = self.store.document(name, version.number)
        findings, held, unreadable = self._held(entry, version, day)
        kind, key = entry.kind, entry.key
        return Shown(
            entry=entry,
            version=version,
            document=document,
            findings=findings,
            unreadable=unreadable,
            mapping=held.by_key(key) if held and kind == "evidence" else None,
            provider=held.providers.get(key) if held and kind == "provider" else None,
            platform=held.platform if held and kind == "platform" else None,
            held=held,
            used_by=needed_by(held, name) if held and kind == "provider" else (),
        )

    def _held(
        self, entry: Entry, version: Version, day: date
    ) -> tuple[tuple[LintFinding, ...], MappingSet | None, bool]:
        """What the rules say, the set with this version (None: unreadable), and whether that is its fault."""
        live = version.state is State.LIVE
        try:
            now = version == entry.in_force
            held = self.store.live(day) if now else self.store.would_be(version.ref, day=day)
        except MappingInvalid as invalid:
            mine = tuple(f for f in invalid.findings if f.entry == version.entry)
            return mine or invalid.findings, None, bool(mine)
        if live:
            return tuple(f for f in self.flaws(day) if f.entry == entry.name), held, False
        if version.state in PENDING:
            return self.store.findings(version.ref, day=day), held, False
        return (), held, False


def current(entry: Entry) -> Version:
    """What an entry's page shows first: in force, to follow, being made, or the last that was."""
    return entry.in_force or next(iter(entry.scheduled), None) or entry.pending or entry.newest


def stands(entry: Entry) -> Callable[[Version], str]:
    """How a version of an entry stands: a state, `in-force`, `to-follow`, or `replaced` by a newer one."""

    def word(version: Version) -> str:
        if version.state is not State.LIVE:
            return version.state
        if entry.in_force is not None and version.number == entry.in_force.number:
            return "in-force"
        return "to-follow" if version.number in {v.number for v in entry.scheduled} else "replaced"

    return word

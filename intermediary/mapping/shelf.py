"""Everything that is live at one revision of the store, and the set that follows for any day. Pure.

Validity takes effect by the clock: a set is put together anew when a day comes on which another version
begins to count, and only then.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

from intermediary.mapping import documents, files, life, rules
from intermediary.mapping.documents import Document
from intermediary.mapping.errors import MappingInvalid
from intermediary.mapping.life import Period, Version
from intermediary.mapping.model import MappingSet, Severity
from intermediary.mapping.rulebook import Problem


@dataclass(frozen=True)
class Shelf:
    """The live versions of each entry in the order in which they went live, and what each says."""

    revision: int
    live: Mapping[str, tuple[Version, ...]]
    documents: Mapping[tuple[str, int], Document]
    _sets: dict[int, MappingSet] = field(default_factory=dict, compare=False)

    @cached_property
    def periods(self) -> Mapping[str, tuple[Period, ...]]:
        """When each version of each entry is in force."""
        return {entry: life.periods(versions) for entry, versions in self.live.items() if versions}

    @cached_property
    def turns(self) -> tuple[date, ...]:
        """The days on which another version of some entry begins to count."""
        return tuple(sorted({day for found in self.periods.values() for day in life.turns(found)}))

    def on(self, day: date, instead: Mapping[tuple[str, int], Document] | None = None) -> MappingSet:
        """The set of a day, with some versions put in `instead` of those that count then.

        Raises MappingInvalid where a document cannot be read (any more).
        """
        turn = bisect_right(self.turns, day)
        if instead or turn not in self._sets:
            mapping_set, problems = self._decoded(day, instead or {})
            if mapping_set is None:
                raise MappingInvalid(tuple(map(files.finding_of, problems)))
            if instead:
                return mapping_set
            self._sets[turn] = mapping_set
        return self._sets[turn]

    def chosen(self, day: date) -> Mapping[str, int]:
        """Of each entry the version that counts on a day, the entries in their order."""
        return {entry: life.counts(found, day) for entry, found in sorted(self.periods.items())}

    def _decoded(
        self, day: date, instead: Mapping[tuple[str, int], Document]
    ) -> tuple[MappingSet | None, tuple[Problem, ...]]:
        named: dict[str, int] = dict(iter(instead))
        chosen = dict(sorted({**self.chosen(day), **named}.items()))
        said = {**self.documents, **instead}
        held = {entry: said[entry, number] for entry, number in chosen.items()}
        mapping_set, problems = documents.decode(held, lambda entry: f"{entry} (version {chosen[entry]})")
        if mapping_set is None:
            return None, problems
        return replace(mapping_set, revision=self.revision, versions=chosen), ()

    def problems(self, today: date) -> tuple[Problem, ...]:
        """What the rules say of the set of today and of each that follows by the clock."""
        found: dict[Problem, None] = {}
        for day in (today, *(turn for turn in self.turns if turn > today)):
            mapping_set, unread = self._decoded(day, {})
            found |= dict.fromkeys(unread if mapping_set is None else rules.check(mapping_set))
        return tuple(found)

    def errors(self, today: date) -> frozenset[Problem]:
        """Those of them that are errors."""
        return frozenset(p for p in self.problems(today) if p.severity is Severity.ERROR)

    def changed(
        self,
        come: Iterable[tuple[Version, Document]] = (),
        gone: Iterable[Version] = (),
    ) -> "Shelf":
        """What would be live if these versions went live, or were retired."""
        live, held = dict(self.live), dict(self.documents)
        for version in gone:
            live[version.entry] = tuple(v for v in live.get(version.entry, ()) if v.number != version.number)
        for version, document in come:
            live[version.entry] = (*live.get(version.entry, ()), version)
            held[version.ref] = document
        return Shelf(self.revision, live, held)

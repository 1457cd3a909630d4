"""When a version is in force, whatever went live in whatever order; and random lives against a model."""

import shutil
import tempfile
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from intermediary import store
from intermediary.audit import AuditLog
from intermediary.mapping import (
    FourEyes,
    MappingConflict,
    MappingSet,
    MappingStore,
    State,
    Version,
)
from intermediary.mapping.life import PENDING, counts, in_force, periods, taken, turns
from tests.mapping.studio import LICENCE, NOW, SHIPPED, TODAY

DAYS = [TODAY + timedelta(days=n) for n in range(-3, 9)]
ends = st.none() | st.sampled_from(DAYS)


@st.composite
def lives(draw: st.DrawFn) -> tuple[Version, ...]:
    """Live versions of one entry in the order in which they went live."""
    found = []
    for number in range(1, draw(st.integers(1, 6)) + 1):
        first, last = draw(ends), draw(ends)
        if first is not None and last is not None and last < first:
            first, last = last, first
        found.append(Version("platform", number, State.LIVE, ("a",), "", NOW, first, last, published=number))
    return tuple(found)


def rules(live: tuple[Version, ...], day: date) -> list[int]:
    """Said the other way round: who is in force on a day, by what went live later."""

    def first(v: Version) -> date:
        return v.valid_from or date.min

    def last(v: Version) -> date:
        return v.valid_until or date.max

    def ended(v: Version, w: Version) -> bool:
        return first(v) < first(w) <= day or first(w) <= first(v) <= last(w)

    return [
        v.number
        for n, v in enumerate(live)
        if first(v) <= day <= last(v) and not any(ended(v, w) for w in live[n + 1 :])
    ]


@given(lives())
def test_on_each_day_at_most_one_version_is_in_force_and_it_is_the_right_one(
    live: tuple[Version, ...],
) -> None:
    found = periods(live)
    for day in DAYS:
        assert [n for n in (in_force(found, day),) if n is not None] == rules(live, day)
        assert sum(p.first <= day <= p.last for p in found) <= 1


@given(lives())
def test_between_two_turns_the_same_version_counts(live: tuple[Version, ...]) -> None:
    found = periods(live)
    for one, other in pairwise(DAYS):
        if other not in turns(found):
            assert counts(found, one) == counts(found, other)


@given(lives())
def test_what_is_taken_would_never_be_in_force_again(live: tuple[Version, ...]) -> None:
    *before, newcomer = live
    gone = {v.number for v in taken(before, newcomer)}
    left = {p.version for p in periods(live)}
    assert gone.isdisjoint(left)
    assert newcomer.number in left


PEOPLE = ("Ada", "Bob", "Cem")
SMALL = MappingSet(SHIPPED.platform, {"kba-zfer": SHIPPED.providers["kba-zfer"]}, tuple(
    replace(m, valid_from=DAYS[0]) for m in SHIPPED.mappings if m.key == "fahrerlaubnis"
), references=SHIPPED.references)  # fmt: skip
_TEMPLATE = Path(tempfile.mkdtemp()) / "migrated.sqlite"


class Studio(RuleBasedStateMachine):
    """Three people do what comes into their heads; the model is told in plain dictionaries."""

    @initialize()
    def begin(self) -> None:
        """A store with one mapping."""
        if not _TEMPLATE.exists():
            engine = store.open_engine(f"sqlite:///{_TEMPLATE}")
            store.migrate(engine)
            MappingStore(engine).adopt(SMALL, actor="platform", reason="first", at=NOW)
            store.scrub(engine)
            engine.dispose()
        self.folder = Path(tempfile.mkdtemp())
        file = shutil.copy(_TEMPLATE, self.folder / "studio.sqlite")
        self.engine = store.open_engine(f"sqlite:///{file}")
        self.store = MappingStore(self.engine)
        self.states = {1: State.LIVE}
        self.authors: dict[int, set[str]] = {1: {"platform"}}
        self.said: dict[int, Any] = {1: self.store.document(LICENCE, 1)}
        self.live = [1]
        self.ever_live = {1}
        self.day = 0

    def teardown(self) -> None:
        """Away with the database; the log still holds."""
        if hasattr(self, "engine"):
            assert AuditLog(self.engine).broken_streams() == ()
            self.engine.dispose()
            shutil.rmtree(self.folder)

    @property
    def at(self) -> datetime:
        """Noon of the day on which it happens."""
        return datetime.combine(TODAY + timedelta(days=self.day), datetime.min.time(), UTC)

    def _days(self, number: int) -> tuple[date, date]:
        said = self.said[number]
        first, last = said.get("valid_from"), said.get("valid_until")
        return (
            date.fromisoformat(first) if first else date.min,
            date.fromisoformat(last) if last else date.max,
        )

    def _versions(self) -> tuple[Version, ...]:
        return tuple(Version(LICENCE, n, State.LIVE, ("a",), "", NOW, *self._days(n)) for n in self.live)

    def _pending(self) -> int | None:
        return next((n for n, state in self.states.items() if state in PENDING), None)

    def _settle(self, number: int) -> None:
        """The model goes live: who will never be in force again is retired."""
        self.live.append(number)
        self.ever_live.add(number)
        self.states[number] = State.LIVE
        left = {p.version for p in periods(self._versions())}
        for gone in [n for n in self.live if n not in left]:
            self.live.remove(gone)
            self.states[gone] = State.RETIRED

    @rule(who=st.sampled_from(PEOPLE), first=ends, last=ends, law=st.sampled_from("abc"))
    def draft(self, who: str, first: date | None, last: date | None, law: str) -> None:
        """Somebody edits the newest version."""
        if first and last and last < first:
            first, last = last, first
        newest = max(self.states)
        said = {**self.said[newest], "legal_basis": law}
        said |= {"valid_from": first and first.isoformat(), "valid_until": last and last.isoformat()}
        said = {name: value for name, value in said.items() if value is not None}
        made = self.store.draft(LICENCE, said, expected=newest, actor=who, reason="r", at=self.at)
        pending = self._pending()
        unseen = {pending} if pending else set()
        unseen |= set() if newest in self.ever_live else {newest}
        self.authors[made.number] = {who}.union(*(self.authors[n] for n in unseen))
        if pending:
            self.states[pending] = State.RETIRED
        self.states[made.number] = State.DRAFT
        self.said[made.number] = self.store.document(*made.ref)

    @rule(who=st.sampled_from(PEOPLE))
    def overtaken(self, who: str) -> None:
        """Somebody saves what they began before the newest version."""
        newest = max(self.states)
        try:
            self.store.draft(
                LICENCE, self.said[newest], expected=newest - 1, actor=who, reason="r", at=self.at
            )
        except MappingConflict:
            return
        raise AssertionError("somebody's work was lost")

    @precondition(lambda self: self._pending())
    @rule(who=st.sampled_from(PEOPLE), action=st.sampled_from(["submit", "approve", "reject", "go_live"]))
    def move(self, who: str, action: str) -> None:
        """Somebody takes the next step, or one out of turn."""
        number = self._pending()
        assert number is not None
        state, (first, last) = self.states[number], self._days(number)
        fits = {
            "submit": state is State.DRAFT,
            "approve": state is State.IN_REVIEW,
            "reject": state in (State.IN_REVIEW, State.APPROVED),
            "go_live": state is State.APPROVED,
        }[action]
        today = self.at.date()
        expected: type[Exception] | None = None if fits else MappingConflict
        if fits and action == "approve" and who in self.authors[number]:
            expected = FourEyes
        if fits and action == "go_live":
            pushed = [
                n
                for n in self.live
                if first <= self._days(n)[0] <= last and self._days(n)[0] > today
                and self._days(n)[0] != first
            ]  # fmt: skip
            expected = MappingConflict if last < today or pushed else None
        try:
            getattr(self.store, action)((LICENCE, number), actor=who, reason="r", at=self.at)
        except (MappingConflict, FourEyes) as refused:
            assert type(refused) is expected, refused
            return
        assert expected is None, f"{action} by {who} should have been refused"
        if action == "go_live":
            self._settle(number)
        else:
            to = {"submit": State.IN_REVIEW, "approve": State.APPROVED, "reject": State.DRAFT}
            self.states[number] = to[action]

    @rule(who=st.sampled_from(PEOPLE), data=st.data())
    def roll_back(self, who: str, data: st.DataObject) -> None:
        """Somebody returns to an earlier version."""
        to = data.draw(st.sampled_from(sorted(self.states)))
        over = self._days(to)[1] < self.at.date()
        now = in_force(periods(self._versions()), self.at.date()) == to
        try:
            made = self.store.roll_back(LICENCE, to, actor=who, reason="r", at=self.at)
        except MappingConflict:
            assert to not in self.ever_live or over or now
            return
        assert to in self.ever_live
        assert not over
        assert not now
        self.authors[made.number] = {who}
        self.said[made.number] = self.said[to]
        self._settle(made.number)

    @precondition(lambda self: any(s is not State.RETIRED for s in self.states.values()))
    @rule(who=st.sampled_from(PEOPLE), data=st.data())
    def retire(self, who: str, data: st.DataObject) -> None:
        """Somebody takes a version out."""
        ahead = sorted(n for n, s in self.states.items() if s is not State.RETIRED)
        number = data.draw(st.sampled_from(ahead))
        self.store.retire((LICENCE, number), actor=who, reason="r", at=self.at)
        gone = {number}
        if number in self.live:
            left = {p.version for p in periods(self._versions()) if p.last >= self.at.date()}
            gone |= set(self.live) - left
        for each in gone:
            self.states[each] = State.RETIRED
        self.live = [n for n in self.live if n not in gone]

    @rule()
    def night(self) -> None:
        """A day passes."""
        self.day += 1

    @invariant()
    def as_the_model_says(self) -> None:
        """States, authors, content, and what is in force on each day, are those of the model."""
        if not hasattr(self, "store"):
            return
        versions = {v.number: v for v in self.store.versions(LICENCE)}
        assert {n: v.state for n, v in versions.items()} == self.states
        assert {n: set(v.authors) for n, v in versions.items()} == self.authors
        assert sum(state in PENDING for state in self.states.values()) <= 1
        for number, version in versions.items():
            assert self.store.document(LICENCE, number) == self.said[number], "edited in place"
            assert version.reviewer is None or version.reviewer not in version.authors or (
                version.based_on and self.said[version.based_on] == self.said[number]
            )  # fmt: skip
        asked = SMALL.mappings[0].evidence_type_classifications[0]
        for day in DAYS:
            expected = rules(self._versions(), day)
            found = self.store.live(day).find(asked, day)
            assert [self.store.live(day).versions.get(LICENCE)] * bool(found) == expected
            if found:
                assert found.legal_basis == self.said[expected[0]]["legal_basis"]


TestStudio = Studio.TestCase
TestStudio.settings = settings(max_examples=8, stateful_step_count=20, deadline=None)

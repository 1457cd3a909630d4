"""The platform's time: one clock that leaps, whichever, moves nothing."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intermediary.exchange.clock import TOLERANCE, PlatformClock

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LEAPS = pytest.mark.parametrize("leap", [HOUR, -HOUR, timedelta(days=400)], ids=["ahead", "back", "a year"])


@dataclass
class Clocks:
    """Three clocks and the truth."""

    true: datetime = START
    off: dict[str, timedelta] = field(default_factory=dict)
    slept: timedelta = timedelta()
    away: bool = False

    def machine(self) -> datetime:
        return self.true + self.off.get("machine", timedelta())

    def database(self) -> datetime:
        if self.away:
            raise OSError
        return self.true + self.off.get("database", timedelta())

    def monotonic(self) -> timedelta:
        return self.true - START - self.slept

    def start(self, *, server: bool = True) -> PlatformClock:
        return PlatformClock(self.database if server else None, self.machine, self.monotonic)

    def goes_on(self, clock: PlatformClock, passed: timedelta = timedelta(seconds=10)) -> timedelta:
        """Time passes, the clock looks; how wrong it is."""
        self.true += passed
        clock.look()
        return clock() - self.true


@LEAPS
@pytest.mark.parametrize("which", ["machine", "database"])
def test_a_clock_that_leaps_moves_nothing_and_is_told(which: str, leap: timedelta) -> None:
    clocks = Clocks()
    clock = clocks.start()
    assert clock.agrees
    clocks.off[which] = leap
    assert clocks.goes_on(clock) == timedelta()
    assert not clock.agrees
    assert f"the {which}'s clock is {abs(leap).total_seconds():.0f} s" in clock.explained()
    assert clocks.goes_on(clock, HOUR) == timedelta()
    del clocks.off[which]
    assert clocks.goes_on(clock) == timedelta()
    assert (clock.agrees, clock.explained()) == (True, "")


@LEAPS
def test_without_a_server_the_machines_clock_moves_nothing_until_a_restart(leap: timedelta) -> None:
    clocks = Clocks()
    clock = clocks.start(server=False)
    clocks.off["machine"] = leap
    assert clocks.goes_on(clock, HOUR) == timedelta()
    assert "restart the platform if it is" in clock.explained()
    again = clocks.start(server=False)
    assert again() == clocks.machine(), "the operator has confirmed it"
    assert again.agrees


@LEAPS
def test_a_node_that_starts_with_a_wrong_clock_goes_by_the_databases(leap: timedelta) -> None:
    clocks = Clocks(off={"machine": leap})
    clock = clocks.start()
    assert clock() == clocks.true
    assert not clock.agrees
    assert clocks.goes_on(clock, HOUR) == timedelta()
    assert not clock.agrees
    clocks.off.clear()
    assert clocks.goes_on(clock) == timedelta()
    assert clock.agrees


def test_a_machine_that_slept_finds_the_time_again() -> None:
    clocks = Clocks()
    clock = clocks.start()
    clocks.slept += HOUR
    assert clocks.goes_on(clock, HOUR) == timedelta()
    assert clock.agrees


def test_small_differences_are_followed() -> None:
    clocks = Clocks()
    clock = clocks.start()
    clocks.off["database"] = timedelta(seconds=3)
    assert clocks.goes_on(clock) == timedelta(seconds=3), "all nodes go by the database"
    assert clock.agrees


def test_a_database_that_is_away_changes_nothing() -> None:
    clocks = Clocks()
    clock = clocks.start()
    clocks.away = True
    assert clocks.goes_on(clock, HOUR) == timedelta()
    clocks.off["machine"] = HOUR
    assert clocks.goes_on(clock, HOUR) == timedelta()
    assert not clock.agrees


_LEAP = st.tuples(st.sampled_from(["machine", "database", "slept"]), st.integers(-500_000, 500_000))


@given(story=st.lists(st.tuples(_LEAP, st.integers(0, 5000)), max_size=12))
def test_whatever_one_clock_does_at_a_time_the_time_is_right(
    story: list[tuple[tuple[str, int], int]],
) -> None:
    clocks = Clocks()
    clock = clocks.start()
    for (which, seconds), passed in story:
        if which == "slept":  # a monotonic clock stands still, it never leaps
            clocks.slept += timedelta(seconds=min(abs(seconds), passed))
        else:
            clocks.off[which] = timedelta(seconds=seconds)
        assert abs(clocks.goes_on(clock, timedelta(seconds=passed))) <= TOLERANCE
        clocks.off.clear()
        assert abs(clocks.goes_on(clock)) <= TOLERANCE

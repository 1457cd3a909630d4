"""Time-outs are settings, checked at start."""

from datetime import timedelta

import pytest

from intermediary.exchange import SettingsInvalid, Timing


def test_the_defaults_are_those_of_the_technical_design() -> None:
    timing = Timing()
    assert (timing.t1, timing.t2, timing.t3) == (
        timedelta(minutes=5),
        timedelta(minutes=15),
        timedelta(minutes=40),
    )


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"t1": timedelta()}, "timing.t1"),
        ({"send_attempts": 0}, "timing.send_attempts"),
        ({"provider_patience": timedelta(hours=1)}, "timing.provider_patience"),
        ({"provider_retry": timedelta(minutes=3)}, "timing.provider_retry"),
        ({"second_request": timedelta(seconds=1)}, "timing.second_request"),
    ],
)
def test_settings_that_contradict_each_other_are_named(changes: dict[str, object], named: str) -> None:
    with pytest.raises(SettingsInvalid, match=named):
        Timing(**changes)  # type: ignore[arg-type]


def test_pauses_double_up_to_the_ceiling() -> None:
    timing = Timing(retry_ceiling=timedelta(seconds=30))
    first = timedelta(seconds=5)
    assert [timing.pause(first, n).seconds for n in (0, 1, 2, 3, 4, 100)] == [5, 5, 10, 20, 30, 30]

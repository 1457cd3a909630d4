"""A disk that is full for a long time costs time, and no exchange: nothing is given up because of it."""

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from intermediary import store
from intermediary.exchange import Timing, sealing
from intermediary.exchange.worker import REST
from tests.exchange.house import House, a_request, inputs_for, login_of

OUTAGE = 40
"""Attempts during the outage; five breaks in a row are the end of an exchange where it is to blame itself."""
PATIENT = Timing(lease=REST * 4)


@contextmanager
def full(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """The disk of the blobs takes no more; yields what lets time pass and work."""

    def no_space(*_given: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    def wait() -> None:
        for _ in range(OUTAGE):
            house.work()
            house.clock.advance(seconds=REST.total_seconds() + 1)

    with monkeypatch.context() as context:
        context.setattr(house.blobs, "put", no_space)
        yield wait


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """A platform that keeps everything in blobs."""
    monkeypatch.setattr(sealing, "INLINE", 0)
    return House(tmp_path, timing=PATIENT)


def test_a_request_that_was_acknowledged_is_answered_once_there_is_room(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert house.push(a_request())[0] == 200
    with full(house, monkeypatch) as wait:
        wait()
    house.work()
    assert [entry["location"] is not None for entry in house.partner.journal.read()] == [True]


def test_evidence_that_the_citizen_allowed_is_sent_once_there_is_room(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = a_request()
    token, view = house.preview(request)
    house.push(house.second(request, token))
    house.desk.decide(token, "visitor-1", frozenset(d.id for d in view.documents))
    with full(house, monkeypatch) as wait:
        wait()
        assert len(house.partner.journal.read()) == 1
    house.work()
    assert str(house.partner.journal.read()[-1]["documents"]) == "2"
    assert "step-failed" not in house.facts()


def test_evidence_that_the_register_delivers_is_asked_for_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = a_request()
    token = house.begin(request)
    asks_for = house.desk.identify(token, "visitor-1", login_of(request))
    house.desk.supply(token, "visitor-1", inputs_for(asks_for))
    with full(house, monkeypatch) as wait:
        wait()
        assert len(house.register.asked) > 1
    house.work()
    assert len(house.desk.view(token, "visitor-1").documents) == 2
    assert len({asked.request_id for asked in house.register.asked}) == 1


@pytest.mark.parametrize(
    ("error", "away"),
    [
        (OSError(errno.ENOSPC, ""), True),
        (OperationalError("", {}, Exception()), True),
        (psycopg.errors.DiskFull(), True),
        (psycopg.errors.AdminShutdown(), True),
        (psycopg.errors.UndefinedTable(), False),
        (ValueError(), False),
    ],
)
def test_what_is_away_is_told_from_what_is_wrong(error: Exception, away: bool) -> None:
    assert store.is_away(error) is away

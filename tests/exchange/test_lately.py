"""Requests read lately: what is remembered is what the message says, and not for long."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from intermediary.edm.model import Header
from intermediary.exchange.lately import LONGEST, MOST, Lately, ReadRequest
from tests.exchange.house import Clock, House, a_request, login_of


def test_the_oldest_makes_room() -> None:
    lately = Lately(Clock())
    for number in range(MOST + 1):
        lately.put(f"{number}", ReadRequest(Header(kind="request")))
    assert lately.get("0") is None
    assert lately.get(f"{MOST}") is not None


def test_nothing_is_remembered_for_long() -> None:
    clock = Clock()
    lately = Lately(clock)
    lately.put("old", ReadRequest(Header(kind="request")))
    clock.advance(seconds=(LONGEST + timedelta(seconds=1)).total_seconds())
    assert lately.get("old") is None


def test_no_value_of_a_person_is_in_its_repr() -> None:
    request = a_request()
    read = ReadRequest(Header(kind="request"), frozenset({"smith"}), request)
    assert "smith" not in repr(read)
    assert str(request.id) not in repr(read)


def test_a_page_needs_no_message_that_was_read_lately_and_reads_it_after_a_restart(house: House) -> None:
    """One process has read the request; another one, or this one later, opens the sealed message."""
    request = a_request()
    token = house.begin(request)
    house.desk.identify(token, "visitor", login_of(request))
    before = house.desk.view(token, "visitor")
    house.again()
    assert house.desk.view(token, "visitor") == before
    house.again()
    with house.engine.begin() as connection:
        connection.execute(text("UPDATE message SET sealed = NULL, key = NULL WHERE direction = 'in'"))
    with pytest.raises(ValueError, match="destroyed"):
        house.desk.view(token, "visitor")

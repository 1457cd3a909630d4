"""The state machine as a table."""

from intermediary.exchange.model import TRANSITIONS, State, allowed


def test_every_state_is_reached_and_every_state_but_closed_is_left() -> None:
    reached: set[State] = set()
    reach: set[State | None] = {None}
    while reach:
        source = reach.pop()
        new = {t.target for t in TRANSITIONS if t.source == source} - reached
        reached |= new
        reach |= new
    assert reached == set(State)
    assert {t.source for t in TRANSITIONS if t.source} == set(State) - {State.CLOSED}


def test_nothing_leads_out_of_closed() -> None:
    assert not any(allowed(State.CLOSED, target) for target in State)


def test_evidence_is_never_sent_without_having_been_settled() -> None:
    assert {t.source for t in TRANSITIONS if t.target is State.ANSWERING} == {State.SETTLED}

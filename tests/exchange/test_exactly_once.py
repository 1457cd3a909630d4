"""The edges, one by one: what the other side sees when this process dies at the worst instant.

`docs/exactly-once.md` names these tests and others; that each of them exists is tested here too.
"""

import ast
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path

import pytest

from intermediary.as4.codes import EbmsErrorCode
from intermediary.audit import AuditLog
from intermediary.exchange import PreviewStep
from intermediary.exchange.contracts import Transaction
from intermediary.national.model import NationalAnswer, Outcome
from intermediary.observing.ledger import Observation, observed
from intermediary.sandbox.doubles import delivery
from tests.exchange.house import House, a_request, login_of

ROOT = Path(__file__).parents[2]


class Killed(BaseException):
    """The process is gone; what was not committed is lost, and so is all memory."""


@contextmanager
def killed(house: House, moment: str, when: Callable[[], bool]) -> Iterator[None]:
    """What happens inside dies before or after the first commit at which that is so; then it starts again."""
    ledger, begin = house.ledger, house.ledger.begin

    @contextmanager
    def mortal() -> Iterator[Transaction]:
        with begin() as tx:
            yield tx
            dies = when()
            if dies and moment == "before":
                raise Killed
        if dies:
            raise Killed

    ledger.begin = mortal  # type: ignore[method-assign]
    with pytest.raises(Killed):
        yield
    ledger.begin = begin  # type: ignore[method-assign]
    house.again()


def nth(number: int) -> Callable[[], bool]:
    """At the nth commit."""
    counted = count(1)
    return lambda: next(counted) == number


def after_the_lease(house: House) -> None:
    """What the dead process had in work is taken over."""
    house.clock.advance(seconds=house.timing.lease.total_seconds() + 1)
    house.work()


@pytest.mark.parametrize(("moment", "stored"), [("before", 0), ("after", 1)])
def test_a_node_that_dies_while_it_stores_a_message_has_given_no_receipt(
    house: House, moment: str, stored: int
) -> None:
    """The partner sees a broken connection, sends again, and the request is handled once."""
    packed = house.partner.pack(a_request())
    with killed(house, moment, nth(1)):
        house.receive(packed)
    assert len(_messages(house)) == stored
    again = house.receive(packed)
    assert again[0] == 200
    assert house.receive(packed) == again, "the receipt that was stored is given each time"
    house.work()
    assert len(house.partner.delivered) == 1
    assert house.facts().count("request-received") == 1


def test_a_request_is_taken_on_once_though_its_worker_dies(house: House) -> None:
    house.push(a_request())
    with killed(house, "before", nth(1)):  # what it made of the request is not written
        house.work()
    assert house.partner.delivered == []
    after_the_lease(house)
    assert len(house.partner.delivered) == 1
    assert house.facts().count("preview-offered") == 1


@pytest.mark.parametrize("says", ["receipt", "duplicate"])
def test_a_partner_sees_a_message_id_twice_when_the_sender_dies_with_the_receipt_in_its_hands(
    house: House, says: str
) -> None:
    """The partner gives its receipt again, or (phase4) EBMS:0004, which calls the repeat a duplicate."""
    house.push(a_request())
    with killed(house, "before", lambda: bool(house.partner.delivered)):
        house.work()
    if says == "duplicate":
        house.partner.refusals, house.partner.refusal = [EbmsErrorCode.OTHER] * 2, "a duplicate"
    after_the_lease(house)
    house.clock.advance(minutes=1)
    house.work()
    ids = [d.header.message_id for d in house.partner.delivered]
    assert len(set(ids)) == 1
    assert len(ids) == (2 if says == "receipt" else 1)
    assert house.facts().count("message-acknowledged") == 1


def test_a_register_sees_one_key_twice_when_the_worker_dies_with_its_answer(house: House) -> None:
    """The register answers the same again; the citizen sees the evidence once."""
    request = a_request(key="fahrerlaubnis")
    token = house.begin(request)
    house.desk.identify(token, "visitor-1", login_of(request))
    with killed(house, "before", lambda: bool(house.register.asked)):
        house.work()
    assert house.desk.view(token, "visitor-1").step is PreviewStep.WAITING
    after_the_lease(house)
    assert len(house.register.asked) == 2
    assert len({r.request_id for r in house.register.asked}) == 1
    assert len(house.desk.view(token, "visitor-1").documents) == 2
    assert house.facts().count("provider-answered") == 1


@pytest.mark.parametrize("pushes_again", [True, False])
def test_a_callback_that_dies_was_not_acknowledged(house: House, pushes_again: bool) -> None:
    """The register pushes again, and that counts; or it does not, and is asked after the lease."""
    soon = house.clock() + house.timing.lease
    house.register.script.append(NationalAnswer("", Outcome.LATER, available_at=soon))
    request = a_request()
    token, view = house.preview(request)
    assert view.step is PreviewStep.WAITING
    answer = delivery(house.register.asked[0])
    with killed(house, "before", nth(2)):
        house.exchanges.deliver(answer)
    if pushes_again:
        assert house.exchanges.deliver(answer)
    else:
        after_the_lease(house)
        house.clock.advance(seconds=5)
        house.work()
    assert len(house.desk.view(token, "visitor-1").documents) == 2
    assert [r.request_id for r in house.register.asked] == [answer.request_id] * (1 if pushes_again else 2)


@pytest.mark.parametrize(("moment", "step"), [("before", PreviewStep.DECIDE), ("after", PreviewStep.DONE)])
def test_a_decision_whose_page_is_lost_is_taken_or_not_and_a_reload_shows_which(
    house: House, moment: str, step: PreviewStep
) -> None:
    request = a_request()
    token, view = house.preview(request)
    with killed(house, moment, nth(1)):
        house.desk.decide(token, "visitor-1", frozenset(d.id for d in view.documents))
    assert house.desk.view(token, "visitor-1").step is step
    # The other tab says no: too late where the first yes was written.
    assert house.desk.decide(token, "visitor-1", frozenset()).declined == (step is PreviewStep.DECIDE)
    assert house.facts().count("decided") == 1


def test_a_fact_that_was_committed_before_the_process_died_is_in_the_log_and_in_no_metric(
    house: House,
) -> None:
    seen: list[Observation] = []
    packed = house.partner.pack(a_request())
    house.receive(packed)
    with killed(house, "after", nth(1)):
        house.ledger = observed(house.ledger, seen.append)
        house.again()
        house.receive(packed)
    assert seen == []
    assert _logged(house, "duplicate-received") == 1
    house.receive(packed)
    assert [str(told.event.fact) for told in seen] == ["duplicate-received"]
    assert _logged(house, "duplicate-received") == 2


def _logged(house: House, fact: str) -> int:
    return [str(event.fact) for event in AuditLog(house.engine).platform()].count(fact)


def _messages(house: House) -> list[str]:
    with house.engine.connect() as connection:
        return list(connection.exec_driver_sql("SELECT item FROM message").scalars())


@cache
def _tests_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_row_of_the_page_names_tests_that_there_are() -> None:
    page = (ROOT / "docs" / "exactly-once.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| **")]
    assert len(rows) >= 11
    for row in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row)
        assert named or "not built yet" in row, row
        for path, test in named:
            assert test in _tests_of(ROOT / path), f"{path}::{test}"
    for path in re.findall(r"`(intermediary/[\w/]+\.py)`", page):
        assert (ROOT / path).exists(), path

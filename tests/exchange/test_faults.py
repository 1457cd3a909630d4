"""What the model found: stories of faults, each once a defect."""

from dataclasses import replace
from datetime import timedelta

import pytest

from intermediary.audit import AuditLog
from intermediary.edm.codes import ErrorCode
from intermediary.edm.model import EvidenceResponse
from intermediary.exchange import Exchange, PreviewStep, ProviderUnavailable, Queue
from intermediary.exchange.workflow import Change, Workflow
from intermediary.national.model import NationalAnswer, Outcome
from tests.exchange.house import House, a_request
from tests.exchange.test_stories import error


def test_a_register_that_always_says_later_does_not_outlast_t1(house: House) -> None:
    """Without preview nobody but T1 ends it: it is deferred before the requester gives up."""
    request = a_request(key="fahrerlaubnis")
    system_check = replace(request, procedure=tuple(replace(t, value="00") for t in request.procedure))
    for seconds in range(0, 400, 40):
        later = house.clock() + timedelta(seconds=seconds + 40)
        house.register.script.append(
            NationalAnswer("", Outcome.LATER, available_at=later, poll_url="https://r/1")
        )
    started = house.clock()
    house.push(system_check)
    house.work()
    while not house.partner.delivered:
        house.clock.advance(seconds=40)
        house.work()
        assert house.clock() - started < house.timing.t1 + house.timing.allowance
    answer = house.partner.delivered[-1].message
    assert isinstance(answer, EvidenceResponse)
    assert answer.response_available_date_time is not None
    assert house.facts()[-1] == "closed"


def _breaks(house: House, monkeypatch: pytest.MonkeyPatch, step: str, times: int) -> None:
    """That step of the workflow raises so many times; time passes each pause."""
    true, left = getattr(Workflow, step), [None] * times

    def breaking(self: Workflow, *given: object) -> None:
        if left:
            left.pop()
            raise RuntimeError("the disk is full")
        true(self, *given)

    monkeypatch.setattr(Workflow, step, breaking)
    for _ in range(times + 1):
        house.work()
        house.clock.advance(seconds=20)


def test_a_time_out_that_breaks_each_time_ends_as_failed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = a_request()
    token, _view = house.preview(request)
    house.clock.advance(minutes=41)
    _breaks(house, monkeypatch, "_time_over", 5)
    assert house.desk.view(token, "visitor-1").step is PreviewStep.REGISTER_DOWN
    assert "evidence-destroyed" in house.facts()
    assert error(house.ask(house.second(request, token)))[0] is ErrorCode.QUERY


def test_only_breaks_in_a_row_count(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two breaks, an answer that makes sense, and three more breaks are not five in a row."""
    request = a_request()
    house.register.script.append(ProviderUnavailable("down"))
    asked, broken = house.register.ask, iter([True, True, False, True, True, True])

    def ask(provider: object, national: object) -> NationalAnswer:
        if next(broken, False):
            raise RuntimeError("the disk is full")
        return asked(provider, national)  # type: ignore[arg-type]

    monkeypatch.setattr(house.register, "ask", ask)
    token, _view = house.preview(request)
    for _ in range(8):
        house.clock.advance(seconds=10)
        house.work()
    assert house.desk.view(token, "visitor-1").step is PreviewStep.DECIDE


def test_a_second_request_in_the_moment_of_expiry_is_answered_at_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker that came to close the exchange leaves no lease for which the answer would have to wait."""
    request = a_request()
    token, view = house.preview(request)
    house.desk.decide(token, "visitor-1", frozenset(d.id for d in view.documents))
    house.clock.advance(minutes=17)
    house.push(house.second(request, token))
    write = Workflow._write
    other = house.exchanges.worker("other")

    def once_the_other_has_worked(self: Workflow, exchange: Exchange, owner: str, change: Change) -> None:
        monkeypatch.setattr(Workflow, "_write", write)
        other.run_due()
        write(self, exchange, owner, change)

    monkeypatch.setattr(Workflow, "_write", once_the_other_has_worked)
    house.exchanges._workflow.step(_claimed(house), "late")
    house.work()
    assert len(house.partner.delivered) == 2


def _claimed(house: House) -> str:
    """The exchange that is due, leased to «late»."""
    with house.ledger.begin() as tx:
        (found,) = AuditLog(house.engine).exchanges()
        tx.lease(Queue.EXCHANGE, found.id, "late", house.clock() + house.timing.lease)
    return found.id

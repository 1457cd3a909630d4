"""Metrics count what the log says; labels stay bounded whatever a message says."""

from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intermediary.as4.codes import EbmsErrorCode
from intermediary.exchange import PreviewStep, ProviderUnavailable
from intermediary.exchange.contracts import Queue
from intermediary.exchange.errors import IllegalTransition
from intermediary.exchange.model import Event, Fact, State
from intermediary.observing import Metrics, Observation, observed
from tests.exchange.house import House, a_request
from tests.observing.conftest import Watched
from tests.observing.test_alerts import an_exchange


def test_every_fact_of_a_story_is_counted_once(watched: Watched) -> None:
    an_exchange(watched)
    told = Counter(watched.house.facts())
    for fact in Fact:
        assert watched.value("intermediary_facts_total", fact=fact, partner="portal") == told[fact], fact
    labels = {"outcome": "approved", "partner": "portal", "mapping": "fahrzeugregistrierung"}
    assert watched.value("intermediary_outcomes_total", **labels) == 1
    assert watched.value("intermediary_provider_answers_total", outcome="delivered") == 1


def test_durations_are_measured_between_facts(watched: Watched) -> None:
    house, request = watched.house, a_request()
    token = house.begin(request)
    house.clock.advance(minutes=5)
    view = house.log_in(request, token)
    house.clock.advance(minutes=10)
    house.desk.decide(token, "visitor-1", frozenset(d.id for d in view.documents))
    house.ask(house.second(request, token))
    assert watched.value("intermediary_request_to_preview_seconds_sum") < 300
    assert 900 <= watched.value("intermediary_request_to_decision_seconds_sum") < 1200
    for name in ("request_to_preview", "request_to_decision", "request_to_close", "asked_to_answered"):
        assert watched.value(f"intermediary_{name}_seconds_count") == 1, name
    assert watched.value("intermediary_queued_to_receipt_seconds_count", partner="portal") == 2


def test_a_provider_that_only_the_citizens_input_names_is_named(watched: Watched) -> None:
    house = watched.house
    house.register.script.append(ProviderUnavailable("timeout"))
    _token, view = house.preview(a_request(key="geburtsurkunde"))
    assert view.step is PreviewStep.WAITING, "the first attempt has failed"
    house.clock.advance(seconds=10)
    house.work()
    asked = next(dict(e.data)["provider"] for e in house.story().events if e.fact == Fact.PROVIDER_ASKED)
    for outcome in ("unavailable", "delivered"):
        assert watched.value("intermediary_provider_answers_total", provider=asked, outcome=outcome) == 1


def test_failures_are_counted_by_kind(watched: Watched) -> None:
    watched.house.partner.refusals = [EbmsErrorCode.OTHER]
    watched.house.push(a_request())
    watched.house.work()
    assert watched.value("intermediary_send_failures_total", kind="EBMS:0004", partner="portal") == 1


def test_gauges_show_what_waits(watched: Watched) -> None:
    house = watched.house
    house.push(a_request())
    assert watched.value("intermediary_messages_waiting", direction="in") == 1
    house.clock.advance(seconds=100)
    assert watched.value("intermediary_oldest_due_seconds", queue=Queue.INCOMING) >= 100
    house.work()
    assert watched.value("intermediary_messages_waiting") == 0
    assert watched.value("intermediary_oldest_due_seconds") == 0
    assert watched.value("intermediary_exchanges", state=State.AWAITING_CITIZEN) == 1


def test_what_is_rolled_back_is_not_told(watched: Watched) -> None:
    house = watched.house
    house.push(a_request())
    before = len(watched.seen)
    with pytest.raises(RuntimeError), house.ledger.begin() as tx:
        tx.log("platform", Event(Fact.TEST_RECEIVED, house.clock()))
        raise RuntimeError
    assert len(watched.seen) == before


def test_a_watcher_that_breaks_breaks_no_exchange(house: House) -> None:
    def broken(_seen: Observation) -> None:
        raise IllegalTransition

    house.ledger = observed(house.ledger, broken)
    house.again()
    house.preview(a_request())
    assert "provider-answered" in house.facts()


@given(text=st.text(), data=st.dictionaries(st.sampled_from(["code", "reason", "outcome"]), st.text()))
def test_no_text_becomes_a_label(text: str, data: dict[str, str]) -> None:
    metrics = Metrics(["it"])
    names = set()
    for number in range(2):
        for fact in Fact:
            words = {name: f"{value}{number}" for name, value in data.items()}
            event = Event(fact, datetime.now(UTC), tuple(words.items()))
            metrics.watch(
                Observation(event, "1", partner=f"{text}{number}", outcome=words.get("outcome", ""))
            )
        names.add(len(metrics.text().splitlines()))
    assert len(names) == 1, "a second text must not make more series"

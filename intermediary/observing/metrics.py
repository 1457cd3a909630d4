"""Prometheus metrics at each decision, counted from the events of the log.

Names: deploy/observability/README.md. Label values are bounded: P-Mode ids, mapping and provider keys,
enumerations and published codes; anything else is `other`, so no text of a message can become a series.
"""

import re
from collections.abc import Iterable
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.registry import Collector

from intermediary.exchange.model import Fact
from intermediary.exchange.model import Outcome as Settled
from intermediary.national.model import Outcome as Answered
from intermediary.observing.ledger import Observation

MACHINES = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
"""Seconds that machines take."""
PEOPLE = (1, 5, 15, 30, 60, 120, 300, 600, 900, 1800, 2400, 3600, 7200)
"""Seconds that citizens take; T1, T2 and T3 of the TDD are among them."""
OTHER, NONE = "other", ""

_CODE = re.compile(r"(?:EBMS|EDM:[A-Z]{1,6}):\d{4}")
_KIND = re.compile(r"(?:EBMS:\d{4})|(?:HTTP \d{3})|(?:^[A-Z][A-Za-z]{2,30}(?:Error|Timeout))")
_CLOSED_LISTS = {str(one) for vocabulary in (Settled, Answered) for one in vocabulary}
_REFUSALS = (Fact.REQUEST_REFUSED, Fact.MESSAGE_REFUSED)
_FAILURES = (Fact.SEND_FAILED, Fact.DELIVERY_GIVEN_UP)


class Metrics:
    """All metrics of one process, in a registry of their own; safe for threads."""

    def __init__(self, partners: Iterable[str]) -> None:
        self._partners = frozenset(partners)
        self.registry = CollectorRegistry()
        facts = Counter(
            "intermediary_facts", "Events of the log.", ("fact", "partner"), registry=self.registry
        )
        # All from the beginning: `increase` does not see a series that begins with 1.
        self._facts = {
            (fact, partner): facts.labels(fact, partner)
            for fact in Fact
            for partner in (*sorted(self._partners), OTHER, NONE)
        }
        self._outcomes = self._counter(
            "intermediary_outcomes", "Exchanges by outcome.", "outcome", "partner", "mapping"
        )
        self._refusals = self._counter(
            "intermediary_refusals", "Requests and messages refused.", "fact", "code", "partner"
        )
        self._failures = self._counter(
            "intermediary_send_failures", "Failed attempts to deliver.", "fact", "kind", "partner"
        )
        self._answers = self._counter(
            "intermediary_provider_answers", "What providers answered.", "provider", "outcome"
        )
        self._receipt = self._histogram(
            "queued_to_receipt", "From queueing a message to its receipt.", MACHINES, "partner"
        )
        self._answered = self._histogram(
            "asked_to_answered",
            "From asking a provider to its answer, or to giving up.",
            MACHINES,
            "provider",
        )
        self._since_request = {
            Fact.PREVIEW_OFFERED: self._histogram(
                "request_to_preview", "From the request to the offer of a preview.", MACHINES
            ),
            Fact.DECIDED: self._histogram(
                "request_to_decision", "From the request to the citizen's decision.", PEOPLE
            ),
            Fact.CLOSED: self._histogram("request_to_close", "From the request to the end.", PEOPLE),
        }

    def watch(self, seen: Observation) -> None:
        """Count one event."""
        event, fact = seen.event, seen.event.fact
        data = dict(event.data)
        partner = seen.partner if seen.partner in self._partners else OTHER if seen.partner else NONE
        self._facts[fact, partner].inc()
        if fact is Fact.SETTLED:
            self._outcomes.labels(_listed(seen.outcome), partner, seen.mapping).inc()
        elif fact in _REFUSALS:
            self._refusals.labels(fact, _code(data.get("code", "")), partner).inc()
        elif fact in _FAILURES:
            self._failures.labels(fact, kind_of(data.get("reason", "")), partner).inc()
        elif fact is Fact.PROVIDER_ANSWERED:
            self._answers.labels(seen.provider, _listed(seen.outcome)).inc()
        elif fact is Fact.PROVIDER_UNAVAILABLE:
            self._answers.labels(seen.provider, "unavailable").inc()
        if fact in self._since_request:
            _measure(self._since_request[fact], seen.received_at, event.at)
        elif seen.since is not None and fact is Fact.MESSAGE_ACKNOWLEDGED:
            _measure(self._receipt.labels(partner), seen.since, event.at)
        elif seen.since is not None and fact in (Fact.PROVIDER_ANSWERED, Fact.PROVIDER_UNAVAILABLE):
            _measure(self._answered.labels(seen.provider), seen.since, event.at)

    def add(self, collector: Collector) -> None:
        """Also show what a collector reads at each scrape."""
        self.registry.register(collector)

    def text(self) -> bytes:
        """Everything, in the Prometheus text format."""
        return generate_latest(self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(
            f"intermediary_{name}_seconds", text, labels, registry=self.registry, buckets=buckets
        )


def kind_of(reason: str) -> str:
    """The kind of a failed delivery: ebMS code, HTTP status or class of the error; nothing of its text."""
    found = _KIND.search(reason)
    return found.group() if found else OTHER


def _code(code: str) -> str:
    return code if _CODE.fullmatch(code) else OTHER if code else NONE


def _listed(outcome: str) -> str:
    return outcome if outcome in _CLOSED_LISTS else OTHER


def _measure(histogram: Histogram, start: datetime | None, end: datetime) -> None:
    if start is not None:
        histogram.observe(max(0.0, (end - start).total_seconds()))

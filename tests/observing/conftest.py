"""The exchange's house with everything that operators see of it."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from cryptography import x509
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.parser import text_string_to_metric_families

from intermediary.observing import ClockGauges, Metrics, Observation, StoreGauges, Traces, log_facts, observed
from intermediary.trust import Held
from tests.exchange.conftest import house, keys
from tests.exchange.house import House

__all__ = ["house", "keys"]

Scrape = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@dataclass
class Watched:
    """A house, its metrics, its spans and what was observed."""

    house: House
    metrics: Metrics
    traces: Traces
    spans: InMemorySpanExporter
    seen: list[Observation] = field(default_factory=list)
    ahead: dict[str, timedelta] = field(default_factory=lambda: {"machine": timedelta()})
    """By how much clocks are ahead of the house's."""

    def scrape(self) -> Scrape:
        """Every sample, by name and labels."""
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(self.metrics.text().decode())
            for sample in family.samples
        }

    def value(self, name: str, **labels: str) -> float:
        """The sum of all samples of that name whose labels include these."""
        return sum(
            value
            for (sample, found), value in self.scrape().items()
            if sample == name and labels.items() <= dict(found).items()
        )


def signing_certificate(house: House) -> x509.Certificate:
    """The certificate that the platform of the house signs with."""
    return x509.load_pem_x509_certificate(house.world.certificate("platform", "as4-signing").read_bytes())


def watch(house: House) -> Watched:
    """Hook everything in, as `app.build` does."""
    metrics = Metrics(pmode.id for pmode in house.ports.pmodes)
    held = (Held("us", "AS4 signing", "in the test", signing_certificate(house)),)
    metrics.add(StoreGauges(house.engine, held, house.clock))
    spans = InMemorySpanExporter()
    watched = Watched(house, metrics, Traces(SimpleSpanProcessor(spans)), spans)
    metrics.add(ClockGauges(lambda: watched.ahead))
    house.ledger = observed(house.ledger, watched.seen.append, log_facts, metrics.watch, watched.traces.watch)
    house.again()
    return watched


@pytest.fixture
def watched(house: House) -> Iterator[Watched]:
    """A house that is watched."""
    watched = watch(house)
    yield watched
    watched.traces.close()


@pytest.fixture
def own_logging() -> Iterator[None]:
    """Undo what a test configures."""
    import structlog

    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in ("intermediary", "uvicorn"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    structlog.reset_defaults()

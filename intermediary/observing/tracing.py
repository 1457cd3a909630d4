"""OpenTelemetry traces: one exchange is one trace, whichever node writes its events.

An event is a span: as long as what it ends (a provider's answer, a receipt), else of no length. The root span
is written when the exchange is closed.
"""

import threading
from datetime import datetime

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from intermediary.exchange.model import Fact
from intermediary.observing.context import root_span_of, trace_id_of
from intermediary.observing.ledger import Observation
from intermediary.observing.logs import attributes_of

_BAD = (
    Fact.PROVIDER_UNAVAILABLE,
    Fact.SEND_FAILED,
    Fact.DELIVERY_GIVEN_UP,
    Fact.STEP_FAILED,
    Fact.REQUEST_REFUSED,
)


class _Ids(IdGenerator):
    """Random ids, but those of a root span, which are derived."""

    def __init__(self) -> None:
        self._random, self._derived = RandomIdGenerator(), threading.local()

    def next_is(self, exchange_id: str | None) -> None:
        self._derived.exchange_id = exchange_id

    def generate_trace_id(self) -> int:
        wanted = getattr(self._derived, "exchange_id", None)
        return self._random.generate_trace_id() if wanted is None else trace_id_of(wanted)

    def generate_span_id(self) -> int:
        wanted = getattr(self._derived, "exchange_id", None)
        return self._random.generate_span_id() if wanted is None else root_span_of(wanted)


class Traces:
    """Writes spans; no global provider is set. Safe for threads."""

    def __init__(self, processor: SpanProcessor) -> None:
        self._ids = _Ids()
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": "intermediary"}), id_generator=self._ids
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("intermediary.observing")

    @classmethod
    def exported(cls) -> "Traces":
        """Sent by OTLP over HTTP as the standard OTEL_EXPORTER_OTLP_… variables say.

        Raises ImportError without the extra `otel`.
        """
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        return cls(BatchSpanProcessor(OTLPSpanExporter()))

    def watch(self, seen: Observation) -> None:
        """Write the span of one event; the whole exchange's too where it ends."""
        if seen.exchange_id is None:
            return
        fact, exchange_id = seen.event.fact, seen.exchange_id
        parent = SpanContext(
            trace_id_of(exchange_id), root_span_of(exchange_id), True, TraceFlags(TraceFlags.SAMPLED)
        )
        span = self._tracer.start_span(
            fact,
            set_span_in_context(NonRecordingSpan(parent)),
            SpanKind.CLIENT if seen.since is not None else SpanKind.INTERNAL,
            attributes=attributes_of(seen),
            start_time=_nanoseconds(seen.since or seen.event.at),
        )
        if fact in _BAD:
            span.set_status(Status(StatusCode.ERROR))
        span.end(_nanoseconds(seen.event.at))
        if fact is Fact.CLOSED:
            self._whole(seen, exchange_id)

    def _whole(self, seen: Observation, exchange_id: str) -> None:
        start = seen.received_at or seen.event.at
        self._ids.next_is(exchange_id)
        try:
            span = self._tracer.start_span(
                "exchange",
                kind=SpanKind.SERVER,
                attributes=attributes_of(seen),
                start_time=_nanoseconds(start),
            )
        finally:
            self._ids.next_is(None)
        span.end(_nanoseconds(seen.event.at))

    def close(self) -> None:
        """Hand over what was not sent yet."""
        self._provider.shutdown()


def _nanoseconds(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000) * 1000

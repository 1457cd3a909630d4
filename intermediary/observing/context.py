"""Which exchange a thread or task works on, and the trace that follows from its id.

No column holds a trace context: the trace id is the first 16 bytes of SHA-256("trace " + exchange id), the id
of the root span the first 8 of SHA-256("span " + exchange id). So every node continues the same trace, and
whoever has an exchange id can compute where its trace is.
"""

import hashlib
from contextvars import ContextVar

_AT_WORK: ContextVar[str | None] = ContextVar("exchange_at_work", default=None)


def work_at(exchange_id: str | None) -> None:
    """Remember what this thread or task works on."""
    _AT_WORK.set(exchange_id)


def exchange_at_work() -> str | None:
    """The exchange that this thread or task looked at last since it claimed work."""
    return _AT_WORK.get()


def trace_id_of(exchange_id: str) -> int:
    """The trace of an exchange, as a number of 128 bits."""
    return int.from_bytes(hashlib.sha256(f"trace {exchange_id}".encode()).digest()[:16], "big")


def root_span_of(exchange_id: str) -> int:
    """The id of the span that stands for the whole exchange, as a number of 64 bits."""
    return int.from_bytes(hashlib.sha256(f"span {exchange_id}".encode()).digest()[:8], "big")


def traceparent() -> dict[str, str]:
    """The HTTP header that names the trace of the exchange at work, sampled; empty where there is none.

    Source: W3C Trace Context, 3.2.
    """
    exchange_id = exchange_at_work()
    if exchange_id is None:
        return {}
    return {"traceparent": f"00-{trace_id_of(exchange_id):032x}-{root_span_of(exchange_id):016x}-01"}

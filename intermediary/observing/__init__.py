"""What operators see of a running platform: logs, metrics and traces, all read from the events of the log.

`observed` is the one hook: a ledger that tells watchers what was written, after the commit. Nothing here may
hold personal data: labels come from settings, mappings and published codes, never from messages.
"""

from intermediary.observing.clock import ClockGauges
from intermediary.observing.context import exchange_at_work, trace_id_of, traceparent
from intermediary.observing.gauges import StoreGauges
from intermediary.observing.ledger import Observation, Watcher, observed
from intermediary.observing.logs import configure_logging, log_facts
from intermediary.observing.metrics import Metrics
from intermediary.observing.routes import metrics_router
from intermediary.observing.tracing import Traces

__all__ = [
    "ClockGauges",
    "Metrics",
    "Observation",
    "StoreGauges",
    "Traces",
    "Watcher",
    "configure_logging",
    "exchange_at_work",
    "log_facts",
    "metrics_router",
    "observed",
    "trace_id_of",
    "traceparent",
]

"""Structured logs: one configuration for ours and the libraries', JSON for machines, colours for people.

Only names on a list are logged: a value under another name is withheld, and named as such. Texts of
exceptions may quote what was processed, so a traceback becomes the kind and the place.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from structlog.typing import Processor

from intermediary.exchange.model import Fact
from intermediary.observing.context import exchange_at_work, trace_id_of
from intermediary.observing.ledger import Observation

ALLOWED = frozenset(
    {
        *("event", "level", "logger", "timestamp", "exchange", "trace_id", "exception", "withheld"),
        *("queue", "item", "kind", "place", "message_id", "code", "reason", "problem", "again_in"),
        *("callable", "retry_num", "wait_for"),
        *("duty", "exchanges", "messages", "events", "owner", "purpose", "days", "count"),
        *("fact", "partner", "mapping", "provider", "outcome", "attempt", "attempts", "failures", "state"),
        *("action", "documents", "evidences", "approved", "of", "rules", "version", "same_content"),
    }
)
"""Names of values that may be logged: identifiers, codes, counts, and reasons without content."""
_DATA = frozenset(
    {
        *("message_id", "code", "outcome", "attempt", "attempts", "failures", "state", "action"),
        *("documents", "evidences", "approved", "of", "rules", "version", "same_content"),
        *("duty", "exchanges", "messages", "events", "owner", "purpose", "days"),
    }
)
_SAFE_REASONS = (Fact.SEND_FAILED, Fact.DELIVERY_GIVEN_UP, Fact.PROVIDER_UNAVAILABLE, Fact.STEP_FAILED)
"""Facts whose reason names a kind of failure by contract; other reasons may quote a message."""
_WARN = (*_SAFE_REASONS, Fact.MESSAGE_REFUSED, Fact.CERTIFICATE_ENDING)
_INTERNAL = ("_record", "_from_structlog")

_FACTS = logging.getLogger("intermediary.facts")
_LOG = structlog.get_logger("intermediary.facts")

Line = MutableMapping[str, Any]


def configure_logging(stream: TextIO | None = None) -> None:
    """Send all logs of this process to one stream (default: standard error)."""
    stream = stream or sys.stderr
    tty = stream.isatty()
    shared: list[Processor] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper("iso", utc=True),
        _add_exchange,
        shorten_exception,
        withhold,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    renderer: Processor = (
        structlog.dev.ConsoleRenderer() if tty else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[first_line, *shared],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for ours in ("intermediary", "uvicorn"):
        logging.getLogger(ours).setLevel(logging.INFO)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        # uvicorn gives its loggers handlers of their own, which know nothing of what is withheld.
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True


def log_facts(seen: Observation) -> None:
    """One line for each event of the log; a `Watcher`."""
    level = logging.WARNING if seen.event.fact in _WARN else logging.INFO
    if _FACTS.isEnabledFor(level):
        words = attributes_of(seen)
        _LOG.log(level, words.pop("fact"), exchange=seen.exchange_id, **words)


def attributes_of(seen: Observation) -> dict[str, str]:
    """What logs and traces may say of an event: labels, and values under listed names."""
    event = seen.event
    words = {name: value for name, value in event.data if name in _DATA}
    if event.fact in _SAFE_REASONS:
        words |= {name: value for name, value in event.data if name == "reason"}
    labels = {"partner": seen.partner, "mapping": seen.mapping, "provider": seen.provider}
    return {"fact": str(event.fact)} | {name: value for name, value in labels.items() if value} | words


def withhold(_logger: object, _method: str, line: Line) -> Line:
    """Processor: a value under a name that is not on the list does not pass."""
    unknown = sorted(name for name in line if name not in ALLOWED and name not in _INTERNAL)
    for name in unknown:
        del line[name]
    if unknown:
        line["withheld"] = unknown
    return line


def shorten_exception(_logger: object, _method: str, line: Line) -> Line:
    """Processor: of an exception its kind and place, never its text."""
    given = line.pop("exc_info", None)
    line.pop("stack_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    record = line.get("_record")
    if isinstance(record, logging.LogRecord):
        # The formatter would append what is left here.
        record.exc_info = record.exc_text = None
    if isinstance(error, BaseException):
        line["exception"] = f"{type(error).__name__} at {_place(error)}"
    return line


def _add_exchange(_logger: object, _method: str, line: Line) -> Line:
    exchange_id = line.get("exchange") or exchange_at_work()
    if exchange_id is None:
        line.pop("exchange", None)
    else:
        line["exchange"], line["trace_id"] = exchange_id, f"{trace_id_of(exchange_id):032x}"
    return line


def first_line(_logger: object, _method: str, line: Line) -> Line:
    """Processor for libraries: asyncio puts representations of what broke into further lines."""
    line["event"] = str(line["event"]).partition("\n")[0]
    return line


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return (
        f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"
        if trace is not None
        else "?"
    )

"""Logs are JSON for machines, text for people, and tell which exchange a line is about."""

import io
import json
import logging

import pytest
import structlog

from intermediary.observing import configure_logging, trace_id_of
from tests.exchange.house import a_request
from tests.observing.conftest import Watched

pytestmark = pytest.mark.usefixtures("own_logging")


class Terminal(io.StringIO):
    """A stream that people look at."""

    def isatty(self) -> bool:
        return True


def _lines(log: io.StringIO) -> list[dict[str, str]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_each_fact_is_a_line_with_its_exchange_and_trace(watched: Watched) -> None:
    log = io.StringIO()
    configure_logging(log)
    watched.house.preview(a_request())
    story = watched.house.story()
    lines = [line for line in _lines(log) if line.get("exchange") == story.summary.id]
    assert [line["event"] for line in lines] == [str(event.fact) for event in story.events]
    assert {line["trace_id"] for line in lines} == {f"{trace_id_of(story.summary.id):032x}"}
    assert {line["partner"] for line in lines} == {"portal"}
    assert {line["level"] for line in lines} == {"info"}


def test_lines_of_a_step_name_its_exchange(watched: Watched) -> None:
    def broken(*_given: object) -> None:
        raise RuntimeError

    watched.house.register.ask = broken  # type: ignore[assignment,method-assign]
    log = io.StringIO()
    configure_logging(log)
    watched.house.preview(a_request())
    (line,) = [line for line in _lines(log) if line["event"] == "step failed"]
    assert line["exchange"] == watched.house.story().summary.id
    assert line["kind"] == "RuntimeError"


def test_libraries_log_warnings_in_the_same_form() -> None:
    log = io.StringIO()
    configure_logging(log)
    logging.getLogger("httpx").info("GET https://register.example/person/1")
    logging.getLogger("httpx").warning("slow: %s", "register")
    (line,) = _lines(log)
    assert (line["event"], line["logger"], line["level"]) == ("slow: register", "httpx", "warning")


def test_a_terminal_shows_text() -> None:
    log = Terminal()
    configure_logging(log)
    structlog.get_logger("intermediary.test").info("it works", item="1")
    assert "it works" in log.getvalue()
    assert "{" not in log.getvalue()

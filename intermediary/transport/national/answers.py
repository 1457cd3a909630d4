"""From HTTP to a national answer: problem details, Retry-After, Location, bodies that must be valid."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from lxml import etree

from intermediary.national import NationalUnreadable, NationalUnwritable, Problem, xnachweis
from intermediary.national.model import NationalAnswer, Outcome
from intermediary.transport.national.errors import AnswerUnusable
from intermediary.transport.national.http import Reply
from intermediary.validation.model import Report
from intermediary.xml import XmlRefused, parse

Check = Callable[[etree._Element], Report]
"""Checks a national message against its schema."""

PROBLEM = "urn:intermediary:national:problem:"
_BY_TYPE = {
    "not-found": Outcome.NOT_FOUND,
    "ambiguous": Outcome.AMBIGUOUS,
    "rejected": Outcome.REJECTED,
}
_BY_STATUS = {
    403: Outcome.REJECTED,
    404: Outcome.NOT_FOUND,
    409: Outcome.AMBIGUOUS,
    422: Outcome.REJECTED,
}
_LONGEST_PAUSE = timedelta(days=30)
_NOT_FOUND = 404


def checked_message(check: Check, message: bytes) -> bytes:
    """A message of ours, once it is valid. Raises NationalUnwritable."""
    report = check(parse(message))
    if not report.ok:
        raise NationalUnwritable(*problems(report))
    return message


def read_message(check: Check, content_type: str, body: bytes) -> NationalAnswer:
    """A `nachweislieferung` from outside: parsed, valid, read. Raises NationalUnreadable."""
    xml, attachments = xnachweis.unpack(content_type, body)
    try:
        root = parse(xml)
    except XmlRefused as refused:
        problem = Problem(refused.rule, "/", refused.line, refused.reason, refused.remedy)
        raise NationalUnreadable(problem) from None
    report = check(root)
    if not report.ok:
        raise NationalUnreadable(*problems(report))
    return xnachweis.read_answer(root, attachments)


def problems(report: Report) -> tuple[Problem, ...]:
    """The findings that refuse a message."""
    return tuple(Problem(f.rule, f.place, f.line, f.text, f.remedy) for f in report.errors)


def unusable(unreadable: NationalUnreadable) -> AnswerUnusable:
    """An answer that cannot be read, as the exchange hears of it."""
    rules = sorted({problem.rule for problem in unreadable.problems})
    return AnswerUnusable(f"the answer is not readable: {', '.join(rules)}", unreadable.problems)


def problem_answer(reply: Reply, request_id: str, *, polled: bool) -> NationalAnswer:
    """An answer of another status than 200 and 202, by its problem details (RFC 9457). Raises AnswerUnusable.

    A 404 to a poll that gives no type speaks of the request, not of the evidence.
    """
    status = reply.status
    if reply.content_type.partition(";")[0].strip().lower() != "application/problem+json":
        raise AnswerUnusable(f"HTTP {status}")
    try:
        details = json.loads(reply.body)
        kind = details.get("type", "about:blank")
    except (ValueError, AttributeError, RecursionError):
        raise AnswerUnusable(f"HTTP {status} with unreadable problem details") from None
    outcome = None
    if kind == "about:blank":
        outcome = None if polled and status == _NOT_FOUND else _BY_STATUS.get(status)
    elif isinstance(kind, str) and kind.startswith(PROBLEM):
        outcome = _BY_TYPE.get(kind.removeprefix(PROBLEM))
    if outcome is None:
        raise AnswerUnusable(f"HTTP {status}")
    return NationalAnswer(request_id, outcome, code=f"HTTP-{status}")


def available_at(reply: Reply, now: datetime) -> datetime:
    """When to ask again, by Retry-After (RFC 9110 §10.2.3); now where it says nothing sensible."""
    text = reply.headers.get("retry-after", "").strip()
    try:
        if text.isascii() and text.isdigit():
            pause = timedelta(seconds=min(int(text), _LONGEST_PAUSE.total_seconds()))
        else:
            when = parsedate_to_datetime(text)
            pause = (when if when.tzinfo else when.replace(tzinfo=UTC)) - now
    except (ValueError, OverflowError):
        return now
    return now + max(timedelta(), min(pause, _LONGEST_PAUSE))

"""Messages as lines for people, with what was found and what is lost beside them. Pure."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import cast

from lxml import etree

from intermediary import xml
from intermediary.translation import Loss
from intermediary.validation import Finding

MOST = 1500
"""Lines that are shown; who wants more takes the file."""
_WIDEST = 2000


@dataclass(slots=True)
class Line:
    """One line; `kind` is error, warning, lost or empty."""

    number: int
    text: str = field(repr=False)
    kind: str = ""
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A message as it is shown."""

    lines: tuple[Line, ...] = field(repr=False)
    cut: bool = False
    """There is more of it."""


def sheet(body: bytes, findings: Iterable[tuple[Finding, str]] = (), losses: Iterable[Loss] = ()) -> Sheet:
    """A message with findings (and their words) at their lines and losses at their elements."""
    texts = _text(body).splitlines()
    lines = [
        Line(number, text if len(text) <= _WIDEST else f"{text[:_WIDEST]} …")
        for number, text in enumerate(texts, 1)
    ]
    for loss, first, last in _places(body, losses):
        for line in lines[first - 1 : last]:
            line.kind = "lost"
        if first <= len(lines):
            lines[first - 1].notes.append(loss.reason)
    for finding, words in findings:
        if finding.severity != "info" and finding.line and finding.line <= len(lines):
            line = lines[finding.line - 1]
            line.kind = str(finding.severity)
            line.notes.append(f"{finding.rule}: {words}")
    return Sheet(tuple(lines[:MOST]), len(lines) > MOST)


def _text(body: bytes) -> str:
    """What a message says; JSON indented."""
    text = body.decode("utf-8", "replace")
    if text[:1] in "{[":
        try:
            return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
        except (ValueError, RecursionError):
            return text
    return text


def _places(body: bytes, losses: Iterable[Loss]) -> Iterator[tuple[Loss, int, int]]:
    """First and last line of the element that each loss is about, where it can be found."""
    try:
        root = xml.parse(body)
    except xml.XmlRefused:
        return
    for loss in losses:
        element = _find(root, loss.place)
        if element is not None and element is not root:
            yield loss, _line(element), max(map(_line, element.iter()))


def _line(element: etree._Element) -> int:
    return cast("int | None", element.sourceline) or 1


def _find(root: etree._Element, place: str) -> etree._Element | None:
    """The first element on the way that a place names: slots by name, elements by local name."""
    here = root
    for step in place.split("/"):
        name, _, scheme = step.partition("[@schemeID='")
        found = (
            each
            for each in here.iterdescendants(etree.Element)
            if name in (each.get("name"), etree.QName(each).localname)
            and (not scheme or each.get("schemeID") == scheme.rstrip("']"))
        )
        following = next(found, None)
        if following is None:
            return None
        here = following
    return here

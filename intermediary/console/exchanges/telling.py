"""One exchange as a story: each event a sentence; the rules that failed, each explained. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from intermediary.console.exchanges.words import FACTS, NATIONAL, OUTCOMES, PLATFORM, STATES, WHO, WORRYING
from intermediary.console.languages import catalogue
from intermediary.exchange.model import Event, Fact, Outcome, State
from intermediary.exchange.records import Record
from intermediary.exchange.transcripts import Line
from intermediary.validation.rules.published import published_rules
from intermediary.validation.rules.words import Words, wording
from intermediary.web import Tongue

_RULE = re.compile(r"(?P<rule>(?:R-|XSD:|EBMS:|XML-?|EDM:)[\w:.-]+) at (?P<place>\S.*?): (?P<text>.*)", re.S)
_SHOWN = frozenset(
    {
        *("message_id", "request_id", "version", "mapping_version", "provider_version", "code", "rules"),
        *("failures", "attempts", "receipt", "same_content", "available_at", "evidences", "documents"),
    }
)
"""Details beside the sentence."""


@dataclass(frozen=True, slots=True)
class Step:
    """One event in words."""

    at: datetime
    after: str
    """Since the beginning, e.g. `+2 min 5 s`."""
    who: str
    text: str
    worrying: bool
    fact: str
    details: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """A rule by which something was refused."""

    rule: str
    place: str
    said: str
    """As it went over the wire (English)."""
    text: str = ""
    """In the language of the page, where the rule has words of its own."""
    remedy: str = ""


def steps(record: Record, tongue: Tongue) -> tuple[Step, ...]:
    """The events as sentences, oldest first."""
    begin = record.events[0].at if record.events else record.exchange.created_at
    return tuple(_step(event, begin, tongue) for event in record.events)


def _step(event: Event, begin: datetime, tongue: Tongue) -> Step:
    gettext = catalogue(tongue.language).gettext
    data = dict(event.data)
    values = _Values({name: _said(name, value, tongue) for name, value in data.items()})
    text = FACTS.get(event.fact)
    return Step(
        at=event.at,
        after=duration(event.at - begin),
        who=gettext(WHO.get(event.fact, PLATFORM)),
        text=event.fact.value if text is None else gettext(text) % values,
        worrying=event.fact in WORRYING,
        fact=event.fact.value,
        details=tuple((name, value) for name, value in event.data if name in _SHOWN),
    )


class _Values(dict[str, str]):
    """An event of an older release may lack what the sentence names."""

    def __missing__(self, _name: str) -> str:
        return "–"


def _said(name: str, value: str, tongue: Tongue) -> str:
    gettext = catalogue(tongue.language).gettext
    if name == "outcome":
        known = OUTCOMES[Outcome(value)][1] if value in set(Outcome) else NATIONAL.get(value, value)
        return gettext(known)
    if name == "state" and value in set(State):
        return gettext(STATES[State(value)][1])
    if name == "until":
        try:
            return tongue.moment(datetime.fromisoformat(value))
        except ValueError:
            return value
    return value


def duration(passed: timedelta) -> str:
    """How long after, to a tenth of a second in the first minute."""
    seconds = max(passed.total_seconds(), 0.0)
    if seconds < 60:
        return f"+{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    units = ((days, "d"), (hours, "h"), (minutes, "min"), (rest, "s"))
    return "+" + " ".join([f"{n} {unit}" for n, unit in units if n][:2])


def grouped(lines: tuple[Line, ...]) -> Iterator[tuple[Line, list[Line]]]:
    """Each element with its attributes."""
    at = 0
    while at < len(lines):
        end = at + 1
        while end < len(lines) and lines[end].name.startswith("@"):
            end += 1
        yield lines[at], list(lines[at + 1 : end])
        at = end


def failures(record: Record, language: str) -> tuple[Failed, ...]:
    """The rules that failed: those of a refusal, each with its words in a language."""
    exchange = record.exchange
    detail = exchange.outcome_rule or ""
    found = list(_failed(detail, exchange.edm_version, language)) if detail else []
    named = {each.rule for each in found}
    refused = (dict(e.data).get("rules", "") for e in record.events if e.fact is Fact.REQUEST_REFUSED)
    for rule in dict.fromkeys(" ".join(refused).split()):
        words = _words(rule, exchange.edm_version).get(language)
        if rule not in named and words is not None:
            found.append(Failed(rule, "", "", words.text, words.remedy))
    return tuple(found)


def _failed(detail: str, release: str, language: str) -> Iterator[Failed]:
    for sentence in detail.split(" | "):
        match = _RULE.fullmatch(sentence)
        if match is None:
            rule, colon, text = sentence.partition(": ")
            said = text if colon else sentence
            yield Failed(rule if colon else "", "", said[:1].upper() + said[1:])
            continue
        words = _words(match["rule"], release).get(language)
        yield Failed(
            match["rule"],
            match["place"],
            match["text"],
            words.text if words else "",
            words.remedy if words else "",
        )


@lru_cache(maxsize=4096)
def _words(rule_id: str, release: str) -> Mapping[str, Words]:
    for rules in published_rules():
        if rules.release == release:
            for rule in rules.rules:
                if rule.id == rule_id:
                    return wording(rule)
    return {}

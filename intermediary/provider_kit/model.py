"""Cases, verdicts, the report. Texts are English messages that a page may translate; never personal data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Self


class Verdict(StrEnum):
    """How a case went."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    SKIPPED = "skipped"
    """The provider could have it, but the test data do not say how to try it."""
    NOT_APPLICABLE = "not-applicable"
    """The protocol, or the provider's description, has no such thing."""


@dataclass(frozen=True, slots=True)
class Text:
    """A message with `%(name)s` places, and what goes there: technical words only."""

    text: str
    values: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.text % self.values


@dataclass(frozen=True, slots=True)
class Case:
    """One case of the protocol."""

    id: str
    title: str
    sent: str
    expected: str
    source: str
    """Where the rule stands."""
    remedy: str
    protocols: tuple[str, ...] = ("xnachweis", "rest")


@dataclass(frozen=True, slots=True)
class Exchanged:
    """One HTTP call and what came, without their content. `path` has no query: it may name a person."""

    method: str
    path: str
    status: int | None
    """None: no answer."""
    content_type: str = ""
    octets: int = 0
    seconds: float = 0.0
    failure: str = ""
    """Why there is no answer."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one case."""

    case: Case
    verdict: Verdict
    came: tuple[Text, ...] = ()
    exchanged: tuple[Exchanged, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A run of the kit."""

    url: str
    protocol: str
    started_at: datetime
    finished_at: datetime
    results: tuple[Result, ...]

    @property
    def passed(self) -> bool:
        """True where no case failed and at least one passed."""
        return not self.count(Verdict.FAIL) and bool(self.count(Verdict.PASS))

    def count(self, verdict: Verdict | str) -> int:
        """How many cases went so."""
        return sum(result.verdict == verdict for result in self.results)

    def plain(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {
            "url": self.url,
            "protocol": self.protocol,
            "started_at": self.started_at.isoformat(),
            "finished_at": self.finished_at.isoformat(),
            "passed": self.passed,
            "counts": {verdict.value: self.count(verdict) for verdict in Verdict},
            "results": [
                {
                    "case": result.case.id,
                    "title": result.case.title,
                    "sent": result.case.sent,
                    "expected": result.case.expected,
                    "source": result.case.source,
                    "verdict": result.verdict.value,
                    "came": [{"text": t.text, "values": dict(t.values)} for t in result.came],
                    "remedy": result.case.remedy if result.verdict is Verdict.FAIL else "",
                    "exchanged": [
                        {name: getattr(one, name) for name in Exchanged.__slots__} for one in result.exchanged
                    ],
                }
                for result in self.results
            ],
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any], cases: Mapping[str, Case]) -> Self:
        """Back from `plain`; cases that the kit no longer has are left out."""
        return cls(
            plain["url"],
            plain["protocol"],
            datetime.fromisoformat(plain["started_at"]),
            datetime.fromisoformat(plain["finished_at"]),
            tuple(
                Result(
                    cases[one["case"]],
                    Verdict(one["verdict"]),
                    tuple(Text(t["text"], t["values"]) for t in one["came"]),
                    tuple(Exchanged(**e) for e in one["exchanged"]),
                )
                for one in plain["results"]
                if one["case"] in cases
            ),
        )

"""Findings: invalid is data. The console and the command line render them for people."""

from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """Only ERROR refuses a message."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a rule has to say about a message.

    `rule` is a published rule id (R-EDM-REQ-S009) or `XSD:<libxml2 error type>`; `place` an XPath with
    prefixes; `text` what is demanded; `remedy` what to do. None of them quotes a value of the message.
    `kind` is the kind of message that the rule is for (EDM-REQ), `expected` the values or the form allowed,
    `source` the chapter, `seen` the value found: only ever a code, a version or a URI of a technical field,
    never anything that may tell of a person. `translations` are (language, text, remedy). `release` names the
    installed official release that says so; it is empty for the built-in rules.
    """

    rule: str
    severity: Severity
    place: str
    line: int | None
    text: str
    remedy: str
    source: str = ""
    kind: str = ""
    expected: str | None = None
    seen: str | None = None
    translations: tuple[tuple[str, str, str], ...] = field(default=(), repr=False, compare=False)
    release: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """All findings on one message against one release."""

    findings: tuple[Finding, ...] = ()

    @property
    def ok(self) -> bool:
        """True where nothing refuses the message."""
        return not any(finding.severity is Severity.ERROR for finding in self.findings)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that refuse it."""
        return tuple(f for f in self.findings if f.severity is Severity.ERROR)

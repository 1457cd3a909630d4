"""Findings: invalid is data. Rendered for people elsewhere; the value seen is never kept (personal data)."""

from dataclasses import dataclass
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
    """

    rule: str
    severity: Severity
    place: str
    line: int | None
    text: str
    remedy: str
    source: str = ""


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

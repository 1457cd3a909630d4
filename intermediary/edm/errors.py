"""What can go wrong with EDM messages.

EdmError                 base
├── EdmUnreadable        a message breaks its structure; `problems` has all of it
├── EdmUnwritable        a value cannot be expressed in XML (a control character, a broken `extra`)
└── UnsupportedVersion   a specification identifier that no profile knows

None of them quotes a value of the message.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One defect: published rule id or EDM-STRUCTURE, XPath, line, what is demanded, what to do."""

    rule: str
    place: str
    line: int | None
    text: str
    remedy: str


class EdmError(ValueError):
    """Base of the errors of this package."""


class EdmUnreadable(EdmError):  # noqa: N818 - reads as the outcome
    """The message cannot be read; all structural problems at once."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        rules = " | ".join(f"{p.rule} at {p.place}: {p.text} {p.remedy}" for p in problems)
        super().__init__(rules)
        self.problems = problems


class EdmUnwritable(EdmError):  # noqa: N818
    """The message holds something that XML cannot express."""


class UnsupportedVersion(EdmError):  # noqa: N818
    """No profile has this specification identifier."""

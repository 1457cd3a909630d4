"""What goes wrong between us and a national system.

NationalError           base: a tuple of problems, each with rule, place, line, text and remedy, never a value
├── NationalUnreadable  a message from outside cannot be read
└── NationalUnwritable  what is to be said cannot be said in this protocol
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One defect of a message or of a description; quotes no value (personal data)."""

    rule: str
    place: str
    line: int | None
    text: str
    remedy: str


class NationalError(ValueError):
    """Base; the text lists rule and place of each problem."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(f"{p.rule} at {p.place}: {p.text}" for p in problems))
        self.problems = problems


class NationalUnreadable(NationalError):  # noqa: N818 - reads as the outcome
    """The message cannot be read."""


class NationalUnwritable(NationalError):  # noqa: N818 - reads as the outcome
    """The message cannot be written."""

"""Errors of the mapping room.

MappingError
├── MappingInvalid (ValueError)     a set breaks a rule; carries all findings, each with file, line, remedy
└── MappingMissing (LookupError)    the store holds no such version
"""

from intermediary.mapping.model import LintFinding


class MappingError(Exception):
    """Base of all errors of this room."""


class MappingInvalid(MappingError, ValueError):  # noqa: N818
    """The set breaks a rule; `findings` has every one, not only the first."""

    def __init__(self, findings: tuple[LintFinding, ...]) -> None:
        super().__init__("\n".join(str(finding) for finding in findings))
        self.findings = findings


class MappingMissing(MappingError, LookupError):  # noqa: N818
    """The store holds no such version: import a set first."""

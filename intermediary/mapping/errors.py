"""Errors of the mapping room.

MappingError
├── MappingInvalid (ValueError)     a set or a version breaks a rule; carries all findings
├── MappingMissing (LookupError)    the store holds no such entry, version or revision
├── MappingConflict                 somebody was faster, or the version is not in the state for it
└── FourEyes (PermissionError)      who drafted a version may not approve it
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
    """The store holds no such entry, version or revision; the text says what to look at."""


class MappingConflict(MappingError):  # noqa: N818
    """It cannot be done as things stand now; the text says what happened meanwhile, and what to do."""


class FourEyes(MappingError, PermissionError):  # noqa: N818
    """Who drafted or edited a version may not approve it."""

"""What goes wrong with an official release.

ValidationError                 base of the room
├── ReleaseRefused              the set offered cannot become a release; says file and remedy
│   └── UnknownSchematron       a rule file uses something that the compiler does not know
├── ReleaseUnknown              no release of that name is installed
├── ReleaseBroken               an installed release cannot be read: an installation fault
└── SaxonMissing                the optional part that runs official rules is not installed
"""

from intermediary.validation.errors import ValidationError


class ReleaseRefused(ValidationError, ValueError):  # noqa: N818 - reads as the outcome
    """The set offered cannot become a release."""


class UnknownSchematron(ReleaseRefused):
    """A rule file uses something that the compiler does not know."""


class ReleaseUnknown(ValidationError, LookupError):  # noqa: N818
    """No release of that name is installed."""


class ReleaseBroken(ValidationError):  # noqa: N818
    """An installed release cannot be read or run."""


class SaxonMissing(ValidationError):  # noqa: N818
    """SaxonC is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "Official rules are run by SaxonC, which is not installed: pip install 'intermediary[releases]'"
        )

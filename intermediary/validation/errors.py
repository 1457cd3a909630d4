"""What is broken rather than invalid.

ValidationError       base
├── UnknownRelease    no schema ships for the release named
└── SchemaUnusable    the schema folder lacks the file, or the file does not compile
"""


class ValidationError(Exception):
    """Base: the message could not be judged at all."""


class UnknownRelease(ValidationError, LookupError):  # noqa: N818 - reads as the outcome
    """No schema ships for that release."""

    def __init__(self, known: tuple[str, ...]) -> None:
        # The release asked for may come from a message, so it is not repeated here.
        super().__init__(f"No schema ships for the release asked for; known are {', '.join(known)}")
        self.known = known


class SchemaUnusable(ValidationError):  # noqa: N818
    """A schema that should ship is missing or does not compile: an installation fault."""

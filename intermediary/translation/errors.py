"""Errors of the translation.

    TranslationError (ValueError)
    ├── Untranslatable      the message cannot be put in the other side's words
    └── Unconvertible       one document cannot be brought into the wanted form (becomes a Loss)

Every text is «place: sentence» or a sentence, fit for the wire: it never quotes a value.
"""


class TranslationError(ValueError):
    """Base of all errors of this room."""


class Untranslatable(TranslationError):  # noqa: N818
    """The message cannot be translated; the text says what is missing and what to do."""


class Unconvertible(TranslationError):  # noqa: N818
    """A document cannot be converted; the text says why."""

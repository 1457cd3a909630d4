"""Sentences for schema errors, one module per language; findings are made in the first of `LANGUAGES`."""

from typing import Final

from intermediary.validation.sentences.de import GERMAN
from intermediary.validation.sentences.en import ENGLISH
from intermediary.validation.sentences.model import Pair, Sentences

LANGUAGES: Final = (("en", ENGLISH), ("de", GERMAN))

__all__ = ["LANGUAGES", "Pair", "Sentences"]

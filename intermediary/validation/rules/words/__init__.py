"""The sentences of rules in every language: what is demanded, and what to do.

Each language is one table: the name of a check, or the id of a rule that deserves words of its own, to two
sentences with gaps. The gaps are filled from the check's `words`, plus `{expected}` and `{context}` (the last
step of the rule's context, such as `rim:Slot Procedure`). A test sees to it that no language lacks an entry.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from intermediary.validation.rules.words import common_services, de, en

if TYPE_CHECKING:
    from intermediary.validation.rules.model import Rule

LANGUAGES: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "en": {**en.SENTENCES, **common_services.ENGLISH},
    "de": {**de.SENTENCES, **common_services.GERMAN},
}


@dataclass(frozen=True, slots=True)
class Words:
    """What is demanded and what to do, in one language."""

    text: str
    remedy: str


def wording(rule: "Rule") -> Mapping[str, Words]:
    """Language to the words of the rule. Raises KeyError where a table lacks them."""
    gaps = {**rule.check.words, "expected": rule.check.expected or "", "context": _subject(rule.context)}
    return {language: _words(table, rule, gaps) for language, table in LANGUAGES.items()}


def _words(table: Mapping[str, tuple[str, str]], rule: "Rule", gaps: Mapping[str, str]) -> Words:
    text, remedy = table.get(rule.id) or table[rule.check.says]
    return Words(text.format_map(gaps), remedy.format_map(gaps))


@cache
def _subject(context: str) -> str:
    """The end of a path as a name: the last element, with the slot that it is in."""
    last = re.sub(r"\[.*", "", re.split(r"/(?![^\[]*\])", context)[-1])
    slots = re.findall(r"\[@name='([^']*)'\]", context)
    return f"{last} ({slots[-1]})" if slots else last

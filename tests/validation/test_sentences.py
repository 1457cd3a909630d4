"""Schema errors speak every language alike, and none of them quotes a value."""

from pathlib import Path
from string import Formatter

import pytest

from intermediary.validation import Validator
from intermediary.validation.sentences import LANGUAGES, Sentences
from tests.oracles import XSD
from tests.validation.messages import PLANTED, request

ENGLISH = LANGUAGES[0][1]


def gaps(sentence: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(sentence) if field}


@pytest.mark.parametrize(("language", "say"), LANGUAGES)
def test_every_language_knows_the_same_errors_with_the_same_gaps(language: str, say: Sentences) -> None:
    assert say.words.keys() == ENGLISH.words.keys()
    assert say.forms.keys() == ENGLISH.forms.keys()
    for kind, pair in say.words.items():
        assert gaps(pair[0]) == gaps(ENGLISH.words[kind][0]), (language, kind)


def test_a_schema_error_is_told_in_german_too_without_the_value() -> None:
    root = request((">1999-03-01<", f">{PLANTED}<"))
    (finding,) = Validator(Path(XSD)).check(root, "oots-edm:v1.0").findings
    ((language, text, remedy),) = finding.translations
    assert (language, "sdg:DateOfBirth" in text, "Datum" in remedy) == ("de", True, True)
    assert PLANTED not in text + remedy

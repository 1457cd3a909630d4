"""Every text of the console is in every language that it offers."""

import pytest

from intermediary.console.languages import catalogue
from intermediary.languages import SOURCE, Coverage, coverage, offered, surfaces, texts_of


@pytest.fixture(scope="module")
def covered() -> list[Coverage]:
    """Each language that is offered, but for the one in which the texts are written."""
    (console,) = (surface for surface in surfaces() if surface.name == "console")
    texts = texts_of(console)
    assert len(texts) > 500
    return [coverage(console, language, texts) for language in offered("console") if language != SOURCE]


def test_every_text_is_there_and_keeps_the_places_of_values(covered: list[Coverage]) -> None:
    # A word that is the same in both languages has an entry that says so: `same.po`.
    assert [(c.language, m.why, m.text, [str(p) for p in m.places]) for c in covered for m in c.missing] == []


def test_no_translation_is_left_over(covered: list[Coverage]) -> None:
    assert [text for c in covered for text in c.left_over] == []


def test_catalogues_are_read_as_pages_read_them() -> None:
    assert catalogue("de").gettext("Sign out") == "Abmelden"

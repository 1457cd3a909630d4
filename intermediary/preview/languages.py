"""The translations of the citizen's pages: `locale/<code>/LC_MESSAGES/preview.po`."""

from functools import lru_cache
from gettext import GNUTranslations
from pathlib import Path

from intermediary.web import read_catalogue

LOCALE_FOLDER = Path(__file__).parent / "locale"


def known_languages() -> tuple[str, ...]:
    """Those that have a catalogue."""
    return tuple(sorted(folder.name for folder in LOCALE_FOLDER.iterdir() if folder.is_dir()))


@lru_cache
def catalogue(language: str) -> GNUTranslations:
    """The translations of one language. Raises FileNotFoundError where it has no catalogue."""
    return read_catalogue(LOCALE_FOLDER, "preview", language)

"""The translations of the console: one catalogue for each area, `locale/<code>/LC_MESSAGES/<area>.po`."""

import io
from functools import lru_cache
from gettext import GNUTranslations
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALE_FOLDER = Path(__file__).parent / "locale"


@lru_cache
def catalogue(language: str) -> GNUTranslations:
    """All areas' translations of one language; English, in which the texts are written, needs none."""
    merged = Catalog(locale=language)
    for file in sorted((LOCALE_FOLDER / language / "LC_MESSAGES").glob("*.po")):
        with file.open("rb") as source:
            for message in read_po(source, locale=language):
                if message.id:
                    merged[message.id] = message
    compiled = io.BytesIO()
    write_mo(compiled, merged)
    compiled.seek(0)
    return GNUTranslations(compiled)

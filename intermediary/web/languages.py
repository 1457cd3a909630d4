"""Languages of pages: which one a request wants, its catalogue, and dates and countries in it.

A further language needs only `<folder>/<code>/LC_MESSAGES/<domain>.po`: catalogues are compiled when read, so
that a `.mo` can never be older than its `.po`. The source language, English, needs no translation.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from gettext import GNUTranslations
from pathlib import Path

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from starlette.requests import Request

# Codes that EU texts use and CLDR does not know.
_COUNTRY_ALIASES = {"EL": "GR", "UK": "GB"}


def read_catalogue(folder: Path, domain: str, language: str) -> GNUTranslations:
    """The translations of one language. Raises FileNotFoundError where it has no catalogue."""
    with (folder / language / "LC_MESSAGES" / f"{domain}.po").open("rb") as source:
        messages = read_po(source, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, messages)
    compiled.seek(0)
    return GNUTranslations(compiled)


def wanted(request: Request, languages: tuple[str, ...], cookie: str) -> str:
    """The language that the cookie names, or that Accept-Language likes best, or the first one."""
    chosen = request.cookies.get(cookie, "")
    if chosen in languages:
        return chosen
    ranked: list[tuple[float, str]] = []
    for part in request.headers.get("accept-language", "")[:500].split(","):
        tag, _, weight = part.strip().partition(";q=")
        try:
            ranked.append((-float(weight or 1), tag.split("-")[0].lower()))
        except ValueError:
            continue
    for weight_, tag in sorted(ranked, key=lambda entry: entry[0]):
        if weight_ < 0 and tag in languages:
            return tag
    return languages[0]


@dataclass(frozen=True, slots=True)
class Text:
    """A text from data, and its language where it is not the page's."""

    text: str
    lang: str | None = None


@dataclass(frozen=True, slots=True)
class Tongue:
    """One language: how it says dates, sizes, countries and texts that come by language."""

    language: str
    timezone: tzinfo

    @property
    def locale(self) -> Locale:
        """CLDR data of the language; English as it is written in Europe."""
        return Locale.parse("en_GB" if self.language == "en" else self.language)

    def own_name(self) -> str:
        """Its name in itself, for the language switch."""
        name = self.locale.get_language_name(self.locale) or self.language
        return name[:1].upper() + name[1:]

    def pick(self, texts: Mapping[str, str]) -> Text:
        """The text in this language, else in English, else any."""
        by_code = {code.lower(): text for code, text in texts.items() if text}
        for code in (self.language, "en", *by_code):
            if code in by_code:
                return Text(by_code[code], None if code == self.language else code)
        return Text("")

    def country(self, code: str | None) -> str:
        """Name of a country by its two-letter code; the code itself where it is unknown."""
        upper = (code or "").upper()
        return str(self.locale.territories.get(_COUNTRY_ALIASES.get(upper, upper), upper))

    def day(self, value: date) -> str:
        """A date, long form."""
        return format_date(value, "long", locale=self.locale)

    def moment(self, value: datetime) -> str:
        """A moment with its time zone."""
        local = value.astimezone(self.timezone)
        time = format_datetime(local, "HH:mm z", tzinfo=self.timezone, locale=self.locale)
        return f"{self.day(local.date())}, {time}"

    def size(self, octets: int) -> str:
        """A file size."""
        if octets < 1_000_000:
            return f"{format_decimal(max(1, round(octets / 1000)), locale=self.locale)} kB"
        return f"{format_decimal(round(octets / 1_000_000, 1), locale=self.locale)} MB"

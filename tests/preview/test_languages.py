"""Languages: every text has its translation, every page its language."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from string import Formatter
from zoneinfo import ZoneInfo

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from fastapi import FastAPI
from starlette.testclient import TestClient

import intermediary.preview
from intermediary.preview import create_app
from intermediary.preview.documents import words
from intermediary.preview.languages import LOCALE_FOLDER
from intermediary.preview.procedures import PROCEDURES
from intermediary.web import Text, Tongue
from tests.preview.conftest import SETTINGS
from tests.preview.scripted_desk import ScriptedDesk, ScriptedLogin
from tests.preview.test_pages import LINK

ROOM = Path(intermediary.preview.__file__).parent
LANGUAGES = sorted(folder.name for folder in LOCALE_FOLDER.iterdir())


@pytest.fixture(scope="module")
def texts() -> Catalog:
    """Every text in code and templates."""
    with (ROOM / "babel.cfg").open() as config:
        methods, options = parse_mapping_cfg(config)  # type: ignore[no-untyped-call]
    found = Catalog()
    for _file, _line, message, _comments, _context in extract_from_dir(ROOM, methods, options):
        found.add(message)
    assert len(found) > 100
    return found


def catalogue(language: str) -> Catalog:
    with (LOCALE_FOLDER / language / "LC_MESSAGES" / "preview.po").open("rb") as source:
        return read_po(source, locale=language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_has_every_text_and_no_other(texts: Catalog, language: str) -> None:
    have = {message.id for message in catalogue(language) if message.id}
    want = {message.id for message in texts if message.id}
    assert have == want


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_no_text_is_left_untranslated(language: str) -> None:
    for message in catalogue(language):
        if not message.id:
            continue
        translations, sources = forms(message.string), forms(message.id)
        assert all(translations), message.id
        assert not message.fuzzy, message.id
        assert translations != sources, message.id
        for translation in translations:
            for source in sources:
                # A plural may leave the number out; nothing may invent a name.
                assert placeholders(translation) <= placeholders(source) | {"count", "num"}, message.id
        assert placeholders(translations[-1]) == placeholders(sources[-1]), message.id


def forms(text: str | Iterable[str] | None) -> tuple[str, ...]:
    """Singular and plurals of a message."""
    return (text,) if isinstance(text, str) else tuple(text or ())


def placeholders(text: str) -> set[str]:
    percent = {part.partition(")")[0] for part in text.split("%(")[1:]}
    return percent | {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr,en;q=0.5,de;q=0.7", "de"),
        ("fr", "en"),
        ("de;q=0", "en"),
        ("*", "en"),
        ("de;q=x,,;;", "en"),
        ("", "en"),
    ],
)
def test_the_browsers_language_counts(citizen: TestClient, accept: str, language: str) -> None:
    page = citizen.get(LINK, headers={"accept-language": accept})
    assert f'<html lang="{language}">' in page.text
    assert page.headers["content-language"] == language


def test_the_citizens_choice_counts_more_and_stays(citizen: TestClient) -> None:
    switched = citizen.get(f"{LINK}?lang=de&returnmethod=GET")
    assert switched.headers["location"] == f"{LINK}?returnmethod=GET"
    page = citizen.get(LINK, headers={"accept-language": "en"}).text
    assert '<html lang="de">' in page
    assert "Prüfen Sie Ihren Nachweis" in page
    assert "Kraftfahrzeug anmelden" in page
    assert "Préfecture de Police, Frankreich" in page
    assert "Zentrales Fahrzeugregister" in page
    assert "17. Mai 2030, 14:35 UTC" in page
    assert 'lang="de" hreflang="de" aria-current="true"' in page


def test_a_further_language_needs_only_a_catalogue(
    desk: ScriptedDesk, login: ScriptedLogin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = ("bg", "el", "fr", "ga", "mt")
    for code in others:
        folder = tmp_path / code / "LC_MESSAGES"
        folder.mkdir(parents=True)
        text = (LOCALE_FOLDER / "en" / "LC_MESSAGES" / "preview.po").read_text()
        own = 'msgid "Log in and continue"\nmsgstr "'
        (folder / "preview.po").write_text(text.replace(own, f"{own}+{code}+"))
    monkeypatch.setattr("intermediary.preview.languages.LOCALE_FOLDER", tmp_path)
    app = create_app(desk, login, replace(SETTINGS, languages=others))
    outer = FastAPI()
    outer.mount("/preview", app)
    with TestClient(outer, base_url="https://ip.example.de") as client:
        for code in others:
            page = client.get(LINK, headers={"accept-language": code}).text
            assert f'<html lang="{code}">' in page
            assert f"+{code}+" in page
            assert page.count("hreflang=") == len(others)
    intermediary.preview.languages.catalogue.cache_clear()
    intermediary.preview.pages.environment.cache_clear()


def test_texts_in_another_language_say_so() -> None:
    german = Tongue("de", UTC)
    assert german.pick({"DE": "ja", "en": "yes"}) == Text("ja")
    assert german.pick({"fr": "oui", "EN": "yes"}) == Text("yes", "en")
    assert german.pick({"fr": "oui", "de": ""}) == Text("oui", "fr")
    assert german.pick({}) == Text("")


def test_countries_dates_and_sizes_are_for_people() -> None:
    german, english = Tongue("de", ZoneInfo("Europe/Berlin")), Tongue("en", UTC)
    assert [german.country(code) for code in ("EL", "fr", "XX", None)] == [
        "Griechenland",
        "Frankreich",
        "XX",
        "",
    ]
    assert german.moment(datetime(2030, 5, 17, 22, 30, tzinfo=UTC)) == "18. Mai 2030, 00:30 MESZ"
    assert english.day(date(2030, 5, 2)) == "2 May 2030"
    assert [german.size(octets) for octets in (1, 48_200, 2_340_000)] == ["1 kB", "48 kB", "2,3 MB"]
    assert (german.own_name(), english.own_name()) == ("Deutsch", "English")


def test_every_procedure_of_the_list_has_a_title() -> None:
    counts = {"R": 1, "S": 1, "T": 3, "U": 4, "V": 4, "W": 2, "X": 6}
    codes = {f"{letter}{number}" for letter, most in counts.items() for number in range(1, most + 1)}
    assert set(PROCEDURES) == codes | {"00"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("DateOfBirth", "Date of birth"),
        ("date_of_birth", "Date of birth"),
        ("date-of-birth", "Date of birth"),
        ("VINNumber", "VIN number"),
        ("address2", "Address 2"),
        ("größeDesHauses", "Größe des hauses"),
        ("ÜberLänge", "Über länge"),
        ("ονομα", "Ονομα"),
        ("ИмяЛица", "Имялица"),
        ("_", "_"),
    ],
)
def test_element_names_become_words(name: str, text: str) -> None:
    assert words(name) == text

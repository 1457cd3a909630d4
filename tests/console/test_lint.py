"""Lint in the console: the same findings as on the command line, for people and for machines."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from sqlalchemy import Engine

from intermediary.console import lint_part
from intermediary.mapping import MappingStore, lint_store
from tests.browsing import look_at, visit
from tests.console.conftest import ConsoleHouse
from tests.mapping.studio import SHIPPED, edited

LICENCE, BIRTH = "evidence/fahrerlaubnis", "evidence/geburtsurkunde"


class Studio(ConsoleHouse):
    """A console with this area only, over a store in which the shipped set is live."""

    def __init__(self, engine: Engine) -> None:
        self.store = MappingStore(engine, via="console")
        super().__init__(engine, (lint_part(self.store),))
        self.store.adopt(SHIPPED, actor="platform", reason="first start", at=self.clock())

    def flawed(self) -> None:
        """Two drafts with mistakes, one of which cannot be read at all."""
        edited(self.store, LICENCE, "erik", retention_days=30, procedures=["Z9"], titles={"en": "Licence"})
        edited(self.store, BIRTH, "erik", subjects="natural")


@pytest.fixture
def studio(engine: Engine) -> Iterator[Studio]:
    yield Studio(engine)


def test_a_clean_set_says_so(studio: Studio) -> None:
    page = studio.browser("vera").get("/console/lint")
    assert page.status_code == 200
    assert "No rule finds anything." in page.text


def test_findings_of_drafts_one_of_which_cannot_be_read(studio: Studio) -> None:
    studio.flawed()
    found = lint_store(studio.store, studio.clock().date())
    said = {(f.finding.rule, f.finding.entry, f.state, f.version) for f in found}
    assert said == {
        ("MAP-PROCEDURE", LICENCE, "draft", 2),
        ("MAP-RETENTION", LICENCE, "draft", 2),
        ("MAP-LANGUAGE-MISSING", LICENCE, "draft", 2),
        ("MAP-SCHEMA-LIST", BIRTH, "draft", 2),
    }
    assert [f.finding.severity for f in found] == ["error", "error", "warning", "warning"]
    page = studio.browser("erik").get("/console/lint").text
    for rule, entry, _state, _version in said:
        assert rule in page
        assert f"/console/mappings/{entry}/edit" in page


def test_what_people_see_is_filtered_and_in_their_language(studio: Studio) -> None:
    studio.flawed()
    vera = studio.browser("vera")
    shown = vera.get(f"/console/lint?entry={LICENCE}&rule=MAP-PROCEDURE&lang=de").text
    assert "«Z9» ist kein Verfahren des Anhangs II." in shown
    assert "/edit" not in shown
    assert f"/console/mappings/{LICENCE}/versions/2" in shown
    table = shown.partition("<tbody")[2]
    assert "MAP-RETENTION" not in table
    for query in ("entry=nothing", "severity=x&rule=%00", "page=99", "state=live&entry=" + "x" * 5000):
        assert vera.get(f"/console/lint?{query}").status_code == 200


def test_machines_get_the_same(studio: Studio) -> None:
    studio.flawed()
    api, token = studio.browser(), studio.token("vera")
    told = api.get("/console/api/v1/findings", headers=token).json()
    assert (told["errors"], told["warnings"]) == (2, 2)
    assert told["findings"][0].keys() == {
        *("rule", "severity", "entry", "path", "text", "remedy", "state", "version")
    }
    one = api.get("/console/api/v1/findings?rule=MAP-RETENTION&severity=warning", headers=token).json()
    assert [f["text"] for f in one["findings"]] == ["Evidence would be kept."]
    assert api.get("/console/api/v1/findings?severity=fatal", headers=token).status_code == 422
    assert api.get("/console/api/v1/findings").status_code == 401


@pytest.mark.browser
@pytest.mark.parametrize("language", ["en", "de"])
def test_the_page_in_a_browser(
    studio: Studio, browser: Browser, axe: str, tmp_path: Path, language: str
) -> None:
    studio.flawed()
    with studio.served(tmp_path) as url:
        page = visit(browser, language, java_script_enabled=True).new_page()
        page.goto(f"{url}/login")
        page.get_by_role("button", name="Erik Editor").click()
        page.goto(f"{url}/lint")
        look_at(page, axe, f"console-lint-{language}")
        page.get_by_role("link", name="MAP-PROCEDURE").click()
        assert page.locator("tbody tr").count() == 1

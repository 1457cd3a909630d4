"""An editor at work in a real Chromium: a new provider with a REST interface, a new mapping to it."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from intermediary.mapping import Severity, State
from tests.browsing import look_at, visit
from tests.console.editor.conftest import NOW, EditorHouse

pytestmark = pytest.mark.browser


def fill(page: Page, **fields: str) -> None:
    """Type into fields by their names (`__` stands for a dot)."""
    for name, value in fields.items():
        page.locator(f'[id="d.{name.replace("__", ".")}"]').fill(value)


def choose(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        page.locator(f'[id="d.{name.replace("__", ".")}"]').select_option(value)


def add(page: Page, place: str) -> None:
    """Add a row, and wait until it is there."""
    rows = page.locator(f'[name="d.{place}.rows"]')
    count = rows.count()
    page.locator(f'button[value="add:d.{place}"]').click()
    rows.nth(count).wait_for(state="attached")


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def nothing_to_mend(page: Page) -> None:
    page.get_by_text("The rules find nothing to mend.").wait_for()


@pytest.mark.parametrize("javascript", [True, False])
def test_a_new_evidence_type_with_a_rest_provider(
    editing: EditorHouse, browser: Browser, axe: str, tmp_path: Path, *, javascript: bool
) -> None:
    look = javascript
    with editing.house.served(tmp_path) as url:
        page = visit(browser, "en", java_script_enabled=javascript).new_page()
        page.set_default_timeout(60_000)
        page.goto(f"{url}/login?to=/providers/new")
        page.locator("button[value=erik]").click()
        if look:
            look_at(page, axe, "console-editor-provider-new-en")
        page.locator("#key").fill("fischereiregister")
        fill(page, names__0__value="Fisheries Register", names__1__value="Fischereiregister")
        choose(page, country="DE", protocol="rest")
        fill(page, national_id="urn:de:behoerde:fischerei", agent_id="991-99999-00")
        fill(page, agent_scheme="urn:cef.eu:names:identifier:EAS:0204", url="https://fischerei.example")
        press(page, "Check")
        page.locator("#summary").wait_for()
        rest = page.locator("#section-rest")
        if rest.get_attribute("open") is None:
            rest.locator("> summary").click()
        choose(page, options__request__method="POST")
        fill(
            page,
            options__request__path="/v1/scheine",
            options__request__body='{"name": "{subject.family_name}", "geboren": "{subject.date_of_birth}"}',
            options__answer__evidence__issuing_date="$.datum",
            options__answer__evidence__issuing_authority__id="urn:de:behoerde:fischerei",
            options__answer__evidence__issuing_authority__name="Fischereiregister",
        )
        add(page, "options.answer.statuses")
        fill(page, options__answer__statuses__0__key="404")
        choose(page, options__answer__statuses__0__value="not-found")
        add(page, "options.answer.evidence.representations")
        here = "options__answer__evidence__representations__0__"
        fill(page, **{f"{here}media_type": "application/pdf", f"{here}content__path": "$.pdf"})
        press(page, "Check")
        nothing_to_mend(page)
        page.locator("#reason").fill("The register goes online.")
        press(page, "Save draft")
        page.wait_for_url(f"{url}/mappings/provider/fischereiregister")

        page.goto(f"{url}/mappings/new")
        page.locator("#key").fill("fischereischein")
        fill(page, titles__0__value="Fishing licence", titles__1__value="Fischereischein")
        uri = "https://sr.oots.tech.ec.europa.eu/evidencetypeclassifications/DE/10000000-0000-4000-8000-000000000099"
        fill(page, evidence_type_classifications__0=uri, requirements__0="$requirement/driving-licence")
        page.locator('[id="d.procedures"]').get_by_label("R1").check()
        fill(page, national_id="urn:de:nachweistyp:fischereischein", national_version="1.0")
        fill(page, national_service="urn:de:leistung:fischereischein", legal_basis="§ 26 LFischG")
        choose(page, jurisdiction_level="country", routing__provider="fischereiregister")
        page.locator('[id="d.subjects"]').get_by_label("natural persons").check()
        for name in ("family name", "given names", "date of birth"):
            page.locator('[id="d.identification.0.fields"]').get_by_label(name, exact=True).check()
        fill(
            page, formats__0__media_type="application/pdf", formats__0__national_media_type="application/pdf"
        )
        press(page, "Check")
        page.locator("#summary").wait_for()
        if look:
            look_at(page, axe, "console-editor-mapping-findings-en")
        choose(page, level_of_assurance="Substantial")
        press(page, "Check")
        nothing_to_mend(page)
        page.locator("#reason").fill("Asked for by three Member States.")
        press(page, "Save draft")
        page.wait_for_url(f"{url}/mappings/evidence/fischereischein")
    refs = [("provider/fischereiregister", 1), ("evidence/fischereischein", 1)]
    found = editing.store.findings(*refs, day=NOW.date())
    assert [f for f in found if f.severity is Severity.ERROR] == []
    assert {editing.store.version(*ref).state for ref in refs} == {State.DRAFT}
    said = editing.store.document(*refs[0])["options"]
    assert said["answer"]["evidence"]["representations"] == [
        {"media_type": "application/pdf", "base64": "$.pdf"}
    ]


def test_the_pages_as_pictures(editing: EditorHouse, browser: Browser, axe: str, tmp_path: Path) -> None:
    language = "de"  # the longer words; the story above is in English
    birth = "mappings/evidence/geburtsurkunde/edit"
    with editing.house.served(tmp_path) as url:
        page = visit(browser, language).new_page()
        page.goto(f"{url}/login?to=/{birth}")
        page.locator("button[value=erik]").click()
        page.goto(f"{url}/mappings/provider/unternehmensbasisregister/edit")
        look_at(page, axe, f"console-editor-provider-{language}")
        page.goto(f"{url}/{birth}")
        said = {**editing.store.document("evidence/geburtsurkunde", 1), "legal_basis": "§ 1"}
        who: dict[str, Any] = {"actor": "anna", "reason": "a new law", "at": NOW}
        editing.store.draft("evidence/geburtsurkunde", said, expected=1, **who)
        page.locator("#reason").fill("why")
        page.locator("button[value=save]").click()
        page.locator("#conflict").wait_for()
        look_at(page, axe, f"console-editor-conflict-{language}")
        page.locator("button[value=expert]").click()
        page.locator("#yaml").wait_for()
        look_at(page, axe, f"console-editor-expert-{language}")
        page.context.clear_cookies(name="__Host-console")
        page.locator("button[value=save]").click()
        page.locator("button[value=resume]").wait_for()
        look_at(page, axe, f"console-editor-signed-out-{language}")

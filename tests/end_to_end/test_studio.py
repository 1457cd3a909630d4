"""The mapping studio at work: an operator connects a register that nobody mapped, by console alone.

A new evidence type with a REST provider is drafted, tried, approved by somebody else; a foreign request is
answered a moment later; a change is rolled back; and it goes again.
"""

import re
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page

from intermediary.sandbox.citizen import Choice
from intermediary.sandbox.registers import fisheries
from intermediary.sandbox.stories import STORIES, Expected, tell
from intermediary.sandbox.world import World
from tests.browsing import look_at, visit
from tests.console.editor.test_editor_browser import add, choose, fill, nothing_to_mend, press
from tests.end_to_end.conftest import PATIENCE, Stories

pytestmark = pytest.mark.browser

ENTRY, PROVIDER = "evidence/fischereischein", "provider/fischereibehoerde"
HOST = "https://sr.oots.tech.ec.europa.eu"
UNMAPPED = next(story for story in STORIES if story.key == "unmapped")
ANSWERED = replace(
    UNMAPPED,
    login=UNMAPPED.person,
    choice=Choice.ALL,
    expected=Expected("evidence", "approved", documents=Choice.ALL),
)


@pytest.mark.slow
def test_an_operator_connects_a_register_by_console_alone(
    stories: Stories,
    world: World,
    browser: Browser,
    axe: str,
) -> None:
    assert stories["unmapped", "2.0"].problems == (), "before, nobody knows the evidence type"
    url = world.url("platform", "/console")
    erik, anna = (_signed_in(browser, url, who) for who in ("erik", "anna"))

    _draft_the_provider(erik, url, world)
    _draft_the_mapping(erik, url)
    look_at(erik, axe, "studio-drafted")
    _try(erik, url)
    look_at(erik, axe, "studio-dry-run")
    _step(erik, url, "submit", 1, together=True)
    erik.goto(f"{url}/mappings/{ENTRY}/versions/1/approve")
    assert erik.get_by_role("button", name="Approve").count() == 0, "four eyes"

    anna.goto(f"{url}/")
    assert "review" in anna.locator(".co-notices").inner_text()
    _step(anna, url, "approve", 1, together=True)
    for version in ("2.0", "1.2"):
        assert tell(world, ANSWERED, version, patience=PATIENCE).problems == ()

    _change_the_title(erik, url)
    _step(erik, url, "submit", 2)
    _step(anna, url, "approve", 2)
    anna.goto(f"{url}/mappings/{ENTRY}")
    assert anna.locator("h1").inner_text() == "Licence to fish"
    _step(anna, url, "roll-back", 1)
    anna.goto(f"{url}/mappings/{ENTRY}")
    assert anna.locator("h1").inner_text() == "Fishing licence"
    assert "version 3" in anna.locator("main").inner_text()
    look_at(anna, axe, "studio-rolled-back")
    assert tell(world, ANSWERED, "2.0", patience=PATIENCE).problems == ()

    _step(anna, url, "retire", 3)
    assert tell(world, UNMAPPED, "2.0", patience=PATIENCE).problems == ()
    otto = _signed_in(browser, url, "otto")
    otto.goto(f"{url}/log?actor=anna")
    log = otto.locator("main").inner_text()
    for action in ("mapping-approved", "mapping-published", "mapping-rolled-back", "mapping-retired"):
        assert action in log


def _signed_in(chromium: Browser, url: str, who: str) -> Page:
    page = visit(chromium, "en").new_page()
    page.goto(f"{url}/login")
    page.locator(f"button[value={who}]").click()
    page.wait_for_url(f"{url}/")
    return page


def _draft_the_provider(page: Page, url: str, world: World) -> None:
    page.goto(f"{url}/providers/new")
    page.locator("#key").fill("fischereibehoerde")
    fill(page, names__0__value="Fishing authority", names__1__value="Fischereibehörde")
    choose(page, country="DE", protocol="rest")
    fill(page, national_id="urn:de:behoerde:fischerei", agent_id="991-99999-99")
    fill(page, agent_scheme="urn:cef.eu:names:identifier:EAS:0204", url=world.url("residents-register"))
    fill(page, audience=fisheries.AUDIENCE)
    _check(page)
    rest = page.locator("#section-rest")
    if rest.get_attribute("open") is None:
        rest.locator("> summary").click()
    choose(page, options__request__method="POST")
    body = (
        '{"familienname": "{subject.family_name}", "vornamen": "{subject.given_names}",'
        ' "geburtsdatum": "{subject.date_of_birth}"}'
    )
    fill(
        page,
        options__request__path=fisheries.PATH,
        options__request__body=body,
        options__answer__evidence__id="$.schein.nummer",
        options__answer__evidence__issuing_date="$.schein.datum",
        options__answer__evidence__issuing_authority__id="urn:de:behoerde:fischerei",
        options__answer__evidence__issuing_authority__name="Fischereibehörde",
    )
    add(page, "options.answer.statuses")
    fill(page, options__answer__statuses__0__key="404")
    choose(page, options__answer__statuses__0__value="not-found")
    add(page, "options.answer.evidence.representations")
    here = "options__answer__evidence__representations__0__"
    fill(page, **{f"{here}media_type": "application/pdf", f"{here}content__path": "$.schein.pdf"})
    _check(page)
    nothing_to_mend(page)
    _save(page, "The fishing authority is connected.", f"{url}/mappings/{PROVIDER}")


def _draft_the_mapping(page: Page, url: str) -> None:
    page.goto(f"{url}/mappings/new")
    page.locator("#key").fill("fischereischein")
    fill(page, titles__0__value="Fishing licence", titles__1__value="Fischereischein")
    fill(
        page,
        evidence_type_classifications__0=f"{HOST}/evidencetypeclassifications/DE/7d1c1f6e-5a55-4a3a-9d41-0f2a7c3b9e05",
        requirements__0=f"{HOST}/requirements/2a0c6a5e-1f0d-4f6c-9a37-6a5fd5b7a099",
    )
    page.locator('[id="d.procedures"]').get_by_label("V1").check()
    fill(page, national_id=fisheries.EVIDENCE_TYPE, national_version="1.0")
    fill(page, national_service="urn:de:leistung:fischereischein", legal_basis="§ 26 LFischG")
    choose(page, jurisdiction_level="country", routing__provider="fischereibehoerde")
    page.locator('[id="d.subjects"]').get_by_label("natural persons").check()
    for name in ("family name", "given names", "date of birth"):
        page.locator('[id="d.identification.0.fields"]').get_by_label(name, exact=True).check()
    fill(page, formats__0__media_type="application/pdf", formats__0__national_media_type="application/pdf")
    choose(page, level_of_assurance="Substantial")
    _check(page)
    nothing_to_mend(page)
    _save(page, "Asked for by Italian portals.", f"{url}/mappings/{ENTRY}")


def _try(page: Page, url: str) -> None:
    page.goto(f"{url}/mappings/{ENTRY}")
    page.locator("main").get_by_role("link", name="Dry run").first.click()
    page.get_by_role("button", name=re.compile("Try it")).first.click()
    page.wait_for_load_state("networkidle")
    assert page.get_by_role("link", name="Try another").count(), page.url + page.locator("main").inner_text()
    assert "familienname" in page.locator("main").inner_text(), page.locator("main").inner_text()


def _change_the_title(page: Page, url: str) -> None:
    page.goto(f"{url}/mappings/{ENTRY}/edit")
    page.locator('input[value="Fishing licence"]').fill("Licence to fish")
    _save(page, "A plainer name.", f"{url}/mappings/{ENTRY}")


def _check(page: Page) -> None:
    """Press the button, and wait until the answer has taken the place of the form."""
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        press(page, "Check")
    page.wait_for_function("() => !document.querySelector('form[inert]')")


def _save(page: Page, reason: str, then: str) -> None:
    page.locator("#reason").fill(reason)
    press(page, "Save draft")
    page.wait_for_load_state("networkidle")
    assert page.url == then, page.locator("main").inner_text()


def _step(page: Page, url: str, step: str, number: int, *, together: bool = False) -> None:
    page.goto(f"{url}/mappings/{ENTRY}/versions/{number}/{step}")
    if together:
        other = page.locator(f'input[name="with"][value="{PROVIDER}@1"]')
        other.check()
    page.locator("#reason").fill(f"{step}: as agreed")
    if step == "approve":
        page.locator("#at_once").check()
    page.locator("main form button[type=submit]").last.click()
    page.wait_for_url(f"{url}/mappings/{ENTRY}")
    assert page.locator(".kern-alert--success").count(), page.locator("main").inner_text()

"""Every page in a real Chromium: accessible, phone width; an auditor's tasks without JavaScript."""

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from intermediary.exchange.records import Wanted
from tests.browsing import look_at, visit
from tests.console.exchanges.conftest import Watch
from tests.console.exchanges.test_exchanges import CASE, _finished
from tests.exchange.house import a_request

pytestmark = pytest.mark.browser


def _signed_in(browser: Browser, url: str, language: str, name: str, *, script: bool = True) -> Page:
    page = visit(browser, language, java_script_enabled=script).new_page()
    page.goto(f"{url}/login")
    page.get_by_role("button", name=name).click()
    return page


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_page_is_accessible_and_fits_a_phone(
    watch: Watch, browser: Browser, axe: str, tmp_path: Path, language: str
) -> None:
    house = watch.house
    finished = _finished(house)
    house.ask(replace(a_request(), explicit_request_given=False))
    house.ask(a_request(), body=b"<x/>")
    house.begin(a_request())
    packed = house.partner.pack(a_request())
    house.exchanges.access_point.receive(packed.content_type, packed.body.replace(b"cid:", b"cjd:"))
    newest = watch.exchanges.records.page(Wanted(), None, 5)[0]
    with watch.console.served(tmp_path) as url:
        page = _signed_in(browser, url, language, "Otto Auditor")
        look_at(page, axe, f"console-exchanges-home-{language}")
        pages = (
            ("", "list"),
            ("?failed=yes", "failed"),
            (f"/{finished}", "story"),
            (f"/{newest[2].id}", "refused-story"),
            (f"/{newest[0].id}", "open"),
            ("/person", "person"),
            ("/refused-messages", "refused"),
        )
        for path, name in pages if language == "en" else pages[1:6:2]:
            page.goto(f"{url}/exchanges{path}")
            for each in page.locator("details.ce-message").all():
                each.evaluate("d => { d.open = true }")
            look_at(page, axe, f"console-exchanges-{name}-{language}")


def test_an_auditor_searches_opens_and_checks_again_without_javascript(
    watch: Watch, browser: Browser, tmp_path: Path
) -> None:
    watch.house.begin(a_request())
    with watch.console.served(tmp_path) as url:
        page = _signed_in(browser, url, "en", "Otto Auditor", script=False)
        page.get_by_role("link", name="Exchanges").first.click()
        page.get_by_role("link", name="Search by person").click()
        page.get_by_label("Family name").fill("rossi")
        page.get_by_role("button", name="Search").click()
        assert page.get_by_role("alert").inner_text().startswith("There is a problem")
        page.get_by_label("Date of birth").fill("1984-05-07")
        page.get_by_label("Reason").fill(CASE)
        page.get_by_role("button", name="Search").click()
        assert "rossi" not in page.url.casefold()
        page.locator(".kern-table__body a").first.click()
        page.locator("details.ce-message summary").first.click()
        page.get_by_label("Check it again by").first.select_option("oots-edm:v1.0")
        page.get_by_role("button", name="Check again").first.click()
        assert page.get_by_role("heading", level=1).inner_text() == "Request checked again"
        page.go_back()
        page.locator("details.ce-message summary").first.click()
        page.get_by_label("Open it: reason").first.fill(CASE)
        page.get_by_role("button", name="Open the request").first.click()
        assert "Rossi" in page.locator("pre").inner_text()
        page.get_by_role("link", name="Close and go back").click()
        assert "request-opened" in page.locator(".ce-story").inner_text()

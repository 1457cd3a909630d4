"""Dry runs in a real Chromium: accessible, narrow, and what the citizen would see as a picture."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browsing import look_at, visit
from tests.console.dryrun.conftest import ENTRY, Studio

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_dry_run_from_home_in_three_clicks(
    studio: Studio, browser: Browser, axe: str, tmp_path: Path, language: str
) -> None:
    with studio.console.served(tmp_path) as url:
        page = visit(browser, language).new_page()
        page.goto(f"{url}/login")
        page.locator("button[value=otto]").click()
        page.locator(".co-card a[href$='/dry-run']").click()
        look_at(page, axe, f"dryrun-choose-{language}")
        page.locator("#entry").select_option(ENTRY)
        page.locator("form.co-inline button").click()
        look_at(page, axe, f"dryrun-form-{language}")
        page.locator("form.co-form .pv-actions button").click()
        assert page.locator(".dr-lines").count() == 4
        frame = page.frame_locator(".dr-picture >> nth=-1")
        assert frame.locator("h1").is_visible()
        assert frame.locator("body").evaluate("b => getComputedStyle(b).margin") == "0px", "it has its styles"
        look_at(page, axe, f"dryrun-result-{language}")
        page.goto(f"{url}/dry-run/changes?entry={ENTRY}&version={studio.draft}")
        look_at(page, axe, f"dryrun-changes-{language}")

"""Every page of the area in a real Chromium: accessible, phone width, keyboard, without JavaScript."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browsing import look_at, visit
from tests.console.mappings.conftest import BIRTH, LICENCE, Studio

pytestmark = pytest.mark.browser


def _signed_in(browser: Browser, url: str, language: str, name: str) -> Page:
    page = visit(browser, language, java_script_enabled=True).new_page()
    page.goto(f"{url}/login")
    page.get_by_role("button", name=name).click()
    return page


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_page_is_accessible_and_fits_a_phone(
    studio: Studio, browser: Browser, axe: str, tmp_path: Path, language: str
) -> None:
    version = studio.in_review(
        BIRTH,
        level_of_assurance="High",
        additional_inputs=None,
        routing={"provider": "personenstandsregister"},
        valid_until="2026-12-10",
    )
    studio.draft(LICENCE, "anna", procedures=["V2", "Z9"])
    with studio.served(tmp_path) as url:
        page = _signed_in(browser, url, language, "Anna Approver")
        look_at(page, axe, f"console-mappings-home-{language}")
        for path, name in (
            ("/mappings", "list"),
            ("/providers", "providers"),
            (f"/mappings/{BIRTH}", "entry"),
            (f"/mappings/{LICENCE}/versions/2", "draft"),
            (f"/mappings/{BIRTH}/versions", "versions"),
            (f"/mappings/{BIRTH}/compare", "compare"),
            (f"/mappings/{BIRTH}/compare?view=yaml", "compare-yaml"),
            (f"/mappings/{BIRTH}/versions/{version.number}/approve", "approve"),
            (f"/mappings/{LICENCE}/versions/2/submit", "submit"),
            (f"/mappings/{BIRTH}/versions/1/retire", "retire"),
            ("/mappings/provider/unternehmensbasisregister", "provider"),
            ("/mappings/platform", "platform"),
            ("/mappings/references", "references"),
            ("/evidence-types", "evidence-types"),
            ("/requirements", "requirements"),
        ):
            page.goto(f"{url}{path}")
            look_at(page, axe, f"console-mappings-{name}-{language}")

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
    studio.in_review("provider/personenstandsregister", url="https://register.example")
    studio.in_review("evidence/eheurkunde", "anna")
    with studio.served(tmp_path) as url:
        page = _signed_in(browser, url, language, "Anna Approver")
        look_at(page, axe, f"console-mappings-home-{language}")
        pages = (
            ("/mappings", "list"),
            ("/providers", "providers"),
            (f"/mappings/{BIRTH}", "entry"),
            (f"/mappings/{LICENCE}/versions/2", "draft"),
            (f"/mappings/{BIRTH}/versions", "versions"),
            (f"/mappings/{BIRTH}/compare", "compare"),
            (f"/mappings/{BIRTH}/compare?view=yaml", "compare-yaml"),
            (f"/mappings/{BIRTH}/versions/{version.number}/approve", "approve"),
            (f"/mappings/{LICENCE}/versions/2/submit", "submit"),
            (f"/mappings/{BIRTH}/versions/{version.number}/go-live", "too-early"),
            (f"/mappings/{BIRTH}/versions/1/retire", "retire"),
            ("/mappings/provider/unternehmensbasisregister", "provider"),
            ("/mappings/platform", "platform"),
            ("/mappings/references", "references"),
            ("/evidence-types", "evidence-types"),
            ("/requirements", "requirements"),
        )
        for path, name in pages if language == "en" else pages[:6:2]:
            page.goto(f"{url}{path}")
            look_at(page, axe, f"console-mappings-{name}-{language}")


def test_a_version_is_approved_put_in_force_and_rolled_back_by_keyboard_without_javascript(
    studio: Studio, browser: Browser, tmp_path: Path
) -> None:
    studio.in_review(LICENCE, level_of_assurance="High")
    with studio.served(tmp_path) as url:
        phone = {"width": 375, "height": 800}
        page = visit(browser, "en", viewport=phone, java_script_enabled=False).new_page()
        page.goto(f"{url}/login")
        page.get_by_role("button", name="Anna Approver").press("Enter")
        page.get_by_role("link", name=f"A version of {LICENCE} waits for your review").press("Enter")
        page.get_by_role("link", name="Approve", exact=True).press("Enter")
        page.get_by_label("Reason").fill("compared with the notice of the register")
        page.get_by_label("Put it in force at once").press("Space")
        page.get_by_role("button", name="Approve").press("Enter")
        assert page.url == f"{url}/mappings/{LICENCE}"
        assert page.get_by_role("status").inner_text().startswith("Done: it is in force")
        assert page.get_by_text("high", exact=True).is_visible()
        page.get_by_role("link", name="Roll back to an earlier version").press("Enter")
        page.get_by_role("link", name="Roll back to this version version 1").press("Enter")
        page.get_by_label("Reason").fill("citizens are refused")
        page.get_by_role("button", name="Roll back to this version").press("Enter")
        assert "Rolled back" in page.get_by_role("status").inner_text()
        assert page.get_by_text("substantial", exact=True).is_visible()

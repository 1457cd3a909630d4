"""The console's frame in a real Chromium: login, home, problem pages; keyboard, phone, without JavaScript."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from intermediary.console import Part
from intermediary.console.contracts import Notice
from tests.browsing import look_at, visit
from tests.console.conftest import ConsoleHouse
from tests.console.test_signing_in import THINGS

pytestmark = pytest.mark.browser

NOTICES = (
    Notice("warning", "%(count)s drafts wait for review", "/things", {"count": 3}),
    Notice("danger", "The signing certificate ends in %(days)s days", "/things", {"days": 6}),
)
BUSY = Part(THINGS.pages, THINGS.api, THINGS.areas, (lambda _operator: NOTICES,))


@pytest.mark.parametrize("language", ["en", "de"])
def test_login_home_and_problem_pages(
    console_house: Callable[..., ConsoleHouse], browser: Browser, axe: str, tmp_path: Path, language: str
) -> None:
    with console_house(BUSY).served(tmp_path) as url:
        page = visit(browser, language, java_script_enabled=True).new_page()
        page.goto(f"{url}/")
        assert page.url.endswith("/console/login")
        look_at(page, axe, f"console-login-{language}")
        page.get_by_role("button", name="Anna Approver").click()
        assert page.url == f"{url}/"
        assert page.locator(".co-notice").first.inner_text().startswith("The signing certificate ends in 6")
        look_at(page, axe, f"console-home-{language}")
        page.goto(f"{url}/nowhere")
        look_at(page, axe, f"console-not-there-{language}")


def test_the_menu_works_on_a_phone_by_keyboard_without_javascript(
    console_house: Callable[..., ConsoleHouse], browser: Browser, tmp_path: Path
) -> None:
    with console_house(BUSY).served(tmp_path) as url:
        phone = {"width": 375, "height": 800}
        page = visit(browser, "en", viewport=phone, java_script_enabled=False).new_page()
        page.goto(f"{url}/login")
        page.get_by_role("button", name="Vera Viewer").press("Enter")
        menu = page.locator(".co-menu summary")
        menu.press("Enter")
        page.locator(".co-menu").get_by_role("link", name="Things").press("Enter")
        assert page.url == f"{url}/things"
        page.locator(".co-account summary").press("Enter")
        page.get_by_role("button", name="Sign out").press("Enter")
        assert page.url == f"{url}/login"

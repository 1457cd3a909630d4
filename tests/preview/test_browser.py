"""Every page in a real Chromium: accessibility (axe-core, WCAG 2.2 AA), narrow screens, without JavaScript.

Pictures of every page go to `build/pictures`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, Route

from intermediary.exchange.preview import PreviewStep
from intermediary.preview import create_app
from intermediary.web import LoginCancelled, LoginFailed, LoginStart
from tests.browsing import BUILD, look_at, violations, visit
from tests.preview.conftest import SETTINGS
from tests.preview.scripted_desk import TOKEN, ScriptedDesk, ScriptedLogin
from tests.preview.serving import certificate, listening, serve

pytestmark = pytest.mark.browser

STEPS = [step for step in PreviewStep if step is not PreviewStep.LOGIN]


class ShortLogin(ScriptedLogin):
    """The login provider sends the browser back at once."""

    def begin(self, language: str) -> LoginStart:
        """Straight to the callback."""
        start = super().begin(language)
        return LoginStart(f"/preview/login/callback?code=c0de&state={start.state}", start.state, start.memory)


@dataclass
class House:
    """The running pages and what the test scripts."""

    url: str
    desk: ScriptedDesk
    login: ShortLogin

    @property
    def link(self) -> str:
        """The preview location."""
        return f"{self.url}/preview/{TOKEN}"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    cert_file, key_file = certificate(tmp_path_factory.mktemp("tls"))
    house = House("", ScriptedDesk(), ShortLogin())
    app = FastAPI()
    with listening() as (bound, url):
        house.url = url
        app.mount("/preview", create_app(house.desk, house.login, SETTINGS))
        with serve(app, bound, cert_file, key_file):
            yield house


@pytest.fixture
def house(running: House) -> House:
    """The running pages, as on the first day."""
    fresh = ScriptedDesk()
    running.desk.__dict__.update(fresh.__dict__)
    running.login.trouble = None
    return running


def settle(page: Page) -> None:
    page.evaluate("() => document.fonts.ready")
    page.wait_for_function(
        """() => [...document.querySelectorAll("[data-pdf]")]
                 .every(box => !box.checkVisibility() || box.dataset.state)"""
    )


def inspect(page: Page, axe: str, name: str, language: str) -> None:
    settle(page)
    assert page.evaluate("() => document.documentElement.lang") == language
    look_at(page, axe, f"preview-{name}-{language}")


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "de"])
def test_every_page_is_accessible_and_fits(browser: Browser, house: House, axe: str, language: str) -> None:
    titles: dict[str, str] = {}
    problems: list[str] = []
    context = visit(browser, language)
    page = context.new_page()
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))

    def look(name: str) -> None:
        inspect(page, axe, name, language)
        titles[name] = page.title()

    page.goto(house.link)
    look("login")
    house.login.trouble = LoginCancelled
    page.locator("a.kern-btn--primary").click()
    look("login-cancelled")
    house.login.trouble = LoginFailed
    page.locator("a.kern-btn--primary").click()
    look("login-failed")
    house.login.trouble = None
    page.locator("a.kern-btn--primary").click()
    for step in STEPS:
        house.desk.at(step, approved=1)
        page.goto(house.link)
        if step is PreviewStep.DECIDE:
            for closed in page.locator(".pv-document > details:not([open]) > summary").all():
                closed.click()
        look(step.value)
    house.desk.at(PreviewStep.DONE, approved=0, declined=True, return_location=None)
    page.goto(house.link)
    look("declined")
    house.desk.at(PreviewStep.DECIDE, return_location="https://portal.example.fr/", return_method="POST")
    page.goto(f"{house.link}/documents/certificate/view")
    look("document-pdf")
    page.goto(f"{house.link}/documents/{house.desk.current.documents[0].id}/view")
    look("document-xml")
    page.goto(house.link)
    assert problems == []
    page.locator("button[value=approve]").click()
    look("decide-error")
    house.desk.wrong_inputs = ("number", "kind")
    house.desk.at(PreviewStep.INPUT)
    page.goto(house.link)
    page.locator("input[type=text]").fill("???")
    page.locator("button[type=submit]").first.click()
    look("input-error")
    page.goto(f"{house.url}/preview/unknown-link")
    look("unknown-link")
    page.goto(f"{house.url}/preview/login/callback?state=foreign")
    look("login-lost")
    context.close()
    # Refused forms and unknown links are told to the console by Chromium itself, nothing else is.
    assert all("Failed to load resource" in problem for problem in problems)
    assert len(set(titles.values())) == len(titles), titles
    error = {"en": "Error: ", "de": "Fehler: "}[language]
    assert {name for name, title in titles.items() if title.startswith(error)} == {
        "decide-error",
        "input-error",
    }


def test_dark_and_high_contrast_settings_of_the_system_are_followed(
    browser: Browser, house: House, axe: str
) -> None:
    context = visit(browser, "en", color_scheme="dark")
    page = context.new_page()
    page.goto(f"{house.link}/login")
    settle(page)
    assert violations(page, axe) == []
    page.screenshot(path=BUILD / "pictures" / "preview-decide-dark.png", full_page=True)
    page.goto(f"{house.link}/documents/certificate/view")
    settle(page)
    assert violations(page, axe) == []
    context.close()


def test_a_pdf_is_drawn_in_the_page_with_its_text_for_screen_readers(browser: Browser, house: House) -> None:
    context = visit(browser, "en")
    page = context.new_page()
    page.goto(f"{house.link}/login")
    page.goto(f"{house.link}/documents/certificate/view")
    settle(page)
    assert page.locator("[data-pdf]").get_attribute("data-state") == "shown"
    assert page.locator("[data-pdf] canvas").count() == 2
    assert "Holder: Kim Beispiel - page 2" in page.locator(".pv-pdf__text").nth(1).inner_text()
    ink = page.evaluate(
        """() => {
            const canvas = document.querySelector("canvas");
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            let dark = 0;
            for (let i = 0; i < data.length; i += 4) if (data[i] < 128) dark++;
            return dark;
        }"""
    )
    assert ink > 500, "the page is blank"
    context.close()


def test_a_broken_pdf_leaves_the_links(browser: Browser, house: House) -> None:
    house.desk.contents["certificate"] = ("application/pdf", b"%PDF-1.7 broken")
    context = visit(browser, "en")
    page = context.new_page()
    page.goto(f"{house.link}/login")
    page.goto(f"{house.link}/documents/certificate/view")
    settle(page)
    assert page.locator("[data-pdf]").get_attribute("data-state") == "failed"
    assert "could not be shown" in page.locator(".pv-pdf__status").inner_text()
    context.close()


def test_the_waiting_page_moves_on_by_itself(browser: Browser, house: House) -> None:
    for javascript in (True, False):
        house.desk.owner = None
        house.desk.after_login = PreviewStep.WAITING
        house.desk.at(PreviewStep.LOGIN)
        context = visit(browser, "en", java_script_enabled=javascript)
        page = context.new_page()
        page.goto(f"{house.link}/login")
        assert page.title().startswith("We are getting your evidence")
        house.desk.at(PreviewStep.DECIDE)
        page.wait_for_selector("button[value=approve]", timeout=30_000)
        context.close()


def test_the_whole_way_without_javascript_and_by_keyboard_alone(browser: Browser, house: House) -> None:
    house.desk.after_login = PreviewStep.INPUT
    context = visit(browser, "de", java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{house.link}?returnurl=https%3A%2F%2Fportal.example.fr%2F&returnmethod=GET")
    assert page.url == house.link
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")
    press_until(page, "Anmelden und weiter")
    press_until(page, "Kennzeichen", key=None)
    page.keyboard.type("B-OO 2030")
    press_until(page, "Weiter")
    assert house.desk.supplied == [{"number": "B-OO 2030"}]
    house.desk.at(PreviewStep.DECIDE)
    page.goto(house.link)
    press_until(page, "Dieses Dokument darf gesendet werden", key="Space")
    press_until(page, "Angekreuzte Dokumente senden")
    assert house.desk.decisions == [frozenset({house.desk.current.documents[0].id})]
    back = page.get_by_role("link", name="Zurück zu portal.example.fr")
    assert back.get_attribute("href") == house.desk.current.return_location
    context.close()


def press_until(page: Page, name: str, key: str | None = "Enter") -> None:
    """Walk by Tab to the control of that name, see that the focus is visible, and press the key."""
    for _step in range(60):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if not focused.count():
            continue
        control = focused.first
        label = control.locator("xpath=ancestor-or-self::*[self::a or self::button or self::summary]")
        text = label.first.inner_text() if label.count() else ""
        identifier = control.get_attribute("id")
        if identifier and page.locator(f"label[for='{identifier}']").count():
            text = page.locator(f"label[for='{identifier}']").inner_text()
        if re.sub(r"\s+", " ", text).strip() == name:
            assert control.bounding_box()
            if key == "Enter":
                with page.expect_navigation():
                    page.keyboard.press(key)
            elif key:
                page.keyboard.press(key)
            return
    pytest.fail(f"no control named {name} can be reached by keyboard")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_the_way_back_appears_when_it_arrives(browser: Browser, house: House, scripts: bool) -> None:
    house.desk.after_login = PreviewStep.NOT_FOUND
    house.desk.current = replace(house.desk.current, return_location=None)
    context = visit(browser, "en", java_script_enabled=scripts)
    page = context.new_page()
    page.goto(f"{house.link}/login")
    assert page.get_by_text("Back to portal.example.fr").count() == 0
    house.desk.current = replace(house.desk.current, return_location="https://portal.example.fr/")
    page.get_by_text("Back to portal.example.fr").wait_for()
    context.close()


def test_the_portal_gets_the_user_back_by_a_form_where_it_wants_one(browser: Browser, house: House) -> None:
    context = visit(browser, "en")
    page = context.new_page()
    received: list[str] = []

    def portal(route: Route) -> None:
        asked = route.request
        received.append(f"{asked.method} {asked.url} {asked.headers.get('referer')}")
        route.fulfill(body="portal")

    context.route("https://portal.example.fr/**", portal)
    for method in ("GET", "POST"):
        house.desk.owner = None
        house.desk.current = replace(house.desk.current, return_method=method, approved=1)
        house.desk.after_login = PreviewStep.DONE
        context.clear_cookies()
        page.goto(f"{house.link}/login")
        page.get_by_text("Back to portal.example.fr").click()
        page.wait_for_url("https://portal.example.fr/**")
    context.close()
    assert received == [f"{method} {house.desk.current.return_location} None" for method in ("GET", "POST")]

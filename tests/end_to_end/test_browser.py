"""A person at a real Chromium: from the portal over login and preview back to the portal, over all systems.

Pictures of each page go to `build/pictures/e2e-*.png`.
"""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from intermediary.sandbox.world import World
from tests.browsing import violations
from tests.end_to_end.conftest import BUILD

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("sandbox"), pytest.mark.slow]

PATIENCE_MS = 60_000
PHONE: dict[str, Any] = {"viewport": {"width": 375, "height": 812}, "is_mobile": True, "has_touch": True}
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}}
WORDS = {
    "en": {
        "log in": "Log in and continue",
        "go on": "Continue",
        "tick": "This document may be sent",
        "send": "Send the ticked documents",
        "nothing": "Send nothing",
    },
    "de": {
        "log in": "Anmelden und weiter",
        "go on": "Weiter",
        "tick": "Dieses Dokument darf gesendet werden",
        "send": "Angekreuzte Dokumente senden",
        "nothing": "Nichts senden",
    },
}


class Walk:
    """One person's way through all pages; `axe` is the accessibility checker's text, or None."""

    def __init__(
        self, context: BrowserContext, world: World, name: str, language: str, axe: str | None
    ) -> None:
        context.set_default_timeout(PATIENCE_MS)
        self.page: Page = context.new_page()
        self.world, self.name, self.words, self.axe = world, name, WORDS[language], axe
        self.problems: dict[str, list[str]] = {}

    def look(self, step: str) -> None:
        """Take a picture and check the page."""
        self.page.wait_for_load_state()
        folder = BUILD / "pictures"
        folder.mkdir(parents=True, exist_ok=True)
        if self.axe is not None:
            self.page.evaluate("() => document.fonts.ready")
            found = violations(self.page, self.axe)
            if found:
                self.problems[step] = found
        width = self.page.viewport_size or {"width": 1280}
        wide = self.page.evaluate("() => document.documentElement.scrollWidth") if self.axe else 0
        if wide > width["width"]:
            self.problems.setdefault(step, []).append(f"scrolls sideways: {wide} px")
        self.page.screenshot(path=folder / f"e2e-{self.name}-{step}.png", full_page=True)

    def ask(self, person: str, evidence: str, version: str) -> None:
        """Choose and send at the portal, and wait for the way to the preview."""
        self.page.goto(self.world.url("portal", "/"))
        self.page.check(f"input[name=person][value={person}]")
        self.page.check(f"input[name=evidence][value={evidence}]")
        self.page.check(f"input[name=version][value='oots-edm:v{version}']")
        self.look("1-portal")
        self.page.get_by_role("button", name="Fetch the evidence").click()

    def to_preview(self) -> None:
        """Follow the portal's link."""
        self.page.wait_for_selector("#preview")
        self.look("2-portal-preview-required")
        self.page.click("#preview")
        self.page.wait_for_url(re.compile("/preview/"))
        self.look("3-preview")

    def log_in(self, person: str, inputs: dict[str, str] | None = None) -> None:
        """Choose who one is; answer the register's questions; wait for the documents."""
        self.page.get_by_role("link", name=self.words["log in"]).click()
        self.page.wait_for_url(re.compile("/authorize"))
        self.look("4-login")
        self.page.click(f"button[value={person}]")
        self.page.wait_for_url(re.compile("/preview/"))
        if inputs:
            self.page.wait_for_selector("[name^=input-]")
            self.look("5-input")
            for key, value in inputs.items():
                control = self.page.locator(f"[name=input-{key}]")
                if control.evaluate("node => node.tagName") == "SELECT":
                    control.select_option(value)
                else:
                    control.fill(value)
            self.page.get_by_role("button", name=self.words["go on"]).click()
        self.page.wait_for_selector("button[value=approve]")
        if self.axe is not None:
            self.page.wait_for_function(
                """() => [...document.querySelectorAll("[data-pdf]")]
                     .every(box => !box.checkVisibility() || box.dataset.state)"""
            )
        self.look("6-decide")

    def decide(self, tick: int | None) -> None:
        """Tick the first documents (None: all) and send, or send nothing; go back to the portal."""
        boxes = self.page.get_by_label(self.words["tick"])
        for box in boxes.all()[:tick]:
            box.check()
        if tick == 0:
            self.page.get_by_role("button", name=self.words["nothing"]).click()
        else:
            self.look("7-ticked")
            self.page.get_by_role("button", name=self.words["send"]).click()
        self.page.wait_for_selector("main")
        self.look("8-done")
        self.page.locator("a, button").filter(has_text=re.compile("Back to|Zurück zu")).first.click()
        self.page.wait_for_url(re.compile("^" + re.escape(self.world.url("portal", "/"))))

    def ends(self, selector: str, text: str) -> None:
        """The portal shows the outcome, sooner or later."""
        expect(self.page.locator(selector).first).to_contain_text(text, timeout=PATIENCE_MS)
        self.look("9-portal-outcome")


def context_of(browser: Browser, language: str, **options: Any) -> BrowserContext:
    return browser.new_context(ignore_https_errors=True, locale=language, **options)


@pytest.mark.parametrize(("language", "version"), [("en", "2.0"), ("de", "1.2")])
def test_approve_everything(browser: Browser, world: World, axe: str, language: str, version: str) -> None:
    with context_of(browser, language, **DESK) as context:
        walk = Walk(context, world, f"approve-{language}", language, axe)
        walk.ask("giulia", "vehicle-registration", version)
        walk.to_preview()
        assert walk.page.evaluate("document.documentElement.lang") == language
        walk.log_in("giulia", {"kennzeichen": "B-GR 1990"})
        walk.decide(None)
        walk.ends("[role=status]:has(h2)", "We have received")
        assert walk.page.locator("section.card").count() == 1 + (version == "2.0")
        assert walk.problems == {}


def test_decline(browser: Browser, world: World, axe: str) -> None:
    with context_of(browser, "de", **DESK) as context:
        walk = Walk(context, world, "decline", "de", axe)
        walk.ask("giulia", "residence-certificate", "2.0")
        walk.to_preview()
        walk.log_in("giulia", {"gemeindeschluessel": "11000000"})
        walk.decide(0)
        walk.ends("[role=alert]", "EDM:ERR:0002")
        assert walk.page.locator("section.card").count() == 0
        assert walk.problems == {}


def test_partial_consent_on_a_phone(browser: Browser, world: World, axe: str) -> None:
    with context_of(browser, "en", **PHONE) as context:
        walk = Walk(context, world, "phone", "en", axe)
        walk.ask("bjoern", "residence-certificate", "2.0")
        walk.to_preview()
        walk.log_in("bjoern", {"gemeindeschluessel": "14713000"})
        assert walk.page.get_by_label("This document may be sent").count() > 1
        walk.decide(1)
        walk.ends("[role=status]:has(h2)", "We have received 1 document")
        assert walk.problems == {}


def test_a_register_that_needs_time_without_javascript(browser: Browser, world: World) -> None:
    """The waiting page goes on by itself, and every button works."""
    with context_of(browser, "de", java_script_enabled=False, **DESK) as context:
        walk = Walk(context, world, "plain", "de", None)
        walk.ask("marco", "residence-certificate", "1.2")
        walk.to_preview()
        walk.log_in("marco", {"gemeindeschluessel": "05315000"})
        walk.decide(None)
        walk.ends("[role=status]:has(h2)", "We have received")


def test_pictures_are_there(browser: Browser) -> None:
    pictures = sorted(path.name for path in Path(BUILD / "pictures").glob("e2e-*.png"))
    assert {"e2e-approve-en-6-decide.png", "e2e-phone-6-decide.png"} <= set(pictures)

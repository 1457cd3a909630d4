"""Every page within three clicks from home, by its links: accessible, and no wider than a phone."""

import re
from collections import deque
from pathlib import Path
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest
from playwright.sync_api import Browser, Page
from starlette.testclient import TestClient

from tests.browsing import violations, visit
from tests.preview.serving import certificate, listening, serve

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CLICKS = 3
SAMPLE = re.compile(r"(evidence|provider)/[a-z0-9_-]+|versions/\d+")
"""Pages of single entries look alike: one of each kind is enough."""


def test_every_page_of_every_role(platform: TestClient, browser: Browser, axe: str, tmp_path: Path) -> None:
    seen: dict[str, int] = {}
    with listening() as (bound, url), serve(platform.app, bound, *certificate(tmp_path)):
        for who in ("anna", "erik", "otto", "ada"):
            page = visit(browser, "en", viewport={"width": 320, "height": 800}).new_page()
            page.goto(f"{url}/console/login")
            page.locator(f"button[value={who}]").click()
            page.wait_for_url(f"{url}/console/")
            ahead = deque((link, 1) for link in _links(page, f"{url}/console/"))
            while ahead:
                address, clicks = ahead.popleft()
                kind = SAMPLE.sub(r"\1", urlsplit(address).path)
                if kind in seen:
                    continue
                seen[kind] = clicks
                _look(page, axe, address)
                if clicks < CLICKS:
                    ahead += [(link, clicks + 1) for link in _links(page, address)]
    assert len(seen) > 25, sorted(seen)


def _look(page: Page, axe: str, address: str) -> None:
    answer = page.goto(address)
    assert answer is not None
    # The directories of this sandbox do not run: their pages say so.
    known = (200, 503) if "/directories/" in address else (200,)
    assert answer.status in known, f"{address}: {answer.status}"
    assert violations(page, axe) == [], address
    assert page.locator("h1").count() == 1, f"{address}: one heading of the first level"
    too_wide = page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
    assert too_wide <= 0, f"{address} scrolls sideways"


def _links(page: Page, address: str) -> list[str]:
    """Addresses of the console's own pages that the page leads to; no files, no change of language."""
    hrefs: list[str] = page.eval_on_selector_all(
        "a[href]:not([hreflang]):not([download])", "links => links.map(link => link.getAttribute('href'))"
    )
    found = dict.fromkeys(urldefrag(urljoin(address, href)).url for href in hrefs)
    mine = f"{urlsplit(address).scheme}://{urlsplit(address).netloc}/console/"
    return [link for link in found if link.startswith(mine) and not link.endswith(("/yaml", "/export"))]

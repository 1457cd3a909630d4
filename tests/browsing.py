"""A real Chromium for tests of pages: accessibility (axe-core, WCAG 2.2 AA), narrow screens, pictures.

Pictures go to `build/pictures`. axe-core is a development tool: it is packed into `build/npm` once, by npm.
"""

import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
BUILD = Path(__file__).parents[1] / "build"
AXE = "axe-core@4.14.1"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is missing (apt install chromium): no page was looked at in a browser")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def axe() -> str:
    """The text of axe-core."""
    file = BUILD / "npm" / "axe.min.js"
    if not file.exists():
        if not shutil.which("npm"):
            pytest.skip("npm is missing: accessibility was not checked")
        file.parent.mkdir(parents=True, exist_ok=True)
        packed = subprocess.run(
            ["npm", "pack", AXE, "--silent"], cwd=file.parent, capture_output=True, text=True, check=False
        )
        if packed.returncode:
            pytest.skip(f"npm could not fetch {AXE}: accessibility was not checked")
        archive = file.parent / packed.stdout.strip().splitlines()[-1]
        with tarfile.open(archive) as tar:
            content = tar.extractfile("package/axe.min.js")
            assert content
            file.write_bytes(content.read())
        archive.unlink()
    return file.read_text()


def visit(browser: Browser, language: str, **options: Any) -> BrowserContext:
    settings = {"viewport": {"width": 1280, "height": 900}, "locale": language, **options}
    return browser.new_context(ignore_https_errors=True, **settings)


def violations(page: Page, axe: str) -> list[str]:
    page.evaluate(axe)
    found = page.evaluate("tags => axe.run({runOnly: tags})", WCAG)
    assert found["passes"], "axe looked at nothing"
    return [
        f"{problem['id']}: {node['html'][:200]}"
        for problem in found["violations"]
        for node in problem["nodes"]
    ]


def look_at(page: Page, axe: str, name: str) -> None:
    """Accessible, and no wider than 1280, 375 and 320 pixels; its pictures are `name`-width.png."""
    assert violations(page, axe) == []
    pictures = BUILD / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    for width in (1280, 375, 320):
        page.set_viewport_size({"width": width, "height": 900})
        too_wide = page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
        assert too_wide <= 0, f"{name} scrolls sideways at {width} px"
        if width != 320:
            page.screenshot(path=pictures / f"{name}-{width}.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 900})

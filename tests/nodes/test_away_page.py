"""What citizens see while the desk cannot be reached."""

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from intermediary import preview

LINK = f"/preview/{'x' * 43}"


class Away:
    """A desk or a login behind which nobody is."""

    def __getattr__(self, name: str) -> Any:
        raise ConnectionRefusedError(name)


@pytest.fixture
def citizen() -> TestClient:
    """A browser at the pages, mounted as in the platform."""
    settings = preview.PreviewSettings(session_secret="s" * 40)
    app = FastAPI()
    app.mount("/preview", preview.create_app(Away(), Away(), settings, (OSError,)))
    return TestClient(app, base_url="https://platform.example")


@pytest.mark.parametrize(
    ("language", "heading"), [("en", "One moment, please"), ("de", "Einen Moment bitte")]
)
def test_a_link_is_answered_by_a_page_that_leads_back_to_it(
    citizen: TestClient, language: str, heading: str
) -> None:
    page = citizen.get(LINK, headers={"Accept-Language": language})
    assert page.status_code == 503
    assert page.headers["Retry-After"] == "60"
    assert page.headers["Content-Language"] == language
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert heading in page.text
    assert f'href="{LINK}"' in page.text


def test_what_is_below_a_link_leads_back_to_it_too(citizen: TestClient) -> None:
    begun = citizen.get(f"{LINK}/login")
    assert begun.status_code == 503
    assert f'class="kern-btn kern-btn--primary" href="{LINK}"' in begun.text


def test_other_defects_stay_defects() -> None:
    app = FastAPI()
    settings = preview.PreviewSettings(session_secret="s" * 40)
    app.mount("/preview", preview.create_app(Away(), Away(), settings))
    broken = TestClient(app, base_url="https://platform.example", raise_server_exceptions=False)
    assert broken.get(LINK).status_code == 500

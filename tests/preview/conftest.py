"""The pages as the platform mounts them, and a browser-like client."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from intermediary.preview import PreviewSettings, create_app
from tests.browsing import axe, browser  # noqa: F401 - fixtures
from tests.preview.scripted_desk import TOKEN, ScriptedDesk, ScriptedLogin

SETTINGS = PreviewSettings(
    session_secret="only-for-tests-only-for-tests-only-for-tests",
    operator_name="Example Authority",
    imprint_url="https://authority.example.eu/imprint",
    privacy_url="https://authority.example.eu/privacy",
    accessibility_url="https://authority.example.eu/accessibility",
)


@pytest.fixture
def desk() -> ScriptedDesk:
    return ScriptedDesk()


@pytest.fixture
def login() -> ScriptedLogin:
    return ScriptedLogin()


@pytest.fixture
def app(desk: ScriptedDesk, login: ScriptedLogin) -> FastAPI:
    outer = FastAPI()
    outer.mount("/preview", create_app(desk, login, SETTINGS))
    return outer


@pytest.fixture
def citizen(app: FastAPI) -> Iterator[TestClient]:
    """A browser without JavaScript that has not been here before."""
    with TestClient(app, base_url="https://ip.example.de", follow_redirects=False) as client:
        yield client


def log_in(client: TestClient) -> Any:
    """Follow the login to its end; returns the answer of the callback."""
    start = client.get(f"/preview/{TOKEN}/login")
    assert start.status_code == 303, start.text
    return client.get("/preview/login/callback?code=c0de&state=state-of-the-login")

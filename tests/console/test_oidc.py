"""Operators sign in at a real OpenID Connect provider over TLS; its access tokens open the HTTP API."""

import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy import Engine
from starlette.testclient import TestClient

from intermediary import console
from intermediary.web import OidcClient, OidcSettings
from tests.console.conftest import BASE, SECRET, Clock
from tests.console.test_signing_in import THINGS
from tests.preview.oidc_provider import CLIENT, Provider
from tests.preview.oidc_provider import SECRET as CLIENT_SECRET
from tests.preview.serving import certificate, listening, serve

CALLBACK = f"{BASE}/console/login/callback"
CLAIMS = {
    "sub": "op-7",
    "name": "Olga Operator",
    "realm_access": {"roles": ["oots-editor", "offline_access"]},
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Provider, Path]]:
    cert_file, key_file = certificate(tmp_path_factory.mktemp("tls"))
    with listening() as (bound, url):
        provider = Provider(url, CALLBACK)
        with serve(provider.app(), bound, cert_file, key_file):
            yield provider, cert_file


@pytest.fixture
def provider(served: tuple[Provider, Path]) -> Provider:
    """The running provider, honest again."""
    running = served[0]
    running.__dict__.update(Provider(running.issuer, CALLBACK, claims=dict(CLAIMS)).__dict__)
    return running


@pytest.fixture
def browser_of_house(engine: Engine, provider: Provider, served: tuple[Provider, Path]) -> TestClient:
    """A browser at a console that knows only that provider."""
    oidc = OidcSettings(provider.issuer, CLIENT, CLIENT_SECRET, CALLBACK, ca_file=served[1])
    settings = console.ConsoleSettings(
        session_secret=SECRET,
        public_url=BASE,
        oidc=oidc,
        roles_claim="realm_access.roles",
        role_names={"oots-editor": "editor"},
    )
    client, clock = OidcClient(oidc), Clock()
    tokens = console.Tokens(settings, client)
    desk = console.Desk(
        settings=settings,
        sessions=console.Sessions(engine, settings, clock),
        tokens=tokens,
        journal=lambda operator, action, **data: None,
        clock=clock,
    )
    app = FastAPI()
    app.mount("/console", console.create_app(desk, tokens, client, (THINGS,)))
    return TestClient(app, base_url=BASE, follow_redirects=False)


def _come_back(browser: TestClient, served: tuple[Provider, Path], to: str = "/things") -> httpx.Response:
    """Walk to the provider and back, as a browser does."""
    start = browser.get(f"/console/login/provider?to={to}")
    assert start.status_code == 303
    with httpx.Client(verify=ssl.create_default_context(cafile=str(served[1]))) as elsewhere:
        answer = elsewhere.get(start.headers["location"])
    back = urlsplit(answer.headers["location"])
    came: httpx.Response = browser.get(f"{back.path}?{back.query}")
    return came


def test_signing_in_leads_to_the_page_that_was_asked_for(
    browser_of_house: TestClient, served: tuple[Provider, Path]
) -> None:
    assert "Sandbox" not in browser_of_house.get("/console/login").text
    back = _come_back(browser_of_house, served)
    assert back.headers["location"] == "/console/things"
    page = browser_of_house.get("/console/things").text
    assert "Olga Operator" in page
    assert "editor" in page


def test_who_has_no_role_of_ours_gets_no_session(
    browser_of_house: TestClient, provider: Provider, served: tuple[Provider, Path]
) -> None:
    provider.claims["realm_access"] = {"roles": ["offline_access"]}
    back = _come_back(browser_of_house, served)
    assert back.status_code == 403
    assert "you have no role here" in back.text
    assert browser_of_house.get("/console/things").status_code == 303


def test_a_login_that_this_browser_did_not_begin_is_refused(
    browser_of_house: TestClient, provider: Provider, served: tuple[Provider, Path]
) -> None:
    assert browser_of_house.get("/console/login/callback?code=x&state=y").status_code == 400
    provider.overrides["nonce"] = "somebody else's"
    assert _come_back(browser_of_house, served).status_code == 400
    assert browser_of_house.get("/console/things").status_code == 303


def test_there_is_no_development_login(browser_of_house: TestClient) -> None:
    assert browser_of_house.post("/console/login/development", data={"who": "anna"}).status_code == 404


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, 200),
        ({"aud": "somebody-else"}, 401),
        ({"iss": "https://elsewhere.example"}, 401),
        ({"exp": 1}, 401),
        ({"typ": "JWT"}, 401),
        ({"key": "another"}, 401),
        ({"realm_access": {"roles": []}}, 401),
        ({"sub": ""}, 401),
    ],
)
def test_access_tokens_of_the_provider_open_the_api(
    browser_of_house: TestClient, provider: Provider, changes: dict[str, Any], status: int
) -> None:
    now = int(time.time())
    said = {"iss": provider.issuer, "aud": "intermediary", "iat": now, "exp": now + 60, **CLAIMS, **changes}
    header = {"alg": "ES256", "kid": provider.key.kid, "typ": said.pop("typ", "at+jwt")}
    key = ECKey.generate_key("P-256", {"kid": "one"}) if said.pop("key", "") else provider.key
    token = jwt.encode(header, said, key, algorithms=["ES256"])
    answer = browser_of_house.get("/console/api/v1/things", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == status, answer.text
    if status == 200:
        assert answer.json() == {"asked-by": "op-7"}

"""Logging in as a test person: OpenID Connect code flow over TLS, as the platform does it."""

import base64
import hashlib
import re
import ssl
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from intermediary.sandbox.identity_provider import claims, redirect_uri
from intermediary.sandbox.people import person
from intermediary.sandbox.world import World

VERIFIER = "a-verifier-of-at-least-forty-three-characters-0123456789"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def world(neighbours: World) -> World:
    return neighbours


@pytest.fixture
def browser(world: World) -> Iterator[httpx.Client]:
    trust = ssl.create_default_context(cafile=str(world.authority))
    with httpx.Client(base_url=world.url("identity-provider"), verify=trust, trust_env=False) as client:
        yield client


def _asked(world: World, **changes: str) -> dict[str, str]:
    return {
        "client_id": "platform",
        "redirect_uri": redirect_uri(world),
        "response_type": "code",
        "scope": "openid eidas",
        "state": "state-1",
        "nonce": "nonce-1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    } | changes


def _choose(browser: httpx.Client, world: World, who: str) -> dict[str, list[str]]:
    """Open the page, press a button of its form, and say where the browser is sent."""
    page = browser.get("/authorize", params=_asked(world)).raise_for_status().text
    fields = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page))
    assert f'name="person" value="{who}"' in page
    sent = browser.post("/authorize", data=fields | {"person": who})
    assert sent.status_code == 303
    assert sent.headers["location"].startswith(redirect_uri(world) + "?")
    return parse_qs(urlsplit(sent.headers["location"]).query)


def _redeem(browser: httpx.Client, world: World, code: str, **changes: str) -> httpx.Response:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri(world),
        "code_verifier": VERIFIER,
    }
    return browser.post("/token", data=form | changes, auth=("platform", world.secret("oidc").read_text()))


def test_who_was_chosen_arrives_as_a_signed_id_token_and_as_userinfo(
    browser: httpx.Client, world: World
) -> None:
    told = browser.get("/.well-known/openid-configuration").json()
    assert told["issuer"] == world.url("identity-provider")
    back = _choose(browser, world, "bjoern")
    assert back["state"] == ["state-1"]
    answer = _redeem(browser, world, back["code"][0]).raise_for_status().json()
    keys = KeySet.import_key_set(browser.get(told["jwks_uri"]).json())
    said = jwt.decode(answer["id_token"], keys, algorithms=["ES256"]).claims
    assert said["iss"] == told["issuer"]
    assert said["aud"] == "platform"
    assert said["nonce"] == "nonce-1"
    assert said["acr"] == "http://eidas.europa.eu/LoA/high"
    assert said["family_name"] == "Größl-Fabbri"
    assert said["person_identifier"] == person("bjoern").identifier
    bearer = {"Authorization": f"Bearer {answer['access_token']}"}
    assert browser.get(told["userinfo_endpoint"], headers=bearer).json() == claims(person("bjoern"))


def test_a_representative_brings_the_company_along() -> None:
    said = claims(person("chiara"))
    assert said["legal_name"] == "Käsehaus Südtirol GmbH"
    assert said["legal_person_identifier"] == "IT/DE/02618540213"
    assert said["family_name"] == "Ricci"


def test_cancel_goes_back_without_a_code(browser: httpx.Client, world: World) -> None:
    back = _choose(browser, world, "cancel")
    assert back["error"] == ["access_denied"]
    assert back["iss"] == [world.url("identity-provider")]
    assert "code" not in back


def test_nobody_unknown_logs_in(browser: httpx.Client, world: World) -> None:
    sent = browser.post("/authorize", data=_asked(world) | {"person": "nobody"})
    assert "error=invalid_request" in sent.headers["location"]


def test_a_code_is_good_once(browser: httpx.Client, world: World) -> None:
    code = _choose(browser, world, "giulia")["code"][0]
    assert _redeem(browser, world, code).status_code == 200
    assert _redeem(browser, world, code).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("change", [{"code_verifier": "another" * 8}, {"redirect_uri": "https://localhost/"}])
def test_a_stolen_code_is_worth_nothing(browser: httpx.Client, world: World, change: dict[str, str]) -> None:
    code = _choose(browser, world, "giulia")["code"][0]
    assert _redeem(browser, world, code, **change).json()["error"] == "invalid_grant"


def test_a_client_without_the_secret_gets_nothing(browser: httpx.Client, world: World) -> None:
    code = _choose(browser, world, "giulia")["code"][0]
    answer = browser.post("/token", data={"code": code}, auth=("platform", "guessed"))
    assert answer.status_code == 401
    assert answer.json()["error"] == "invalid_client"


@pytest.mark.parametrize("change", [{"redirect_uri": "https://evil.example/"}, {"client_id": "other"}])
def test_nobody_is_sent_to_an_address_that_is_not_registered(
    browser: httpx.Client, world: World, change: dict[str, str]
) -> None:
    answer = browser.get("/authorize", params=_asked(world, **change))
    assert answer.status_code == 400
    assert "location" not in answer.headers


def test_without_pkce_there_is_no_login(browser: httpx.Client, world: World) -> None:
    asked = _asked(world, code_challenge_method="plain")
    assert "error=invalid_request" in browser.get("/authorize", params=asked).headers["location"]


def test_what_was_asked_is_shown_as_text_only(browser: httpx.Client, world: World) -> None:
    page = browser.get("/authorize", params=_asked(world, state='"><script>x</script>')).text
    assert "<script>" not in page

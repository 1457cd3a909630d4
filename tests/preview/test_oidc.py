"""Login against a real OpenID Connect provider over TLS: the good way, and every lie that must be refused."""

import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from fastapi import FastAPI
from joserfc.jwk import ECKey, RSAKey
from starlette.testclient import TestClient

from intermediary.exchange.preview import Identity
from intermediary.preview import ClaimNames, OidcLogin, create_app
from intermediary.web import LoginCancelled, LoginFailed, OidcSettings, SettingsInvalid
from tests.preview.conftest import SETTINGS
from tests.preview.oidc_provider import CLAIMS, CLIENT, SECRET, Provider
from tests.preview.scripted_desk import TOKEN, ScriptedDesk
from tests.preview.serving import certificate, listening, serve

CALLBACK = "https://ip.example.de/preview/login/callback"


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
    running.__dict__.update(Provider(running.issuer, CALLBACK).__dict__)
    return running


@pytest.fixture
def settings(served: tuple[Provider, Path]) -> OidcSettings:
    return OidcSettings(served[0].issuer, CLIENT, SECRET, CALLBACK, scope="openid eidas", ca_file=served[1])


def browsing(settings: OidcSettings) -> httpx.Client:
    """A browser that trusts the provider's certificate."""
    return httpx.Client(verify=ssl.create_default_context(cafile=str(settings.ca_file)))


def sign_in(
    settings: OidcSettings, login: OidcLogin | None = None, changes: Mapping[str, str] | None = None
) -> Identity:
    """Walk the redirect as a browser does; `changes` are made to the answer on its way."""
    login = login or OidcLogin(settings)
    start = login.begin("de")
    with browsing(settings) as browser:
        answer = browser.get(start.url)
    assert answer.status_code == 303, answer.text
    query = dict(parse_qsl(urlsplit(answer.headers["location"]).query)) | dict(changes or {})
    return login.finish(start.memory, query)


def test_the_minimum_data_set_comes_from_the_claims(provider: Provider, settings: OidcSettings) -> None:
    assert sign_in(settings) == Identity(
        level_of_assurance="Substantial",
        identifier="DE/FR/Kim-0815",
        family_name="Beispiel",
        given_name="Kim",
        date_of_birth=date(1990, 4, 1),
        birth_name="Muster",
        place_of_birth="Musterstadt",
        gender="unspecified",
    )
    (asked,) = provider.requests
    assert asked["scope"] == "openid eidas"
    assert asked["response_type"] == "code"
    assert asked["ui_locales"] == "de"
    assert asked["code_challenge_method"] == "S256"
    assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) >= 30


def test_companies_and_renamed_claims(provider: Provider, settings: OidcSettings) -> None:
    provider.claims = {
        "sub": "1",
        "acr": "hoch",
        "firma": "Beispiel GmbH",
        "legal_person_identifier": "DE/FR/HRB-1",
        "birthdate": "unknown",
    }
    login = OidcLogin(settings, ClaimNames(legal_name="firma"), {"hoch": "High"})
    found = sign_in(settings, login)
    assert (found.legal_name, found.legal_person_identifier) == ("Beispiel GmbH", "DE/FR/HRB-1")
    assert (found.level_of_assurance, found.date_of_birth) == ("High", None)


def test_missing_claims_come_from_userinfo(provider: Provider, settings: OidcSettings) -> None:
    provider.claims = {"sub": "subject-1", "acr": CLAIMS["acr"]}
    provider.userinfo = {**CLAIMS, "acr": "http://eidas.europa.eu/LoA/high"}
    found = sign_in(settings)
    assert found.family_name == "Beispiel"
    assert found.level_of_assurance == "Substantial", "what is signed counts"
    provider.userinfo = {**CLAIMS, "sub": "subject-2"}
    with pytest.raises(LoginFailed, match="sub"):
        sign_in(settings)
    provider.userinfo = None
    with pytest.raises(LoginFailed, match="provider"):
        sign_in(settings)


def test_rsa_keys_and_key_rotation(provider: Provider, settings: OidcSettings) -> None:
    login = OidcLogin(settings)
    sign_in(settings, login)
    provider.key, provider.algorithm = RSAKey.generate_key(2048, {"kid": "two"}), "RS256"
    assert sign_in(settings, login).family_name == "Beispiel"


LIES: dict[str, dict[str, Any]] = {
    "wrong nonce": {"overrides": {"nonce": "another"}},
    "no nonce": {"overrides": {"nonce": None}},
    "wrong audience": {"overrides": {"aud": "another-client"}},
    "also for others, without azp": {"overrides": {"aud": [CLIENT, "another-client"]}},
    "authorized for another": {"overrides": {"aud": [CLIENT, "another-client"], "azp": "another-client"}},
    "no audience": {"overrides": {"aud": None}},
    "wrong issuer": {"overrides": {"iss": "https://another.example"}},
    "expired": {"overrides": {"exp": int(time.time()) - 3600}},
    "no expiry": {"overrides": {"exp": None}},
    "issued in the future": {"overrides": {"iat": int(time.time()) + 3600, "exp": int(time.time()) + 7200}},
    "no subject": {"overrides": {"sub": None}},
    "alg none": {"unsigned": True},
    "unknown level of assurance": {"overrides": {"acr": "http://eidas.europa.eu/LoA/test"}},
    "no level of assurance": {"overrides": {"acr": None}},
    "wrong access token hash": {"overrides": {"at_hash": "AAAA"}},
    "another key under the published name": {"signing_key": ECKey.generate_key("P-256", {"kid": "one"})},
    "an algorithm that was not agreed": {
        "algorithm": "ES384",
        "key": ECKey.generate_key("P-384", {"kid": "x"}),
    },
}


@pytest.mark.parametrize("lie", LIES)
def test_a_false_id_token_is_refused(provider: Provider, settings: OidcSettings, lie: str) -> None:
    provider.__dict__.update(LIES[lie])
    with pytest.raises(LoginFailed, match="acr: " if lie.endswith("assurance") else "token: ") as refused:
        sign_in(settings)
    for personal in ("Beispiel", "Kim", "1990"):
        assert personal not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_public_key_is_no_shared_secret(provider: Provider, settings: OidcSettings) -> None:
    provider.shared_secret = provider.key.as_pem(private=False)
    with pytest.raises(LoginFailed, match="token: "):
        sign_in(settings)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"state": "another"}, LoginFailed),
        ({"state": "ü"}, LoginFailed),
        ({"iss": "https://another.example"}, LoginFailed),
        ({"code": ""}, LoginFailed),
        ({"code": "stolen"}, LoginFailed),
        ({"error": "access_denied"}, LoginCancelled),
        ({"error": "server_error"}, LoginFailed),
    ],
)
def test_a_false_answer_is_refused(
    provider: Provider, settings: OidcSettings, changes: dict[str, str], kind: type[LoginFailed]
) -> None:
    with pytest.raises(kind) as refused:
        sign_in(settings, changes=changes)
    assert type(refused.value) is kind


def test_the_verifier_of_another_login_does_not_redeem_the_code(
    provider: Provider, settings: OidcSettings
) -> None:
    login = OidcLogin(settings)
    mine, theirs = login.begin("en"), login.begin("en")
    with browsing(settings) as browser:
        answer = browser.get(theirs.url)
    query = dict(parse_qsl(urlsplit(answer.headers["location"]).query)) | {"state": mine.state}
    with pytest.raises(LoginFailed):
        login.finish(mine.memory, query)


@pytest.mark.parametrize(
    "discovery",
    [
        {"issuer": "https://another.example"},
        {"token_endpoint": "http://localhost/token"},
        {"authorization_endpoint": None},
        {"jwks_uri": "file:///etc/passwd"},
    ],
)
def test_false_discovery_is_refused(
    provider: Provider, settings: OidcSettings, discovery: dict[str, str | None]
) -> None:
    provider.discovery = discovery
    with pytest.raises(LoginFailed):
        OidcLogin(settings).begin("en")


def test_an_unknown_certificate_or_a_dead_provider_is_refused(
    provider: Provider, settings: OidcSettings
) -> None:
    with pytest.raises(LoginFailed, match="ConnectError"):
        OidcLogin(replace(settings, ca_file=None)).begin("en")
    with listening() as (_bound, url):
        dead = replace(settings, issuer=url, timeout=0.2)
    with pytest.raises(LoginFailed):
        OidcLogin(dead).begin("en")


def test_settings_that_are_not_safe_are_refused(settings: OidcSettings) -> None:
    for changes in (
        {"issuer": "http://a.example"},
        {"redirect_uri": "/callback"},
        {"algorithms": ("HS256",)},
    ):
        with pytest.raises(SettingsInvalid):
            replace(settings, **changes)
    for algorithms in ((), ("none",)):
        with pytest.raises(SettingsInvalid):
            replace(settings, algorithms=algorithms)
    assert SECRET not in repr(settings)


def test_the_pages_and_the_provider_together(provider: Provider, settings: OidcSettings) -> None:
    desk, outer = ScriptedDesk(), FastAPI()
    outer.mount("/preview", create_app(desk, OidcLogin(settings), SETTINGS))
    citizen = TestClient(outer, base_url="https://ip.example.de", follow_redirects=False)

    def walk() -> str:
        to_provider = citizen.get(f"/preview/{TOKEN}/login").headers["location"]
        with browsing(settings) as browser:
            back = browser.get(to_provider).headers["location"]
        citizen.get(back)
        return str(citizen.get(f"/preview/{TOKEN}").text)

    provider.overrides = {"nonce": "another"}
    assert "The login did not work" in walk()
    provider.overrides = {}
    assert "This document may be sent" in walk()
    assert [person.family_name for person in desk.identified] == ["Beispiel"]


def test_an_unreachable_provider_is_explained(settings: OidcSettings) -> None:
    outer = FastAPI()
    login = OidcLogin(replace(settings, ca_file=None))
    outer.mount("/preview", create_app(ScriptedDesk(), login, SETTINGS))
    citizen = TestClient(outer, base_url="https://ip.example.de")
    assert "The login did not work" in citizen.get(f"/preview/{TOKEN}/login").text

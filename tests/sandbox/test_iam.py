"""Tokens for components: client credentials with private_key_jwt over TLS."""

import time
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from intermediary.sandbox.iam import token_url_of
from intermediary.sandbox.supervisor import client_context
from intermediary.sandbox.world import World


@pytest.fixture(scope="module")
def world(neighbours: World) -> World:
    return neighbours


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    with httpx.Client(verify=client_context(world), trust_env=False) as client:
        yield client


def token_request(world: World, audience: str, **changes: Any) -> dict[str, str]:
    """The form of a token request; `changes` are claims of the assertion, `key` another signing key."""
    key = changes.pop("key", None) or ECKey.import_key(world.key("platform", "token").read_bytes())
    now = int(time.time())
    said = {
        "iss": "platform",
        "sub": "platform",
        "aud": token_url_of(world),
        "iat": now,
        "exp": now + 60,
        "jti": str(uuid.uuid4()),
    }
    return {
        "grant_type": "client_credentials",
        "scope": "nachweisabruf",
        "audience": audience,
        "client_id": "platform",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": jwt.encode({"alg": "ES256", "typ": "JWT"}, said | changes, key),
    }


def test_the_platform_gets_a_token_for_one_register(client: httpx.Client, world: World) -> None:
    answer = client.post(token_url_of(world), data=token_request(world, "zfzr")).raise_for_status().json()
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 300)
    keys = KeySet.import_key_set(client.get(world.url("iam", "/jwks")).json())
    said = jwt.decode(answer["access_token"], keys, algorithms=["ES256"]).claims
    assert (said["aud"], said["sub"], said["iss"]) == ("zfzr", "platform", world.url("iam"))
    assert said["exp"] - said["iat"] == 300


def test_an_assertion_is_good_once(client: httpx.Client, world: World) -> None:
    form = token_request(world, "zfzr")
    assert client.post(token_url_of(world), data=form).status_code == 200
    assert client.post(token_url_of(world), data=form).json()["error"] == "invalid_client"


@pytest.mark.parametrize(
    "wrong",
    [
        {"aud": "https://localhost/elsewhere"},
        {"sub": "somebody"},
        {"exp": 1},
        {"exp": 99999999999},
        {"key": ECKey.generate_key("P-256")},
    ],
    ids=["audience", "subject", "expired", "endless", "key"],
)
def test_a_wrong_assertion_gets_no_token(client: httpx.Client, world: World, wrong: dict[str, Any]) -> None:
    answer = client.post(token_url_of(world), data=token_request(world, "zfzr", **wrong))
    assert answer.status_code == 401
    assert answer.json()["error"] == "invalid_client"


def test_a_token_is_for_a_named_service(client: httpx.Client, world: World) -> None:
    answer = client.post(token_url_of(world), data=token_request(world, ""))
    assert answer.json()["error"] == "invalid_target"

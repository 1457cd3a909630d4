"""Digest and detached signature: each check has its own reason, and none can be talked around."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from intermediary.directory import AnswerNotTrusted, Distrust, SignaturePolicy, verify
from intermediary.directory.signature import DIGEST, SIGNATURE
from intermediary.sandbox.common_services import Signer
from tests.directory.double import Authority

NOW = datetime.now(UTC)
BODY = b"<answer/>"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def signer(authority: Authority) -> Signer:
    return authority.signer()


def _check(
    authority: Authority, headers: Mapping[str, str], policy: SignaturePolicy = SignaturePolicy.REQUIRE
) -> bool:
    return verify(BODY, headers, policy=policy, chain=authority.chain, now=NOW).signed


def _reason(authority: Authority, headers: Mapping[str, str]) -> Distrust:
    with pytest.raises(AnswerNotTrusted) as refused:
        _check(authority, headers)
    return refused.value.reason


@pytest.mark.parametrize(
    "key", [ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()]
)
def test_both_accepted_algorithms_hold(authority: Authority, key: object) -> None:
    assert _check(authority, authority.signer(key).headers(BODY, NOW))


def test_the_policy_decides_on_answers_without_signature(authority: Authority, signer: Signer) -> None:
    assert _reason(authority, {}) is Distrust.SIGNATURE_MISSING
    assert not _check(authority, {}, SignaturePolicy.IF_PRESENT)
    assert not _check(authority, {SIGNATURE: "rubbish"}, SignaturePolicy.OFF)
    headers = signer.headers(BODY, NOW)
    assert _reason(authority, {SIGNATURE: headers[SIGNATURE]}) is Distrust.DIGEST_MISSING
    with pytest.raises(AnswerNotTrusted, match="digest-wrong"):
        _check(authority, signer.headers(b"other", NOW), SignaturePolicy.IF_PRESENT)


@pytest.mark.parametrize(
    ("over", "reason"),
    [
        ({"alg": "none"}, Distrust.ALGORITHM_REFUSED),
        ({"alg": "RS256"}, Distrust.ALGORITHM_REFUSED),
        ({"alg": "EdDSA"}, Distrust.ALGORITHM_REFUSED),
        ({"b64": True}, Distrust.HEADER_REFUSED),
        ({"crit": ["b64"]}, Distrust.HEADER_REFUSED),
        ({"crit": ["b64", "sigD", "exp"]}, Distrust.HEADER_REFUSED),
        ({"crit": "b64 sigD"}, Distrust.HEADER_REFUSED),
        ({"crit": [["b64"], {}]}, Distrust.HEADER_REFUSED),
        (
            {"sigD": {"mId": "http://uri.etsi.org/19182/ObjectIdByURI", "pars": ["digest"]}},
            Distrust.HEADER_REFUSED,
        ),
        ({"sigD": {"mId": "http://uri.etsi.org/19182/HttpHeaders", "pars": []}}, Distrust.HEADER_REFUSED),
        ({"sigD": None}, Distrust.HEADER_REFUSED),
        ({"iat": "yesterday"}, Distrust.HEADER_REFUSED),
        ({"iat": 1e300}, Distrust.HEADER_REFUSED),
        ({"iat": int((NOW + timedelta(hours=1)).timestamp())}, Distrust.HEADER_REFUSED),
        ({"iat": int((NOW - timedelta(days=3)).timestamp())}, Distrust.CERTIFICATE_NOT_VALID),
        ({"x5c": []}, Distrust.CERTIFICATE_MISSING),
        ({"x5c": ["rubbish"]}, Distrust.CERTIFICATE_MISSING),
        ({"x5c": [1]}, Distrust.CERTIFICATE_MISSING),
        ({"x5c": ["AA=="] * 99}, Distrust.CERTIFICATE_MISSING),
    ],
)
def test_a_header_of_another_kind_is_refused(
    authority: Authority, signer: Signer, over: dict[str, Any], reason: Distrust
) -> None:
    assert _reason(authority, signer.headers(BODY, NOW, over)) is reason


def test_certificates_are_checked_at_the_time_of_signing_and_now(
    authority: Authority, tmp_path: Path
) -> None:
    old = authority.signer(valid_from=NOW - timedelta(days=30), validity=timedelta(days=10))
    assert _reason(authority, old.headers(BODY, NOW)) is Distrust.CERTIFICATE_NOT_VALID
    then = NOW - timedelta(days=25)
    assert _reason(authority, old.headers(BODY, then)) is Distrust.CERTIFICATE_NOT_VALID
    stranger = Authority(tmp_path).signer()
    assert _reason(authority, stranger.headers(BODY, NOW)) is Distrust.CERTIFICATE_NOT_TRUSTED


def test_a_key_that_fits_no_algorithm_is_refused(authority: Authority) -> None:
    with_rsa = authority.signer(rsa.generate_private_key(65537, 2048))
    fitting = authority.signer()
    mixed = Signer(fitting.key, with_rsa.chain)
    assert _reason(authority, mixed.headers(BODY, NOW)) is Distrust.ALGORITHM_REFUSED


@pytest.mark.parametrize(
    "jws", ["", "..", "a.b.c", "a..", "..c", "a..b..c", "*..*", "e30..AA==", "W10..AA", "é..AA", "[" * 9999]
)
def test_what_is_no_detached_jws_is_malformed(authority: Authority, signer: Signer, jws: str) -> None:
    headers = {**signer.headers(BODY, NOW), SIGNATURE: jws}
    assert _reason(authority, headers) is Distrust.SIGNATURE_MALFORMED


def test_a_deeply_nested_header_is_malformed(authority: Authority, signer: Signer) -> None:
    deep = base64.urlsafe_b64encode(b"[" * 20000).rstrip(b"=").decode()
    headers = {**signer.headers(BODY, NOW), SIGNATURE: f"{deep}..AA"}
    assert _reason(authority, headers) is Distrust.SIGNATURE_MALFORMED


@pytest.mark.parametrize("digest", ["", "SHA-256=", "SHA-512=AAAA", "SHA-256", "MD5=é"])
def test_another_digest_is_refused(authority: Authority, signer: Signer, digest: str) -> None:
    headers = {**signer.headers(BODY, NOW), DIGEST: digest}
    assert _reason(authority, headers) is Distrust.DIGEST_WRONG


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_changed_byte_of_the_headers_holds(data: st.DataObject) -> None:
    authority, headers = _SHARED["authority"], dict(_SHARED["headers"])
    name = data.draw(st.sampled_from([DIGEST, SIGNATURE]))
    at = data.draw(st.integers(0, len(headers[name]) - 1))
    put = data.draw(st.sampled_from("AZaz09._-=+/"))
    changed = headers[name][:at] + put + headers[name][at + 1 :]
    if _decoded(changed) == _decoded(headers[name]):
        return
    with pytest.raises(AnswerNotTrusted):
        _check(authority, {**headers, name: changed})


def _decoded(header: str) -> object:
    """Unused bits in the last sign of base64url may differ and mean the same."""
    parts = header.split(".")
    try:
        return [base64.urlsafe_b64decode(part + "==") for part in parts] if len(parts) == 3 else header
    except ValueError:
        return header


_SHARED: dict[str, Any] = {}


@pytest.fixture(autouse=True)
def _shared(authority: Authority, signer: Signer) -> None:
    if not _SHARED:
        _SHARED.update(authority=authority, headers=signer.headers(BODY, NOW))
        assert json.loads(base64.urlsafe_b64decode(_SHARED["headers"][SIGNATURE].split(".")[0] + "=="))

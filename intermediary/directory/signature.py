"""Digest and detached signature of an answer: JAdES over HTTP headers (ETSI TS 119 182-1, 5.2.8.2; TDD 3.6).

What is signed is the header `digest`; the digest is over the bytes of the body.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from intermediary.directory.errors import AnswerNotTrusted, Distrust

DIGEST: Final = "digest"
SIGNATURE: Final = "oots-response-sig"
HEADERS_MECHANISM: Final = "http://uri.etsi.org/19182/HttpHeaders"
ALGORITHMS: Final = ("EdDSA", "ES256")
_CRITICAL: Final = frozenset({"b64", "sigD"})
_MAX_HEADER: Final = 64 * 1024
_MAX_CHAIN: Final = 8
_SKEW: Final = timedelta(minutes=5)

ChainCheck = Callable[[bytes, Sequence[bytes], datetime], str | None]
"""Whether a certificate (DER), with those sent along, is trusted at a time: None, or the reason why not."""


class SignaturePolicy(StrEnum):
    """What happens with answers that carry no signature; one that is there must hold unless OFF."""

    REQUIRE = "require"
    IF_PRESENT = "if-present"
    """For interface 1.0, whose answers are not signed."""
    OFF = "off"
    """Local tests only."""


@dataclass(frozen=True, slots=True)
class Verified:
    """How far an answer was checked."""

    signed: bool
    signer: str = ""
    """Subject of the certificate."""


def verify(
    body: bytes,
    headers: Mapping[str, str],
    *,
    policy: SignaturePolicy,
    chain: ChainCheck,
    now: datetime,
) -> Verified:
    """Check digest and signature; header names in lower case.

    Raises AnswerNotTrusted, whose reason is distinct for each check.
    """
    if policy is SignaturePolicy.OFF:
        return Verified(signed=False)
    digest, signature = headers.get(DIGEST), headers.get(SIGNATURE)
    if digest is not None:
        _check_digest(body, digest)
    if signature is None:
        if policy is SignaturePolicy.REQUIRE:
            raise AnswerNotTrusted(Distrust.SIGNATURE_MISSING, f"the header {SIGNATURE} is not there")
        return Verified(signed=False)
    if digest is None:
        raise AnswerNotTrusted(Distrust.DIGEST_MISSING, f"the header {DIGEST} is not there")
    return Verified(signed=True, signer=_check_signature(digest, signature, chain, now))


def _check_digest(body: bytes, header: str) -> None:
    name, _, value = header.strip().partition("=")
    if name.upper() != "SHA-256":
        raise AnswerNotTrusted(Distrust.DIGEST_WRONG, "the digest is not SHA-256")
    wanted = base64.b64encode(hashlib.sha256(body).digest()).decode()
    if not hmac.compare_digest(wanted.encode(), value.encode()):
        raise AnswerNotTrusted(Distrust.DIGEST_WRONG, "the body is not the one that the digest is of")


def _check_signature(digest: str, jws: str, chain: ChainCheck, now: datetime) -> str:
    header, protected, signature = _split(jws)
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS:
        raise AnswerNotTrusted(Distrust.ALGORITHM_REFUSED, f"only {' and '.join(ALGORITHMS)} are accepted")
    _check_header(header)
    leaf, sent = _certificates(header)
    # «digest: <value>», the value as received but for blanks around it (RFC 9110, 5.5).
    signed = protected + b"." + f"{DIGEST}: {digest.strip()}".encode()
    _check_value(algorithm, leaf, signature, signed)
    moments = (_issued_at(header, now), now)
    for moment in moments:
        if not leaf.not_valid_before_utc <= moment <= leaf.not_valid_after_utc:
            raise AnswerNotTrusted(
                Distrust.CERTIFICATE_NOT_VALID, f"the signer's certificate was not valid on {moment:%Y-%m-%d}"
            )
    for moment in moments:
        problem = chain(sent[0], sent[1:], moment)
        if problem is not None:
            raise AnswerNotTrusted(Distrust.CERTIFICATE_NOT_TRUSTED, problem)
    return leaf.subject.rfc4514_string()


def _split(jws: str) -> tuple[dict[str, Any], bytes, bytes]:
    parts = jws.strip().split(".")
    if len(jws) > _MAX_HEADER or len(parts) != 3 or parts[1] or not parts[0] or not parts[2]:
        raise _malformed("it is not a detached JWS of three parts, the middle one empty")
    try:
        header = json.loads(_decoded(parts[0]))
        signature = _decoded(parts[2])
    except (ValueError, RecursionError):
        raise _malformed("its parts are not base64url, or the header is not JSON") from None
    if not isinstance(header, dict):
        raise _malformed("its header is not an object")
    return header, parts[0].encode("ascii"), signature


def _check_header(header: dict[str, Any]) -> None:
    critical = header.get("crit")
    if header.get("b64") is not False:
        raise _refused("b64 is not false")
    # A member that is critical and not understood makes a signature invalid (RFC 7515, 4.1.11).
    if not isinstance(critical, list) or not all(isinstance(name, str) for name in critical):
        raise _refused("crit is not a list of names")
    if set(critical) != _CRITICAL:
        raise _refused("crit does not hold b64 and sigD, and nothing else")
    mechanism = header.get("sigD")
    if not isinstance(mechanism, dict) or mechanism.get("mId") != HEADERS_MECHANISM:
        raise _refused("sigD.mId is not the mechanism of HTTP headers")
    if mechanism.get("pars") != [DIGEST]:
        raise _refused("sigD.pars is not the header digest alone")


def _certificates(header: dict[str, Any]) -> tuple[x509.Certificate, list[bytes]]:
    listed = header.get("x5c")
    if not isinstance(listed, list) or not 0 < len(listed) <= _MAX_CHAIN:
        raise AnswerNotTrusted(Distrust.CERTIFICATE_MISSING, "x5c holds no chain of certificates")
    try:
        sent = [base64.b64decode(each, validate=True) for each in listed]
        return x509.load_der_x509_certificate(sent[0]), sent
    except (ValueError, TypeError, binascii.Error):
        raise AnswerNotTrusted(Distrust.CERTIFICATE_MISSING, "x5c holds no readable certificate") from None


def _check_value(algorithm: str, leaf: x509.Certificate, signature: bytes, signed: bytes) -> None:
    try:
        key = leaf.public_key()
        if algorithm == "EdDSA" and isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, signed)
            return
        if (
            algorithm == "ES256"
            and isinstance(key, ec.EllipticCurvePublicKey)
            and isinstance(key.curve, ec.SECP256R1)
        ):
            r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:64])
            # Another length than 64 bytes is never right.
            value = encode_dss_signature(r, s) if len(signature) == 64 else b""
            key.verify(value, signed, ec.ECDSA(hashes.SHA256()))
            return
    except InvalidSignature:
        raise AnswerNotTrusted(Distrust.SIGNATURE_WRONG, "the signature does not fit the digest") from None
    except ValueError:  # a key of the certificate that cannot be read
        pass
    raise AnswerNotTrusted(Distrust.ALGORITHM_REFUSED, f"the signer's key is not one for {algorithm}")


def _issued_at(header: dict[str, Any], now: datetime) -> datetime:
    at = header.get("iat")
    if at is None:
        return now
    try:
        moment = datetime.fromtimestamp(float(at), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        raise _refused("iat is not a time in seconds") from None
    if moment > now + _SKEW:
        raise _refused("iat lies in the future")
    return moment


def _decoded(text: str) -> bytes:
    if "=" in text:
        raise ValueError
    return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _malformed(text: str) -> AnswerNotTrusted:
    return AnswerNotTrusted(Distrust.SIGNATURE_MALFORMED, text)


def _refused(text: str) -> AnswerNotTrusted:
    return AnswerNotTrusted(Distrust.HEADER_REFUSED, text)

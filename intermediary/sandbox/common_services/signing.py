"""Signs answers as the Common Services do: digest over the body, detached JWS over the digest header."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

from intermediary.directory.signature import DIGEST, HEADERS_MECHANISM, SIGNATURE
from intermediary.sandbox.pki import PrivateKey


@dataclass(frozen=True)
class Signer:
    """A key with its certificate, the chain behind it, and what may be wrong on demand."""

    key: PrivateKey = field(repr=False)
    chain: tuple[x509.Certificate, ...]
    """Leaf first."""

    def headers(self, body: bytes, at: datetime, over: Mapping[str, Any] | None = None) -> dict[str, str]:
        """The two headers; `over` replaces members of the protected header."""
        digest = "SHA-256=" + base64.b64encode(hashlib.sha256(body).digest()).decode()
        edwards = isinstance(self.key, ed25519.Ed25519PrivateKey)
        header: dict[str, Any] = {
            "alg": "EdDSA" if edwards else "ES256",
            "typ": "jose",
            "b64": False,
            "crit": ["b64", "sigD"],
            "iat": int(at.timestamp()),
            "sigD": {"mId": HEADERS_MECHANISM, "pars": [DIGEST]},
            "x5c": [base64.b64encode(each.public_bytes(Encoding.DER)).decode() for each in self.chain],
            **(over or {}),
        }
        protected = _encoded(json.dumps(header, separators=(",", ":")).encode())
        signed = f"{protected}.{DIGEST}: {digest}".encode()
        return {DIGEST: digest, SIGNATURE: f"{protected}..{_encoded(self._value(signed))}"}

    def _value(self, signed: bytes) -> bytes:
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            return self.key.sign(signed)
        assert isinstance(self.key, ec.EllipticCurvePrivateKey), "the kinds of key that are made for it"
        r, s = decode_dss_signature(self.key.sign(signed, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

"""What phase4 once wrote is read and verified without phase4 (see `python -m tests.interop.record`)."""

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import pytest
from cryptography import x509

from intermediary import as4, trust
from tests.interop.parties import PHASE4, PLATFORM
from tests.interop.vectors_of_phase4 import PARTS, VECTORS


@dataclass(frozen=True)
class Vectors:
    """What phase4 wrote by one security profile, signed only."""

    profile: as4.SecurityProfile

    def read(self, name: str) -> bytes:
        return (VECTORS / self.profile.name / name).read_bytes()

    @property
    def described(self) -> dict[str, Any]:
        return cast(dict[str, Any], json.loads(self.read("vectors.json")))

    @property
    def then(self) -> datetime:
        return datetime.fromisoformat(self.described["recorded"])

    def check(self, der: bytes) -> str | None:
        anchor = x509.load_pem_x509_certificate(self.read("anchor.pem"))
        return trust.certificate_check([anchor], trust.CertificatePolicy(), self.then)(der)

    def pmode(self) -> as4.PMode:
        return as4.PMode(
            id="platform-phase4",
            us=PLATFORM,
            partner=PHASE4,
            url="",
            partner_signing_certificates=(self.read("signer.pem"),),
            encrypt=False,
            security=self.profile,
        )

    def unpack(self, body: bytes) -> as4.Unpacked:
        content_type = self.described["push"]["contentType"]
        return as4.unpack(content_type, body, (self.pmode(),), as4.OwnKeys.from_pem(), self.check, self.then)

    def signal(self, name: str, body: bytes) -> as4.Receipt | as4.ErrorSignal:
        told = self.described[name]
        sent = tuple(
            as4.DigestReference(uri, method, base64.b64decode(value)) for uri, method, value in told["sent"]
        )
        packed = as4.Packed("", b"", sent)
        return as4.read_signal(told["contentType"], body, packed, told["messageId"], self.pmode(), self.check)


@pytest.fixture(params=as4.PROFILES.values(), ids=list(as4.PROFILES))
def vectors(request: pytest.FixtureRequest) -> Vectors:
    """Those of each profile."""
    return Vectors(request.param)


def test_the_signed_push_is_read(vectors: Vectors) -> None:
    body = vectors.read("push.mime")
    assert vectors.unpack(body).received.payloads == tuple(payload for payload, _ in PARTS)
    for place in (b"conversation-1", b"%PDF", b"<b/>"):
        assert body.count(place) == 1
        bent = body.replace(place, place[:-1] + bytes([place[-1] ^ 1]))
        with pytest.raises(as4.As4Refused):
            vectors.unpack(bent)


def test_the_receipt_is_verified(vectors: Vectors) -> None:
    body = vectors.read("receipt.xml")
    receipt = vectors.signal("receipt", body)
    assert isinstance(receipt, as4.Receipt)
    assert len(receipt.references) == 2 + len(PARTS)
    with pytest.raises(as4.InvalidReceipt):
        vectors.signal("receipt", body.replace(b"@platform.example", b"@platform.exampel"))


def test_the_error_is_understood(vectors: Vectors) -> None:
    signal = vectors.signal("error", vectors.read("error.xml"))
    assert isinstance(signal, as4.ErrorSignal)
    assert [error.code for error in signal.errors] == [as4.EbmsErrorCode.PROCESSING_MODE_MISMATCH]

"""What phase4 once wrote is read and verified without phase4 (see `python -m tests.interop.record`)."""

import base64
import json
from datetime import datetime
from functools import cache
from typing import Any, cast

import pytest
from cryptography import x509

from intermediary import as4, trust
from tests.interop.parties import PHASE4, PLATFORM
from tests.interop.vectors_of_phase4 import PARTS, VECTORS


@cache
def _described() -> dict[str, Any]:
    return cast(dict[str, Any], json.loads((VECTORS / "vectors.json").read_text()))


def _then() -> datetime:
    return datetime.fromisoformat(_described()["recorded"])


def _check(der: bytes) -> str | None:
    anchor = x509.load_pem_x509_certificate((VECTORS / "anchor.pem").read_bytes())
    return trust.certificate_check([anchor], trust.CertificatePolicy(), _then())(der)


def _pmode() -> as4.PMode:
    return as4.PMode(
        id="platform-phase4",
        us=PLATFORM,
        partner=PHASE4,
        url="",
        partner_signing_certificates=((VECTORS / "signer.pem").read_bytes(),),
        encrypt=False,
    )


def test_the_signed_push_is_read() -> None:
    body, content_type = (VECTORS / "push.mime").read_bytes(), _described()["push"]["contentType"]
    unpacked = as4.unpack(content_type, body, (_pmode(),), as4.OwnKeys.from_pem(), _check, _then())
    assert unpacked.received.payloads == tuple(payload for payload, _ in PARTS)
    for place in (b"conversation-1", b"%PDF", b"<b/>"):
        assert body.count(place) == 1
        bent = body.replace(place, place[:-1] + bytes([place[-1] ^ 1]))
        with pytest.raises(as4.As4Refused):
            as4.unpack(content_type, bent, (_pmode(),), as4.OwnKeys.from_pem(), _check, _then())


def _signal(name: str, body: bytes) -> as4.Receipt | as4.ErrorSignal:
    described = _described()[name]
    sent = tuple(
        as4.DigestReference(uri, method, base64.b64decode(value)) for uri, method, value in described["sent"]
    )
    packed = as4.Packed("", b"", sent)
    return as4.read_signal(described["contentType"], body, packed, described["messageId"], _pmode(), _check)


def test_the_receipt_is_verified() -> None:
    body = (VECTORS / "receipt.xml").read_bytes()
    receipt = _signal("receipt", body)
    assert isinstance(receipt, as4.Receipt)
    assert len(receipt.references) == 2 + len(PARTS)
    with pytest.raises(as4.InvalidReceipt):
        _signal("receipt", body.replace(b"@platform.example", b"@platform.exampel"))


def test_the_error_is_understood() -> None:
    signal = _signal("error", (VECTORS / "error.xml").read_bytes())
    assert isinstance(signal, as4.ErrorSignal)
    assert [error.code for error in signal.errors] == [as4.EbmsErrorCode.PROCESSING_MODE_MISMATCH]

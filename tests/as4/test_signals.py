"""Receipts and errors as the sender reads them: only the whole truth counts as a receipt."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intermediary import as4
from intermediary.content import InMemory
from tests.as4.parties import (
    CHECK,
    EDM,
    PLATFORM,
    PORTAL,
    REQUEST,
    acknowledge,
    leaf,
    pmode,
    profile,
    read,
    receive,
    send,
    signing,
)
from tests.as4.pki import NOW

ERROR = as4.EbmsError(
    as4.EbmsErrorCode.FAILED_AUTHENTICATION, "The signature could not be accepted", REQUEST.message_id
)


@pytest.fixture
def receipt(unpacked: as4.Unpacked) -> as4.Packed:
    return acknowledge(unpacked)


def test_the_receipt_is_plain_soap_and_repeats_the_references(receipt: as4.Packed, sent: as4.Packed) -> None:
    assert receipt.content_type == "application/soap+xml; charset=UTF-8"
    signal = read(receipt, sent)
    assert isinstance(signal, as4.Receipt)
    assert signal == as4.Receipt("receipt-1@platform.example", NOW, REQUEST.message_id, sent.references)


def test_a_receipt_for_another_message(receipt: as4.Packed, sent: as4.Packed) -> None:
    with pytest.raises(as4.InvalidReceipt, match="another message"):
        as4.read_signal(receipt.content_type, receipt.body, sent, "other@portal.example", pmode(), CHECK)


@pytest.mark.parametrize(
    "change",
    [
        lambda refs: refs[:-1],
        lambda refs: (*refs, replace(refs[0], uri="#more")),
        lambda refs: (*refs[:-1], replace(refs[-1], digest_value=bytes(32))),
        lambda refs: (*refs[:-1], replace(refs[-1], uri="cid:other@x")),
        lambda refs: (),
    ],
)
def test_a_receipt_that_names_other_digests(
    receipt: as4.Packed,
    sent: as4.Packed,
    change: Callable[[tuple[as4.DigestReference, ...]], tuple[as4.DigestReference, ...]],
) -> None:
    with pytest.raises(as4.InvalidReceipt, match="digests"):
        read(receipt, replace(sent, references=change(sent.references)))


def test_a_receipt_whose_references_are_a_copy_of_something_else(
    sent: as4.Packed, unpacked: as4.Unpacked
) -> None:
    lying = replace(
        unpacked, received=replace(unpacked.received, reference_xml=unpacked.received.reference_xml[:2])
    )
    with pytest.raises(as4.InvalidReceipt, match="digests"):
        read(acknowledge(lying), sent)


def test_a_receipt_signed_by_somebody_else(unpacked: as4.Unpacked, sent: as4.Packed) -> None:
    for other in (signing(PORTAL), as4.SigningKey.from_pem(*leaf("AP_OTHER"))):
        answer = as4.pack_receipt(unpacked.received, "r@x", NOW, other)
        with pytest.raises(as4.InvalidReceipt, match="not pinned"):
            read(answer, sent)


def test_a_receipt_that_the_certificate_check_does_not_trust(receipt: as4.Packed, sent: as4.Packed) -> None:
    with pytest.raises(as4.InvalidReceipt, match="revoked"):
        as4.read_signal(
            receipt.content_type, receipt.body, sent, REQUEST.message_id, pmode(), lambda _der: "revoked"
        )


def test_an_altered_receipt(receipt: as4.Packed, sent: as4.Packed) -> None:
    altered = replace(receipt, content=InMemory(receipt.body.replace(b"receipt-1@", b"receipt-2@")))
    with pytest.raises(as4.InvalidReceipt, match="digest of Messaging"):
        read(altered, sent)


def _without_signature(packed: as4.Packed) -> as4.Packed:
    start, end = packed.body.index(b"<wsse:Security"), packed.body.index(b"</wsse:Security>")
    return replace(
        packed, content=InMemory(packed.body[:start] + packed.body[end + len(b"</wsse:Security>") :])
    )


def test_an_unsigned_receipt(receipt: as4.Packed, sent: as4.Packed) -> None:
    with pytest.raises(as4.InvalidReceipt, match="not signed"):
        read(_without_signature(receipt), sent)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/soap+xml", b""),
        ("", b""),
        ("text/html", b"<html>502 Bad Gateway</html>"),
        ("application/soap+xml", b"{}"),
        ("application/soap+xml", b"<a/>"),
        (
            "application/soap+xml",
            b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header/><s:Body/></s:Envelope>',
        ),
    ],
)
def test_answers_that_are_no_signal(content_type: str, body: bytes, sent: as4.Packed) -> None:
    with pytest.raises(as4.InvalidReceipt):
        read(as4.Packed(content_type, body), sent)


def test_a_user_message_is_no_receipt(sent: as4.Packed) -> None:
    with pytest.raises(as4.InvalidReceipt):
        read(send(), sent)


def test_errors_signed_or_not(sent: as4.Packed) -> None:
    answer = as4.pack_error(
        (ERROR, replace(ERROR, description="")), "e@platform.example", NOW, signing(PLATFORM)
    )
    wanted = as4.ErrorSignal(
        "e@platform.example", NOW, REQUEST.message_id, (ERROR, replace(ERROR, description=""))
    )
    assert read(answer, sent) == wanted
    assert read(_without_signature(answer), sent) == wanted


@pytest.mark.parametrize("code", list(as4.EbmsErrorCode))
def test_every_error_code_is_understood(code: as4.EbmsErrorCode, sent: as4.Packed) -> None:
    error = as4.EbmsError(code, "Why", REQUEST.message_id)
    signal = read(as4.pack_error((error,), "e@platform.example", NOW, signing(PLATFORM)), sent)
    assert isinstance(signal, as4.ErrorSignal)
    assert signal.errors == (error,)


def test_an_error_code_of_another_list_is_kept_as_text(sent: as4.Packed) -> None:
    answer = as4.pack_error((ERROR,), "e@platform.example", NOW, signing(PLATFORM))
    foreign = replace(
        _without_signature(answer),
        content=InMemory(_without_signature(answer).body.replace(b"EBMS:0101", b"ACME:7")),
    )
    signal = read(foreign, sent)
    assert isinstance(signal, as4.ErrorSignal)
    assert signal.errors[0].code is as4.EbmsErrorCode.OTHER
    assert signal.errors[0].description.startswith("ACME:7")


def test_an_error_without_reference_is_about_our_message(sent: as4.Packed) -> None:
    answer = as4.pack_error((replace(ERROR, ref_to_message_id=None),), "e@x", NOW, signing(PLATFORM))
    assert isinstance(read(answer, sent), as4.ErrorSignal)


def test_an_error_about_another_message(sent: as4.Packed) -> None:
    answer = as4.pack_error((replace(ERROR, ref_to_message_id="other@x"),), "e@x", NOW, signing(PLATFORM))
    with pytest.raises(as4.InvalidReceipt, match="another message"):
        read(answer, sent)


def test_an_error_with_a_signature_that_does_not_hold(sent: as4.Packed) -> None:
    answer = as4.pack_error((ERROR,), "e@x", NOW, signing(PLATFORM))
    with pytest.raises(as4.InvalidReceipt, match="digest"):
        read(replace(answer, content=InMemory(answer.body.replace(b"could not be", b"was never.. "))), sent)


def test_an_answer_may_come_as_multipart(receipt: as4.Packed, sent: as4.Packed) -> None:
    body = b"--b\r\nContent-Type: application/soap+xml\r\n\r\n" + receipt.body + b"\r\n--b--\r\n"
    assert isinstance(read(as4.Packed("multipart/related; boundary=b", body), sent), as4.Receipt)


@cache
def _acknowledged(_profile: as4.SecurityProfile) -> tuple[as4.Packed, as4.Packed]:
    packed = send(EDM)
    return packed, acknowledge(receive(packed))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_damaged_receipt_counts(data: st.DataObject) -> None:
    packed, answer = _acknowledged(profile())
    at = data.draw(st.integers(0, len(answer.body) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != answer.body[at]))
    damaged = answer.body[:at] + bytes([byte]) + answer.body[at + 1 :]
    try:
        signal = read(replace(answer, content=InMemory(damaged)), packed)
    except as4.InvalidReceipt:
        return
    # What is outside the signed elements may change without harm: then the receipt says the same.
    assert isinstance(signal, as4.Receipt)
    assert set(signal.references) == set(packed.references)


def test_the_detail_of_an_error_is_read_and_tells_a_duplicate(sent: as4.Packed) -> None:
    error = as4.EbmsError(as4.EbmsErrorCode.OTHER, "Not handled", REQUEST.message_id)
    signal = as4.pack_error((error,), "error-1@platform.example", NOW, signing(PLATFORM))
    body = signal.body.replace(
        b"</eb:Error>", b"<eb:ErrorDetail>handled before\n(this is a duplicate)</eb:ErrorDetail></eb:Error>"
    )
    security = body[body.index(b"<wsse:Security") : body.index(b"</wsse:Security>") + 16]
    told = read(as4.Packed(signal.content_type, body.replace(security, b"")), sent)
    assert isinstance(told, as4.ErrorSignal)
    assert told.errors[0].detail == "handled before (this is a duplicate)"
    assert told.errors[0].says_duplicate
    assert not error.says_duplicate

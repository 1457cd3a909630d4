"""Every ebMS error that a received message can earn, each with its exact reason (assertions C31–C38)."""

import gzip
from dataclasses import replace
from datetime import timedelta

import pytest
from lxml import etree

from intermediary import as4
from intermediary.as4 import vocabulary as v
from intermediary.content import InMemory
from tests.as4 import forge
from tests.as4.forge import ForgedPart, Forgery, messaging
from tests.as4.parties import (
    CHECK,
    EDM,
    PORTAL,
    REQUEST,
    acknowledge,
    keys,
    leaf,
    receive,
    receiving,
    send,
)
from tests.as4.pki import NOW

Code = as4.EbmsErrorCode
PART = ForgedPart("p1@forge", "application/octet-stream", b"content")
HEADER = messaging([PART])
PROPERTIES = "<MessageProperties>{}</MessageProperties>"


def refused(packed: as4.Packed, *pmodes: as4.PMode, limits: as4.Limits | None = None) -> as4.As4Refused:
    with pytest.raises(as4.As4Refused) as caught:
        receive(packed, *pmodes, limits=limits or as4.Limits())
    refusal = caught.value
    assert refusal.error.description, "the partner is told something"
    assert refusal.error.ref_to_message_id == refusal.message_id
    return refusal


def expect(refusal: as4.As4Refused, code: Code, reason: str) -> None:
    assert reason in refusal.reason
    assert refusal.error.code is code


def bent(old: str, new: str, count: int = 1) -> Forgery:
    """A correctly signed message whose header was bent before it was signed."""
    assert old in HEADER
    return Forgery([PART], header=HEADER.replace(old, new, count))


# ---- EBMS:0001, 0010: parties and P-Mode


def test_unknown_partner() -> None:
    stranger = replace(REQUEST, sender=as4.Party("AP_STRANGER", PORTAL.type))
    refusal = refused(Forgery([PART], header=messaging([PART], message=stranger)).pack())
    expect(refusal, Code.VALUE_NOT_RECOGNIZED, "the From party is not a partner")
    assert (refusal.message_id, refusal.pmode_id) == (REQUEST.message_id, None)


def test_a_party_of_another_type_is_another_party() -> None:
    stranger = replace(REQUEST, sender=as4.Party(PORTAL.id, "urn:other"))
    refusal = refused(Forgery([PART], header=messaging([PART], message=stranger)).pack())
    expect(refusal, Code.VALUE_NOT_RECOGNIZED, "the From party is not a partner")


def test_a_message_for_somebody_else() -> None:
    other = replace(REQUEST, receiver=as4.Party("AP_OTHER", PORTAL.type))
    refusal = refused(Forgery([PART], header=messaging([PART], message=other)).pack())
    expect(refusal, Code.VALUE_NOT_RECOGNIZED, "the To party is not ours")


def test_no_p_mode_at_all() -> None:
    packed = send(EDM)
    with pytest.raises(as4.As4Refused) as caught:
        as4.unpack(packed.content_type, packed.body, (), keys(), CHECK, NOW)
    assert caught.value.error.code is Code.VALUE_NOT_RECOGNIZED


@pytest.mark.parametrize(
    "message",
    [
        replace(REQUEST, service="Other"),
        replace(REQUEST, service_type=None),
        replace(REQUEST, action="Delete"),
        replace(REQUEST, agreement="urn:agreement:other"),
        replace(REQUEST, service=as4.TEST_SERVICE, action="ExecuteQueryRequest"),
    ],
)
def test_no_p_mode_for_service_action_or_agreement(message: as4.UserMessage) -> None:
    refusal = refused(send(EDM, message=message), receiving(agreement="urn:agreement"))
    expect(refusal, Code.PROCESSING_MODE_MISMATCH, "no P-Mode of these parties fits")


def test_another_message_channel() -> None:
    refusal = refused(send(EDM, message=replace(REQUEST, mpc="urn:other")))
    expect(refusal, Code.PROCESSING_MODE_MISMATCH, "message channel")


def test_of_several_p_modes_the_one_with_the_agreement() -> None:
    first, second = receiving(id="first", agreement="urn:a"), receiving(id="second", agreement="urn:b")
    assert receive(send(EDM, message=replace(REQUEST, agreement="urn:b")), first, second).pmode.id == "second"
    assert receive(send(EDM), first, second).pmode.id == "first"


# ---- EBMS:0009: the header


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (REQUEST.message_id, "no-domain", "MessageId"),
        (REQUEST.message_id, "", "MessageId is empty"),
        ("2026-07-01T14:00:00.1234567+02:00", "2026-07-01T14:00:00", "Timestamp"),
        ("2026-07-01T14", "2026-13-01T14", "Timestamp"),
        ("<Role>", "<Role/><Role>", "From holds Role out of place"),
        ("<Service ", "<Action>x</Action><Service ", "CollaborationInfo lacks Service at its place"),
        ("<UserMessage>", "<UserMessage extra='1'>", "attribute"),
        ("<UserMessage>", "<UserMessage>text", "text between"),
        ("<Action>", "<Action><b/>", "Action holds more than text"),
        ("<Action>", "<Action><!-- split -->", "Action holds more than text"),
        ("<Action>", "<Action>" + "x" * 5000, "too long"),
        ("</UserMessage>", "</UserMessage><UserMessage/>", "exactly one message"),
        ("</UserMessage>", "</UserMessage><SignalMessage/>", "exactly one message"),
        ("<PayloadInfo>", "<MessageProperties/><PayloadInfo>", "MessageProperties lacks Property"),
        ("<PayloadInfo>", f"{PROPERTIES.format('<Property>x</Property>')}<PayloadInfo>", "no name"),
        ("<PayloadInfo>", "<Unknown/><PayloadInfo>", "UserMessage holds Unknown out of place"),
    ],
)
def test_headers_that_break_the_schema(old: str, new: str, reason: str) -> None:
    expect(refused(bent(old, new).pack()), Code.INVALID_HEADER, reason)


def test_a_property_twice_contradicts_itself() -> None:
    twice = PROPERTIES.format("<Property name='a'>1</Property><Property name='a'>2</Property>")
    refusal = refused(bent("<PayloadInfo>", f"{twice}<PayloadInfo>").pack())
    expect(refusal, Code.VALUE_INCONSISTENT, "MessageProperties names a property twice")


def test_a_signal_where_a_message_is_expected(unpacked: as4.Unpacked) -> None:
    refusal = refused(acknowledge(unpacked))
    expect(refusal, Code.FEATURE_NOT_SUPPORTED_UNPACKAGING, "signal message")


def test_a_payload_in_the_body() -> None:
    refusal = refused(Forgery([PART], body="<a/>").pack())
    expect(refusal, Code.FEATURE_NOT_SUPPORTED_UNPACKAGING, "Body is not empty")


def test_a_block_that_must_be_understood() -> None:
    block = f'<t:Block xmlns:t="urn:t" xmlns:e="{v.SOAP}" e:mustUnderstand="true"/>'
    refusal = refused(Forgery([PART], blocks=block).pack())
    expect(refusal, Code.FEATURE_NOT_SUPPORTED_UNPACKAGING, "mandatory SOAP header")
    assert receive(Forgery([PART], blocks='<t:Block xmlns:t="urn:t"/>').pack()).received.payloads


# ---- EBMS:0007, 0011: parts


def test_a_part_that_is_missing() -> None:
    header = messaging([PART, replace(PART, content_id="p2@forge")])
    expect(
        refused(Forgery([PART], header=header).pack()),
        Code.MIME_INCONSISTENCY,
        "names a part that is missing",
    )


def test_a_part_that_nobody_names() -> None:
    refusal = refused(Forgery([PART, replace(PART, content_id="p2@forge")], header=HEADER).pack())
    expect(refusal, Code.MIME_INCONSISTENCY, "not named in the header")


def test_a_part_named_twice() -> None:
    refusal = refused(Forgery([PART], header=messaging([PART, PART])).pack())
    expect(refusal, Code.VALUE_INCONSISTENT, "names a part twice")


@pytest.mark.parametrize("href", ["http://evil.example/a", "file:///etc/passwd", "p1@forge", "#_b1", ""])
def test_a_reference_that_is_not_a_cid(href: str) -> None:
    refusal = refused(bent('href="cid:p1@forge"', f'href="{href}"').pack())
    expect(refusal, Code.EXTERNAL_PAYLOAD_ERROR, "no cid: reference")
    without = refused(bent(' href="cid:p1@forge"', "").pack())
    expect(without, Code.EXTERNAL_PAYLOAD_ERROR, "no cid: reference")


def test_too_much_for_the_p_mode() -> None:
    packed = send(EDM, replace(EDM, content_id="second@x"))
    expect(refused(packed, receiving(max_parts=1)), Code.OTHER, "more parts than the P-Mode allows")
    expect(refused(packed, receiving(max_bytes=50)), Code.OTHER, "more bytes than the P-Mode allows")
    big = send(replace(EDM, content=InMemory(bytes(10_000))))
    expect(refused(big, receiving(max_bytes=5_000)), Code.DECOMPRESSION_FAILURE, "beyond the limit")


# ---- EBMS:0103: policy


def _unsigned(envelope: etree._Element) -> None:
    signature = envelope.find(f".//{v.ds('Signature')}")
    assert signature is not None
    parent = signature.getparent()
    assert parent is not None
    parent.remove(signature)


@pytest.mark.usefixtures("each_profile")
@pytest.mark.parametrize(
    ("forgery", "reason"),
    [
        (Forgery([PART], last=_unsigned), "the message is not signed"),
        (Forgery([PART], recipient=None), "a part is not encrypted"),
        (Forgery([PART], covered=lambda uri: uri != "cid:p1@forge"), "does not cover every part"),
        (Forgery([PART], covered=lambda uri: uri != "#_m1"), "does not cover Messaging"),
        (Forgery([PART], covered=lambda uri: uri != "#_b1"), "does not cover Body"),
        (Forgery([PART], signature_method=forge.RSA_SHA1), "the signature algorithm is not the one of"),
        (Forgery([PART], digest_method=forge.SHA1), "not SHA-256"),
        (Forgery([PART], c14n="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"), "not exclusive C14N"),
        (Forgery([PART], c14n=v.EXC_C14N + "WithComments"), "not exclusive C14N"),
        (Forgery([PART], attachment_transform=v.EXC_C14N), "transform"),
        (Forgery([PART], key_form="none"), "exactly one key"),
        (Forgery([PART], cipher="http://www.w3.org/2001/04/xmlenc#aes128-cbc"), "aes128-gcm"),
    ],
)
def test_what_the_security_policy_refuses(forgery: Forgery, reason: str) -> None:
    refusal = refused(forgery.pack())
    expect(refusal, Code.POLICY_NONCOMPLIANCE, reason)
    assert refusal.pmode_id == receiving().id


@pytest.mark.parametrize(
    "forgery",
    [
        Forgery([PART], oaep_digest=forge.SHA1),
        Forgery([PART], mgf="http://www.w3.org/2009/xmlenc11#mgf1sha1"),
    ],
)
def test_other_parameters_of_key_transport(forgery: Forgery) -> None:
    expect(refused(forgery.pack()), Code.POLICY_NONCOMPLIANCE, "RSA-OAEP")


# ---- EBMS:0101: authentication


@pytest.mark.usefixtures("each_profile")
def test_an_expired_certificate() -> None:
    expired = leaf("AP_EXPIRED", ends=NOW - timedelta(days=1))
    pinned = receiving(partner_signing_certificates=(expired.certificate,))
    refusal = refused(Forgery([PART], signer=expired).pack(), pinned)
    expect(refusal, Code.FAILED_AUTHENTICATION, "expired or not yet valid")
    coming = leaf("AP_COMING", starts=NOW + timedelta(days=1))
    pinned = receiving(partner_signing_certificates=(coming.certificate,))
    expect(
        refused(Forgery([PART], signer=coming).pack(), pinned),
        Code.FAILED_AUTHENTICATION,
        "expired or not yet valid",
    )


@pytest.mark.usefixtures("each_profile")
def test_a_pinned_certificate_expires_whatever_the_check_says() -> None:
    packed = send(EDM)
    late = NOW + timedelta(days=400)
    with pytest.raises(as4.As4Refused) as caught:
        as4.unpack(packed.content_type, packed.body, (receiving(),), keys(), lambda _der: None, late)
    expect(caught.value, Code.FAILED_AUTHENTICATION, "expired or not yet valid")


@pytest.mark.usefixtures("each_profile")
def test_a_certificate_of_another_authority() -> None:
    foreign = leaf(PORTAL.id, issuer="Foreign CA")
    packed = Forgery([PART], signer=foreign).pack()
    expect(refused(packed), Code.FAILED_AUTHENTICATION, "not pinned")
    expect(
        refused(packed, receiving(partner_signing_certificates=())),
        Code.FAILED_AUTHENTICATION,
        "no path leads to a trust anchor",
    )
    pinned = receiving(partner_signing_certificates=(foreign.certificate,))
    expect(refused(packed, pinned), Code.FAILED_AUTHENTICATION, "no path leads to a trust anchor")


@pytest.mark.usefixtures("each_profile")
def test_another_partner_of_the_same_authority() -> None:
    other = leaf("AP_OTHER")
    packed = Forgery([PART], signer=other).pack()
    expect(refused(packed), Code.FAILED_AUTHENTICATION, "not pinned")
    unpinned = receiving(partner_signing_certificates=())
    expect(refused(packed, unpinned), Code.FAILED_AUTHENTICATION, "common name")


@pytest.mark.usefixtures("each_profile")
def test_a_certificate_that_is_not_sent() -> None:
    unpinned = receiving(partner_signing_certificates=())
    refusal = refused(Forgery([PART], key_form="ski").pack(), unpinned)
    expect(refusal, Code.FAILED_AUTHENTICATION, "neither sent nor pinned")


@pytest.mark.usefixtures("each_profile")
def test_a_check_that_says_no_is_heard() -> None:
    packed = send(EDM)
    with pytest.raises(as4.As4Refused) as caught:
        as4.unpack(packed.content_type, packed.body, (receiving(),), keys(), lambda _der: "revoked", NOW)
    expect(caught.value, Code.FAILED_AUTHENTICATION, "not trusted: revoked")
    assert "revoked" not in caught.value.error.description


# ---- EBMS:0102: decryption


@pytest.mark.usefixtures("each_profile")
def test_encrypted_for_somebody_else() -> None:
    refusal = refused(Forgery([PART], recipient=leaf(PORTAL.id, "encryption")).pack())
    expect(refusal, Code.FAILED_DECRYPTION, "a key that is not ours")


@pytest.mark.usefixtures("each_profile")
def test_a_content_key_of_another_length() -> None:
    expect(refused(Forgery([PART], content_key=bytes(32)).pack()), Code.FAILED_DECRYPTION, "128 bits")


@pytest.mark.usefixtures("each_profile")
def test_a_wrapped_key_that_was_damaged() -> None:
    def damage(envelope: etree._Element) -> None:
        value = envelope.find(f".//{v.xenc('CipherValue')}")
        assert value is not None
        assert value.text is not None
        value.text = ("A" if value.text[0] != "A" else "B") + value.text[1:]

    expect(refused(Forgery([PART], last=damage).pack()), Code.FAILED_DECRYPTION, "cannot be unwrapped")


def test_a_flipped_bit_in_an_encrypted_part(sent: as4.Packed) -> None:
    for back in (60, 200, 300):
        body = bytearray(sent.body)
        body[-back] ^= 1
        refusal = refused(replace(sent, content=InMemory(bytes(body))))
        expect(refusal, Code.FAILED_DECRYPTION, "authentication tag")


def test_an_encrypted_part_that_is_too_short() -> None:
    packed = Forgery([PART]).pack()
    boundary = packed.body.rindex(b"\r\n--b0--")
    start = packed.body.rindex(b"\r\n\r\n") + 4
    cut = replace(packed, content=InMemory(packed.body[: start + 10] + packed.body[boundary:]))
    expect(refused(cut), Code.FAILED_DECRYPTION, "too short")


# ---- EBMS:0303: decompression


def zipped(content: bytes, kind: str = "application/gzip", mime: str = "text/csv") -> Forgery:
    properties = (("CompressionType", kind), *((("MimeType", mime),) if mime else ()))
    return Forgery([ForgedPart("p1@forge", "application/gzip", content, properties)])


@pytest.mark.parametrize(
    ("forgery", "reason"),
    [
        (zipped(b"not gzip"), "not valid gzip"),
        (zipped(b""), "cut off"),
        (zipped(gzip.compress(b"x" * 100)[:-4]), "cut off"),
        (zipped(gzip.compress(b"x" * 100)[:-8] + bytes(8)), "not valid gzip"),
        (zipped(gzip.compress(b"x") + b"rubbish"), "not valid gzip"),
        (zipped(gzip.compress(b"") * 100), "members"),
        (zipped(gzip.compress(b"x"), kind="application/zip"), "CompressionType"),
        (zipped(gzip.compress(b"x"), mime=""), "MimeType"),
    ],
)
def test_what_cannot_be_decompressed(forgery: Forgery, reason: str) -> None:
    expect(refused(forgery.pack()), Code.DECOMPRESSION_FAILURE, reason)


def test_a_gzip_bomb() -> None:
    bomb = gzip.compress(bytes(40 * 1024 * 1024))
    refusal = refused(zipped(bomb).pack())
    expect(refusal, Code.DECOMPRESSION_FAILURE, "beyond the limit")
    limits = as4.Limits(decompressed_bytes=1000)
    expect(
        refused(zipped(gzip.compress(bytes(1001))).pack(), limits=limits), Code.DECOMPRESSION_FAILURE, "limit"
    )
    assert receive(zipped(gzip.compress(bytes(1000))).pack(), limits=limits).received.payloads


def test_parts_share_one_budget() -> None:
    parts = [
        ForgedPart(
            f"p{n}@forge",
            "application/gzip",
            gzip.compress(bytes(600)),
            (("MimeType", "text/csv"), ("CompressionType", "application/gzip")),
        )
        for n in range(2)
    ]
    refusal = refused(Forgery(parts).pack(), limits=as4.Limits(decompressed_bytes=1000))
    expect(refusal, Code.DECOMPRESSION_FAILURE, "limit")

"""Pack, unpack, acknowledge, read the receipt, by P-Mode; and what we write, held against the standards."""

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from intermediary import as4, xml
from intermediary.as4 import header, mime, rendering, soap
from intermediary.as4.header import PartInfo
from intermediary.as4.vocabulary import (
    AES128_GCM,
    EXC_C14N,
    MESSAGING,
    SECURITY,
    SHA256,
    ds,
    xenc,
)
from intermediary.validation import Validator
from tests.as4 import pki
from tests.as4.forge import ForgedPart, Forgery
from tests.as4.parties import (
    EDM,
    PDF,
    PLATFORM,
    PORTAL,
    REQUEST,
    acknowledge,
    keys,
    leaf,
    pmode,
    profile,
    read,
    receive,
    receiving,
    send,
    signing,
)
from tests.as4.pki import NOW

VALIDATOR = Validator(Path(__file__).parents[2] / "xsd")
FIVE = tuple(as4.Payload(f"part{n}@portal.example", PDF.media_type, bytes([n]) * n * 9) for n in range(5))


@pytest.mark.usefixtures("each_profile")
@pytest.mark.parametrize("encrypt", [True, False])
@pytest.mark.parametrize("compress", [True, False])
@pytest.mark.parametrize("payloads", [(), (EDM,), (EDM, PDF), FIVE])
def test_what_was_sent_arrives_and_is_acknowledged(
    payloads: tuple[as4.Payload, ...], compress: bool, encrypt: bool
) -> None:
    packed = send(*payloads, compress=compress, encrypt=encrypt)
    unpacked = receive(packed, receiving(encrypt=encrypt))
    assert unpacked.received.payloads == payloads
    assert unpacked.received.message == replace(REQUEST, part_ids=tuple(p.content_id for p in payloads))
    assert unpacked.received.references == packed.references
    assert unpacked.received.signer == leaf(PORTAL.id).der
    receipt = read(acknowledge(unpacked), packed)
    assert isinstance(receipt, as4.Receipt)
    assert receipt.ref_to_message_id == REQUEST.message_id
    assert receipt.references == packed.references


def test_without_signature_by_p_mode() -> None:
    unsigned = replace(pmode(), sign=False)
    packed = send(EDM, sign=False)
    unpacked = receive(packed, receiving(sign=False))
    assert unpacked.received.payloads == (EDM,)
    assert unpacked.received.signer == b""
    answer = acknowledge(unpacked)
    receipt = as4.read_signal(
        answer.content_type, answer.body, packed, REQUEST.message_id, unsigned, lambda _der: None
    )
    assert isinstance(receipt, as4.Receipt)


def test_content_does_not_travel_in_the_clear(sent: as4.Packed) -> None:
    assert EDM.data not in sent.body
    assert b"%PDF" not in sent.body


def test_a_fresh_key_and_iv_for_each_message(sent: as4.Packed) -> None:
    again = send(EDM, PDF)
    assert again.references == sent.references
    assert again.body != sent.body


def test_the_profile_is_what_is_written(sent: as4.Packed) -> None:
    """eDelivery AS4 1.15 and 2.0: algorithms, coverage, MIME types (assertions C07, C08, C13, C14)."""
    message = mime.split(sent.content_type, sent.body, as4.Limits())
    root = etree.fromstring(message.root)
    used = {element.get("Algorithm") for element in root.iter(ds("SignatureMethod"), ds("DigestMethod"))}
    assert used == {profile().signature_method, SHA256}
    assert {e.get("Algorithm") for e in root.iter(ds("CanonicalizationMethod"))} == {EXC_C14N}
    data = list(root.iter(xenc("EncryptedData")))
    assert [one.get("MimeType") for one in data] == ["application/gzip", "application/gzip"]
    assert {one[0].get("Algorithm") for one in data} == {AES128_GCM}
    assert [part.media_type for part in message.attachments.values()] == ["application/octet-stream"] * 2
    assert [reference.uri for reference in sent.references] == [
        "#messaging",
        "#body",
        "cid:edm-1@portal.example",
        "cid:birth%2520certificate%2B1@portal.example",
    ]
    assert [child.tag for child in root[0]] == [SECURITY, MESSAGING]


def _written() -> list[as4.Packed]:
    unpacked = receive(
        send(EDM, PDF, message=replace(REQUEST, agreement="urn:a", agreement_type="t", mpc=None))
    )
    error = as4.EbmsError(as4.EbmsErrorCode.OTHER, "Only a <test> & more", REQUEST.message_id)
    bare = as4.EbmsError(as4.EbmsErrorCode.MIME_INCONSISTENCY)
    return [
        send(EDM, PDF, message=replace(REQUEST, agreement="urn:a", agreement_type="t")),
        send(message=replace(REQUEST, ref_to_message_id="x@y", mpc="urn:mpc", properties=())),
        acknowledge(unpacked),
        as4.pack_error((error, bare), "e@platform.example", NOW, signing(PLATFORM)),
        as4.pack_error((bare,), "e@platform.example", NOW, signing(PLATFORM)),
    ]


@pytest.mark.usefixtures("each_profile")
def test_every_header_that_we_write_is_valid() -> None:
    for packed in _written():
        root = xml.parse(mime.split(packed.content_type, packed.body, as4.Limits()).root)
        messaging = root.find(f".//{MESSAGING}")
        assert messaging is not None
        copy = xml.parse(etree.tostring(messaging, with_tail=False))
        report = VALIDATOR.check(copy, "ebms:v3.0")
        assert report.ok, report.errors


@pytest.mark.usefixtures("each_profile")
def test_what_we_hash_is_what_libxml2_would_hash() -> None:
    """We write canonical form by hand: eb:Messaging, Body and SignedInfo must be their own canonical form."""
    for packed in _written():
        data = mime.split(packed.content_type, packed.body, as4.Limits()).root
        envelope = soap.read_envelope(data, mime.media_type("application/soap+xml"))
        assert envelope.security is not None
        signed_info = envelope.security.find(f"{ds('Signature')}/{ds('SignedInfo')}")
        assert signed_info is not None
        for node in (envelope.messaging, envelope.body, signed_info):
            assert soap.canonical(node) in data


def test_a_test_message_needs_no_service_of_the_p_mode() -> None:
    ping = replace(REQUEST, service=as4.TEST_SERVICE, service_type=None, action=as4.TEST_ACTION)
    assert receive(send(message=ping)).received.message.is_test
    assert not receive(send(EDM)).received.message.is_test


@pytest.mark.usefixtures("each_profile")
def test_two_certificates_overlap() -> None:
    """A new signing and a new encryption certificate beside the old ones (rotation without a gap)."""
    old, new = leaf("AP_PORTAL_OLD"), leaf(PORTAL.id)
    both = receiving(partner_signing_certificates=(old.certificate, new.certificate))
    ours = as4.OwnKeys.from_pem(leaf("AP_OLD", "encryption"), leaf(PLATFORM.id, "encryption"))
    packed = send(EDM)
    unpacked = as4.unpack(packed.content_type, packed.body, (both,), ours, lambda _der: None, NOW)
    assert unpacked.received.payloads == (EDM,)
    old_key = as4.SigningKey.from_pem(*old)
    packed = as4.pack(REQUEST, (EDM,), pmode(), old_key)
    unpacked = as4.unpack(packed.content_type, packed.body, (both,), ours, lambda _der: None, NOW)
    assert unpacked.received.signer == old.der


@pytest.mark.usefixtures("each_profile")
def test_a_renewed_certificate_with_the_old_key() -> None:
    """Both certificates have the same SubjectKeyIdentifier; the valid one counts."""
    old = leaf(PORTAL.id, ends=NOW - timedelta(days=1))
    both = receiving(partner_signing_certificates=(old.certificate, leaf(PORTAL.id).certificate))
    part = ForgedPart("p1@forge", "image/png", b"png")
    assert receive(Forgery([part], key_form="ski").pack(), both).received.signer == leaf(PORTAL.id).der


def test_a_thousand_parts() -> None:
    """Assertion C48; the P-Mode decides how many are accepted."""
    parts = tuple(replace(PDF, content_id=f"part{n}@portal.example") for n in range(1000))
    packed = send(*parts, max_parts=1000)
    unpacked = receive(packed, receiving(max_parts=1000))
    assert unpacked.received.payloads == parts
    assert isinstance(read(acknowledge(unpacked), packed), as4.Receipt)


@pytest.mark.usefixtures("each_profile")
def test_without_pins_the_common_name_is_the_party() -> None:
    assert receive(send(EDM), receiving(partner_signing_certificates=())).received.payloads == (EDM,)


@pytest.mark.usefixtures("each_profile")
def test_nothing_secret_shows(caplog: pytest.LogCaptureFixture, unpacked: as4.Unpacked) -> None:
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("test").debug("%r %r %r %r", signing(), keys(), unpacked, send(EDM))
    for secret in ("PRIVATE", "PrivateKey", "<query:", "%PDF", "BEGIN"):
        assert secret not in caplog.text


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"message_id": "no-at-sign"}, "local@domain"),
        ({"message_id": "a b@c"}, "local@domain"),
        ({"receiver": PORTAL}, "not the partner"),
        ({"service": ""}, "Service"),
        ({"conversation_id": "a\x00b"}, "XML"),
        ({"timestamp": datetime(2026, 1, 1)}, "aware"),
        ({"properties": (as4.Property("a", "1"), as4.Property("a", "2"))}, "twice"),
        ({"sender": as4.Party("")}, "id and a role"),
    ],
)
def test_a_header_that_nobody_would_accept_is_not_packed(changes: dict[str, object], why: str) -> None:
    with pytest.raises(as4.CannotPack, match=why):
        send(EDM, message=replace(REQUEST, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("payloads", "changes", "why"),
    [
        ((replace(EDM, content_id="a b"),), {}, "Content-ID"),
        ((replace(EDM, content_id="<a@b>"),), {}, "Content-ID"),
        ((replace(EDM, content_id="a@b\r\nX: y"),), {}, "Content-ID"),
        ((replace(EDM, media_type="text/plain\r\nX: y"),), {}, "media type"),
        ((replace(EDM, media_type="nonsense"),), {}, "media type"),
        ((EDM, EDM), {}, "same Content-ID"),
        ((EDM, PDF), {"max_parts": 1}, "allows 1"),
        ((EDM, PDF), {"max_bytes": 100}, "100"),
        ((EDM,), {"partner_encryption_certificate": None}, "no encryption certificate"),
        ((replace(EDM, properties=(as4.Property("MimeType", "x"),)),), {}, "twice"),
    ],
)
def test_payloads_that_do_not_fit_are_not_packed(
    payloads: tuple[as4.Payload, ...], changes: dict[str, object], why: str
) -> None:
    with pytest.raises(as4.CannotPack, match=why):
        send(*payloads, **changes)  # type: ignore[arg-type]


def test_keys_that_do_not_fit_are_named() -> None:
    leaf, other = pki.leaf(PORTAL.id), pki.leaf(PLATFORM.id)
    with pytest.raises(as4.KeyUnusable, match="belong"):
        as4.SigningKey.from_pem(leaf.key, other.certificate)
    with pytest.raises(as4.KeyUnusable, match="PEM"):
        as4.SigningKey.from_pem(b"rubbish", leaf.certificate)
    with pytest.raises(as4.KeyUnusable, match="certificate"):
        as4.OwnKeys.from_pem((leaf.key, b"rubbish"))
    with pytest.raises(as4.KeyUnusable, match="certificate"):
        send(EDM, partner_encryption_certificate=b"rubbish")


# ---- codecs by property

_CHARACTERS = st.characters(
    exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"
) | st.sampled_from("\t\n\r<&>\"']")
_VALUE = st.text(_CHARACTERS, max_size=20)
_TRIMMED = _VALUE.map(str.strip).filter(bool)
_ATTRIBUTE = st.none() | _VALUE
_NAME = st.text(_CHARACTERS, min_size=1, max_size=20)
_ID = st.from_regex(r"[a-zA-Z0-9._+%-]{1,20}@[a-z0-9.]{1,20}", fullmatch=True)
_PARTY = st.builds(as4.Party, _TRIMMED, _ATTRIBUTE, _TRIMMED)
_PROPERTIES = st.lists(
    st.builds(as4.Property, _NAME, _VALUE, _ATTRIBUTE), max_size=4, unique_by=lambda p: p.name
)
_MOMENT = st.integers(-(10**12), 10**13).map(
    lambda ms: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
)
_MESSAGE = st.builds(
    as4.UserMessage,
    message_id=_ID,
    timestamp=_MOMENT,
    sender=_PARTY,
    receiver=_PARTY,
    service=_TRIMMED,
    action=_TRIMMED,
    conversation_id=_VALUE.map(str.strip),
    service_type=_ATTRIBUTE,
    ref_to_message_id=st.none() | _ID,
    mpc=_ATTRIBUTE,
    properties=_PROPERTIES.map(tuple),
)
_PART = st.builds(
    PartInfo,
    st.text(_CHARACTERS, max_size=20).map(lambda x: f"cid:{x}"),
    _PROPERTIES.map(lambda ps: tuple(replace(p, type=None) for p in ps)),
)


@settings(max_examples=80, deadline=None)
@given(_MESSAGE, st.lists(_PART, max_size=3))
def test_any_header_round_trips_and_is_canonical(message: as4.UserMessage, parts: list[PartInfo]) -> None:
    text = soap.messaging(rendering.user_message(message, parts))
    data = soap.envelope(text, "")
    envelope = soap.read_envelope(data, mime.media_type("application/soap+xml"))
    assert soap.canonical(envelope.messaging).decode() == text
    assert header.read_user_message(envelope.messaging) == (message, tuple(parts))


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=2000), st.sampled_from(["application/pdf", "text/xml", "application/x-ebrs+xml"]))
def test_any_content_round_trips(content: bytes, media_type: str) -> None:
    payload = as4.Payload("any@portal.example", media_type, content)
    assert receive(send(payload)).received.payloads == (payload,)

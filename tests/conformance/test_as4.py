"""Each conformance assertion of the AS4 access point as one named test (assertions.py has their wording).

Short on purpose: `tests/as4`, `tests/exchange` and `tests/interop` examine the same matters in depth.
"""

import gzip
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from lxml import etree

from intermediary import as4
from intermediary.as4 import vocabulary as v
from intermediary.content import InMemory
from tests.as4 import forge, pki
from tests.as4.forge import ForgedPart, Forgery, messaging
from tests.as4.parties import (
    EDM,
    PDF,
    PLATFORM,
    PORTAL,
    REQUEST,
    acknowledge,
    read,
    receive,
    receiving,
    send,
    signing,
    under,
)
from tests.as4.pki import NOW
from tests.as4.test_attacks import bend_parts, bend_xml, find
from tests.as4.test_refusals import PART, refused
from tests.conformance.assertions import ASSERTIONS, assertion, table
from tests.exchange.conftest import house, keys  # noqa: F401 - fixtures
from tests.exchange.house import House, a_request

Code = as4.EbmsErrorCode
XML = as4.Payload("data@portal.example", "application/xml", b"<a>" + b"text " * 500 + b"</a>")


@pytest.fixture(scope="module")
def sent() -> as4.Packed:
    """A request with two parts from the portal to the platform, profile 1.15."""
    return send(EDM, PDF)


@pytest.fixture(scope="module")
def unpacked(sent: as4.Packed) -> as4.Unpacked:
    """The same, received."""
    return receive(sent)


def envelope(packed: as4.Packed) -> etree._Element:
    """The SOAP envelope of a packed message."""
    start, end = packed.body.index(b"<env:Envelope"), packed.body.index(b"</env:Envelope>") + 15
    return etree.fromstring(packed.body[start:end])


def algorithm(packed: as4.Packed, tag: str) -> set[str | None]:
    """The Algorithm of every element of that name."""
    return {element.get("Algorithm") for element in envelope(packed).iter(tag)}


def raised_and_understood(packed: as4.Packed, code: as4.EbmsErrorCode, *pmodes: as4.PMode) -> None:
    """The receiver refuses with that code, and the sender reads it from the signal that comes back."""
    refusal = refused(packed, *pmodes)
    assert refusal.error.code is code
    signal = as4.pack_error((refusal.error,), "error-1@platform.example", NOW, signing(PLATFORM))
    told = read(signal, packed)
    assert isinstance(told, as4.ErrorSignal)
    assert [error.code for error in told.errors] == [code]


# ---- C01–C06: packaging


@assertion("C01")
def test_c01_one_part() -> None:
    assert receive(send(EDM)).received.payloads == (EDM,)


@assertion("C02")
def test_c02_several_parts_in_order() -> None:
    assert receive(send(EDM, PDF, XML)).received.payloads == (EDM, PDF, XML)


@assertion("C03")
def test_c03_uncompressed_part() -> None:
    packed = send(EDM, PDF, compress=False)
    assert b"CompressionType" not in packed.body
    assert receive(packed).received.payloads == (EDM, PDF)


@assertion("C04")
def test_c04_compressed_part() -> None:
    packed = send(XML)
    told = [p.text for p in envelope(packed).iter(v.eb("Property")) if p.get("name") == "CompressionType"]
    assert told == ["application/gzip"]
    assert packed.content.size < XML.content.size + 9000


@assertion("C05")
@pytest.mark.parametrize("charset", ["UTF-8", "UTF-16", "ISO-8859-1"])
def test_c05_charset(charset: str) -> None:
    received = receive(Forgery([PART], charset=charset).pack()).received
    assert received.message.message_id == REQUEST.message_id


@assertion("C06")
def test_c06_media_type_restored() -> None:
    packed = send(EDM, PDF)
    assert b"application/pdf" not in packed.body.partition(b"</env:Envelope>")[2]
    assert [p.media_type for p in receive(packed).received.payloads] == [EDM.media_type, PDF.media_type]


# ---- C07–C12: signature


@assertion("C07")
def test_c07_signature_covers_everything(sent: as4.Packed) -> None:
    ids = {envelope(sent).find(f".//{tag}").get(v.WSU_ID) for tag in (v.MESSAGING, f"{{{v.SOAP}}}Body")}  # type: ignore[union-attr]
    expected = {f"#{each}" for each in ids} | {f"cid:{EDM.content_id}", as4.mime.cid_uri(PDF.content_id)}
    assert {reference.uri for reference in sent.references} == expected


@assertion("C08")
def test_c08_algorithms_of_the_profile(sent: as4.Packed) -> None:
    assert algorithm(sent, v.ds("SignatureMethod")) == {v.RSA_SHA256}
    assert algorithm(sent, v.ds("CanonicalizationMethod")) == {v.EXC_C14N}
    assert algorithm(sent, v.ds("DigestMethod")) == {v.SHA256}


@assertion("C09")
def test_c09_binary_security_token(sent: as4.Packed) -> None:
    signature = find(envelope(sent), v.ds("Signature"))
    reference = find(signature, v.wsse("Reference")).get("URI")
    tokens = {f"#{t.get(v.WSU_ID)}" for t in envelope(sent).iter(v.wsse("BinarySecurityToken"))}
    assert reference in tokens


@assertion("C10")
def test_c10_wrong_digest() -> None:
    forged = ForgedPart("p1@forge", "application/octet-stream", b"content", signed=b"other content")
    assert refused(Forgery([forged]).pack()).error.code is Code.FAILED_AUTHENTICATION


@assertion("C11")
def test_c11_removed_part(sent: as4.Packed) -> None:
    def remove(parts: list[bytes]) -> None:
        del parts[-1]

    assert refused(bend_parts(sent, remove)).error.code is Code.MIME_INCONSISTENCY


@assertion("C12")
def test_c12_added_part(sent: as4.Packed) -> None:
    def add(parts: list[bytes]) -> None:
        parts.append(b"\r\nContent-Type: text/plain\r\nContent-ID: <more@x>\r\n\r\nmore")

    assert refused(bend_parts(sent, add)).error.code is Code.MIME_INCONSISTENCY


# ---- C13–C18: encryption


@assertion("C13")
def test_c13_each_part_with_a_fresh_iv() -> None:
    same = replace(PDF, content_id="again@portal.example")
    packed = send(PDF, same)
    assert algorithm(packed, v.xenc("EncryptionMethod")) >= {v.AES128_GCM}
    assert len(list(envelope(packed).iter(v.xenc("EncryptedData")))) == 2
    parts = packed.body.split(b"\r\n\r\n")[-2:]
    assert parts[0][:12] != parts[1][:12]


@assertion("C14")
@pytest.mark.parametrize(
    "bent", [{"oaep_digest": forge.SHA1}, {"mgf": "http://www.w3.org/2009/xmlenc11#mgf1sha1"}]
)
def test_c14_oaep_parameters(sent: as4.Packed, bent: dict[str, str]) -> None:
    key = find(envelope(sent), v.xenc("EncryptedKey"))
    method = find(key, v.xenc("EncryptionMethod"))
    assert method.get("Algorithm") == "http://www.w3.org/2009/xmlenc11#rsa-oaep"
    assert {child.get("Algorithm") for child in method} == {v.SHA256, v.MGF1_SHA256}
    forgery = Forgery([PART], **bent)  # type: ignore[arg-type]
    assert refused(forgery.pack()).error.code is Code.POLICY_NONCOMPLIANCE


@assertion("C15")
@pytest.mark.parametrize("form", ["token", "embedded", "ski", "thumbprint", "serial"])
def test_c15_key_reference(form: str) -> None:
    received = receive(Forgery([PART], key_form=form).pack()).received
    assert [p.data for p in received.payloads] == [PART.content]


@assertion("C16")
def test_c16_another_key() -> None:
    packed = Forgery([PART], recipient=pki.leaf(PORTAL.id, "encryption")).pack()
    assert refused(packed).error.code is Code.FAILED_DECRYPTION


@assertion("C17")
def test_c17_flipped_bit(sent: as4.Packed) -> None:
    body = bytearray(sent.body)
    body[-100] ^= 1
    assert refused(replace(sent, content=InMemory(bytes(body)))).error.code is Code.FAILED_DECRYPTION


@assertion("C18")
def test_c18_not_encrypted() -> None:
    assert refused(send(EDM, encrypt=False)).error.code is Code.POLICY_NONCOMPLIANCE


# ---- C19–C24: receipts


@assertion("C19")
def test_c19_receipt_content(sent: as4.Packed, unpacked: as4.Unpacked) -> None:
    receipt = read(acknowledge(unpacked), sent)
    assert isinstance(receipt, as4.Receipt)
    assert set(receipt.references) == set(sent.references)


@assertion("C20")
def test_c20_receipt_signature(sent: as4.Packed, unpacked: as4.Unpacked) -> None:
    def unsign(tree: etree._Element) -> None:
        find(tree, v.SECURITY).clear()

    with pytest.raises(as4.InvalidReceipt):
        read(bend_xml(acknowledge(unpacked), unsign), sent)


@assertion("C21")
def test_c21_receipt_for_another_message(unpacked: as4.Unpacked) -> None:
    other = send(EDM, PDF, message=replace(REQUEST, message_id="other@portal.example"))
    receipt = acknowledge(receive(other))
    with pytest.raises(as4.InvalidReceipt):
        read(receipt, other)


@assertion("C22")
def test_c22_digests_compared(sent: as4.Packed, unpacked: as4.Unpacked) -> None:
    changed = (*sent.references[:-1], replace(sent.references[-1], digest_value=bytes(32)))
    with pytest.raises(as4.InvalidReceipt):
        read(acknowledge(unpacked), replace(sent, references=changed))


@assertion("C23")
def test_c23_missing_receipt(house: House) -> None:  # noqa: F811
    house.partner.silent = 1
    house.push(a_request())
    house.work()
    assert "message-acknowledged" not in house.facts()
    assert "send-failed" in house.facts()


@assertion("C24")
def test_c24_altered_or_foreign_receipt(sent: as4.Packed, unpacked: as4.Unpacked) -> None:
    def alter(tree: etree._Element) -> None:
        find(tree, v.eb("Timestamp")).text = "2030-01-01T00:00:00Z"

    with pytest.raises(as4.InvalidReceipt):
        read(bend_xml(acknowledge(unpacked), alter), sent)
    foreign = as4.SigningKey.from_pem(*pki.leaf("AP_STRANGER"))
    with pytest.raises(as4.InvalidReceipt):
        read(as4.pack_receipt(unpacked.received, "r@x", NOW, foreign), sent)


# ---- C25–C30: reception awareness


@assertion("C25")
def test_c25_duplicate(house: House) -> None:  # noqa: F811
    packed = house.partner.pack(a_request())
    first = house.receive(packed)
    house.work()
    assert house.receive(packed) == first
    house.work()
    assert len(house.partner.delivered) == 1


@assertion("C26")
def test_c26_duplicate_after_a_restart(house: House) -> None:  # noqa: F811
    packed = house.partner.pack(a_request())
    first = house.receive(packed)
    house.work()
    house.again()
    assert house.receive(packed) == first
    house.work()
    assert len(house.partner.delivered) == 1


@assertion("C27")
def test_c27_retry_is_the_same_message(house: House) -> None:  # noqa: F811
    house.partner.silent = 1
    house.push(a_request())
    house.work()
    house.clock.advance(minutes=1)
    house.work()
    first, second = house.partner.delivered
    assert first.header == second.header
    assert first.payloads == second.payloads


@assertion("C28")
def test_c28_back_off(house: House) -> None:  # noqa: F811
    house.partner.unreachable = 100
    house.push(a_request())
    pushed = []
    for second in range(200):
        before = house.partner.pushes
        house.work()
        if house.partner.pushes > before:
            pushed.append(second)
        house.clock.advance(seconds=1)
    pauses = [later - earlier for earlier, later in pairwise(pushed)]
    assert len(pauses) >= 3
    assert all(later > earlier for earlier, later in pairwise(pauses))


@assertion("C29")
def test_c29_retries_stop(house: House) -> None:  # noqa: F811
    house.partner.unreachable = 100
    house.push(a_request())
    for _ in range(40):
        house.work()
        house.clock.advance(minutes=3)
    assert house.partner.pushes == house.timing.send_attempts


@assertion("C30")
def test_c30_failed_delivery_is_reported(house: House) -> None:  # noqa: F811
    house.partner.unreachable = 100
    house.push(a_request())
    for _ in range(40):
        house.work()
        house.clock.advance(minutes=3)
    assert "delivery-given-up" in house.facts()


# ---- C31–C38: errors


@assertion("C31")
def test_c31_unknown_party() -> None:
    stranger = replace(REQUEST, sender=as4.Party("AP_STRANGER", PORTAL.type))
    packed = Forgery([PART], header=messaging([PART], message=stranger)).pack()
    raised_and_understood(packed, Code.VALUE_NOT_RECOGNIZED)


@assertion("C32")
def test_c32_invalid_header() -> None:
    header = messaging([PART]).replace("<ConversationId>conversation-1</ConversationId>", "")
    raised_and_understood(Forgery([PART], header=header).pack(), Code.INVALID_HEADER)


@assertion("C33")
def test_c33_missing_part(sent: as4.Packed) -> None:
    def remove(parts: list[bytes]) -> None:
        del parts[-1]

    raised_and_understood(bend_parts(sent, remove), Code.MIME_INCONSISTENCY)


@assertion("C34")
def test_c34_no_p_mode() -> None:
    packed = send(EDM, message=replace(REQUEST, action="Other"))
    raised_and_understood(packed, Code.PROCESSING_MODE_MISMATCH)


@assertion("C35")
def test_c35_reference_that_is_no_cid() -> None:
    part = replace(PART, href="https://elsewhere.example/evidence.pdf")
    raised_and_understood(Forgery([part]).pack(), Code.EXTERNAL_PAYLOAD_ERROR)


@assertion("C36")
def test_c36_untrusted_signature() -> None:
    raised_and_understood(
        Forgery([PART], signer=pki.leaf(PORTAL.id, issuer="Foreign CA")).pack(), Code.FAILED_AUTHENTICATION
    )


@assertion("C37")
def test_c37_decryption_and_policy() -> None:
    for_another = Forgery([PART], recipient=pki.leaf(PORTAL.id, "encryption")).pack()
    raised_and_understood(for_another, Code.FAILED_DECRYPTION)
    weak = Forgery([PART], digest_method=forge.SHA1).pack()
    raised_and_understood(weak, Code.POLICY_NONCOMPLIANCE)


@assertion("C38")
def test_c38_decompression() -> None:
    properties = (("MimeType", "text/plain"), ("CompressionType", "application/gzip"))
    broken = ForgedPart("p1@forge", "application/gzip", gzip.compress(b"x" * 999)[:-9], properties)
    raised_and_understood(Forgery([broken]).pack(), Code.DECOMPRESSION_FAILURE)


# ---- C39–C42: two-way, corners


@assertion("C39")
def test_c39_push_and_push(house: House) -> None:  # noqa: F811
    packed = house.partner.pack(a_request(), message_id="asked@portal.sandbox")
    house.receive(packed)
    house.work()
    answer = house.partner.delivered[-1].header
    assert answer.ref_to_message_id == "asked@portal.sandbox"
    assert answer.message_id != "asked@portal.sandbox"


@assertion("C40")
def test_c40_conversation(house: House) -> None:  # noqa: F811
    answer = house.ask(a_request(), conversation_id="a conversation of its own").header
    assert answer.conversation_id == "a conversation of its own"


@assertion("C41")
def test_c41_corners_swapped(house: House) -> None:  # noqa: F811
    request = a_request()
    answer = house.ask(request).header
    corners = {p.name: p.value for p in answer.properties}
    assert corners["originalSender"] == request.evidence_provider.identifier.value
    assert corners["finalRecipient"] == request.evidence_requester.identifier.value
    assert (answer.sender.id, answer.receiver.id) == tuple(
        house.world.party_id(system) for system in ("platform", "portal")
    )


@assertion("C42")
def test_c42_types_of_properties(house: House) -> None:  # noqa: F811
    request = a_request()
    answer = house.ask(request).header
    types = {p.name: p.type for p in answer.properties}
    assert types["originalSender"] == request.evidence_provider.identifier.scheme_id
    assert types["finalRecipient"] == request.evidence_requester.identifier.scheme_id


# ---- C43–C46: P-Mode


@assertion("C43")
def test_c43_test_service(house: House) -> None:  # noqa: F811
    packed = house.partner.pack_test(message_id="test@portal.sandbox")
    _status, kind, body = house.receive(packed)
    assert isinstance(house.partner.read_signal(packed, kind, body, "test@portal.sandbox"), as4.Receipt)
    house.work()
    assert house.partner.delivered == []


@assertion("C44")
@pytest.mark.parametrize("changed", [{"service": "Other"}, {"action": "Other"}, {"service_type": "urn:x"}])
def test_c44_unknown_service_or_action(changed: dict[str, str]) -> None:
    packed = send(EDM, message=replace(REQUEST, **changed))  # type: ignore[arg-type]
    assert refused(packed).error.code is Code.PROCESSING_MODE_MISMATCH


@assertion("C45")
def test_c45_message_partition_channel() -> None:
    assert receive(
        send(
            EDM,
            message=replace(
                REQUEST, mpc="http://docs.oasis-open.org/ebxml-msg/ebms/v3.0/ns/core/200704/defaultMPC"
            ),
        )
    ).received
    packed = send(EDM, message=replace(REQUEST, mpc="urn:other"))
    assert refused(packed).error.code in (Code.VALUE_NOT_RECOGNIZED, Code.PROCESSING_MODE_MISMATCH)


@assertion("C46")
def test_c46_agreement() -> None:
    agreed = send(EDM, message=replace(REQUEST, agreement="urn:agreed"))
    other = receiving(agreement="urn:other")
    assert refused(agreed, other).error.code is Code.PROCESSING_MODE_MISMATCH
    chosen = receive(agreed, receiving(), receiving(id="second", agreement="urn:agreed"))
    assert chosen.pmode.id == "second"


# ---- C47–C50: size


@assertion("C47")
@pytest.mark.slow
def test_c47_a_large_part() -> None:
    from tests.bench import as4_memory

    assert as4_memory.measure()["as4_250mb_extra_mb"] <= 64


@assertion("C48")
def test_c48_a_thousand_parts() -> None:
    parts = tuple(as4.Payload(f"{n}@portal.example", "application/pdf", b"%d" % n) for n in range(1000))
    packed = send(*parts, max_parts=1000)
    assert receive(packed, receiving(max_parts=1000)).received.payloads == parts


@assertion("C49")
def test_c49_limits() -> None:
    packed = send(EDM, PDF)
    assert refused(packed, receiving(max_parts=1))
    assert refused(packed, receiving(max_bytes=100))


@assertion("C50")
def test_c50_truncated(sent: as4.Packed) -> None:
    for share in (0.1, 0.5, 0.9, 0.999):
        cut = sent.body[: int(len(sent.body) * share)]
        assert refused_anyhow(replace(sent, content=InMemory(cut)))


def refused_anyhow(packed: as4.Packed) -> bool:
    """A truncated message may be cut before its MessageId."""
    with pytest.raises(as4.As4Refused):
        receive(packed)
    return True


# ---- C51–C56: profile 2.0


def signed_by_the_profile(security: as4.SecurityProfile) -> None:
    with under(security):
        packed = send(EDM, PDF)
        assert algorithm(packed, v.ds("SignatureMethod")) == {security.signature_method}
        assert receive(packed).received.payloads == (EDM, PDF)
        assert refused(Forgery([PART], covered=lambda uri: uri != "#_m1").pack())
    old = send(EDM)
    with under(security):
        assert refused(old).error.code in (Code.POLICY_NONCOMPLIANCE, Code.FAILED_AUTHENTICATION)


def encrypted_by_the_profile(security: as4.SecurityProfile) -> None:
    with under(security):
        packed = send(EDM)
        assert next(envelope(packed).iter(v.xenc("AgreementMethod"))) is not None
        body = bytearray(packed.body)
        body[-100] ^= 1
        broken = refused(replace(packed, content=InMemory(bytes(body))))
        assert broken.error.code is Code.FAILED_DECRYPTION
        stranger = pki.leaf(PORTAL.id, "encryption", kind=security.encryption_key)
        for_another = refused(Forgery([PART], recipient=stranger).pack())
        assert for_another.error.code is Code.FAILED_DECRYPTION


def acknowledged_by_the_profile(security: as4.SecurityProfile) -> None:
    with under(security):
        packed = send(EDM, PDF)
        answer = acknowledge(receive(packed))
        assert algorithm(answer, v.ds("SignatureMethod")) == {security.signature_method}
        receipt = read(answer, packed)
        assert isinstance(receipt, as4.Receipt)
        assert set(receipt.references) == set(packed.references)


@assertion("C51")
def test_c51_eddsa_signature() -> None:
    signed_by_the_profile(as4.EDELIVERY_2_0_EDDSA)


@assertion("C52")
def test_c52_eddsa_key_agreement() -> None:
    encrypted_by_the_profile(as4.EDELIVERY_2_0_EDDSA)


@assertion("C53")
def test_c53_eddsa_receipt() -> None:
    acknowledged_by_the_profile(as4.EDELIVERY_2_0_EDDSA)


@assertion("C54")
def test_c54_ecdsa_signature() -> None:
    signed_by_the_profile(as4.EDELIVERY_2_0_ECDSA)


@assertion("C55")
def test_c55_ecdsa_key_agreement() -> None:
    encrypted_by_the_profile(as4.EDELIVERY_2_0_ECDSA)


@assertion("C56")
def test_c56_ecdsa_receipt() -> None:
    acknowledged_by_the_profile(as4.EDELIVERY_2_0_ECDSA)


def test_every_assertion_has_exactly_one_test() -> None:
    tests: dict[str, Callable[[], None]] = {
        name[5:8].upper(): test for name, test in globals().items() if name.startswith("test_c")
    }
    assert sorted(tests) == sorted(ASSERTIONS)


def test_the_table_in_the_repository_names_these_tests() -> None:
    """After a change: run the tests and copy build/as4-conformance.md to docs/."""
    kept = Path("docs/as4-conformance.md").read_text(encoding="utf-8")
    tests = {name[5:8].upper(): name for name in globals() if name.startswith("test_c")}
    assert kept == table({number: (test, "passed") for number, test in tests.items()})

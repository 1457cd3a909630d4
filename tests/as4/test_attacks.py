"""Somebody on the way, or a partner gone bad, bends a correct message: nothing gets through or falls over."""

import base64
import gzip
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree

from intermediary import as4
from intermediary.as4 import mime
from intermediary.as4 import vocabulary as v
from intermediary.content import InMemory
from tests.as4 import pki
from tests.as4.forge import ForgedPart, Forgery, messaging
from tests.as4.parties import EDM, PDF, REQUEST, acknowledge, read, receive, receiving, send
from tests.as4.test_refusals import PART, expect, refused

Code = as4.EbmsErrorCode


def bend_xml(packed: as4.Packed, change: Callable[[etree._Element], None]) -> as4.Packed:
    """Change the envelope of a finished message as a tree."""
    start, end = packed.body.index(b"<env:Envelope"), packed.body.index(b"</env:Envelope>") + 15
    envelope = etree.fromstring(packed.body[start:end])
    change(envelope)
    return replace(
        packed, content=InMemory(packed.body[:start] + etree.tostring(envelope) + packed.body[end:])
    )


def bend_parts(packed: as4.Packed, change: Callable[[list[bytes]], None]) -> as4.Packed:
    """Change the MIME parts of a finished message: the pieces between its boundaries."""
    found = re.search('boundary="([^"]+)"', packed.content_type)
    assert found
    line = b"\r\n--" + found.group(1).encode()
    parts = (b"\r\n" + packed.body).split(line)
    inner = parts[1:-1]
    change(inner)
    return replace(packed, content=InMemory(line.join([b"", *inner, parts[-1]])[2:]))


def find(envelope: etree._Element, tag: str) -> etree._Element:
    found = envelope.find(f".//{tag}")
    assert found is not None
    return found


# ---- signature


def test_bending_alone_changes_nothing(sent: as4.Packed) -> None:
    """The tools of this file leave a message valid when they change nothing."""
    assert receive(bend_parts(bend_xml(sent, lambda _: None), lambda _: None)).received.payloads == (EDM, PDF)


def test_another_signature_value(sent: as4.Packed) -> None:
    def change(envelope: etree._Element) -> None:
        value = find(envelope, v.ds("SignatureValue"))
        raw = bytearray(base64.b64decode(value.text or ""))
        raw[20] ^= 1
        value.text = base64.b64encode(raw).decode()

    expect(refused(bend_xml(sent, change)), Code.FAILED_AUTHENTICATION, "the signature value does not hold")


def test_another_digest_in_the_signature(sent: as4.Packed) -> None:
    def change(envelope: etree._Element) -> None:
        find(envelope, v.ds("DigestValue")).text = base64.b64encode(bytes(32)).decode()

    expect(refused(bend_xml(sent, change)), Code.FAILED_AUTHENTICATION, "the signature value does not hold")


def test_the_key_of_the_attacker_under_the_name_of_the_partner() -> None:
    """The token is the partner's, the signature is not."""

    def swap(envelope: etree._Element) -> None:
        for token in envelope.iter(v.wsse("BinarySecurityToken")):
            if token.get(v.WSU_ID) == "signer":
                token.text = base64.b64encode(pki.leaf("AP_PORTAL").der).decode()

    forgery = Forgery([PART], signer=pki.leaf("AP_OTHER"), last=swap)
    expect(refused(forgery.pack()), Code.FAILED_AUTHENTICATION, "the signature value does not hold")


@pytest.mark.parametrize("tag", ["Action", "ConversationId", "Property", "Timestamp"])
def test_an_altered_header(sent: as4.Packed, tag: str) -> None:
    def change(envelope: etree._Element) -> None:
        element = find(envelope, v.eb(tag))
        element.text = {"Action": "ExecuteQueryResponse", "Timestamp": "2026-07-02T00:00:00Z"}.get(
            tag, "evil"
        )

    expect(refused(bend_xml(sent, change)), Code.FAILED_AUTHENTICATION, "the digest of Messaging differs")


def test_an_altered_body(sent: as4.Packed) -> None:
    def change(envelope: etree._Element) -> None:
        envelope[1].set("evil", "1")

    expect(refused(bend_xml(sent, change)), Code.FAILED_AUTHENTICATION, "the digest of Body differs")


# ---- signature wrapping


def _wrapped(envelope: etree._Element, tag: str) -> tuple[etree._Element, etree._Element]:
    """Move the signed element into a block that nobody reads, and put a copy of it in its old place."""
    signed = find(envelope, tag)
    parent = signed.getparent()
    assert parent is not None
    at = parent.index(signed)
    fake = etree.fromstring(etree.tostring(signed, with_tail=False))
    block = etree.SubElement(envelope[0], "{urn:evil}Block")
    block.append(signed)
    parent.insert(at, fake)
    return signed, fake


def test_wrapping_with_the_same_id(sent: as4.Packed) -> None:
    def change(envelope: etree._Element) -> None:
        _wrapped(envelope, v.soap("Body"))

    expect(refused(bend_xml(sent, change)), Code.FAILED_AUTHENTICATION, "same id")


def test_wrapping_with_another_id(sent: as4.Packed) -> None:
    def change(envelope: etree._Element) -> None:
        _, fake = _wrapped(envelope, v.soap("Body"))
        fake.set(v.WSU_ID, "other")

    expect(refused(bend_xml(sent, change)), Code.POLICY_NONCOMPLIANCE, "outside the profile")


def test_wrapping_of_messaging(sent: as4.Packed) -> None:
    def change(envelope: etree._Element) -> None:
        _, fake = _wrapped(envelope, v.MESSAGING)
        fake.set(v.WSU_ID, "other")
        find(fake, v.eb("Action")).text = "ExecuteQueryResponse"

    expect(refused(bend_xml(sent, change)), Code.INVALID_HEADER, "Messaging more than once")


def test_wrapping_of_messaging_inside_security(sent: as4.Packed) -> None:
    """The signed original as a child of Security, where further signed elements are allowed."""

    def change(envelope: etree._Element) -> None:
        signed, fake = _wrapped(envelope, v.MESSAGING)
        find(envelope, v.SECURITY).append(signed)
        fake.attrib.pop(v.WSU_ID)

    expect(refused(bend_xml(sent, change)), Code.INVALID_HEADER, "Messaging more than once")


@pytest.mark.parametrize("tag", [v.MESSAGING, v.SECURITY])
def test_two_of_a_kind(sent: as4.Packed, tag: str) -> None:
    def change(envelope: etree._Element) -> None:
        copy = etree.fromstring(etree.tostring(find(envelope, tag), with_tail=False))
        for element in copy.iter():
            for name in {v.WSU_ID, "Id"} & set(element.attrib):
                del element.attrib[name]
        envelope[0].append(copy)

    expect(refused(bend_xml(sent, change)), Code.INVALID_HEADER, "twice")


def test_two_signatures(sent: as4.Packed) -> None:
    def change(envelope: etree._Element) -> None:
        signature = etree.fromstring(etree.tostring(find(envelope, v.ds("Signature")), with_tail=False))
        del signature.attrib["Id"]
        find(envelope, v.SECURITY).insert(0, signature)

    expect(refused(bend_xml(sent, change)), Code.INVALID_HEADER, "Signature more than once")


@pytest.mark.parametrize("name", [v.WSU_ID, "Id", "id", "ID", "{http://www.w3.org/XML/1998/namespace}id"])
def test_an_id_twice_in_whatever_attribute(sent: as4.Packed, name: str) -> None:
    def change(envelope: etree._Element) -> None:
        etree.SubElement(envelope[0], "{urn:evil}Block").set(name, "messaging")

    expect(refused(bend_xml(sent, change)), Code.FAILED_AUTHENTICATION, "same id")


def test_a_signature_over_the_same_thing_twice() -> None:
    forgery = Forgery([PART], further=("_b1",))
    expect(refused(forgery.pack()), Code.POLICY_NONCOMPLIANCE, "the same thing twice")


# ---- parts


def test_a_part_removed(sent: as4.Packed) -> None:
    refusal = refused(bend_parts(sent, lambda parts: parts.__delitem__(-1)))
    expect(refusal, Code.MIME_INCONSISTENCY, "names a part that is missing")


def test_a_part_added(sent: as4.Packed) -> None:
    def change(parts: list[bytes]) -> None:
        parts.append(parts[-1].replace(b"Content-ID: <", b"Content-ID: <x"))

    expect(refused(bend_parts(sent, change)), Code.MIME_INCONSISTENCY, "not named in the header")


def test_a_part_repeated(sent: as4.Packed) -> None:
    refusal = refused(bend_parts(sent, lambda parts: parts.append(parts[-1])))
    expect(refusal, Code.MIME_INCONSISTENCY, "same Content-ID")


def test_two_parts_swapped(sent: as4.Packed) -> None:
    """Both decrypt, for they share a key; the digests tell them apart."""

    def change(parts: list[bytes]) -> None:
        (head1, _, content1), (head2, _, content2) = (one.partition(b"\r\n\r\n") for one in parts[1:])
        parts[1:] = [head1 + b"\r\n\r\n" + content2, head2 + b"\r\n\r\n" + content1]

    expect(refused(bend_parts(sent, change)), Code.FAILED_AUTHENTICATION, "the digest of a part differs")


def test_a_part_of_the_attacker_encrypted_anew() -> None:
    """Who knows our public key can encrypt anything for us; the digest is the sender's."""
    evil = Forgery([PART])
    genuine = Forgery([replace(PART, content=b"genuine")], content_key=evil.content_key)
    evil_part = evil.pack().body.rpartition(b"\r\n\r\n")[2]
    packed = genuine.pack()
    swapped = replace(
        packed, content=InMemory(packed.body.rpartition(b"\r\n\r\n")[0] + b"\r\n\r\n" + evil_part)
    )
    expect(refused(swapped), Code.FAILED_AUTHENTICATION, "the digest of a part differs")


def test_encryption_taken_away(sent: as4.Packed) -> None:
    def change(envelope: etree._Element) -> None:
        for data in list(envelope.iter(v.xenc("EncryptedData")))[:1]:
            parent = data.getparent()
            assert parent is not None
            parent.remove(data)

    expect(refused(bend_xml(sent, change)), Code.POLICY_NONCOMPLIANCE, "a part is not encrypted")


def test_another_content_type_does_not_loosen_a_digest() -> None:
    """A compressed part is hashed byte for byte even when somebody writes text/plain on it."""
    contents = (gzip.compress(str(n).encode(), mtime=0) for n in range(10_000))
    loose = next(one for one in contents if b"\n" in one.replace(b"\r\n", b""))
    part = ForgedPart(
        "p1@forge", "text/plain", loose, (("MimeType", "text/csv"), ("CompressionType", "application/gzip"))
    )
    assert receive(Forgery([part], recipient=None).pack(), receiving(encrypt=False)).received.payloads


@pytest.mark.parametrize(
    "href",
    [
        "cid:<p1@forge>",
        "cid:%3Cp1@forge%3E",
        "cid:p1@forge ",
        "cid:p1%2540forge",
        "cid:P1@forge",
        "cid:",
        "cid:%",
    ],
)
def test_names_of_parts_that_only_look_alike(href: str) -> None:
    escaped = href.replace("<", "&lt;").replace(">", "&gt;")
    header = messaging([PART]).replace("cid:p1@forge", escaped)
    expect(refused(Forgery([PART], header=header).pack()), Code.MIME_INCONSISTENCY, "missing")


def test_two_names_for_one_part() -> None:
    """One part named twice in different escapes, so that the second part would stay unnamed and unsigned."""
    second = replace(PART, content_id="p2@forge")
    header = messaging([PART, replace(PART, href="cid:p1%40forge")])
    refusal = refused(Forgery([PART, second], header=header).pack())
    expect(refusal, Code.VALUE_INCONSISTENT, "names a part twice")
    signed_twice = Forgery([PART, replace(second, href="cid:p1%40forge")], header=messaging([PART, second]))
    signed_twice.recipient = None
    refusal = refused(signed_twice.pack(), receiving(encrypt=False))
    expect(refusal, Code.MIME_INCONSISTENCY, "the signature names a part that is missing")


# ---- XML


DOCTYPES = (
    b"<!DOCTYPE a>",
    b'<!DOCTYPE a [<!ENTITY x "y">]>',
    b'<!DOCTYPE a SYSTEM "file:///etc/passwd">',
    b'<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>',
)


@pytest.mark.parametrize("doctype", DOCTYPES)
def test_document_types_and_entities_in_the_soap_part(sent: as4.Packed, doctype: bytes) -> None:
    body = sent.body.replace(b"<env:Envelope", doctype + b"<env:Envelope", 1)
    expect(refused(replace(sent, content=InMemory(body))), Code.INVALID_HEADER, "XML-NO-DOCTYPE")


@pytest.mark.parametrize("doctype", DOCTYPES)
def test_document_types_in_an_xml_part(doctype: bytes) -> None:
    part = ForgedPart("p1@forge", "application/xml", doctype + b"<a/>")
    refusal = refused(Forgery([part], recipient=None).pack(), receiving(encrypt=False))
    expect(refusal, Code.FAILED_AUTHENTICATION, "cannot be canonicalised")


def test_a_deep_and_a_wide_soap_part(sent: as4.Packed) -> None:
    for extra in (b"<a>" * 200 + b"</a>" * 200, b"<a/>" * 150_000):
        body = sent.body.replace(
            b"</env:Header>", b'<t:x xmlns:t="urn:t">' + extra + b"</t:x></env:Header>", 1
        )
        expect(refused(replace(sent, content=InMemory(body))), Code.INVALID_HEADER, "XML-")


def test_relative_namespaces_cannot_be_canonicalised() -> None:
    header = messaging([PART]).replace("<UserMessage>", '<UserMessage xmlns:r="relative">')
    good = Forgery([PART]).pack()
    body = good.body.replace(b"<UserMessage>", b'<UserMessage xmlns:r="relative">')
    assert body != good.body, header
    expect(
        refused(replace(good, content=InMemory(body))), Code.POLICY_NONCOMPLIANCE, "cannot be canonicalised"
    )


# ---- damage of every kind


def test_ten_thousand_parts(sent: as4.Packed) -> None:
    refusal = refused(
        bend_parts(sent, lambda parts: parts.extend([b"\r\nContent-ID: <x@y>\r\n\r\n1"] * 10_000))
    )
    expect(refusal, Code.MIME_INCONSISTENCY, "MIME parts")


@cache
def _plain() -> as4.Packed:
    return send(EDM)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**6))
@example(0)
def test_every_beginning_of_a_message_is_refused(cut: int) -> None:
    packed = _plain()
    # Without its last line end a multipart body is complete (RFC 2046 §5.1.1).
    refused(replace(packed, content=InMemory(packed.body[: cut % (len(packed.body) - 2)])))


def test_every_beginning_near_a_boundary_is_refused() -> None:
    packed = _plain()
    for found in re.finditer(b"--=_", packed.body):
        for cut in range(max(0, found.start() - 4), min(found.start() + 60, len(packed.body) - 2)):
            refused(replace(packed, content=InMemory(packed.body[:cut])))


_CHANGES = st.lists(
    st.tuples(st.integers(0, 10**6), st.sampled_from(["set", "drop", "insert"]), st.integers(0, 255)),
    min_size=1,
    max_size=4,
)


@settings(max_examples=300, deadline=None)
@given(_CHANGES)
def test_any_damage_is_refused_or_harmless(changes: list[tuple[int, str, int]]) -> None:
    packed = _plain()
    body = bytearray(packed.body)
    for place, kind, byte in changes:
        at = place % len(body)
        if kind == "set":
            body[at] = byte
        elif kind == "drop":
            del body[at]
        else:
            body.insert(at, byte)
    try:
        received = receive(replace(packed, content=InMemory(bytes(body)))).received
    except as4.As4Refused:
        return
    # Damage outside of everything that is signed (say, to a MIME header nobody needs) must not show.
    assert received.payloads == (EDM,)
    assert received.message == replace(REQUEST, part_ids=(EDM.content_id,))


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60), st.binary(max_size=300))
def test_rubbish_is_refused(content_type: str, body: bytes) -> None:
    refusal = refused(as4.Packed(content_type, body))
    assert refusal.message_id is None
    with pytest.raises(as4.InvalidReceipt):
        read(as4.Packed(content_type, body), _plain())


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_damage_to_the_tree_is_refused_or_harmless(data: st.DataObject) -> None:
    """Elements dropped, repeated, renamed, emptied: what bytes seldom reach."""
    packed = _plain()

    def change(envelope: etree._Element) -> None:
        nodes = list(envelope.iter())
        node = data.draw(st.sampled_from(nodes[1:]), label="node")
        parent = node.getparent()
        assert parent is not None
        kind = data.draw(st.sampled_from(["drop", "repeat", "rename", "empty", "attribute", "text", "move"]))
        if kind == "drop":
            parent.remove(node)
        elif kind == "repeat":
            parent.append(etree.fromstring(etree.tostring(node, with_tail=False)))
        elif kind == "rename":
            node.tag = data.draw(st.sampled_from([str(one.tag) for one in nodes]))
        elif kind == "empty":
            node.text = None
            for child in list(node):
                node.remove(child)
        elif kind == "attribute":
            for name in list(node.attrib):
                node.set(name, data.draw(st.sampled_from(["", "#", "#body", "cid:", "x" * 300])))
        elif kind == "text":
            node.text = data.draw(st.text("aé= \n<", max_size=9))
        else:
            target = data.draw(st.sampled_from(nodes))
            if node not in target.iterancestors() and node is not target:
                target.append(node)

    try:
        received = receive(bend_xml(packed, change)).received
    except as4.As4Refused:
        return
    assert received.payloads == (EDM,)
    assert received.message == replace(REQUEST, part_ids=(EDM.content_id,))


def test_a_receipt_cannot_be_turned_into_another(sent: as4.Packed, unpacked: as4.Unpacked) -> None:
    other = send(EDM, message=replace(REQUEST, message_id="second@portal.example"))
    with pytest.raises(as4.InvalidReceipt):
        read(acknowledge(unpacked), other)
    message = mime.split(sent.content_type, sent.body, as4.Limits())
    assert len(message.attachments) == 2

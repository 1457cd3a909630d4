"""Messages in another hand: prefixes, key references, digests by media type, transfer encodings, charsets."""

import gzip

import pytest

from intermediary import as4
from tests.as4.forge import ForgedPart, Forgery
from tests.as4.parties import REQUEST, acknowledge, read, receive, receiving

XML_TYPES = ("application/xml", "text/xml; charset=utf-8", "application/x-ebrs+xml", "image/svg+xml")
XML = b"<?xml version='1.0'?>\n<a  b='2'\ta = \"1\" xmlns:n='urn:n'><c/>&#65;</a>"
CANONICAL = b'<a a="1" b="2"><c></c>A</a>'


def zipped(content: bytes = b"%PDF content", **changes: str) -> ForgedPart:
    properties = {"MimeType": "application/pdf", "CompressionType": "application/gzip"} | changes
    return ForgedPart("p1@forge", "application/gzip", gzip.compress(content), tuple(properties.items()))


@pytest.mark.usefixtures("each_profile")
def test_a_foreign_message_is_read_and_acknowledged() -> None:
    packed = Forgery([zipped(), ForgedPart("p2@forge", "image/jpeg", b"\xff\xd8")]).pack()
    unpacked = receive(packed)
    received = unpacked.received
    assert received.message.message_id == REQUEST.message_id
    assert received.message.timestamp.isoformat() == "2026-07-01T14:00:00.123456+02:00"
    assert [(p.content_id, p.media_type, p.data) for p in received.payloads] == [
        ("p1@forge", "application/pdf", b"%PDF content"),
        ("p2@forge", "application/octet-stream", b"\xff\xd8"),
    ]
    sent = as4.Packed(packed.content_type, packed.body, received.references)
    assert isinstance(read(acknowledge(unpacked), sent), as4.Receipt)


def test_the_root_part_may_stand_anywhere() -> None:
    assert (
        receive(Forgery([zipped()], root_first=False).pack()).received.payloads[0].content == b"%PDF content"
    )


@pytest.mark.usefixtures("each_profile")
@pytest.mark.parametrize("form", ["token", "embedded", "ski", "thumbprint", "serial"])
def test_every_form_of_key_reference_is_read(form: str) -> None:
    assert receive(Forgery([zipped()], key_form=form).pack()).received.payloads


def test_a_prefix_list_is_honoured_in_place() -> None:
    # "unused" is declared on the Envelope only: a canonical form of a copy would lose it.
    assert receive(Forgery([zipped()], prefix_list="unused s w").pack()).received.payloads


def test_signed_tokens_are_checked_and_accepted() -> None:
    assert receive(Forgery([zipped()], further=("signer",)).pack()).received.payloads


@pytest.mark.parametrize("encrypted", [True, False])
@pytest.mark.parametrize("media_type", XML_TYPES)
def test_uncompressed_xml_is_hashed_in_canonical_form(media_type: str, encrypted: bool) -> None:
    part = ForgedPart("p1@forge", media_type, XML, (("MimeType", media_type),), signed=CANONICAL)
    forgery = Forgery([part]) if encrypted else Forgery([part], recipient=None)
    payload = receive(forgery.pack(), receiving(encrypt=encrypted)).received.payloads[0]
    assert payload.content == XML
    assert payload.media_type == media_type


def test_xml_with_comments_is_handed_on_as_it_was_verified() -> None:
    part = ForgedPart("p1@forge", "application/xml", b"<a>1<!-- split -->2</a>", signed=b"<a>12</a>")
    assert receive(Forgery([part]).pack()).received.payloads[0].content == b"<a>12</a>"


@pytest.mark.parametrize("content", [b"a\nb\rc\r\nd", b"\n", b"no line end", b"\r\r\n\n"])
def test_text_is_hashed_with_crlf(content: bytes) -> None:
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    part = ForgedPart("p1@forge", "text/plain", content, signed=lines)
    assert receive(Forgery([part]).pack()).received.payloads[0].content == content


@pytest.mark.parametrize("encoding", ["binary", "8bit", "7bit", "base64", "quoted-printable"])
@pytest.mark.parametrize("encrypted", [True, False])
def test_transfer_encodings(encoding: str, encrypted: bool) -> None:
    part = zipped()
    part.transfer_encoding = encoding
    forgery = Forgery([part]) if encrypted else Forgery([part], recipient=None)
    assert (
        receive(forgery.pack(), receiving(encrypt=encrypted)).received.payloads[0].content == b"%PDF content"
    )


@pytest.mark.parametrize("charset", ["UTF-8", "UTF-16", "ISO-8859-1"])
def test_charsets_of_the_soap_part(charset: str) -> None:
    assert receive(Forgery([zipped()], charset=charset).pack()).received.payloads


def test_a_charset_that_nobody_needs_is_refused() -> None:
    with pytest.raises(as4.As4Refused) as refused:
        receive(Forgery([zipped()], charset="KOI8-R").pack())
    assert refused.value.error.code is as4.EbmsErrorCode.INVALID_HEADER


@pytest.mark.parametrize(
    ("content_id", "href"),
    [
        ("a b@c".replace(" ", "%20"), "cid:a%2520b@c"),
        ("a%20b@c", "cid:a%20b@c"),
        ("a+b@c", "cid:a%2Bb%40c"),
        ("a+b@c", "CID:a+b@c"),
    ],
)
def test_a_content_id_may_be_escaped_in_the_header(content_id: str, href: str) -> None:
    part = ForgedPart(content_id, "application/octet-stream", b"x", href=href)
    assert receive(Forgery([part]).pack()).received.message.part_ids == (content_id,)


def test_gzip_members_are_joined() -> None:
    part = ForgedPart(
        "p1@forge",
        "application/gzip",
        gzip.compress(b"one ") + gzip.compress(b"two"),
        (("MimeType", "text/csv"), ("CompressionType", "application/gzip")),
    )
    payload = receive(Forgery([part]).pack()).received.payloads[0]
    assert (payload.media_type, payload.data) == ("text/csv", b"one two")


def test_further_part_properties_are_kept() -> None:
    part = zipped(CharacterSet="utf-8")
    payload = receive(Forgery([part]).pack()).received.payloads[0]
    assert payload.properties == (as4.Property("CharacterSet", "utf-8"),)

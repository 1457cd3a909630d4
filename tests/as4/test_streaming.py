"""What is handled in chunks gives the same bytes as what is handled whole, wherever the chunks end."""

import base64
import gzip
import hashlib
import itertools
import os
import quopri

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intermediary import as4
from intermediary.as4 import attachments, compression, content_cipher, mime
from intermediary.as4.errors import Refusal
from intermediary.content import CHUNK, Content, InMemory, Joined, Spool, spooled
from tests.as4.parties import EDM, receive, receiving, send

KINDS = ("application/pdf", "text/csv")
LIMITS = as4.Limits()


def pieces(whole: bytes, *cuts: int) -> Content:
    """A content whose chunks end at the cuts."""
    ends = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    return Joined([InMemory(whole[a:b]) for a, b in itertools.pairwise(ends)])


CUTS = st.lists(st.integers(0, 400), max_size=5)


@pytest.mark.parametrize("kind", KINDS)
@given(content=st.binary(max_size=400) | st.text("ab\r\n", max_size=400).map(str.encode), cuts=CUTS)
def test_gzip_is_what_everybody_reads(kind: str, content: bytes, cuts: list[int]) -> None:
    packed = b"".join(compression.compress(pieces(content, *cuts), kind))
    assert gzip.decompress(packed) == content
    assert compression.decompress(pieces(packed, *cuts), len(content), LIMITS) == content


@pytest.mark.parametrize("kind", KINDS)
def test_gzip_of_many_chunks(kind: str) -> None:
    content = os.urandom(CHUNK) + bytes(3 * CHUNK) + os.urandom(70_000)
    packed = spooled(compression.compress(InMemory(content), kind))
    assert gzip.decompress(packed.read()) == content
    assert compression.decompress(packed, len(content), LIMITS) == content


@given(content=st.binary(max_size=300), level=st.integers(0, 9), cuts=CUTS)
def test_gzip_of_others_is_read(content: bytes, level: int, cuts: list[int]) -> None:
    packed = gzip.compress(content, level) + gzip.compress(b"", level) + gzip.compress(content, 9)
    assert compression.decompress(pieces(packed, *cuts), 2 * len(content), LIMITS) == 2 * content


@settings(max_examples=300)
@given(
    content=st.binary(max_size=60),
    at=st.integers(0, 200),
    by=st.integers(1, 255),
    end=st.integers(0, 200),
    cuts=CUTS,
)
def test_damaged_gzip_is_refused_or_harmless(
    content: bytes, at: int, by: int, end: int, cuts: list[int]
) -> None:
    packed = bytearray(gzip.compress(content, mtime=0))
    packed[at % len(packed)] ^= by
    damaged = bytes(packed[: max(end, 1)])
    try:
        got = compression.decompress(pieces(damaged, *cuts), 10_000, LIMITS)
    except Refusal as refusal:
        assert refusal.code is as4.EbmsErrorCode.DECOMPRESSION_FAILURE
    else:
        assert got == content, "only bytes without meaning were damaged"


@given(content=st.binary(max_size=300), cuts=CUTS)
def test_the_cipher_is_plain_aes_gcm(content: bytes, cuts: list[int]) -> None:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    key = os.urandom(16)
    sealed = b"".join(content_cipher.encrypt(key, pieces(content, *cuts).chunks()))
    assert AESGCM(key).decrypt(sealed[:12], sealed[12:], None) == content
    assert content_cipher.decrypt(key, pieces(sealed, *cuts)) == content


@given(content=st.text("a\r\n", max_size=60).map(str.encode), cuts=CUTS)
def test_text_is_hashed_with_crlf_wherever_it_is_cut(content: bytes, cuts: list[int]) -> None:
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    digest, usable = attachments.signed_form(pieces(content, *cuts), "text/plain")
    assert digest == hashlib.sha256(lines).digest()
    assert usable == content


@given(content=st.binary(max_size=200), cuts=CUTS)
def test_transfer_encodings_are_undone_wherever_they_are_cut(content: bytes, cuts: list[int]) -> None:
    for encoding, encoded in (
        ("base64", base64.encodebytes(content)),
        ("quoted-printable", quopri.encodestring(content)),
    ):
        assert mime._decoded(pieces(encoded, *cuts), {"content-transfer-encoding": encoding}) == content


@pytest.mark.parametrize("encoded", [b"QQ==QUJD", b"QUJDQQ==\r\nQUJD", b"QUJDQ", b"QUJDQ===", b"QU=DQUJD"])
@given(cuts=CUTS)
def test_base64_that_is_refused_wherever_it_is_cut(encoded: bytes, cuts: list[int]) -> None:
    with pytest.raises(Refusal, match="base64"):
        mime._decoded(pieces(encoded, *cuts), {"content-transfer-encoding": "base64"})


def test_a_quoted_printable_line_without_end_is_refused() -> None:
    with pytest.raises(Refusal, match="too long"):
        mime._decoded(InMemory(b"a" * 3 * CHUNK), {"content-transfer-encoding": "quoted-printable"})


@settings(max_examples=30, deadline=None)
@given(before=st.integers(CHUNK - 160, CHUNK + 20), lines=st.integers(0, 40))
def test_boundaries_are_found_across_the_ends_of_chunks(before: int, lines: int) -> None:
    tricky = b"\r\n--" * lines
    first, second = bytes(before) + tricky, tricky + b"\r"
    content_type, body = mime.join(
        b"<soap/>", [("a@x", "a/b", InMemory(first)), ("b@x", "a/b", InMemory(second))]
    )
    spool = Spool(memory=0)
    for chunk in body.chunks():
        spool.write(chunk)
    message = mime.split(content_type, spool, LIMITS)
    assert message.root == b"<soap/>"
    assert message.attachments["a@x"].content == first
    assert message.attachments["b@x"].content == second


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "changes", [{}, {"compress": False}, {"encrypt": False}, {"compress": False, "encrypt": False}]
)
def test_a_message_from_file_to_file(kind: str, changes: dict[str, bool]) -> None:
    large = spooled([os.urandom(CHUNK) + bytes(5), b"text\r\n" * CHUNK])
    packed = send(EDM, as4.Payload("large@x", kind, large), **changes)  # type: ignore[arg-type]
    body = spooled(packed.content.chunks())
    received = receive(
        as4.Packed(packed.content_type, body, packed.references), receiving(**changes)
    ).received
    assert received.payloads[1].content == large

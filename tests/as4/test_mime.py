"""MIME: strict, bounded, and a round trip for any content."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intermediary import as4
from intermediary.as4 import mime
from intermediary.as4.errors import Refusal
from intermediary.content import InMemory

LIMITS = as4.Limits()
ROOT = b"<soap/>"
_CONTENT_ID = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="<>"), min_size=1, max_size=30
)
_LINES = st.lists(st.sampled_from([b"\r\n", b"--", b"\n", b"=_", b"\r", b"\x00", b"a"]), max_size=12).map(
    b"".join
)
_PARTS = st.lists(
    st.tuples(_CONTENT_ID, st.just("application/octet-stream"), st.binary(max_size=100) | _LINES),
    max_size=6,
    unique_by=lambda part: part[0],
)


@settings(max_examples=100, deadline=None)
@given(_PARTS)
def test_any_parts_round_trip(parts: list[tuple[str, str, bytes]]) -> None:
    content_type, body = mime.join(ROOT, [(cid, kind, InMemory(content)) for cid, kind, content in parts])
    message = mime.split(content_type, body, LIMITS)
    assert message.root == ROOT
    assert [(p.content_id, p.media_type, bytes(p.content)) for p in message.attachments.values()] == parts


@given(_CONTENT_ID)
def test_any_content_id_round_trips_as_a_uri(content_id: str) -> None:
    uri = mime.cid_uri(content_id)
    assert mime.resolve(uri, {content_id: None}) == content_id
    assert "+" not in uri


def test_a_uri_escapes_no_more_than_it_must() -> None:
    """phase4 4.4.1 does not undo escapes in eb:PartInfo/@href; tests/interop asks phase4 itself."""
    assert mime.cid_uri("urn:uuid:1@a.example") == "cid:urn:uuid:1@a.example"
    assert mime.cid_uri("a!$&'()*,;=:/?~_-.@x") == "cid:a!$&'()*,;=:/?~_-.@x"
    assert mime.cid_uri('a%+"<>@x') == "cid:a%25%2B%22%3C%3E@x"


@settings(max_examples=100, deadline=None)
@given(
    st.text(max_size=80) | st.from_regex(r'multipart/related(; ?[a-z]+="?[a-z/+<>\\ ]*"?){0,4}'), st.binary()
)
def test_any_input_is_read_or_refused(content_type: str, body: bytes) -> None:
    try:
        mime.split(content_type, body, LIMITS)
    except Refusal as refusal:
        assert refusal.code is as4.EbmsErrorCode.MIME_INCONSISTENCY


def body(*parts: str, boundary: str = "b", end: str = "--b--") -> bytes:
    return ("".join(f"--{boundary}\r\n{part}\r\n" for part in parts) + end).encode()


ROOT_PART = "Content-Type: application/soap+xml\r\nContent-ID: <r@x>\r\n\r\n<soap/>"
RELATED = 'multipart/related; boundary=b; type="application/soap+xml"'


def split(*parts: str, content_type: str = RELATED, end: str = "--b--") -> mime.MimeMessage:
    return mime.split(content_type, body(*parts, end=end), LIMITS)


def test_headers_may_be_folded_and_parts_empty() -> None:
    message = split(ROOT_PART, "Content-ID:\r\n <a@x>\r\nContent-Type: a/b;\r\n\tc=d\r\n\r\n")
    assert bytes(message.attachments["a@x"].content) == b""
    assert message.attachments["a@x"].media_type == "a/b;\tc=d"
    # The blank line's CRLF may at once be that of the boundary.
    shared = b"--b\r\n" + ROOT_PART.encode() + b"\r\n--b\r\nContent-ID: <a@x>\r\n\r\n--b--"
    assert bytes(mime.split(RELATED, shared, LIMITS).attachments["a@x"].content) == b""


@pytest.mark.parametrize(
    ("content_type", "reason"),
    [
        ("", "grammar"),
        ("text/html", "text/html"),
        ("multipart/mixed; boundary=b", "multipart/mixed"),
        ("multipart/related", "boundary"),
        ('multipart/related; boundary=""', "boundary"),
        ('multipart/related; boundary="b "', "boundary"),
        (f"multipart/related; boundary={'b' * 71}", "boundary"),
        ("multipart/related; boundary=b; boundary=c", "twice"),
        ("multipart/related; boundary=b; type=text/xml", "root type"),
        ('multipart/related; boundary=b; start="<other@x>"', "start"),
        ('multipart/related; boundary=b; start=""', "start"),
        ('multipart/related; boundary="b', "parameter"),
        ("multipart/related; boundary=b" + "; x" * 5000, "too long"),
    ],
)
def test_content_types_that_are_refused(content_type: str, reason: str) -> None:
    with pytest.raises(Refusal, match=reason):
        split(ROOT_PART, content_type=content_type)


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ((), "no part"),
        (("Content-Type: text/xml\r\n\r\n<soap/>",), "root part"),
        (("\r\n<soap/>",), "grammar"),
        ((ROOT_PART, "Content-ID: <a@x>\r\n\r\n1", "Content-ID: a@x\r\n\r\n2"), "same Content-ID"),
        ((ROOT_PART, "Content-ID: <r@x>\r\n\r\n1"), "same Content-ID"),
        ((ROOT_PART, "Content-Type: a/b\r\n\r\n1"), "no Content-ID"),
        ((ROOT_PART, "Content-ID: <<a@x>>\r\n\r\n1"), "no Content-ID"),
        ((ROOT_PART, "Content-ID: <a@x\r\n\r\n1"), "no Content-ID"),
        ((ROOT_PART, "Content-ID: <a@x>\r\nContent-ID: <b@x>\r\n\r\n1"), "twice"),
        ((ROOT_PART, "Content-ID: <a@x>\r\nno colon\r\n\r\n1"), "header line"),
        ((ROOT_PART, "Content-ID: <a@x>\r\nContent-Type: nonsense\r\n\r\n1"), "grammar"),
        ((ROOT_PART, "Content-ID: <a@x>\r\nContent-Transfer-Encoding: uuencode\r\n\r\n1"), "encoding"),
        ((ROOT_PART, "Content-ID: <a@x>\r\nContent-Transfer-Encoding: base64\r\n\r\n*"), "base64"),
        ((ROOT_PART, "Content-ID: <a@x>\r\nX: " + "y" * 9000 + "\r\n\r\n1"), "too long"),
        ((ROOT_PART, "Content-ID: <a@x>\r\nX: y\nContent-Type: a/b\r\n\r\n1"), "header line"),
    ],
)
def test_parts_that_are_refused(parts: tuple[str, ...], reason: str) -> None:
    with pytest.raises(Refusal, match=reason):
        split(*parts)


def test_a_boundary_that_only_begins_alike_is_refused() -> None:
    with pytest.raises(Refusal, match="boundary line"):
        split(ROOT_PART, "Content-ID: <a@x>\r\n\r\n1\r\n--bc\r\n2")


def test_too_many_parts_and_bytes() -> None:
    many = [ROOT_PART, *(f"Content-ID: <{n}@x>\r\n\r\n1" for n in range(10_000))]
    with pytest.raises(Refusal, match="more than 1001"):
        split(*many)
    with pytest.raises(Refusal, match="at most 10"):
        mime.split(RELATED, body(ROOT_PART), as4.Limits(body_bytes=10))


def test_too_many_headers() -> None:
    headers = "".join(f"X-{n}: y\r\n" for n in range(31))
    assert split(ROOT_PART, f"{headers}Content-ID: <a@x>\r\n\r\n1").attachments
    with pytest.raises(Refusal, match="more than 32 headers"):
        split(ROOT_PART, f"{headers}X: y\r\nContent-ID: <a@x>\r\n\r\n1")


def test_no_more_of_the_root_part_is_read_than_the_parser_needs_to_refuse_it() -> None:
    message = mime.split(RELATED, body(ROOT_PART), as4.Limits(root_bytes=3))
    assert message.root == ROOT[:4]

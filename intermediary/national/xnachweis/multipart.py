"""A message and its attachments as one HTTP body: multipart/related (RFC 2387), binary parts only."""

import re
import secrets
from collections.abc import Iterable
from email.message import Message

from intermediary.national.errors import NationalUnreadable, Problem
from intermediary.national.xnachweis.model import Attachment

_MESSAGE = "application/xml"
_RELATED = "multipart/related"
_START = "nachricht"
_CONTENT_ID = re.compile(r"<([A-Za-z0-9._@+\-]{1,200})>")
_BOUNDARY = re.compile(r"[A-Za-z0-9'()+_,\-./:=?]{1,70}")
_PARTS = 200
_HEADERS = 8 * 1024


def pack(xml: bytes, attachments: Iterable[Attachment] = ()) -> tuple[str, bytes]:
    """Content type and body: plain `application/xml` where there are no attachments."""
    parts = tuple(attachments)
    if not parts:
        return _MESSAGE, xml
    # 128 random bits: no content can have been made to contain it.
    boundary = f"nachweis-{secrets.token_hex(16)}"
    body = bytearray()
    for part in (Attachment(_START, _MESSAGE, xml), *parts):
        body += (
            f"--{boundary}\r\nContent-Type: {part.media_type}\r\nContent-ID: <{part.content_id}>\r\n"
            f"Content-Transfer-Encoding: binary\r\n\r\n"
        ).encode("ascii")
        body += part.content + b"\r\n"
    body += f"--{boundary}--\r\n".encode("ascii")
    return f'{_RELATED}; type="{_MESSAGE}"; start="<{_START}>"; boundary="{boundary}"', bytes(body)


def unpack(content_type: str, body: bytes) -> tuple[bytes, tuple[Attachment, ...]]:
    """The XML of the message and its attachments. Raises NationalUnreadable.

    The message is the first part (`start`, where given, must name it).
    """
    head = Message()
    head["Content-Type"] = content_type
    kind = head.get_content_type()
    if kind == _MESSAGE:
        return body, ()
    if kind != _RELATED:
        raise _unreadable("XN-CONTENT-TYPE", "the body is neither application/xml nor multipart/related")
    boundary = head.get_param("boundary", "")
    if not isinstance(boundary, str) or not _BOUNDARY.fullmatch(boundary):
        raise _unreadable("XN-MULTIPART", "the boundary is missing or not allowed")
    parts = [_part(raw, number) for number, raw in enumerate(_split(body, boundary.encode()))]
    message, *attachments = parts
    start = head.get_param("start")
    if isinstance(start, str) and start != f"<{message.content_id}>":
        raise _unreadable("XN-MULTIPART", "start does not name the first part")
    if message.media_type != _MESSAGE:
        raise _unreadable("XN-MULTIPART", "the first part is not application/xml")
    return message.content, tuple(attachments)


def _unreadable(rule: str, text: str, place: str = "body") -> NationalUnreadable:
    remedy = (
        "Send application/xml, or multipart/related as intermediary/national/xnachweis/README.md describes."
    )
    return NationalUnreadable(Problem(rule, place, None, text, remedy))


def _split(body: bytes, boundary: bytes) -> list[bytes]:
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary, _PARTS + 2)
    if len(pieces) < 3 or len(pieces) > _PARTS + 2:
        raise _unreadable("XN-MULTIPART", f"there is no part, or there are more than {_PARTS}")
    if not pieces[-1].startswith(b"--") or pieces[-1][2:].strip(b" \t\r\n"):
        raise _unreadable("XN-MULTIPART", "the closing boundary is missing or not the end")
    parts = pieces[1:-1]
    if any(not part.startswith(b"\r\n") for part in parts):
        raise _unreadable("XN-MULTIPART", "a boundary is not followed by a line end")
    return [part[2:] for part in parts]


def _part(raw: bytes, number: int) -> Attachment:
    place = f"part {number + 1}"
    head, gap, content = raw.partition(b"\r\n\r\n")
    if not gap or len(head) > _HEADERS:
        raise _unreadable("XN-MULTIPART", "the part has no headers, or too many", place)
    headers = Message()
    for line in head.split(b"\r\n"):
        name, colon, value = line.decode("ascii", "replace").partition(":")
        if not colon or name.lower() in headers:
            raise _unreadable("XN-MULTIPART", "a header is folded, repeated or has no colon", place)
        headers[name.lower()] = value.strip()
    if headers.get("content-transfer-encoding", "binary").lower() not in ("binary", "8bit"):
        raise _unreadable("XN-MULTIPART", "the transfer encoding is not binary", place)
    content_id = _CONTENT_ID.fullmatch(headers.get("content-id", "<message>" if number == 0 else ""))
    if content_id is None:
        raise _unreadable("XN-MULTIPART", "the Content-ID is missing or not allowed", place)
    return Attachment(content_id[1], headers.get_content_type(), content)

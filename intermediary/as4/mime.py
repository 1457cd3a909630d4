"""MIME multipart/related for binary parts: strict, bounded, linear in the size (RFC 2046, 2387, 2392).

The standard library's parser works line by line and forgives; here a defect is a refusal, and the parts are
sections of the body, not copies.
"""

import binascii
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from intermediary.as4.codes import EbmsErrorCode
from intermediary.as4.errors import Refusal
from intermediary.as4.vocabulary import SOAP_TYPE
from intermediary.content import CHUNK, Content, InMemory, Joined, Octets, as_content, spooled


@dataclass(frozen=True, slots=True)
class Limits:
    """What an incoming message may cost before it is refused. A P-Mode may set less, never more."""

    body_bytes: int = 512 * 1024 * 1024
    """The whole HTTP body."""
    parts: int = 1001
    """MIME parts with the SOAP part."""
    header_bytes: int = 8 * 1024
    """Headers of one part; also the preamble and the Content-Type."""
    headers: int = 32
    """Header lines of one part."""
    root_bytes: int = 8 * 1024 * 1024
    """The SOAP part, which alone is read into memory whole."""
    decompressed_bytes: int = 512 * 1024 * 1024
    """All parts together, after decompression."""
    ratio: int = 200
    """Decompressed to compressed size of a part; demanded only above `ratio_free_bytes`."""
    ratio_free_bytes: int = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class MediaType:
    """A Content-Type: `name` in lower case, parameter names in lower case."""

    name: str
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """A part after its transfer encoding was undone; `content_id` without brackets."""

    content_id: str
    media_type: str
    content: Content = field(repr=False)


@dataclass(frozen=True, slots=True)
class MimeMessage:
    """The SOAP part and the attachments by Content-ID, in their order."""

    root: bytes = field(repr=False)
    root_type: MediaType
    attachments: Mapping[str, Part]


_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # noqa: S105 - RFC 9110 token, no secret
_NAME = re.compile(f"{_TOKEN}/{_TOKEN}")
# Unquoted values may hold more than a token, as in type=application/soap+xml, which many senders write.
_PARAMETER = re.compile(
    rf'[ \t]*;[ \t]*(?:({_TOKEN})[ \t]*=[ \t]*(?:"([^"\\]*(?:\\.[^"\\]*)*)"|([!#-+\-.-:<-\[\]-~]+)))?'
)
_UNESCAPED = re.compile(r"\\(.)")
_HEADER_NAME = re.compile(_TOKEN)
_FOLD = re.compile(r"\r\n(?=[ \t])")
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")
_CONTENT_ID = re.compile(r"[\x21-\x3b=\x3f-\x7e]{1,255}")
_BARE = "@:/?!$&'()*,;="
"""Characters of a URI (RFC 3986 §3.3, §3.4) that stand in a cid: URI unescaped, with the unreserved ones."""
_STANDS = re.compile(f"[{_BARE}A-Za-z0-9_.~-]*").fullmatch
_PRINTABLE_TYPE = re.compile(rf"{_TOKEN}/{_TOKEN}[\x20-\x7e]{{0,200}}")


def media_type(value: str) -> MediaType:
    """Read a Content-Type; raises Refusal (EBMS:0007) for anything that does not follow the grammar."""
    value = value.strip()
    found = _NAME.match(value)
    if not found:
        raise _broken("a Content-Type does not follow the grammar")
    parameters: dict[str, str] = {}
    at = found.end()
    while at < len(value):
        parameter = _PARAMETER.match(value, at)
        if not parameter or parameter.end() == at:
            raise _broken("a Content-Type parameter does not follow the grammar")
        at = parameter.end()
        name, quoted, token = parameter.groups()
        if name is None:
            continue  # a stray semicolon, which some senders leave at the end
        if name.lower() in parameters:
            raise _broken(f"the Content-Type names {name.lower()[:40]} twice")
        parameters[name.lower()] = token if quoted is None else _UNESCAPED.sub(r"\1", quoted)
    return MediaType(found.group().lower(), parameters)


def is_content_id(value: str) -> bool:
    """Whether the value can be written as a Content-ID: printable ASCII, no brackets, no blank."""
    return _CONTENT_ID.fullmatch(value) is not None


def is_media_type(value: str) -> bool:
    """Whether the value can be written as a Content-Type."""
    return _PRINTABLE_TYPE.fullmatch(value) is not None


def cid_uri(content_id: str) -> str:
    """The cid: URI of a Content-ID (RFC 2392): what a URI may hold stays as it is, the rest is escaped.

    phase4 compares the href with the Content-ID without undoing escapes, so as few as possible. `+` is among
    them: WSS4J decodes it as a blank when it is left bare.
    """
    return "cid:" + (content_id if _STANDS(content_id) else quote(content_id, safe=_BARE))


def resolve(uri: str, content_ids: Mapping[str, object]) -> str | None:
    """The Content-ID that a cid: URI names, or None: percent-decoded as RFC 2392 says, else as it stands."""
    if uri[:4].lower() != "cid:":
        return None
    decoded = unquote(uri[4:])
    if decoded in content_ids:
        return decoded
    return uri[4:] if uri[4:] in content_ids else None


def split(content_type: str, body: Octets | Content, limits: Limits) -> MimeMessage:
    """Split an HTTP body into SOAP part and attachments; raises Refusal (EBMS:0007).

    Accepts plain SOAP without MIME. The root is the part that `start` names, else the first one.
    """
    body = as_content(body)
    if body.size > limits.body_bytes:
        raise _broken(f"the body has {body.size} bytes; at most {limits.body_bytes} are accepted")
    if len(content_type) > limits.header_bytes:
        raise _broken("the Content-Type is too long")
    kind = media_type(content_type)
    if kind.name == SOAP_TYPE:
        return MimeMessage(_root(body, limits), kind, {})
    if kind.name != "multipart/related":
        raise _broken(f"the body is {kind.name[:80]}, not {SOAP_TYPE} or multipart/related")
    boundary = kind.parameters.get("boundary", "")
    if not _BOUNDARY.fullmatch(boundary):
        raise _broken("the multipart boundary is missing or not allowed")
    if kind.parameters.get("type", SOAP_TYPE).lower() != SOAP_TYPE:
        raise _broken(f"the root type of the multipart body is not {SOAP_TYPE}")
    parts = _parts(body, boundary.encode("ascii"), limits)
    root = 0
    if "start" in kind.parameters:
        start = _content_id(kind.parameters["start"])
        named = [i for i, (headers, _) in enumerate(parts) if _content_id(headers.get("content-id")) == start]
        if start is None or len(named) != 1:
            raise _broken("the start parameter does not name exactly one part")
        root = named[0]
    root_headers, root_content = parts.pop(root)
    root_type = media_type(root_headers.get("content-type", ""))
    if root_type.name != SOAP_TYPE:
        raise _broken(f"the root part is {root_type.name[:80]}, not {SOAP_TYPE}")
    attachments: dict[str, Part] = {}
    root_id = _content_id(root_headers.get("content-id"))
    for headers, content in parts:
        content_id = _content_id(headers.get("content-id"))
        if content_id is None:
            raise _broken("a part has no Content-ID, or one that is not allowed")
        if content_id in attachments or content_id == root_id:
            raise _broken("two parts have the same Content-ID")
        declared = headers.get("content-type", "text/plain")
        media_type(declared)
        attachments[content_id] = Part(content_id, declared, _decoded(content, headers))
    return MimeMessage(_root(_decoded(root_content, root_headers), limits), root_type, attachments)


def _root(content: Content, limits: Limits) -> bytes:
    # One byte too many is enough for the XML parser to refuse it.
    return content.head(limits.root_bytes + 1)


class _Scan:
    """Looks for bytes in a content through a window that moves forwards, so in linear time."""

    def __init__(self, content: Content) -> None:
        self.content = content
        self._start, self._window = 0, b""

    def find(self, wanted: bytes, start: int, stop: int | None = None) -> int:
        """Where `wanted` lies first, whole between `start` and `stop`; -1 where it does not."""
        stop = self.content.size if stop is None else min(stop, self.content.size)
        while start + len(wanted) <= stop:
            self._cover(start, len(wanted))
            end = self._start + len(self._window)
            found = self._window.find(wanted, start - self._start, min(stop, end) - self._start)
            if found >= 0:
                return self._start + found
            if end >= stop:
                return -1
            start = end - len(wanted) + 1
        return -1

    def read(self, start: int, stop: int) -> bytes:
        """The bytes from `start` to `stop`, fewer at the end; at most CHUNK."""
        stop = min(stop, self.content.size)
        self._cover(start, stop - start)
        return self._window[start - self._start : stop - self._start]

    def _cover(self, start: int, length: int) -> None:
        if start < self._start or start + length > self._start + len(self._window):
            stop = min(start + CHUNK, self.content.size)
            self._start, self._window = start, b"".join(self.content.chunks(start, stop))


def _parts(body: Content, boundary: bytes, limits: Limits) -> list[tuple[dict[str, str], Content]]:
    delimiter, line = b"--" + boundary, b"\r\n--" + boundary
    scan = _Scan(body)
    if scan.read(0, len(delimiter)) == delimiter:
        at = len(delimiter)
    else:
        first = scan.find(line, 0, limits.header_bytes)
        if first < 0:
            raise _broken("the first boundary is missing")
        at = first + len(line)
    parts: list[tuple[dict[str, str], Content]] = []
    while scan.read(at, at + 2) != b"--":
        end = scan.find(b"\r\n", at, at + 80)
        if end < 0 or scan.read(at, end).strip(b" \t"):
            raise _broken("a boundary line is malformed or the body is cut off")
        if len(parts) >= limits.parts:
            raise _broken(f"more than {limits.parts} MIME parts")
        start = end + 2
        if scan.read(start, start + 2) == b"\r\n":
            headers, content = {}, start + 2
        else:
            stop = scan.find(b"\r\n\r\n", start, start + limits.header_bytes)
            if stop < 0:
                raise _broken("the headers of a part are too long or cut off")
            headers, content = _headers(scan.read(start, stop), limits), stop + 4
        # An empty part may share its CRLF with the blank line that ends the headers.
        following = scan.find(line, content - 2)
        if following < 0:
            raise _broken("the closing boundary is missing; the body is cut off")
        parts.append((headers, body.section(content, max(following, content))))
        at = following + len(line)
    if not parts:
        raise _broken("the multipart body has no part")
    return parts


def _headers(block: bytes, limits: Limits) -> dict[str, str]:
    try:
        text = block.decode("utf-8")
    except UnicodeDecodeError:
        raise _broken("the headers of a part are not text") from None
    headers: dict[str, str] = {}
    lines = _FOLD.sub("", text).split("\r\n")
    if len(lines) > limits.headers:
        raise _broken(f"a part has more than {limits.headers} headers")
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.rstrip(" \t")
        if not colon or not _HEADER_NAME.fullmatch(name) or "\r" in value or "\n" in value:
            raise _broken("a header line of a part is malformed")
        if name.lower() in headers and name.lower().startswith("content-"):
            raise _broken(f"a part has the header {name[:40]} twice")
        headers[name.lower()] = value.strip(" \t")
    return headers


def _content_id(value: str | None) -> str | None:
    if value is None:
        return None
    value = value.strip()
    if value.startswith("<") and value.endswith(">"):
        value = value[1:-1]
    return value if is_content_id(value) else None


def _decoded(content: Content, headers: Mapping[str, str]) -> Content:
    encoding = headers.get("content-transfer-encoding", "binary").lower()
    if encoding in ("binary", "8bit", "7bit"):
        return content
    if encoding == "base64":
        try:
            return spooled(_from_base64(content.chunks()))
        except binascii.Error:
            raise _broken("a part is not valid base64") from None
    if encoding == "quoted-printable":
        return spooled(map(binascii.a2b_qp, _lines(content.chunks())))
    raise _broken("the transfer encoding of a part is not known")


def _from_base64(chunks: Iterable[Octets]) -> Iterator[bytes]:
    held = b""
    for chunk in chunks:
        packed = held + bytes(chunk).translate(None, b"\r\n \t")
        whole = max(len(packed) - 4, 0) // 4 * 4  # the last group may be the one with the padding
        ready, held = packed[:whole], packed[whole:]
        if ready.endswith(b"="):
            raise binascii.Error("content after the padding")
        yield binascii.a2b_base64(ready, strict_mode=True)
    yield binascii.a2b_base64(held, strict_mode=True)


def _lines(chunks: Iterable[Octets]) -> Iterator[bytes]:
    """Whole lines, many at once; a line of more than CHUNK bytes is no quoted-printable."""
    held = b""
    for chunk in chunks:
        lines, end, rest = (held + bytes(chunk)).rpartition(b"\n")
        yield lines + end
        held = rest
        if len(held) > CHUNK:
            raise _broken("a quoted-printable line is too long")
    yield held


def join(root: bytes, attachments: Sequence[tuple[str, str, Content]]) -> tuple[str, Content]:
    """Write Content-Type and body: the SOAP part, then (Content-ID, media type, content) each.

    The boundary is 128 random bits, so no content can contain it but by chance.
    """
    if not attachments:
        return f"{SOAP_TYPE}; charset=UTF-8", InMemory(root)
    token = secrets.token_hex(16)
    boundary, root_id = f"=_{token}", f"{token}@root"
    opening = (
        f"--{boundary}\r\nContent-Type: {SOAP_TYPE}; charset=UTF-8\r\n"
        f"Content-Transfer-Encoding: binary\r\nContent-ID: <{root_id}>\r\n\r\n"
    )
    pieces: list[Content] = []
    written = opening.encode("ascii") + root
    for content_id, kind, content in attachments:
        head = (
            f"\r\n--{boundary}\r\nContent-Type: {kind}\r\n"
            f"Content-Transfer-Encoding: binary\r\nContent-ID: <{content_id}>\r\n\r\n"
        )
        pieces += (InMemory(written + head.encode("ascii")), content)
        written = b""
    pieces.append(InMemory(f"\r\n--{boundary}--\r\n".encode("ascii")))
    header = f'multipart/related; type="{SOAP_TYPE}"; boundary="{boundary}"; start="<{root_id}>"'
    return header, Joined(pieces)


def _broken(reason: str) -> Refusal:
    return Refusal(EbmsErrorCode.MIME_INCONSISTENCY, reason)

"""Check what a partner hands in: an EDM or Common Services message, an ebMS header, a whole AS4 message.

The release is detected or given. Of an AS4 message (multipart/related) the header is checked, and each part
that can be read; encrypted parts are said to be so. Nothing is decrypted, kept or logged.
"""

import gzip
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from email.parser import BytesHeaderParser
from email.policy import HTTP
from io import BytesIO
from typing import Any, Final, Protocol

from lxml import etree

from intermediary import edm, xml
from intermediary.as4 import header, mime, soap
from intermediary.as4.errors import Refusal
from intermediary.as4.vocabulary import EB, SOAP_TYPE
from intermediary.validation import RELEASES, Finding, Report, Severity, UnknownRelease
from intermediary.validation.releases import kind_of_message

HEADER_RELEASE: Final = "ebms:v3.0"
COMMON_SERVICES: Final = "oots-cs:v1.0"
"""What a message of the Common Services is judged by unless it names its version."""
MAX_PART_BYTES: Final = 16 * 1024 * 1024
"""Bytes of a part after decompression; evidence above that is not looked into."""
_GZIP: Final = "application/gzip"
_XENC: Final = "{http://www.w3.org/2001/04/xmlenc#}"


@dataclass(frozen=True, slots=True)
class CheckedPart:
    """One thing that was looked at. `state` is checked, encrypted, compressed, unread, missing or other."""

    name: str
    what: str
    release: str
    findings: tuple[Finding, ...] = ()
    state: str = "checked"

    @property
    def valid(self) -> bool:
        """False where a finding refuses."""
        return not any(finding.severity is Severity.ERROR for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome for one input: one part for an XML message, header and parts for an AS4 message."""

    name: str
    parts: tuple[CheckedPart, ...]

    @property
    def valid(self) -> bool:
        """True where nothing refuses."""
        return all(part.valid for part in self.parts)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, in the order of the parts."""
        return tuple(finding for part in self.parts for finding in part.findings)

    @property
    def release(self) -> str:
        """The release of the message: of the EDM part where there is one, else of the first part."""
        judged = [p.release for p in self.parts if p.release.startswith("oots-")] or [self.parts[0].release]
        return judged[0]


class Judging(Protocol):
    """What judges a message (`validation.Validator`)."""

    def check(self, root: etree._Element, release: str, /) -> Report:
        """All findings. Raises UnknownRelease."""
        ...


class Checker:
    """Checks bytes by a validator; shared by threads."""

    def __init__(self, validator: Judging) -> None:
        self._validator = validator

    def check(
        self, data: bytes, name: str, release: str | None = None, content_type: str | None = None
    ) -> Checked:
        """Everything that can be said of `data`. Raises UnknownRelease for a `release` that is not known."""
        if release is not None:
            self._validator.check(etree.Element("nothing"), release)
        message = _mime(data, content_type)
        if message is not None:
            return Checked(name, self._as4(*message, release))
        return Checked(name, (self._document(data, name, release),))

    def _document(self, data: bytes, name: str, release: str | None) -> CheckedPart:
        try:
            root = xml.parse(data)
        except xml.XmlRefused as refused:
            finding = Finding(refused.rule, Severity.ERROR, "/", refused.line, refused.reason, refused.remedy)
            return CheckedPart(name, "no XML", release or "none", (finding,))
        return self._judge(root, name, release)

    def _judge(self, root: etree._Element, name: str, release: str | None) -> CheckedPart:
        kind = kind_of_message(root)
        judged_by = release or _release_of(root, kind)
        try:
            findings = self._validator.check(root, judged_by).findings
        except UnknownRelease:
            return CheckedPart(name, kind or "unknown", "unknown", (_unknown_release(),))
        errors = any(finding.severity is Severity.ERROR for finding in findings)
        if not errors and judged_by in edm.PROFILES and (kind or "").startswith("EDM-"):
            findings = (*findings, *_unreadable(root))
        return CheckedPart(name, kind or etree.QName(root).localname, judged_by, findings)

    def _as4(self, content_type: str, body: bytes, release: str | None) -> tuple[CheckedPart, ...]:
        try:
            message = mime.split(content_type, body, mime.Limits())
            envelope = soap.read_envelope(message.root, message.root_type)
        except Refusal as refused:
            return (CheckedPart("message", "AS4 message", HEADER_RELEASE, (_refused(refused),)),)
        messaging = envelope.messaging
        checked = self._judge(messaging, "eb:Messaging", HEADER_RELEASE)
        try:
            _, infos = header.read_user_message(messaging)
        except Refusal as refused:
            if next(messaging.iterchildren(f"{{{EB}}}SignalMessage"), None) is not None:
                return (replace(checked, what="ebMS signal"),)
            return (replace(checked, findings=(*checked.findings, _refused(refused))),)
        encrypted = _encrypted(envelope.security, message.attachments)
        parts, named = [replace(checked, what="ebMS header")], set[str]()
        for info in infos:
            content_id = mime.resolve(info.href, message.attachments)
            if content_id is None:
                parts.append(CheckedPart(info.href[:200], "part", "none", (_MISSING,), "missing"))
                continue
            named.add(content_id)
            part = message.attachments[content_id]
            if content_id in encrypted:
                parts.append(CheckedPart(content_id, _type(info), "none", state="encrypted"))
            else:
                parts.append(self._part(part, info, release))
        parts += [
            CheckedPart(other, "part", "none", (_UNNAMED,), "other")
            for other in message.attachments.keys() - named
        ]
        return tuple(parts)

    def _part(self, part: mime.Part, info: header.PartInfo, release: str | None) -> CheckedPart:
        content = bytes(part.content.head(MAX_PART_BYTES + 1))
        if info.value("CompressionType") == _GZIP:
            unpacked = _gunzip(content)
            if unpacked is None:
                return CheckedPart(part.content_id, _type(info), "none", (_NO_GZIP,), "compressed")
            content = unpacked
        if len(content) > MAX_PART_BYTES:
            return CheckedPart(part.content_id, _type(info), "none", state="unread")
        if content.lstrip()[:1] != b"<":
            return CheckedPart(part.content_id, _type(info), "none", state="other")
        try:
            root = xml.parse(content)
        except xml.XmlRefused as refused:
            finding = Finding(refused.rule, Severity.ERROR, "/", refused.line, refused.reason, refused.remedy)
            return CheckedPart(part.content_id, _type(info), "none", (finding,))
        if kind_of_message(root) is None:
            # Evidence has a data model of its own, which is not ours to judge.
            return CheckedPart(part.content_id, _type(info), "none", state="other")
        return self._judge(root, part.content_id, release)


def known_releases() -> tuple[str, ...]:
    """The releases that ship, for messages about a wrong one."""
    return tuple(sorted(RELEASES))


def _release_of(root: etree._Element, kind: str | None) -> str:
    if kind == "EDM-EBMS":
        return HEADER_RELEASE
    named = _specification(root)
    if kind is None or kind.startswith("EDM-"):
        return named or edm.LATEST
    return named if named.startswith("oots-cs:") else COMMON_SERVICES


def _specification(root: etree._Element) -> str:
    for slot in root.iterchildren("{*}Slot"):
        if slot.get("name") == "SpecificationIdentifier":
            return (slot.findtext("{*}SlotValue/{*}Value") or "").strip()
    return ""


def _unreadable(root: etree._Element) -> tuple[Finding, ...]:
    try:
        edm.read(root)
    except edm.EdmUnreadable as unreadable:
        return tuple(
            Finding(p.rule, Severity.ERROR, p.place, p.line, p.text, p.remedy) for p in unreadable.problems
        )
    return ()


def _mime(data: bytes, content_type: str | None) -> tuple[str, bytes] | None:
    """Content-Type and body of a MIME message; None where it is none."""
    start = data[:2]
    if content_type and content_type.lower().startswith("multipart/related"):
        return content_type, data
    if start == b"--":
        boundary = data[2:80].split(b"\n")[0].strip().decode("ascii", "replace")
        return f'multipart/related; type="{SOAP_TYPE}"; boundary="{boundary}"', data
    if data.lstrip()[:1] == b"<" or b":" not in data[:200]:
        return None
    ends = [
        (at, size) for end, size in ((b"\r\n\r\n", 4), (b"\n\n", 2)) if (at := data.find(end, 0, 64_000)) > 0
    ]
    if not ends:
        return None
    at, size = min(ends)
    lines = data[:at]
    if lines.split(b"\n", 1)[0].strip().split(b" ")[-1].startswith(b"HTTP/"):
        lines = lines.partition(b"\n")[2]
    # The first header may follow an HTTP request line, as in a recorded call.
    told = str(BytesHeaderParser(policy=HTTP).parsebytes(lines).get("Content-Type", ""))
    if told.lower().startswith(("multipart/related", SOAP_TYPE)):
        return told.replace("\r", "").replace("\n", ""), data[at + size :]
    return None


def _encrypted(security: etree._Element | None, attachments: Mapping[str, mime.Part]) -> set[str]:
    if security is None:
        return set()
    uris = (e.get("URI", "") for e in security.iter(f"{_XENC}CipherReference"))
    return {found for uri in uris if (found := mime.resolve(uri, attachments)) is not None}


def _gunzip(data: bytes) -> bytes | None:
    """At most one byte more than MAX_PART_BYTES; None where it is no gzip."""
    try:
        with gzip.GzipFile(fileobj=BytesIO(data)) as file:
            return file.read(MAX_PART_BYTES + 1)
    except (OSError, EOFError, zlib.error):
        return None


def _type(info: header.PartInfo) -> str:
    return (info.value("MimeType") or "unknown type")[:100]


def _refused(refused: Refusal) -> Finding:
    return Finding(
        refused.code.code, Severity.ERROR, "/", None, f"The message is refused: {refused.reason}.",
        "Mend the packaging as AS4 demands (eDelivery AS4 1.15); the text names what is wrong.", "ebMS 3.0",
    )  # fmt: skip


def _unknown_release() -> Finding:
    return Finding(
        "RELEASE-UNKNOWN", Severity.ERROR, "/*/rim:Slot[@name='SpecificationIdentifier']", None,
        "The message names a version for which nothing is installed here.",
        f"Use one of {', '.join(known_releases())}, or install the official set: intermediary releases add",
    )  # fmt: skip


_MISSING: Final = Finding(
    "MIME-PART-MISSING", Severity.ERROR, "/eb:Messaging/eb:UserMessage/eb:PayloadInfo/eb:PartInfo", None,
    "The header names a part that the message does not hold.",
    "Add the part with this Content-ID, or take the PartInfo away.", "ebMS 3.0 5.2.2.13",
)  # fmt: skip
_UNNAMED: Final = Finding(
    "MIME-PART-UNNAMED", Severity.ERROR, "/eb:Messaging/eb:UserMessage/eb:PayloadInfo", None,
    "The message holds a part that the header does not name.",
    "Name it in a PartInfo, or take the part away.", "ebMS 3.0 5.2.2.12",
)  # fmt: skip
_NO_GZIP: Final = Finding(
    "EBMS:0303", Severity.ERROR, "/", None,
    "The part says that it is compressed, but it is no gzip that can be read.",
    "Compress it with gzip (RFC 1952), or take the part property CompressionType away.", "AS4 profile 3.1",
)  # fmt: skip


def as_json(checked: Checked, language: str = "en") -> dict[str, Any]:
    """The outcome for machines. A message of one part has its findings on top only."""
    told: dict[str, Any] = {
        "file": checked.name,
        "release": checked.release,
        "valid": checked.valid,
        "findings": [finding_json(finding, language) for finding in checked.findings],
    }
    if len(checked.parts) > 1 or checked.parts[0].what == "AS4 message":
        told["parts"] = [
            {
                "part": part.name,
                "what": part.what,
                "state": part.state,
                "release": part.release,
                "valid": part.valid,
                "findings": [finding_json(finding, language) for finding in part.findings],
            }
            for part in checked.parts
        ]
    else:
        told["kind"] = checked.parts[0].what
    return told


def finding_json(finding: Finding, language: str) -> dict[str, Any]:
    """One finding for machines, its words in that language where they exist."""
    text, remedy = words(finding, language)
    told = {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "kind": finding.kind,
        "place": finding.place,
        "line": finding.line,
        "text": text,
        "expected": finding.expected,
        "seen": finding.seen,
        "remedy": remedy,
        "source": finding.source,
        "release": finding.release or "built-in",
    }
    return {key: value for key, value in told.items() if value not in (None, "") or key == "line"}


def words(finding: Finding, language: str) -> tuple[str, str]:
    """Text and remedy of a finding in a language, else in English."""
    for other, text, remedy in finding.translations:
        if other == language:
            return text, remedy
    return finding.text, finding.remedy

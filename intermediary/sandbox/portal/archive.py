"""A copy of every message received and sent, as files that tests and people can look at.

`received/0001-<MessageId>/` holds `message.mime` (HTTP body behind its Content-Type), `soap.xml` (the root
part as it came), `header.xml` (eb:Messaging), `parts.json`, and one file for each decrypted part; the first
is `edm.xml`. `sent/…` holds `message.mime` and `edm.xml`.
"""

import itertools
import json
import re
from dataclasses import asdict
from email import message_from_bytes
from email.message import Message
from pathlib import Path

from lxml import etree

from intermediary import xml
from intermediary.as4.model import Packed, Payload, Received

_MESSAGING = "{http://docs.oasis-open.org/ebxml-msg/ebms/v3.0/ns/core/200704/}Messaging"
_SUFFIXES = {
    "application/pdf": "pdf",
    "application/xml": "xml",
    "application/json": "json",
    "text/xml": "xml",
}


class Archive:
    """Two folders, numbered in the order of arrival."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)

    def received(self, content_type: str, body: bytes, received: Received) -> Path:
        """Keep a verified message, raw and decrypted; returns its folder."""
        folder = self._new("received", received.message.message_id)
        (folder / "message.mime").write_bytes(_raw(content_type, body))
        soap = _root_part(content_type, body)
        (folder / "soap.xml").write_bytes(soap)
        header = next(xml.parse(soap).iter(_MESSAGING))
        (folder / "header.xml").write_bytes(etree.tostring(header, with_tail=False))
        parts = []
        for n, payload in enumerate(received.payloads):
            name = "edm.xml" if n == 0 else f"part-{n}.{_SUFFIXES.get(payload.media_type, 'bin')}"
            (folder / name).write_bytes(payload.data)
            parts.append(
                {
                    "file": name,
                    "content_id": payload.content_id,
                    "media_type": payload.media_type,
                    "properties": [asdict(p) for p in payload.properties],
                }
            )
        (folder / "parts.json").write_text(json.dumps(parts, indent=1))
        return folder

    def sent(self, message_id: str, packed: Packed, edm_part: Payload) -> Path:
        """Keep a message about to be sent; returns its folder."""
        folder = self._new("sent", message_id)
        (folder / "message.mime").write_bytes(_raw(packed.content_type, packed.body))
        (folder / "edm.xml").write_bytes(edm_part.data)
        return folder

    def _new(self, way: str, message_id: str) -> Path:
        name = re.sub(r"[^A-Za-z0-9@._-]", "_", message_id)[:120]
        folder = self._folder / way / f"{next(self._numbers):04}-{name}"
        folder.mkdir(parents=True)
        return folder


def _raw(content_type: str, body: bytes) -> bytes:
    return b"MIME-Version: 1.0\r\nContent-Type: " + content_type.encode() + b"\r\n\r\n" + body


def _root_part(content_type: str, body: bytes) -> bytes:
    """The SOAP envelope: first part of a multipart message, or all of a plain one."""
    message = message_from_bytes(_raw(content_type, body))
    part = message.get_payload(0) if message.is_multipart() else message
    assert isinstance(part, Message)
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content

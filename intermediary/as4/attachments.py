"""What of an attachment is hashed: by media type, as WSS4J does it (WSS SwA Profile 1.1 §5.4).

| media type | hashed |
|---|---|
| text/xml…, application/xml…, application|image/…+xml… | exclusive canonical form without comments |
| other text/… | content with every line end as CRLF |
| everything else, and every compressed part | content byte for byte |
"""

import hashlib
import re
from collections.abc import Iterable, Iterator

from lxml import etree

from intermediary import xml
from intermediary.as4.codes import EbmsErrorCode
from intermediary.as4.errors import Refusal
from intermediary.content import Content, InMemory, Octets

_XML = re.compile(r"text/xml|application/xml|(?:application|image)/.*\+xml", re.IGNORECASE)


def signed_form(content: Content, media_type: str) -> tuple[bytes, Content]:
    """SHA-256 of what is hashed, and what may be used once that hash held.

    What is hashed and what is used differ only where the hash does not see everything: an XML part with
    comments is used in its canonical form, because a comment could be slipped in unseen and split a value.
    Raises Refusal (EBMS:0101) for XML that the hardened parser refuses.
    """
    if _XML.match(media_type):
        form, usable = _canonical(content.head(xml.MOST))
        return hashlib.sha256(form).digest(), content if usable is None else InMemory(usable)
    if media_type[:5].lower() == "text/":
        return _digest(_crlf(content.chunks())), content
    return _digest(content.chunks()), content


def _digest(pieces: Iterable[Octets]) -> bytes:
    found = hashlib.sha256()
    for piece in pieces:
        found.update(piece)
    return found.digest()


def _crlf(pieces: Iterable[Octets]) -> Iterator[bytes]:
    held = b""
    for piece in pieces:
        text = held + piece
        held = b"\r" if text.endswith(b"\r") else b""  # half of a CRLF, perhaps
        lines = text.removesuffix(b"\r").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        yield lines.replace(b"\n", b"\r\n")
    if held:
        yield b"\r\n"


def _canonical(content: bytes) -> tuple[bytes, bytes | None]:
    """The canonical form, and what may be used instead of the content, if it may not be used itself."""
    try:
        tree = xml.parse(content).getroottree()
        form = etree.tostring(tree, method="c14n", exclusive=True, with_comments=False)
    except (xml.XmlRefused, etree.LxmlError):
        raise Refusal(
            EbmsErrorCode.FAILED_AUTHENTICATION, "an XML part cannot be canonicalised for its digest"
        ) from None
    # "<!--" is cheap to look for; inside CDATA it is a false alarm that costs nothing but exact bytes.
    return form, form if b"<!--" in content or b"\x00" in content else None

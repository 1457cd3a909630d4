"""What of an attachment is hashed: by media type, as WSS4J does it (WSS SwA Profile 1.1 §5.4).

| media type | hashed |
|---|---|
| text/xml…, application/xml…, application|image/…+xml… | exclusive canonical form without comments |
| other text/… | content with every line end as CRLF |
| everything else, and every compressed part | content byte for byte |
"""

import re

from lxml import etree

from intermediary import xml
from intermediary.as4.codes import EbmsErrorCode
from intermediary.as4.errors import Refusal
from intermediary.as4.mime import Octets

_XML = re.compile(r"text/xml|application/xml|(?:application|image)/.*\+xml", re.IGNORECASE)


def signed_form(content: Octets, media_type: str) -> tuple[Octets, Octets]:
    """What is hashed, and what may be used once the hash held.

    The two differ from the content only where the hash does not see everything: an XML part with comments is
    used in its canonical form, because a comment could be slipped in unseen and split a value. Raises Refusal
    (EBMS:0101) for XML that the hardened parser refuses.
    """
    if _XML.match(media_type):
        return _canonical(bytes(content))
    if media_type[:5].lower() == "text/":
        lines = bytes(content).replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
        return lines, content
    return content, content


def _canonical(content: bytes) -> tuple[bytes, bytes]:
    try:
        tree = xml.parse(content).getroottree()
        form = etree.tostring(tree, method="c14n", exclusive=True, with_comments=False)
    except (xml.XmlRefused, etree.LxmlError):
        raise Refusal(
            EbmsErrorCode.FAILED_AUTHENTICATION, "an XML part cannot be canonicalised for its digest"
        ) from None
    # "<!--" is cheap to look for; inside CDATA it is a false alarm that costs nothing but exact bytes.
    return form, form if b"<!--" in content or b"\x00" in content else content

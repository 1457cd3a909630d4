"""What the header says of encrypted attachments (WSS SwA Profile §6).

How the content key travels is told by `content_key`, what it does to the content by `content_cipher`.

The recipient's certificate is named by a BinarySecurityToken reference, the form that WSS4J (phase4, Domibus)
reads by default without any lookup; all other forms are read (see `keys`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lxml import etree

from intermediary.as4 import content_key
from intermediary.as4.codes import EbmsErrorCode
from intermediary.as4.content_key import WrappedKey
from intermediary.as4.errors import Refusal
from intermediary.as4.keys import PublicCertificate
from intermediary.as4.mime import Part, resolve
from intermediary.as4.security import SecurityProfile
from intermediary.as4.soap import Envelope, attribute, child
from intermediary.as4.vocabulary import (
    AES128_GCM,
    ATTACHMENT_CIPHERTEXT,
    ATTACHMENT_CONTENT_ONLY,
    ENCRYPTED_KEY_TOKEN,
    OCTETS_TYPE,
    WSSE11,
    XENC,
    ds,
    wsse,
    xenc,
)

_MAX_KEYS = 8


def write(
    attachments: Sequence[tuple[str, str]],
    secret: bytes,
    recipient: PublicCertificate,
    profile: SecurityProfile,
) -> str:
    """XML for wsse:Security about attachments (cid: URI, media type) encrypted with the content key `secret`.

    Raises KeyUnusable where the recipient's key is not of the profile's kind.
    """
    token, key = content_key.write(secret, recipient, profile)
    listed = "".join(f'<xenc:DataReference URI="#part{n}"/>' for n in range(len(attachments)))
    key = (
        f'{token}<xenc:EncryptedKey xmlns:xenc="{XENC}" Id="key">{key}'
        f"<xenc:ReferenceList>{listed}</xenc:ReferenceList></xenc:EncryptedKey>"
    )
    data = "".join(
        f'<xenc:EncryptedData xmlns:xenc="{XENC}" Id="part{n}" MimeType="{attribute(kind)}"'
        f' Type="{ATTACHMENT_CONTENT_ONLY}"><xenc:EncryptionMethod Algorithm="{AES128_GCM}"/>'
        f'<ds:KeyInfo><wsse:SecurityTokenReference xmlns:wsse11="{WSSE11}"'
        f' wsse11:TokenType="{ENCRYPTED_KEY_TOKEN}"><wsse:Reference URI="#key"/>'
        f"</wsse:SecurityTokenReference></ds:KeyInfo><xenc:CipherData>"
        f'<xenc:CipherReference URI="{attribute(uri)}"><xenc:Transforms>'
        f'<ds:Transform Algorithm="{ATTACHMENT_CIPHERTEXT}"/></xenc:Transforms></xenc:CipherReference>'
        f"</xenc:CipherData></xenc:EncryptedData>"
        for n, (uri, kind) in enumerate(attachments)
    )
    return key + data


@dataclass(frozen=True, slots=True)
class EncryptedPart:
    """How one attachment was encrypted: the EncryptedKey and the media type before encryption."""

    key: WrappedKey = field(repr=False)
    media_type: str


def read_encryption(
    envelope: Envelope, attachments: Mapping[str, Part], profile: SecurityProfile
) -> dict[str, EncryptedPart]:
    """The encrypted attachments by Content-ID, form and algorithms checked.

    Raises Refusal: EBMS:0103 outside the profile, EBMS:0007 where no part fits.
    """
    if envelope.security is None:
        return {}
    found_keys = list(envelope.security.iterchildren(xenc("EncryptedKey")))
    if len(found_keys) > _MAX_KEYS:
        raise _policy("the message holds too many EncryptedKey elements")
    keys = [(key, content_key.read(key, envelope.by_id, profile)) for key in found_keys]
    found: dict[str, EncryptedPart] = {}
    for data in envelope.security.iterchildren(xenc("EncryptedData")):
        if data.get("Type") != ATTACHMENT_CONTENT_ONLY:
            raise _policy("an EncryptedData is not of type Attachment-Content-Only")
        method = child(data, xenc("EncryptionMethod"))
        if method is None or method.get("Algorithm") != AES128_GCM:
            raise _policy("the content encryption is not aes128-gcm")
        reference = child(data, xenc("CipherData"), xenc("CipherReference"))
        transforms = [] if reference is None else list(reference.iter(ds("Transform")))
        if reference is None or [t.get("Algorithm") for t in transforms] != [ATTACHMENT_CIPHERTEXT]:
            raise _policy("an EncryptedData does not refer to an attachment")
        content_id = resolve(reference.get("URI", ""), attachments)
        if content_id is None or content_id in found:
            raise Refusal(EbmsErrorCode.MIME_INCONSISTENCY, "an EncryptedData does not fit one part")
        found[content_id] = EncryptedPart(
            _key_of(data, keys, envelope.by_id), data.get("MimeType", OCTETS_TYPE)
        )
    return found


def _key_of(
    data: etree._Element,
    keys: Sequence[tuple[etree._Element, WrappedKey]],
    by_id: Mapping[str, etree._Element],
) -> WrappedKey:
    named = child(data, ds("KeyInfo"), wsse("SecurityTokenReference"), wsse("Reference"))
    if named is None and len(keys) == 1:
        return keys[0][1]  # named by the key's ReferenceList only
    uri = "" if named is None else named.get("URI", "")
    element = by_id.get(uri[1:]) if uri.startswith("#") else None
    for one, key in keys:
        if one is element:
            return key
    raise _policy("an EncryptedData does not name its EncryptedKey")


def _policy(reason: str) -> Refusal:
    return Refusal(EbmsErrorCode.POLICY_NONCOMPLIANCE, reason)

"""Encryption of attachments: AES-128-GCM, key wrapped by RSA-OAEP (eDelivery AS4 1.15, WSS SwA Profile §6).

The recipient's certificate is named by a BinarySecurityToken reference, the form that WSS4J (phase4, Domibus)
reads by default without any lookup; all other forms are read (see `keys`).
"""

import base64
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree

from intermediary.as4.codes import EbmsErrorCode
from intermediary.as4.errors import Refusal
from intermediary.as4.header import read_base64
from intermediary.as4.keys import OwnKeys, PublicCertificate, read_key_info
from intermediary.as4.mime import Octets, Part, resolve
from intermediary.as4.soap import Envelope, attribute, elements
from intermediary.as4.vocabulary import (
    AES128_GCM,
    ATTACHMENT_CIPHERTEXT,
    ATTACHMENT_CONTENT_ONLY,
    BASE64_BINARY,
    DS,
    ENCRYPTED_KEY_TOKEN,
    MGF1_SHA256,
    OCTETS_TYPE,
    RSA_OAEP,
    SHA256,
    WSSE11,
    X509V3,
    XENC,
    XENC11,
    ds,
    wsse,
    xenc,
)

_IV = 12
_TAG = 16
_KEY = 16
_MAX_KEYS = 8


def encrypt(
    attachments: Sequence[tuple[str, Octets, str]], recipient: PublicCertificate
) -> tuple[str, list[tuple[Octets, ...]]]:
    """Encrypt each (cid: URI, content, media type); XML for wsse:Security, and the new contents in pieces."""
    content_key = os.urandom(_KEY)
    cipher = AESGCM(content_key)
    contents: list[tuple[Octets, ...]] = []
    for _, content, _ in attachments:
        iv = os.urandom(_IV)
        contents.append((iv, cipher.encrypt(iv, content, None)))
    token = base64.b64encode(recipient.der).decode()
    wrapped = base64.b64encode(recipient.wrap(content_key)).decode()
    listed = "".join(f'<xenc:DataReference URI="#part{n}"/>' for n in range(len(attachments)))
    key = (
        f'<wsse:BinarySecurityToken EncodingType="{BASE64_BINARY}" ValueType="{X509V3}" wsu:Id="recipient">'
        f"{token}</wsse:BinarySecurityToken>"
        f'<xenc:EncryptedKey xmlns:xenc="{XENC}" Id="key"><xenc:EncryptionMethod Algorithm="{RSA_OAEP}">'
        f'<ds:DigestMethod xmlns:ds="{DS}" Algorithm="{SHA256}"/>'
        f'<xenc11:MGF xmlns:xenc11="{XENC11}" Algorithm="{MGF1_SHA256}"/></xenc:EncryptionMethod>'
        f"<ds:KeyInfo><wsse:SecurityTokenReference>"
        f'<wsse:Reference URI="#recipient" ValueType="{X509V3}"/></wsse:SecurityTokenReference></ds:KeyInfo>'
        f"<xenc:CipherData><xenc:CipherValue>{wrapped}</xenc:CipherValue></xenc:CipherData>"
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
        for n, (uri, _, kind) in enumerate(attachments)
    )
    return key + data, contents


@dataclass(frozen=True, slots=True)
class EncryptedPart:
    """How one attachment was encrypted: the EncryptedKey element and the media type before encryption."""

    key: etree._Element = field(repr=False)
    media_type: str


def read_encryption(envelope: Envelope, attachments: Mapping[str, Part]) -> dict[str, EncryptedPart]:
    """The encrypted attachments by Content-ID, form and algorithms checked.

    Raises Refusal: EBMS:0103 outside the profile, EBMS:0007 where no part fits.
    """
    if envelope.security is None:
        return {}
    keys = envelope.security.findall(xenc("EncryptedKey"))
    if len(keys) > _MAX_KEYS:
        raise _policy("the message holds too many EncryptedKey elements")
    for key in keys:
        _check_key_method(key)
    found: dict[str, EncryptedPart] = {}
    for data in envelope.security.findall(xenc("EncryptedData")):
        if data.get("Type") != ATTACHMENT_CONTENT_ONLY:
            raise _policy("an EncryptedData is not of type Attachment-Content-Only")
        method = data.find(xenc("EncryptionMethod"))
        if method is None or method.get("Algorithm") != AES128_GCM:
            raise _policy("the content encryption is not aes128-gcm")
        reference = data.find(f"{xenc('CipherData')}/{xenc('CipherReference')}")
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


def _check_key_method(key: etree._Element) -> None:
    method = key.find(xenc("EncryptionMethod"))
    inside = [] if method is None else [(child.tag, child.get("Algorithm")) for child in elements(method)]
    wanted = {(ds("DigestMethod"), SHA256), (f"{{{XENC11}}}MGF", MGF1_SHA256)}
    if method is None or method.get("Algorithm") != RSA_OAEP or len(inside) != 2 or set(inside) != wanted:
        raise _policy("the key transport is not RSA-OAEP with SHA-256 for digest and MGF1")


def _key_of(
    data: etree._Element, keys: Sequence[etree._Element], by_id: Mapping[str, etree._Element]
) -> etree._Element:
    named = data.find(f"{ds('KeyInfo')}/{wsse('SecurityTokenReference')}/{wsse('Reference')}")
    if named is None and len(keys) == 1:
        return keys[0]  # named by the key's ReferenceList only
    uri = "" if named is None else named.get("URI", "")
    key = by_id.get(uri[1:]) if uri.startswith("#") else None
    if key is None or not any(key is one for one in keys):
        raise _policy("an EncryptedData does not name its EncryptedKey")
    return key


def unwrap(part: EncryptedPart, own: OwnKeys, envelope: Envelope) -> AESGCM:
    """The cipher of an encrypted part; raises Refusal (EBMS:0102)."""
    key_info, value = (
        part.key.find(ds("KeyInfo")),
        part.key.find(f"{xenc('CipherData')}/{xenc('CipherValue')}"),
    )
    if key_info is None or value is None:
        raise _policy("an EncryptedKey lacks its KeyInfo or CipherValue")
    content_key = own.unwrap(read_key_info(key_info, envelope.by_id), read_base64(value))
    if len(content_key) != _KEY:
        raise _failed("the content key has not 128 bits")
    return AESGCM(content_key)


def decrypt(cipher: AESGCM, content: Octets) -> bytes:
    """IV ‖ ciphertext ‖ tag to the plain content; raises Refusal (EBMS:0102)."""
    if len(content) < _IV + _TAG:
        raise _failed("an encrypted part is too short")
    view = memoryview(content)
    try:
        return cipher.decrypt(view[:_IV], view[_IV:], None)
    except InvalidTag:
        raise _failed("the authentication tag of a part does not hold") from None


def _policy(reason: str) -> Refusal:
    return Refusal(EbmsErrorCode.POLICY_NONCOMPLIANCE, reason)


def _failed(reason: str) -> Refusal:
    return Refusal(EbmsErrorCode.FAILED_DECRYPTION, reason)

"""From HTTP bytes to a verified message, in an order that is safe.

1. MIME and SOAP are read within limits; ids are unique.
2. The header is read strictly; the P-Mode is found from it, still unverified.
3. Parts and header fit together; policy: encrypted and signed as agreed.
4. The signature value, then the digests of eb:Messaging and Body: from here on the header is verified. It is
   the very node that was read in step 2 (compared by identity, in a tree that nobody changes), hence not read
   again.
5. Only now, for a proven partner, our private key is used: each part is decrypted, its digest compared,
   decompressed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from intermediary.as4 import (
    attachments,
    compression,
    content_cipher,
    encryption,
    header,
    mime,
    signature,
    soap,
)
from intermediary.as4.codes import EbmsErrorCode
from intermediary.as4.content_key import WrappedKey
from intermediary.as4.encryption import EncryptedPart
from intermediary.as4.errors import As4Refused, Refusal
from intermediary.as4.header import PartInfo
from intermediary.as4.keys import CertificateCheck, OwnKeys
from intermediary.as4.matching import match
from intermediary.as4.mime import Limits
from intermediary.as4.model import EbmsError, Payload, PMode, PModes, Received
from intermediary.as4.signature import Signature
from intermediary.as4.vocabulary import GZIP_TYPE, OCTETS_TYPE
from intermediary.content import Content, Octets

_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A verified message and the P-Mode that it came under."""

    received: Received
    pmode: PMode


@dataclass(slots=True)
class _Known:
    """What could be read of a message until it was refused."""

    message_id: str | None = None
    pmode_id: str | None = None


def unpack(  # noqa: PLR0917 - the call that the exchange makes
    content_type: str,
    body: Octets | Content,
    pmodes: PModes,
    keys: OwnKeys,
    check: CertificateCheck,
    now: datetime,
    limits: Limits = _LIMITS,
) -> Unpacked:
    """Read, verify, decrypt and decompress one user message (eDelivery AS4 1.15; `now` is aware UTC).

    Raises As4Refused with the ebMS error to answer, and KeyUnusable where a P-Mode of ours cannot be used.
    """
    known = _Known()
    try:
        return _unpack(content_type, body, pmodes, keys, check, now, limits, known)
    except Refusal as refusal:
        error = EbmsError(refusal.code, refusal.description, known.message_id)
        raise As4Refused(error, refusal.reason, known.message_id, known.pmode_id) from None


def _unpack(  # noqa: PLR0917
    content_type: str,
    body: Octets | Content,
    pmodes: PModes,
    keys: OwnKeys,
    check: CertificateCheck,
    now: datetime,
    limits: Limits,
    known: _Known,
) -> Unpacked:
    parts = mime.split(content_type, body, limits)
    envelope = soap.read_envelope(parts.root, parts.root_type)
    known.message_id = header.message_id_of(envelope.messaging)
    message, infos = header.read_user_message(envelope.messaging)
    pmode = match(message, pmodes)
    known.pmode_id = pmode.id
    if len(envelope.body) or (envelope.body.text or "").strip():
        raise Refusal(EbmsErrorCode.FEATURE_NOT_SUPPORTED_UNPACKAGING, "the SOAP Body is not empty")
    named = _parts_named(infos, parts, pmode)
    encrypted = encryption.read_encryption(envelope, parts.attachments, pmode.security)
    if pmode.encrypt and len(encrypted) != len(named):
        raise _policy("a part is not encrypted")
    signed = signature.read_signature(envelope, pmode.security)
    signer, references = b"", {}
    if signed is not None:
        references = _attachment_references(signed, parts.attachments)
        if len(references) != len(named):
            raise _policy("the signature does not cover every part")
        signer = signature.authenticate(signed, pmode, check, now)
        signature.check_nodes(signed, envelope)
    elif pmode.sign:
        raise _policy("the message is not signed")
    opening = _Opening(keys, encrypted, references, min(pmode.max_bytes, limits.decompressed_bytes))
    payloads = tuple(
        opening.open(parts.attachments[content_id], info, limits) for content_id, info in named.items()
    )
    received = Received(
        replace(message, part_ids=tuple(named)),
        payloads,
        () if signed is None else signed.digests,
        () if signed is None else tuple(soap.canonical(r.element) for r in signed.references),
        signer,
        pmode.security,
    )
    return Unpacked(received, pmode)


def _parts_named(infos: tuple[PartInfo, ...], parts: mime.MimeMessage, pmode: PMode) -> dict[str, PartInfo]:
    """PartInfos by Content-ID in the header's order; one to one with the MIME parts."""
    if len(infos) > pmode.max_parts:
        raise Refusal(
            EbmsErrorCode.OTHER, "more parts than the P-Mode allows", "The message has too many parts"
        )
    named: dict[str, PartInfo] = {}
    for info in infos:
        content_id = mime.resolve(info.href, parts.attachments)
        if content_id is None:
            raise Refusal(EbmsErrorCode.MIME_INCONSISTENCY, "the header names a part that is missing")
        if content_id in named:
            raise Refusal(EbmsErrorCode.VALUE_INCONSISTENT, "the header names a part twice")
        named[content_id] = info
    if len(named) != len(parts.attachments):
        raise Refusal(EbmsErrorCode.MIME_INCONSISTENCY, "a MIME part is not named in the header")
    if sum(part.content.size for part in parts.attachments.values()) > pmode.max_bytes:
        raise Refusal(EbmsErrorCode.OTHER, "more bytes than the P-Mode allows", "The message is too large")
    return named


def _attachment_references(
    signed: Signature, parts: Mapping[str, mime.Part]
) -> dict[str, signature.Reference]:
    found: dict[str, signature.Reference] = {}
    for reference in signed.references:
        if reference.digest.uri.startswith("#"):
            continue
        content_id = mime.resolve(reference.digest.uri, parts)
        if content_id is None or content_id in found:
            raise Refusal(EbmsErrorCode.MIME_INCONSISTENCY, "the signature names a part that is missing")
        found[content_id] = reference
    return found


@dataclass(slots=True)
class _Opening:
    """Opens the parts of one message; `budget` is what they may still grow to."""

    keys: OwnKeys = field(repr=False)
    encrypted: Mapping[str, EncryptedPart]
    references: Mapping[str, signature.Reference]
    budget: int
    secrets: list[tuple[WrappedKey, bytes]] = field(default_factory=list, repr=False)

    def open(self, part: mime.Part, info: PartInfo, limits: Limits) -> Payload:
        content, kind = part.content, part.media_type
        encrypted = self.encrypted.get(part.content_id)
        if encrypted is not None:
            content = content_cipher.decrypt(self._secret(encrypted), content)
            kind = encrypted.media_type
        compression_type = info.value("CompressionType")
        reference = self.references.get(part.content_id)
        if reference is not None:
            # A compressed part is hashed as it is, whatever type somebody wrote on it afterwards.
            digest, content = attachments.signed_form(content, GZIP_TYPE if compression_type else kind)
            if digest != reference.digest.digest_value:
                raise Refusal(EbmsErrorCode.FAILED_AUTHENTICATION, "the digest of a part differs")
        original = info.value("MimeType")
        if compression_type is not None:
            if compression_type.strip().lower() != GZIP_TYPE:
                raise Refusal(
                    EbmsErrorCode.DECOMPRESSION_FAILURE, "the CompressionType is not application/gzip"
                )
            if not original:
                raise Refusal(
                    EbmsErrorCode.DECOMPRESSION_FAILURE, "a compressed part does not tell its MimeType"
                )
            packed, content = content, compression.decompress(content, self.budget, limits)
            packed.close()
        self.budget -= content.size
        if self.budget < 0:
            raise Refusal(
                EbmsErrorCode.OTHER, "more bytes than the P-Mode allows", "The message is too large"
            )
        further = tuple(p for p in info.properties if p.name not in ("MimeType", "CompressionType"))
        # Without MimeType the type stands only where nothing is signed, hence it is not believed.
        return Payload(part.content_id, original or OCTETS_TYPE, content, further)

    def _secret(self, encrypted: EncryptedPart) -> bytes:
        """The content key; several parts mostly share one, and our private key is used once for it."""
        for key, secret in self.secrets:
            if key is encrypted.key:
                return secret
        secret = encrypted.key.unwrap(self.keys)
        self.secrets.append((encrypted.key, secret))
        return secret


def _policy(reason: str) -> Refusal:
    return Refusal(EbmsErrorCode.POLICY_NONCOMPLIANCE, reason)

"""From a user message and its payloads to bytes for HTTP: compress, sign, encrypt, in this order."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from intermediary.as4 import (
    attachments,
    compression,
    content_cipher,
    content_key,
    encryption,
    mime,
    rendering,
    signature,
    soap,
)
from intermediary.as4.errors import CannotPack
from intermediary.as4.header import PartInfo
from intermediary.as4.keys import Signing, recipient
from intermediary.as4.model import DigestReference, Packed, Payload, PMode, Property, UserMessage
from intermediary.as4.vocabulary import GZIP_TYPE, OCTETS_TYPE
from intermediary.content import CHUNK, Content, Octets, spooled


def pack(message: UserMessage, payloads: Sequence[Payload], pmode: PMode, signing: Signing) -> Packed:
    """The MIME message of a push; `references` is what its receipt must name.

    The header is the caller's, word for word, but `part_ids`, which is taken from the payloads. Raises
    CannotPack where header or payload break the profile or the P-Mode, KeyUnusable for its certificate,
    or where `signing` has no key of the kind that the P-Mode's security profile signs with.
    """
    if (message.receiver.id, message.receiver.type) != (pmode.partner.id, pmode.partner.type):
        raise CannotPack("The receiver is not the partner of the P-Mode")
    _check(payloads, pmode)
    secret = None
    if pmode.encrypt and payloads:
        if pmode.partner_encryption_certificate is None:
            raise CannotPack(
                "The P-Mode demands encryption but holds no encryption certificate of the partner"
            )
        secret = os.urandom(content_key.KEY_BYTES)
    parts = [_part(payload, pmode, secret) for payload in payloads]
    messaging = soap.messaging(rendering.user_message(message, [part.info for part in parts]))
    security = ""
    references: tuple[DigestReference, ...] = ()
    if pmode.sign:
        digests = [(part.info.href, part.digest) for part in parts]
        security, references = signature.sign(messaging, digests, signing.of_profile(pmode.security))
    if secret is not None and pmode.partner_encryption_certificate is not None:
        partner = recipient(pmode.partner_encryption_certificate, message.timestamp)
        if partner is None:
            raise CannotPack("No encryption certificate of the partner is valid now; ask for the renewed one")
        kinds = [(part.info.href, part.media_type) for part in parts]
        security = encryption.write(kinds, secret, partner, pmode.security) + security
    content_type, body = mime.join(
        soap.envelope(messaging, security),
        [
            (payload.content_id, part.media_type if secret is None else OCTETS_TYPE, part.content)
            for payload, part in zip(payloads, parts, strict=True)
        ],
    )
    return Packed(content_type, body, references)


@dataclass(frozen=True, slots=True)
class _Part:
    """A payload as it travels: `media_type` and `digest` of its form before encryption."""

    info: PartInfo
    media_type: str
    digest: bytes
    content: Content


def _part(payload: Payload, pmode: PMode, secret: bytes | None) -> _Part:
    """Compress, hash, encrypt: each byte is read once, and at most a chunk of them is in memory."""
    info = _part_info(payload, compressed=pmode.compress)
    if not pmode.compress:
        digest, content = attachments.signed_form(payload.content, payload.media_type)[0], payload.content
        if secret is not None:
            content = spooled(content_cipher.encrypt(secret, content.chunks()))
        return _Part(info, payload.media_type, digest, content)
    compressed = compression.compress(payload.content, payload.media_type)
    if secret is not None and payload.content.size <= CHUNK:
        whole = b"".join(compressed)
        content = content_cipher.encrypt_whole(secret, whole)
        return _Part(info, GZIP_TYPE, hashlib.sha256(whole).digest(), content)
    hashing = hashlib.sha256()
    pieces = _hashed(hashing.update, compressed)
    if secret is not None:
        pieces = content_cipher.encrypt(secret, pieces)
    content = spooled(pieces)
    return _Part(info, GZIP_TYPE, hashing.digest(), content)


def _hashed(update: Callable[[Octets], None], pieces: Iterable[Octets]) -> Iterator[Octets]:
    # Hashed once it is encrypted, above too: ISA-L leaves the wide registers in a state in which SHA-256
    # takes a third longer, and AES-GCM clears them.
    for piece in pieces:
        yield piece
        update(piece)


def _check(payloads: Sequence[Payload], pmode: PMode) -> None:
    if len(payloads) > pmode.max_parts:
        raise CannotPack(f"The message has {len(payloads)} parts; the P-Mode allows {pmode.max_parts}")
    if sum(payload.content.size for payload in payloads) > pmode.max_bytes:
        raise CannotPack(f"The payloads have more bytes than the {pmode.max_bytes} that the P-Mode allows")
    if len({payload.content_id for payload in payloads}) != len(payloads):
        raise CannotPack("Two payloads have the same Content-ID")
    for payload in payloads:
        if not mime.is_content_id(payload.content_id):
            raise CannotPack("A Content-ID must be printable ASCII without blanks and angle brackets")
        if not mime.is_media_type(payload.media_type):
            raise CannotPack("The media type of a payload does not follow the grammar")


def _part_info(payload: Payload, *, compressed: bool) -> PartInfo:
    own: tuple[Property, ...] = (Property("MimeType", payload.media_type),)
    if compressed:
        own = (*own, Property("CompressionType", GZIP_TYPE))
    return PartInfo(mime.cid_uri(payload.content_id), own + payload.properties)

"""From a user message and its payloads to bytes for HTTP: compress, sign, encrypt, in this order."""

from collections.abc import Sequence

from intermediary.as4 import compression, encryption, mime, rendering, signature, soap
from intermediary.as4.errors import CannotPack
from intermediary.as4.header import PartInfo
from intermediary.as4.keys import Signing, certificates_of_pem
from intermediary.as4.model import DigestReference, Packed, Payload, PMode, Property, UserMessage
from intermediary.as4.vocabulary import GZIP_TYPE, OCTETS_TYPE

_OURS = ("MimeType", "CompressionType")


def pack(message: UserMessage, payloads: Sequence[Payload], pmode: PMode, signing: Signing) -> Packed:
    """The MIME message of a push; `references` is what its receipt must name.

    The header is the caller's, word for word, but `part_ids`, which is taken from the payloads. Raises
    CannotPack where header or payload break the profile or the P-Mode, KeyUnusable for its certificate,
    or where `signing` has no key of the kind that the P-Mode's security profile signs with.
    """
    if (message.receiver.id, message.receiver.type) != (pmode.partner.id, pmode.partner.type):
        raise CannotPack("The receiver is not the partner of the P-Mode")
    _check(payloads, pmode)
    kinds = [GZIP_TYPE if pmode.compress else payload.media_type for payload in payloads]
    contents: list[mime.Octets] = [
        compression.compress(payload.content, payload.media_type) if pmode.compress else payload.content
        for payload in payloads
    ]
    uris = [mime.cid_uri(payload.content_id) for payload in payloads]
    infos = [
        _part_info(uri, payload, compressed=pmode.compress)
        for uri, payload in zip(uris, payloads, strict=True)
    ]
    messaging = soap.messaging(rendering.user_message(message, infos))
    attachments = list(zip(uris, contents, kinds, strict=True))
    security = ""
    references: tuple[DigestReference, ...] = ()
    if pmode.sign:
        security, references = signature.sign(messaging, attachments, signing.of_profile(pmode.security))
    pieces: Sequence[tuple[mime.Octets, ...]] = [(content,) for content in contents]
    if pmode.encrypt and attachments:
        if pmode.partner_encryption_certificate is None:
            raise CannotPack(
                "The P-Mode demands encryption but holds no encryption certificate of the partner"
            )
        recipient = certificates_of_pem(pmode.partner_encryption_certificate)[0]
        encrypted, pieces = encryption.encrypt(attachments, recipient, pmode.security)
        security = encrypted + security
        kinds = [OCTETS_TYPE] * len(payloads)
    content_type, body = mime.join(
        soap.envelope(messaging, security),
        [
            (payload.content_id, kind, content)
            for payload, kind, content in zip(payloads, kinds, pieces, strict=True)
        ],
    )
    return Packed(content_type, body, references)


def _check(payloads: Sequence[Payload], pmode: PMode) -> None:
    if len(payloads) > pmode.max_parts:
        raise CannotPack(f"The message has {len(payloads)} parts; the P-Mode allows {pmode.max_parts}")
    if sum(len(payload.content) for payload in payloads) > pmode.max_bytes:
        raise CannotPack(f"The payloads have more bytes than the {pmode.max_bytes} that the P-Mode allows")
    if len({payload.content_id for payload in payloads}) != len(payloads):
        raise CannotPack("Two payloads have the same Content-ID")
    for payload in payloads:
        if not mime.is_content_id(payload.content_id):
            raise CannotPack("A Content-ID must be printable ASCII without blanks and angle brackets")
        if not mime.is_media_type(payload.media_type):
            raise CannotPack("The media type of a payload does not follow the grammar")


def _part_info(uri: str, payload: Payload, *, compressed: bool) -> PartInfo:
    own: tuple[Property, ...] = (Property("MimeType", payload.media_type),)
    if compressed:
        own = (*own, Property("CompressionType", GZIP_TYPE))
    return PartInfo(uri, own + payload.properties)

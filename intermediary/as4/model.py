"""ebMS3/AS4 messages as frozen values.

Sources: OASIS ebMS 3.0 Core §5.2, AS4 Profile 1.0 §5, eDelivery AS4 1.15, TDD chapter 4.7.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from intermediary.as4.codes import TEST_ACTION, TEST_SERVICE, EbmsErrorCode
from intermediary.as4.security import EDELIVERY_1_15, SecurityProfile
from intermediary.content import Content, Octets, as_content


@dataclass(frozen=True, slots=True)
class Party:
    """An access point: eb:PartyId with its type, and its role."""

    id: str
    type: str | None = None
    role: str = "http://sdg.europa.eu/edelivery/gateway"


@dataclass(frozen=True, slots=True)
class Property:
    """eb:Property: of a message (may carry a type) or of a part."""

    name: str
    value: str
    type: str | None = None


@dataclass(frozen=True, slots=True, init=False)
class Payload:
    """One part: `content_id` without angle brackets and `cid:`, `media_type` the original one.

    `content` is the original content: never compressed, never encrypted.
    """

    content_id: str
    media_type: str
    content: Content = field(repr=False)
    properties: tuple[Property, ...] = ()
    """Part properties other than MimeType and CompressionType, which the codec writes itself."""

    def __init__(
        self,
        content_id: str,
        media_type: str,
        content: Octets | Content,
        properties: tuple[Property, ...] = (),
    ) -> None:
        object.__setattr__(self, "content_id", content_id)
        object.__setattr__(self, "media_type", media_type)
        object.__setattr__(self, "content", as_content(content))
        object.__setattr__(self, "properties", properties)

    @property
    def data(self) -> bytes:
        """The content of a small part; raises ContentTooLarge."""
        return self.content.read()


@dataclass(frozen=True, slots=True)
class UserMessage:
    """eb:UserMessage without its payloads; times are aware UTC."""

    message_id: str
    timestamp: datetime
    sender: Party
    receiver: Party
    service: str
    action: str
    conversation_id: str
    service_type: str | None = None
    ref_to_message_id: str | None = None
    agreement: str | None = None
    agreement_type: str | None = None
    mpc: str | None = None
    properties: tuple[Property, ...] = ()
    part_ids: tuple[str, ...] = ()
    """Content-IDs in the order of eb:PayloadInfo; filled on reading, taken from the payloads on writing."""

    @property
    def is_test(self) -> bool:
        """Whether this is a test message: acknowledged, never delivered (ebMS 3.0 Core §5.2.2.8)."""
        return self.service == TEST_SERVICE and self.action == TEST_ACTION

    def property(self, name: str) -> Property | None:
        """The message property of that name, or None."""
        return next((p for p in self.properties if p.name == name), None)


@dataclass(frozen=True, slots=True)
class DigestReference:
    """One ds:Reference of a signature: what non-repudiation compares (URI, digest algorithm, digest)."""

    uri: str
    digest_method: str
    digest_value: bytes


@dataclass(frozen=True, slots=True, init=False)
class Packed:
    """Content ready for HTTP POST, and its Content-Type."""

    content_type: str
    content: Content = field(repr=False)
    references: tuple[DigestReference, ...] = ()
    """What was signed; the receipt must name exactly these."""

    def __init__(
        self, content_type: str, content: Octets | Content, references: tuple[DigestReference, ...] = ()
    ) -> None:
        object.__setattr__(self, "content_type", content_type)
        object.__setattr__(self, "content", as_content(content))
        object.__setattr__(self, "references", references)

    @property
    def body(self) -> bytes:
        """All of it in memory: for signals, which are small."""
        return self.content.read(self.content.size)


@dataclass(frozen=True, slots=True)
class EbmsError:
    """eb:Error; `description` says nothing about keys or internals (they go to the log)."""

    code: EbmsErrorCode
    description: str = ""
    ref_to_message_id: str | None = None
    detail: str = field(default="", repr=False)
    """eb:ErrorDetail as the partner wrote it: read, never written, and never logged whole."""

    @property
    def says_duplicate(self) -> bool:
        """True where the partner refuses a MessageId that it has handled before (phase4: EBMS:0004)."""
        return self.code is EbmsErrorCode.OTHER and "duplicate" in f"{self.description} {self.detail}".lower()


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt signal; `references` is its NonRepudiationInformation."""

    message_id: str
    timestamp: datetime
    ref_to_message_id: str
    references: tuple[DigestReference, ...]


@dataclass(frozen=True, slots=True)
class ErrorSignal:
    """An error signal with one or more errors."""

    message_id: str
    timestamp: datetime
    ref_to_message_id: str | None
    errors: tuple[EbmsError, ...]


@dataclass(frozen=True, slots=True)
class Received:
    """A user message that was decrypted, verified and decompressed: only verified content is in here.

    `signer` is the DER certificate whose signature held; whether it is trusted at a time for this partner
    was already decided with the P-Mode's certificates and the certificate check given to `unpack`.
    """

    message: UserMessage
    payloads: tuple[Payload, ...]
    references: tuple[DigestReference, ...]
    reference_xml: tuple[bytes, ...] = field(repr=False)
    """The received ds:Reference elements (canonical), copied verbatim into the receipt."""
    signer: bytes = field(repr=False)
    security: SecurityProfile = EDELIVERY_1_15
    """Of the P-Mode that it came under; the receipt is signed by it too."""


@dataclass(frozen=True, slots=True)
class PMode:
    """How we talk to one partner for one service: our party, theirs, their certificates, what is required.

    eDelivery AS4 1.15 §3 (common profile); see spec/edelivery-as4 §10. Signing, encryption, compression and
    receipts are on by default, as the profile demands. Certificates are PEM; signing ones may overlap.
    """

    id: str
    us: Party
    partner: Party
    url: str
    partner_signing_certificates: tuple[bytes, ...] = field(default=(), repr=False)
    """Pinned signer certificates (PEM). Empty: any certificate that the certificate check accepts and whose
    subject common name equals the partner's party id."""
    partner_encryption_certificate: bytes | None = field(default=None, repr=False)
    """PEM; several may overlap: of those valid at the message's time the one that began last counts."""
    agreement: str | None = None
    service: str = "QueryManager"
    service_type: str | None = "urn:oasis:names:tc:ebcore:ebrs:ebms:binding:1.0"
    actions: tuple[str, ...] = ("ExecuteQueryRequest", "ExecuteQueryResponse", "ExceptionResponse")
    security: SecurityProfile = EDELIVERY_1_15
    sign: bool = True
    encrypt: bool = True
    compress: bool = True
    max_parts: int = 100
    max_bytes: int = 300 * 1024 * 1024


PModes = Sequence[PMode]

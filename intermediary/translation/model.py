"""What a translation returns: the result, and each field that could not be carried over."""

from dataclasses import dataclass, field

from intermediary.edm.model import EvidencePackage
from intermediary.national.model import NationalRequest


@dataclass(frozen=True, slots=True)
class Loss:
    """A field that the other side has no place for: where it stood and why; never its value."""

    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A document's bytes, to become one AS4 part."""

    content_id: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class TranslatedRequest:
    """A national request, ready for the connector of `provider_key`."""

    request: NationalRequest
    provider_key: str
    losses: tuple[Loss, ...] = ()


@dataclass(frozen=True, slots=True)
class TranslatedEvidence:
    """Evidence in EDM form: packages whose documents refer to the attachments by Content-ID."""

    packages: tuple[EvidencePackage, ...]
    attachments: tuple[Attachment, ...] = field(repr=False)
    losses: tuple[Loss, ...] = ()

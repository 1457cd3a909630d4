"""What the protocol has beyond the platform's own types: the head of an answer, attachments."""

from dataclasses import dataclass, field
from datetime import datetime

from intermediary.national.model import Authority, NationalRequest

NAMESPACE = "urn:intermediary:national:xnachweis-profile:1"
RELEASE = "xnachweis-profile:1"
"""Name of the schema for the validator."""

INLINE_LIMIT = 8 * 1024 * 1024
"""Base64 characters of inline content in one message; beyond it content travels as attachments.

Below the 10 MB at which libxml2 refuses a text node, and half of what `intermediary.xml` accepts in all.
"""


@dataclass(frozen=True, slots=True)
class Head:
    """Who answers whom, and to which message."""

    message_id: str
    issued_at: datetime
    conversation_id: str
    sender: Authority
    recipient: Authority
    in_reply_to: str


def reply_head(request: NationalRequest, message_id: str, issued_at: datetime) -> Head:
    """The head of the answer to a request: sender and recipient change places."""
    return Head(
        message_id=message_id,
        issued_at=issued_at,
        conversation_id=request.conversation_id,
        sender=request.recipient,
        recipient=request.sender,
        in_reply_to=request.message_id,
    )


@dataclass(frozen=True, slots=True)
class Attachment:
    """A body part beside the message; `content_id` without `cid:` and angle brackets."""

    content_id: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """A written `nachweislieferung` and its attachments."""

    xml: bytes = field(repr=False)
    attachments: tuple[Attachment, ...] = ()

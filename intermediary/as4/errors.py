"""What can go wrong in AS4.

As4Error
├── KeyUnusable      a configured key or certificate (ours, or of a P-Mode) cannot be used
├── CannotPack       our own message cannot be sent as asked: a defect or a gap in the P-Mode of ours
├── As4Refused       a received user message is refused; carries the ebMS error to answer with
└── InvalidReceipt   the answer to our push is no valid receipt or error signal (EBMS:0302)

Inside the room every check raises `Refusal`, which knows neither message nor P-Mode; the public functions
turn it into As4Refused or InvalidReceipt.
"""

from intermediary.as4.codes import EbmsErrorCode
from intermediary.as4.model import EbmsError


class As4Error(Exception):
    """Base of all errors of this room."""


class KeyUnusable(As4Error):  # noqa: N818 - reads as the outcome
    """A configured key or certificate cannot be used; the text names what is wrong, never the key."""


class CannotPack(As4Error):  # noqa: N818 - reads as the outcome
    """The message cannot be packed as asked; the text says what to mend."""


class As4Refused(As4Error):  # noqa: N818 - reads as the outcome
    """A received message is refused before anything in it is believed.

    `error` goes on the wire and says nothing about keys or internals. `reason` is for the log: exact, without
    personal data. `message_id` and `pmode_id` are None where they could not be read; they are unverified.
    """

    def __init__(
        self, error: EbmsError, reason: str, message_id: str | None = None, pmode_id: str | None = None
    ) -> None:
        super().__init__(f"{error.code.code} {reason}")
        self.error, self.reason = error, reason
        self.message_id, self.pmode_id = message_id, pmode_id


class InvalidReceipt(As4Error):  # noqa: N818 - reads as the outcome
    """The HTTP answer does not acknowledge our message; the text is the reason (ebMS 3.0 EBMS:0302)."""


class Refusal(Exception):  # noqa: N818 - internal, never leaves the room
    """One check failed: the ebMS code, the reason for the log, and what the partner may be told."""

    def __init__(self, code: EbmsErrorCode, reason: str, description: str = "") -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason
        self.description = description or DESCRIPTIONS.get(code, "")


DESCRIPTIONS = {
    EbmsErrorCode.VALUE_NOT_RECOGNIZED: "The party is not known here",
    EbmsErrorCode.VALUE_INCONSISTENT: "The header contradicts itself",
    EbmsErrorCode.FEATURE_NOT_SUPPORTED_UNPACKAGING: "The message uses a feature that is not supported",
    EbmsErrorCode.MIME_INCONSISTENCY: "The MIME parts and the header do not fit together",
    EbmsErrorCode.INVALID_HEADER: "The SOAP or ebMS header breaks the schema",
    EbmsErrorCode.PROCESSING_MODE_MISMATCH: "No P-Mode was agreed for this service, action and agreement",
    EbmsErrorCode.EXTERNAL_PAYLOAD_ERROR: "Every part must be referred to by a cid: URI",
    EbmsErrorCode.FAILED_AUTHENTICATION: "The signature could not be accepted",
    EbmsErrorCode.FAILED_DECRYPTION: "A part could not be decrypted",
    EbmsErrorCode.POLICY_NONCOMPLIANCE: "The message does not meet the agreed security policy",
    EbmsErrorCode.DECOMPRESSION_FAILURE: "A part could not be decompressed",
}
"""What the partner is told where a check says nothing more exact (eb:Error/eb:Description)."""

"""Receipts and errors: writing ours, reading what answers our push (ebMS 3.0 §5.2.3, AS4 Profile §5.1.8)."""

from datetime import datetime

from intermediary.as4 import header, mime, rendering, signature, soap
from intermediary.as4.errors import InvalidReceipt, Refusal
from intermediary.as4.keys import CertificateCheck, Signing, SigningKey
from intermediary.as4.mime import Limits
from intermediary.as4.model import EbmsError, ErrorSignal, Packed, PMode, Receipt, Received
from intermediary.as4.security import SecurityProfile

_SIGNAL_LIMITS = Limits(body_bytes=8 * 1024 * 1024, parts=1)


def pack_receipt(received: Received, message_id: str, now: datetime, signing: Signing) -> Packed:
    """The signed receipt with NonRepudiationInformation: every received ds:Reference, word for word.

    For a message that was not signed (by P-Mode) it holds the message's header instead. Raises KeyUnusable
    where no signing key is of the kind that the message's security profile signs with.
    """
    if received.reference_xml:
        unit = rendering.receipt(now, message_id, received.message.message_id, received.reference_xml)
    else:
        unit = rendering.plain_receipt(now, message_id, received.message)
    return _pack(unit, signing.of_profile(received.security))


def pack_error(
    errors: tuple[EbmsError, ...],
    message_id: str,
    now: datetime,
    signing: Signing,
    security: SecurityProfile | None = None,
) -> Packed:
    """The signed error signal; `security` is the P-Mode's profile, where the P-Mode is known."""
    return _pack(rendering.error_signal(now, message_id, errors), signing.of_profile(security))


def _pack(unit: str, signing: SigningKey) -> Packed:
    messaging = soap.messaging(unit)
    security, references = signature.sign(messaging, (), signing)
    content_type, body = mime.join(soap.envelope(messaging, security), ())
    return Packed(content_type, body, references)


def read_signal(  # noqa: PLR0917 - the call that the exchange makes
    content_type: str, body: bytes, packed: Packed, message_id: str, pmode: PMode, check: CertificateCheck
) -> Receipt | ErrorSignal:
    """The signal that answers our push of `packed` under `message_id`.

    A receipt counts only when it is signed by the partner, refers to our message, and its set of
    (URI, digest) equals what we signed. Errors may be unsigned, but a signature that is there must hold.
    Raises InvalidReceipt for anything else, an empty body included.
    """
    if not body:
        raise InvalidReceipt("The answer is empty")
    try:
        signal = _read(content_type, body, pmode, check)
    except Refusal as refusal:
        raise InvalidReceipt(f"The answer is no valid signal: {refusal.reason}") from None
    if isinstance(signal, ErrorSignal):
        if signal.ref_to_message_id not in (None, message_id):
            raise InvalidReceipt("The error refers to another message")
        return signal
    if signal.ref_to_message_id != message_id:
        raise InvalidReceipt("The receipt refers to another message")
    sent = {(reference.uri, reference.digest_value) for reference in packed.references}
    named = {(reference.uri, reference.digest_value) for reference in signal.references}
    if named != sent:
        raise InvalidReceipt("The receipt does not name exactly the digests that were sent")
    return signal


def _read(content_type: str, body: bytes, pmode: PMode, check: CertificateCheck) -> Receipt | ErrorSignal:
    parts = mime.split(content_type, body, _SIGNAL_LIMITS)
    envelope = soap.read_envelope(parts.root, parts.root_type)
    signal = header.read_signal_message(envelope.messaging)
    signed = signature.read_signature(envelope, pmode.security)
    if signed is not None:
        signature.authenticate(signed, pmode, check, None)
        signature.check_nodes(signed, envelope)
    elif pmode.sign and isinstance(signal, Receipt):
        raise InvalidReceipt("The receipt is not signed")
    return signal

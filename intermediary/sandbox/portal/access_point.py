"""The portal's AS4 access point: pushes until a verified receipt is here, receives and acknowledges.

Another party's system: of the platform's code it uses the AS4 codec and nothing else.
Source: edelivery-as4 §1, §7, §9 (same MessageId on every attempt; a duplicate gets the stored receipt).
"""

import logging
import ssl
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx

from intermediary import as4
from intermediary.as4.model import ErrorSignal, Packed, Party, Payload, PMode, Receipt, Received, UserMessage
from intermediary.sandbox.portal.archive import Archive
from intermediary.sandbox.world import PARTY_ID_TYPE, World

log = logging.getLogger(__name__)

ATTEMPTS = 20
"""Times that a message is pushed; pauses double from `_PAUSE` to `_LONGEST_PAUSE` (about 50 s in all)."""
_PAUSE, _LONGEST_PAUSE = 0.25, 3.0
_TIMEOUT = httpx.Timeout(20.0, connect=5.0)


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a push ended: acknowledged by a receipt, refused by an ebMS error, or given up (both None)."""

    attempts: int
    receipt_id: str | None = None
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What goes back in the HTTP response."""

    status: int
    content_type: str
    body: bytes = field(repr=False)


Handler = Callable[[Received, str], None]
"""Takes a new verified message and the id of the receipt that acknowledges it."""


class AccessPoint:
    """Sends to and receives from the one partner, the platform."""

    def __init__(self, world: World, pmode: PMode, archive: Archive, handler: Handler) -> None:
        self.pmode = pmode
        self._archive, self._handler = archive, handler
        self._signing, self._keys = own_keys(world)
        self._client = httpx.Client(verify=tls_context(world), timeout=_TIMEOUT, trust_env=False)
        self._lock = threading.Lock()
        self._receipts: dict[str, Packed] = {}
        self._stop = threading.Event()

    def close(self) -> None:
        """End waiting attempts and the connections."""
        self._stop.set()
        self._client.close()

    def send(self, message: UserMessage, payload: Payload) -> Delivery:
        """Push one message until it is acknowledged, refused or given up; blocks meanwhile."""
        packed = as4.pack(message, (payload,), self.pmode, self._signing)
        self._archive.sent(message.message_id, packed, payload)
        pause = _PAUSE
        for attempt in range(1, ATTEMPTS + 1):
            try:
                response = self._client.post(
                    self.pmode.url, content=packed.body, headers={"Content-Type": packed.content_type}
                )
                signal = as4.read_signal(
                    response.headers.get("Content-Type", ""),
                    response.content,
                    packed,
                    message.message_id,
                    self.pmode,
                    pinned,
                )
            except (httpx.TransportError, as4.InvalidReceipt) as problem:
                log.info("Attempt %d for %s failed: %s", attempt, message.message_id, problem)
                if self._stop.wait(pause):
                    break
                pause = min(pause * 2, _LONGEST_PAUSE)
                continue
            if isinstance(signal, ErrorSignal):
                refusal = "; ".join(f"{e.code.code} {e.description}".strip() for e in signal.errors)
                return Delivery(attempt, refusal=refusal)
            assert isinstance(signal, Receipt)
            return Delivery(attempt, receipt_id=signal.message_id)
        return Delivery(attempt)

    def receive(self, content_type: str, body: bytes) -> HttpAnswer:
        """Verify, decrypt, keep, handle, acknowledge. Any input gets an answer."""
        now = datetime.now(UTC)
        try:
            unpacked = as4.unpack(content_type, body, (self.pmode,), self._keys, pinned, now)
        except as4.As4Refused as refused:
            log.warning("Message refused: %s", refused.reason)
            signal = as4.pack_error((refused.error,), self.message_id(), now, self._signing)
            return HttpAnswer(200 if refused.message_id else 400, signal.content_type, signal.body)
        received = unpacked.received
        with self._lock:
            receipt = self._receipts.get(received.message.message_id)
            if receipt is None:
                receipt_id = self.message_id()
                receipt = as4.pack_receipt(received, receipt_id, now, self._signing)
                self._archive.received(content_type, body, received)
                self._handler(received, receipt_id)
                self._receipts[received.message.message_id] = receipt
        return HttpAnswer(200, receipt.content_type, receipt.body)

    @staticmethod
    def message_id() -> str:
        """A fresh AS4 MessageId; also good as a Content-ID."""
        return f"{uuid.uuid4()}@portal.sandbox"


def pinned(_certificate: object) -> None:
    """The check of signers: the P-Mode pins the one certificate that is accepted."""


def tls_context(world: World) -> ssl.SSLContext:
    """Trust the sandbox' authority; show the portal's client certificate to whom asks for it."""
    context = ssl.create_default_context(cafile=world.authority)
    context.load_cert_chain(world.certificate("portal", "tls-client"), world.key("portal", "tls-client"))
    return context


def own_keys(world: World) -> tuple[as4.SigningKey, as4.OwnKeys]:
    """The portal's AS4 signing and encryption keys."""

    def pair(use: str) -> tuple[bytes, bytes]:
        return world.key("portal", use).read_bytes(), world.certificate("portal", use).read_bytes()

    return as4.SigningKey.from_pem(*pair("as4-signing")), as4.OwnKeys.from_pem(pair("as4-encryption"))


def platform_pmode(world: World) -> PMode:
    """How the portal talks to the platform."""
    return PMode(
        id="platform",
        us=Party(world.party_id("portal"), PARTY_ID_TYPE),
        partner=Party(world.party_id("platform"), PARTY_ID_TYPE),
        url=world.access_point,
        partner_signing_certificates=(world.certificate("platform", "as4-signing").read_bytes(),),
        partner_encryption_certificate=world.certificate("platform", "as4-encryption").read_bytes(),
        security=as4.PROFILES[world.security],
    )

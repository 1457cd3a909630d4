"""Other parties' systems inside one process: a foreign access point and a national register, without sockets.

They speak real bytes (AS4, EDM) and keep a journal in a file, so that it survives when the process is killed.
For tests of the exchange, for chaos and benchmarks; `portal` and `registers` are the same parties on sockets.
"""

import hashlib
import json
import os
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from uuid import uuid4

from intermediary import as4, edm, xml
from intermediary.as4.codes import EbmsErrorCode
from intermediary.as4.model import EbmsError, Packed, Party, Payload, PMode, Property, UserMessage
from intermediary.edm.model import EdmMessage, EvidenceErrorResponse, EvidenceRequest, EvidenceResponse
from intermediary.exchange.contracts import PartnerUnreachable, ProviderUnavailable
from intermediary.mapping.model import Provider
from intermediary.national.model import (
    Authority,
    Format,
    NationalAnswer,
    NationalEvidence,
    NationalRequest,
    Outcome,
    Representation,
)
from intermediary.sandbox.world import World

PARTY_TYPE = "urn:oasis:names:tc:ebcore:partyid-type:unregistered:oots"
CONVERSATION = "3d7c2d0e-8f6e-4f1c-9f57-0c6de6c3a001"
"""The user session of a request, where a test names none."""
PDF = b"%PDF-1.7 PLANTED-EVIDENCE " + bytes(range(256)) * 8
XML_EVIDENCE = b"<auskunft><kennzeichen>PLANTED-EVIDENCE</kennzeichen></auskunft>"


class Journal:
    """An append-only file of JSON lines that survives a killed process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.touch()

    def write(self, **entry: object) -> None:
        """Append and force to disk."""
        with self._path.open("a") as file:
            file.write(json.dumps(entry) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def read(self) -> list[dict[str, str]]:
        """All entries, oldest first."""
        return [json.loads(line) for line in self._path.read_text().splitlines()]


def pmode(world: World, us: str, partner: str) -> PMode:
    """The P-Mode of one of the two access points of a world, as `us` has it."""
    return PMode(
        id=partner,
        us=Party(world.party_id(us), PARTY_TYPE),
        partner=Party(world.party_id(partner), PARTY_TYPE),
        url=world.url(partner, "/as4"),
        partner_signing_certificates=(world.certificate(partner, "as4-signing").read_bytes(),),
        partner_encryption_certificate=world.certificate(partner, "as4-encryption").read_bytes(),
        security=as4.PROFILES[world.security],
    )


def signing_key(world: World, system: str) -> as4.SigningKey:
    """The signing key of an access point."""
    return _signing_key(*_pair(world, system, "as4-signing"))


def own_keys(world: World, system: str) -> as4.OwnKeys:
    """The decryption keys of an access point."""
    return _own_keys(_pair(world, system, "as4-encryption"))


# OpenSSL checks an RSA key for 30 ms when it is loaded; a test process starts hundreds of platforms.
_signing_key = cache(as4.SigningKey.from_pem)
_own_keys = cache(as4.OwnKeys.from_pem)


def _pair(world: World, system: str, use: str) -> tuple[bytes, bytes]:
    return world.key(system, use).read_bytes(), world.certificate(system, use).read_bytes()


@dataclass(frozen=True, slots=True)
class Delivered:
    """What the partner was sent: the AS4 header, the EDM message, all parts."""

    header: UserMessage
    message: EdmMessage
    payloads: tuple[Payload, ...] = field(repr=False)


class Partner:
    """A foreign access point: packs requests, takes what the platform pushes (implements Push).

    `unreachable` counts pushes that fail before one gets through; `silent` answers without a receipt;
    `refusals` are answered as error signals first.
    """

    def __init__(self, world: World) -> None:
        self._pmode = pmode(world, "portal", "platform")
        self._signing, self._keys = signing_key(world, "portal"), own_keys(world, "portal")
        self.delivered: list[Delivered] = []
        self.journal = Journal(world.root / "partner.jsonl")
        self.unreachable = 0
        self.silent = 0
        self.refusals: list[EbmsErrorCode] = []
        self.refusal = "scripted"
        self.pushes = 0

    def pack(
        self,
        request: EvidenceRequest,
        *,
        conversation_id: str = CONVERSATION,
        exchange_id: str = "8a0b7c1e-0000-4000-8000-000000000001",
        extra_parts: tuple[Payload, ...] = (),
        action: str = "ExecuteQueryRequest",
        properties: tuple[Property, ...] | None = None,
        body: bytes | None = None,
        message_id: str | None = None,
    ) -> Packed:
        """An evidence request as AS4 message; `body` replaces the EDM bytes."""
        profile = edm.profile_for(request.specification_identifier)
        requester, provider = request.evidence_requester.identifier, request.evidence_provider.identifier
        given = [
            Property("originalSender", requester.value, requester.scheme_id),
            Property("finalRecipient", provider.value, provider.scheme_id),
        ]
        if profile.exchange_id_property:
            given.append(Property("ExchangeId", exchange_id))
        if profile.specification_id_property:
            given.append(Property("SpecificationId", profile.specification_identifier))
        header = UserMessage(
            message_id=message_id or f"{uuid4()}@portal.sandbox",
            timestamp=datetime.now(UTC),
            sender=self._pmode.us,
            receiver=self._pmode.partner,
            service=self._pmode.service,
            service_type=self._pmode.service_type,
            action=action,
            conversation_id=conversation_id,
            properties=tuple(given) if properties is None else properties,
        )
        part = Payload(f"{uuid4()}@portal.sandbox", "application/x-ebrs+xml", body or edm.write(request))
        return as4.pack(header, (part, *extra_parts), self._pmode, self._signing)

    def pack_test(self, message_id: str) -> Packed:
        """A message of the test service: acknowledged by the other side, never delivered."""
        header = UserMessage(
            message_id=message_id,
            timestamp=datetime.now(UTC),
            sender=self._pmode.us,
            receiver=self._pmode.partner,
            service=as4.TEST_SERVICE,
            action=as4.TEST_ACTION,
            conversation_id="test",
        )
        part = Payload(f"{uuid4()}@portal.sandbox", "text/plain", b"test")
        return as4.pack(header, (part,), self._pmode, self._signing)

    def __call__(self, url: str, packed: Packed) -> tuple[int, str, bytes]:
        """Take a pushed message and acknowledge it."""
        self.pushes += 1
        if self.refusals:
            return self._refuse(self.refusals.pop(0))
        if self.unreachable:
            self.unreachable -= 1
            raise PartnerUnreachable("the double is scripted to be unreachable")
        now = datetime.now(UTC)
        unpacked = as4.unpack(
            packed.content_type, packed.content, (self._pmode,), self._keys, lambda _certificate: None, now
        )
        received = unpacked.received
        message = edm.read(xml.parse(received.payloads[0].data))
        self.delivered.append(Delivered(received.message, message, received.payloads))
        self.journal.write(
            message_id=received.message.message_id,
            ref=received.message.ref_to_message_id,
            action=received.message.action,
            kind=type(message).__name__,
            codes=[str(e.code) for e in message.exceptions]
            if isinstance(message, EvidenceErrorResponse)
            else [],
            location=_location(message),
            documents=len(message.documents) if isinstance(message, EvidenceResponse) else 0,
            digest=hashlib.sha256(b"".join(packed.content.chunks())).hexdigest(),
        )
        if self.silent:
            self.silent -= 1
            return 202, "", b""
        receipt = as4.pack_receipt(received, f"{uuid4()}@portal.sandbox", now, self._signing)
        return 200, receipt.content_type, receipt.body

    def _refuse(self, code: EbmsErrorCode) -> tuple[int, str, bytes]:
        error = EbmsError(code, self.refusal)
        signal = as4.pack_error((error,), f"{uuid4()}@portal.sandbox", datetime.now(UTC), self._signing)
        return 200, signal.content_type, signal.body

    def read_signal(self, sent: Packed, content_type: str, body: bytes, message_id: str) -> object:
        """The signal that the platform answered with; raises as4.InvalidReceipt."""
        return as4.read_signal(content_type, body, sent, message_id, self._pmode, lambda _certificate: None)


def _location(message: EdmMessage) -> str | None:
    if not isinstance(message, EvidenceErrorResponse):
        return None
    return next((e.preview.location for e in message.exceptions if e.preview), None)


class Register:
    """A national provider: answers from a script, else delivers (implements NationalConnector)."""

    def __init__(self, world: World) -> None:
        self.script: deque[NationalAnswer | ProviderUnavailable] = deque()
        self.asked: list[NationalRequest] = []
        self.polled: list[str] = []
        self.journal = Journal(world.root / "register.jsonl")

    def ask(self, provider: Provider, request: NationalRequest) -> NationalAnswer:
        """Answer one request."""
        self.asked.append(request)
        self.journal.write(request_id=request.request_id, provider=provider.key)
        return self._answer(request)

    def poll(self, provider: Provider, request_id: str, url: str) -> NationalAnswer:
        """Answer a poll for a request that was asked before."""
        self.polled.append(url)
        return self._answer(next(r for r in self.asked if r.request_id == request_id))

    def _answer(self, request: NationalRequest) -> NationalAnswer:
        if self.script:
            scripted = self.script.popleft()
            if isinstance(scripted, ProviderUnavailable):
                raise scripted
            return NationalAnswer(
                request.request_id,
                scripted.outcome,
                scripted.evidences,
                scripted.available_at,
                scripted.poll_url,
                scripted.code,
                scripted.reason,
            )
        return delivery(request)


def delivery(request: NationalRequest) -> NationalAnswer:
    """An evidence in every form that was asked for."""
    evidence = NationalEvidence(
        evidence_id=f"evidence-{request.request_id}",
        evidence_type=request.evidence_type,
        issuing_authority=Authority(request.recipient.id, request.recipient.name),
        issuing_date=datetime(2026, 11, 24, tzinfo=UTC).date(),
        representations=tuple(Representation(wanted, _content(wanted)) for wanted in request.formats),
    )
    return NationalAnswer(request.request_id, Outcome.DELIVERED, (evidence,))


def _content(wanted: Format) -> bytes:
    return PDF if wanted.media_type == "application/pdf" else XML_EVIDENCE

"""Our platform and the foreign access point: keys that are valid now, P-Modes, and our side as a server."""

import http.client
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from intermediary import as4, trust
from intermediary.as4.security import KeyKind
from tests.as4 import pki

TYPE = "urn:oasis:names:tc:ebcore:partyid-type:unregistered:oots"
PLATFORM, PHASE4 = as4.Party("AP_PLATFORM", TYPE), as4.Party("AP_PHASE4", TYPE)
STARTED = datetime.now(UTC).replace(microsecond=0)
"""phase4 reads the real clock, so certificates and messages live now."""
PASSWORD = "of-a-throw-away-key"


@cache
def leaf(party: as4.Party, use: str = "signing", issuer: str = "Test CA", kind: KeyKind = "rsa") -> pki.Leaf:
    """A key and certificate of a party, valid now."""
    return pki.leaf(party.id, use, issuer, STARTED - timedelta(days=1), STARTED + timedelta(days=1), kind)


def check(der: bytes) -> str | None:
    """Whether we trust a certificate."""
    return trust.certificate_check([pki.authority()], trust.CertificatePolicy(), STARTED)(der)


def signing(issuer: str = "Test CA") -> as4.SigningKey:
    """Our signing key."""
    return as4.SigningKey.from_pem(*leaf(PLATFORM, issuer=issuer))


@cache
def signing_keys() -> as4.SigningKeys:
    """Our signing keys of all security profiles at once, as while partners move from one to the other."""
    pairs = (leaf(PLATFORM, kind=profile.signing_key) for profile in as4.PROFILES.values())
    return as4.SigningKeys(tuple(as4.SigningKey.from_pem(*pair) for pair in pairs))


@cache
def own_keys() -> as4.OwnKeys:
    """Our decryption keys of all security profiles at once."""
    kinds = (profile.encryption_key for profile in as4.PROFILES.values())
    return as4.OwnKeys.from_pem(*(leaf(PLATFORM, "encryption", kind=kind) for kind in kinds))


def pmode(**changes: object) -> as4.PMode:
    """Our P-Mode with phase4."""
    agreed = as4.PMode(
        id="platform-phase4",
        us=PLATFORM,
        partner=PHASE4,
        url="",
        partner_signing_certificates=(leaf(PHASE4).certificate,),
        partner_encryption_certificate=leaf(PHASE4, "encryption").certificate,
    )
    return replace(agreed, **changes)  # type: ignore[arg-type]


def message(**changes: object) -> as4.UserMessage:
    """A request from us to phase4, with a fresh id."""
    request = as4.UserMessage(
        message_id=f"{uuid4()}@platform.example",
        timestamp=datetime.now(UTC),
        sender=PLATFORM,
        receiver=PHASE4,
        service="QueryManager",
        service_type="urn:oasis:names:tc:ebcore:ebrs:ebms:binding:1.0",
        action="ExecuteQueryRequest",
        conversation_id="conversation-1",
        properties=(
            as4.Property("originalSender", "DE-PORTAL", "urn:cef.eu:names:identifier:EAS:0204"),
            as4.Property("finalRecipient", "IT-PROVIDER", "urn:cef.eu:names:identifier:EAS:0211"),
        ),
    )
    return replace(request, **changes)  # type: ignore[arg-type]


def settings(folder: Path) -> dict[str, object]:
    """Keys and settings for Peer.java, written into a folder."""
    for use in ("signing", "encryption"):
        key_store(folder / f"{use}.p12", leaf(PHASE4, use))
    trusted = [
        pki.authority().public_bytes(serialization.Encoding.PEM),
        leaf(PLATFORM).certificate,
        leaf(PLATFORM, "encryption").certificate,
    ]
    (folder / "trusted.pem").write_bytes(b"".join(trusted))
    (folder / "recipient.pem").write_bytes(leaf(PLATFORM, "encryption").certificate)
    return {
        "us": _party(PHASE4),
        "partner": _party(PLATFORM),
        "signing": str(folder / "signing.p12"),
        "encryption": str(folder / "encryption.p12"),
        "password": PASSWORD,
        "trusted": str(folder / "trusted.pem"),
        "recipient": str(folder / "recipient.pem"),
    }


def _party(party: as4.Party) -> dict[str, str | None]:
    return {"id": party.id, "type": party.type, "role": party.role}


def key_store(path: Path, pair: pki.Leaf) -> Path:
    """Write a key and its certificate as PKCS#12."""
    key = serialization.load_pem_private_key(pair.key, None)
    path.write_bytes(
        pkcs12.serialize_key_and_certificates(
            b"key",
            key,  # type: ignore[arg-type]
            x509.load_pem_x509_certificate(pair.certificate),
            None,
            serialization.BestAvailableEncryption(PASSWORD.encode()),
        )
    )
    return path


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    content_type: str
    body: bytes


def post(url: str, packed: as4.Packed) -> Answer:
    """POST as our sender does."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.netloc, timeout=120)
    try:
        connection.request("POST", place.path, packed.body, {"Content-Type": packed.content_type})
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers.get("Content-Type", ""), answer.read())
    finally:
        connection.close()


@dataclass
class Platform:
    """Our side as a server: unpacks, acknowledges or refuses, and keeps what it saw of the last message.

    `bend` changes the bytes on their way in, `acknowledge` makes the receipt.
    """

    pmodes: tuple[as4.PMode, ...] = field(default_factory=lambda: (pmode(),))
    bend: Callable[[bytes], bytes] = bytes
    acknowledge: Callable[[as4.Received], as4.Packed] = field(
        default=lambda received: as4.pack_receipt(
            received, f"{uuid4()}@platform.example", datetime.now(UTC), signing_keys()
        )
    )
    content_type: str = ""
    wire: bytes = b""
    unpacked: as4.Unpacked | None = None
    refused: as4.As4Refused | None = None
    url: str = ""

    @property
    def received(self) -> as4.Received:
        """The last message, which must have been accepted."""
        assert self.unpacked is not None, self.refused
        return self.unpacked.received

    def answer(self, content_type: str, body: bytes) -> as4.Packed:
        """What we answer to a message."""
        bent = self.bend(body)
        now = datetime.now(UTC)
        unpacked = refused = None
        try:
            unpacked = as4.unpack(content_type, bent, self.pmodes, own_keys(), check, now)
            packed = self.acknowledge(unpacked.received)
        except as4.As4Refused as caught:
            refused = caught
            security = self.pmodes[0].security
            answer_id = f"{uuid4()}@platform.example"
            packed = as4.pack_error((caught.error,), answer_id, now, signing_keys(), security)
        self.content_type, self.wire = content_type, bent
        self.unpacked, self.refused = unpacked, refused
        return packed


class Server(ThreadingHTTPServer):
    """An HTTP server around whatever platform the test at hand has put in."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.platform = Platform()
        self.url = f"http://127.0.0.1:{self.server_address[1]}/as4"
        Thread(target=self.serve_forever, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        assert isinstance(self.server, Server)
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = b"".join(self._chunks())
        else:
            body = self.rfile.read(int(self.headers["Content-Length"]))
        packed = self.server.platform.answer(self.headers["Content-Type"], body)
        self.send_response(200)
        self.send_header("Content-Type", packed.content_type)
        self.send_header("Content-Length", str(len(packed.body)))
        self.end_headers()
        self.wfile.write(packed.body)

    def _chunks(self) -> list[bytes]:
        chunks: list[bytes] = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return chunks

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the tests tell."""

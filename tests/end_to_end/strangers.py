"""Senders that the platform must not believe: forged messages for the hostile tests."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import yaml
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from intermediary.as4.model import Party, UserMessage
from intermediary.sandbox import doubles
from intermediary.sandbox.pki import issue, load_key, new_key
from intermediary.sandbox.world import PARTY_ID_TYPE, World
from tests.as4.forge import ForgedPart, Forgery, messaging
from tests.as4.pki import Leaf

EXPIRED = Party("AP_EXPIRED", PARTY_ID_TYPE)
"""A partner whose P-Mode pins a certificate that has expired."""
STRANGER = Party("AP_STRANGER", PARTY_ID_TYPE)
"""Nobody's partner; its certificate is good."""


def introduce(world: World) -> None:
    """Before the platform starts: the P-Mode of the partner with the expired certificate."""
    expired = leaf(world, EXPIRED.id, days_ago=30, days=20)
    folder = world.data("platform") / "pmodes"
    (folder / "expired.pem").write_bytes(expired.certificate)
    (folder / "expired.key").write_bytes(expired.key)
    (folder / "expired.yaml").write_text(
        yaml.safe_dump(
            {
                "id": "expired",
                "us": {"id": world.party_id("platform"), "type": PARTY_ID_TYPE},
                "partner": {"id": EXPIRED.id, "type": PARTY_ID_TYPE},
                "url": world.url("portal", "/as4"),
                "signing_certificates": ["expired.pem"],
                "encryption_certificate": "expired.pem",
            }
        )
    )


def leaf(world: World, name: str, *, days_ago: int = 1, days: int = 700) -> Leaf:
    """A fresh key with a certificate of the sandbox' authority."""
    key = new_key("as4-signing")
    certificate = issue(
        load_key(world.authority.with_name("authority.key.pem")),
        x509.load_pem_x509_certificate(world.authority.read_bytes()),
        key,
        use="as4-signing",
        name=name,
        valid_from=datetime.now(UTC) - timedelta(days=days_ago),
        validity=timedelta(days=days),
    )
    return Leaf(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        certificate.public_bytes(Encoding.PEM),
    )


def expired_leaf(world: World) -> Leaf:
    """The key of EXPIRED."""
    folder = world.data("platform") / "pmodes"
    return Leaf((folder / "expired.key").read_bytes(), (folder / "expired.pem").read_bytes())


def own_leaf(world: World, system: str, use: str) -> Leaf:
    """A key of a system of the world."""
    return Leaf(world.key(system, use).read_bytes(), world.certificate(system, use).read_bytes())


def message(
    world: World, *, sender: Party | None = None, message_id: str | None = None, action: str = ""
) -> UserMessage:
    """A header from the portal, or from somebody else, to the platform."""
    pmode = doubles.pmode(world, "portal", "platform")
    return UserMessage(
        message_id=message_id or f"{uuid4()}@forge.example",
        timestamp=datetime.now(UTC),
        sender=sender or pmode.us,
        receiver=pmode.partner,
        service=pmode.service,
        service_type=pmode.service_type,
        action=action or "ExecuteQueryRequest",
        conversation_id=str(uuid4()),
    )


def forgery(world: World, header: UserMessage, parts: list[ForgedPart], **bent: object) -> Forgery:
    """A message by another implementation, as the portal would send it unless bent."""
    given: dict[str, object] = {
        "parts": parts,
        "header": messaging(parts, message=header),
        "signer": own_leaf(world, "portal", "as4-signing"),
        "recipient": own_leaf(world, "platform", "as4-encryption"),
        **bent,
    }
    return Forgery(**given)  # type: ignore[arg-type]

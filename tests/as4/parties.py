"""Two partners, portal and platform, with keys and P-Modes; and the shortest way to send between them.

They talk by the security profile that `under` sets, else by 1.15; the platform has the keys of all at once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import cache
from typing import Any

from intermediary import as4, trust
from tests.as4 import pki
from tests.as4.pki import NOW

TYPE = "urn:oasis:names:tc:ebcore:partyid-type:unregistered:oots"
PORTAL, PLATFORM = as4.Party("AP_PORTAL", TYPE), as4.Party("AP_PLATFORM", TYPE)
SERVICE_TYPE = "urn:oasis:names:tc:ebcore:ebrs:ebms:binding:1.0"
CHECK = trust.certificate_check([pki.authority()], trust.CertificatePolicy(), NOW)

EDM = as4.Payload(
    "edm-1@portal.example", "application/x-ebrs+xml", b"<query:QueryRequest xmlns:query='urn:q'/>"
)
PDF = as4.Payload(
    "birth%20certificate+1@portal.example", "application/pdf", b"%PDF-1.7\r\n" + bytes(range(256))
)


_profile: ContextVar[as4.SecurityProfile] = ContextVar("profile", default=as4.EDELIVERY_1_15)


@contextmanager
def under(profile: as4.SecurityProfile) -> Iterator[None]:
    """Both parties have moved to that profile."""
    token = _profile.set(profile)
    yield
    _profile.reset(token)


def profile() -> as4.SecurityProfile:
    """The profile that both parties are on."""
    return _profile.get()


def leaf(common_name: str, use: str = "signing", **more: Any) -> pki.Leaf:
    """A key and certificate of the kind that the profile needs for that use."""
    kind = profile().signing_key if use == "signing" else profile().encryption_key
    return pki.leaf(common_name, use, kind=kind, **more)


def signing(party: as4.Party = PORTAL) -> as4.SigningKey:
    return _signing(party, profile())


@cache
def _signing(party: as4.Party, security: as4.SecurityProfile) -> as4.SigningKey:
    return as4.SigningKey.from_pem(*pki.leaf(party.id, kind=security.signing_key))


@cache
def keys(party: as4.Party = PLATFORM) -> as4.OwnKeys:
    """Decryption keys of all profiles."""
    kinds = (security.encryption_key for security in as4.PROFILES.values())
    return as4.OwnKeys.from_pem(*(pki.leaf(party.id, "encryption", kind=kind) for kind in kinds))


def pmode(us: as4.Party = PORTAL, partner: as4.Party = PLATFORM) -> as4.PMode:
    """The P-Mode as `us` holds it."""
    return as4.PMode(
        security=profile(),
        id=f"{us.id}-{partner.id}",
        us=us,
        partner=partner,
        url="https://partner.example/as4",
        partner_signing_certificates=(leaf(partner.id).certificate,),
        partner_encryption_certificate=leaf(partner.id, "encryption").certificate,
    )


def receiving(**changes: object) -> as4.PMode:
    """The P-Mode of the receiver, the platform."""
    return replace(pmode(PLATFORM, PORTAL), **changes)  # type: ignore[arg-type]


REQUEST = as4.UserMessage(
    message_id="6f1c2a@portal.example",
    timestamp=NOW,
    sender=PORTAL,
    receiver=PLATFORM,
    service="QueryManager",
    service_type=SERVICE_TYPE,
    action="ExecuteQueryRequest",
    conversation_id="conversation-1",
    properties=(
        as4.Property("originalSender", "IT-PORTAL", "urn:cef.eu:names:identifier:EAS:0211"),
        as4.Property("finalRecipient", "DE-PROVIDER", "urn:cef.eu:names:identifier:EAS:0204"),
    ),
)


def send(*payloads: as4.Payload, message: as4.UserMessage = REQUEST, **changes: object) -> as4.Packed:
    """What the portal sends to the platform; `changes` are to its P-Mode."""
    return as4.pack(message, payloads, replace(pmode(), **changes), signing())  # type: ignore[arg-type]


_LIMITS = as4.Limits()


def receive(packed: as4.Packed, *pmodes: as4.PMode, limits: as4.Limits = _LIMITS) -> as4.Unpacked:
    """What the platform makes of it."""
    return as4.unpack(packed.content_type, packed.body, pmodes or (receiving(),), keys(), CHECK, NOW, limits)


def acknowledge(unpacked: as4.Unpacked) -> as4.Packed:
    """The platform's receipt."""
    return as4.pack_receipt(unpacked.received, "receipt-1@platform.example", NOW, signing(PLATFORM))


def read(answer: as4.Packed, sent: as4.Packed) -> as4.Receipt | as4.ErrorSignal:
    """What the portal makes of the answer."""
    return as4.read_signal(answer.content_type, answer.body, sent, REQUEST.message_id, pmode(), CHECK)

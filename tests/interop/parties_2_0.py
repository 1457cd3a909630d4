"""The two parties with the keys of one profile; a phase4 of its own for each (it keeps global state)."""

from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from intermediary import as4
from intermediary.as4.security import KeyKind
from tests.as4 import pki
from tests.interop import parties
from tests.interop.parties import PHASE4, PLATFORM, leaf


def key(party: as4.Party, use: str, profile: as4.SecurityProfile, issuer: str = "Test CA") -> pki.Leaf:
    """The signing or encryption key of a party."""
    kind: KeyKind = profile.signing_key if use == "signing" else profile.encryption_key
    return leaf(party, use, issuer, kind)


def signing(profile: as4.SecurityProfile, issuer: str = "Test CA") -> as4.SigningKey:
    """Our signing key."""
    return as4.SigningKey.from_pem(*key(PLATFORM, "signing", profile, issuer))


def pmode(profile: as4.SecurityProfile, **changes: object) -> as4.PMode:
    """Our P-Mode with phase4."""
    agreed = parties.pmode(
        security=profile,
        partner_signing_certificates=(key(PHASE4, "signing", profile).certificate,),
        partner_encryption_certificate=key(PHASE4, "encryption", profile).certificate,
    )
    return replace(agreed, **changes)  # type: ignore[arg-type]


def settings(folder: Path, profile: as4.SecurityProfile) -> dict[str, object]:
    """Keys and settings for Peer.java, written into a folder."""
    common = parties.settings(folder)
    for use in ("signing", "encryption"):
        pair = key(PHASE4, use, profile)
        (folder / f"{use}.pem").write_bytes(pair.certificate + pair.key)
    ours = [key(PLATFORM, use, profile).certificate for use in ("signing", "encryption")]
    trusted = [pki.authority().public_bytes(serialization.Encoding.PEM), *dict.fromkeys(ours)]
    (folder / "trusted.pem").write_bytes(b"".join(trusted))
    (folder / "recipient.pem").write_bytes(ours[1])
    return common | {
        "profile": profile.name,
        "signing": str(folder / "signing.pem"),
        "encryption": str(folder / "encryption.pem"),
    }

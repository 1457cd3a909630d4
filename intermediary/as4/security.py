"""What a P-Mode demands of signature and encryption: one frozen value for each eDelivery AS4 profile.

A message is accepted only with the algorithms of its P-Mode's profile: nobody can negotiate. Common to all:
SHA-256 digests, exclusive C14N, AES-128-GCM for the content. Sources: eDelivery AS4 1.15 §3.2, 2.0 (common
usage profile; alternative elliptic curve profile), RFC 9231 and its successor draft for the URIs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from intermediary.as4.vocabulary import (
    CONCAT_KDF,
    ECDH_ES,
    ECDSA_SHA256,
    EDDSA_ED25519,
    HKDF,
    KW_AES128,
    RSA_OAEP,
    RSA_SHA256,
    X25519,
)

KeyKind = Literal["rsa", "ed25519", "x25519", "secp256r1"]


@dataclass(frozen=True, slots=True)
class SecurityProfile:
    """Algorithms (URIs) and kinds of keys of one profile; `name` is its name in P-Mode files."""

    name: str
    signature_method: str
    signing_key: KeyKind
    encryption_key: KeyKind
    """Of the recipient's certificate."""
    key_method: str
    """Of xenc:EncryptedKey: key transport, or the key wrap after a key agreement."""
    agreement: str | None = None
    """Of xenc:AgreementMethod; None: key transport."""
    derivations: tuple[str, ...] = ()
    """Key derivations that are read; the first one is written."""


EDELIVERY_1_15 = SecurityProfile("edelivery-1.15", RSA_SHA256, "rsa", "rsa", RSA_OAEP)
"""RSA signature, RSA-OAEP with MGF1, both SHA-256."""

EDELIVERY_2_0_EDDSA = SecurityProfile(
    "edelivery-2.0-eddsa", EDDSA_ED25519, "ed25519", "x25519", KW_AES128, X25519, (HKDF,)
)
"""Common usage profile: Ed25519; ephemeral-static X25519, HKDF, AES-128 wrap. Two certificates a party."""

EDELIVERY_2_0_ECDSA = SecurityProfile(
    "edelivery-2.0-ecdsa", ECDSA_SHA256, "secp256r1", "secp256r1", KW_AES128, ECDH_ES, (HKDF, CONCAT_KDF)
)
"""Alternative profile on P-256; phase4 writes HKDF, ConcatKDF is read too."""

PROFILES: Mapping[str, SecurityProfile] = {
    profile.name: profile for profile in (EDELIVERY_1_15, EDELIVERY_2_0_EDDSA, EDELIVERY_2_0_ECDSA)
}
"""By the name in P-Mode files."""

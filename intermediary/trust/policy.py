"""What a certificate must be like to be trusted: one frozen value."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CertificatePolicy:
    """Rules for signer certificates and their issuers; the defaults fit eDelivery AS4 1.15 and 2.0.

    Each field names the risk that it controls. It is part of a cache key, so it stays hashable.
    """

    min_rsa_bits: int = 2048
    """Factored keys (BSI TR-02102-1 recommends 3000 for new ones)."""
    key_types: frozenset[str] = frozenset({"rsa", "ec", "ed25519"})
    """Unknown or weak kinds of key, such as DSA."""
    curves: frozenset[str] = frozenset(
        {"secp256r1", "secp384r1", "secp521r1", "brainpoolP256r1", "brainpoolP384r1"}
    )
    """Weak or home-made curves of EC keys."""
    signature_hashes: frozenset[str] = frozenset({"sha256", "sha384", "sha512"})
    """Collisions: certificates signed over SHA-1 or MD5 could be forged. Not asked of the anchor itself."""
    digital_signature: bool = True
    """Keys meant for something else: where the leaf has a KeyUsage, it must include digitalSignature."""
    max_path_length: int = 3
    """Intermediate authorities between leaf and anchor, at most; bounds the work of path building too."""

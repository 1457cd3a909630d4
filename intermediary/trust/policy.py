"""What a certificate must be like to be trusted: one frozen value."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Revocation(StrEnum):
    """What is done where nobody can say whether a certificate was revoked."""

    OFF = "off"
    """Nobody is asked."""
    SOFT = "soft"
    """The certificate is believed; the log says that nobody answered. A revoked one is always refused."""
    HARD = "hard"
    """The certificate is refused until somebody answers."""


@dataclass(frozen=True, slots=True)
class CertificatePolicy:
    """Rules for certificates and their issuers; the defaults fit eDelivery AS4 1.15 and 2.0.

    Each field names the risk that it controls. It is part of a cache key, so it stays hashable.
    Sources: RFC 5280, RFC 6960, BSI TR-02102-1; digest edelivery-as4 §10.
    """

    min_rsa_bits: int = 2048
    """Factored keys (BSI TR-02102-1 recommends 3000 for new ones)."""
    key_types: frozenset[str] = frozenset({"rsa", "ec", "ed25519", "x25519"})
    """Unknown or weak kinds of key, such as DSA."""
    curves: frozenset[str] = frozenset(
        {"secp256r1", "secp384r1", "secp521r1", "brainpoolP256r1", "brainpoolP384r1"}
    )
    """Weak or home-made curves of EC keys."""
    signature_hashes: frozenset[str] = frozenset({"sha256", "sha384", "sha512"})
    """Collisions: what is signed over SHA-1 or MD5 could be forged. Asked of certificates, CRLs and OCSP
    answers; not of the signature of an anchor on itself."""
    digital_signature: bool = True
    """Keys meant for something else: where the leaf has a KeyUsage, it must include digitalSignature.
    False for a partner's encryption certificate: then keyEncipherment or keyAgreement is asked for."""
    demand_key_usage: bool = False
    """Keys meant for anything: a leaf without a KeyUsage is refused. Many test authorities leave it out."""
    extended_key_usages: frozenset[str] = frozenset()
    """Certificates of another trade of the same authority (dotted OIDs): a leaf with an ExtendedKeyUsage must
    have one of these. Empty: not asked, as eDelivery names none."""
    max_path_length: int = 3
    """Intermediate authorities between leaf and anchor, at most; bounds the work of path building too."""
    max_certificate_bytes: int = 64 * 1024
    """Work and memory spent on what a stranger sends as a certificate."""

    revocation: Revocation = Revocation.SOFT
    """Stolen keys (soft: unless the thief also keeps answers from us) against standing still while a
    partner's authority is down (hard)."""
    check_authorities: bool = True
    """A stolen intermediate authority: revocation is asked of it too. The anchor is ours to remove."""
    ocsp_max_age: timedelta = timedelta(days=3)
    """Replay of an old «good»: age of an OCSP answer by its thisUpdate, whatever its nextUpdate promises."""
    ocsp_nonce_required: bool = False
    """Replay within that age. Most responders sign in advance and leave the nonce out; a wrong one is refused
    always."""
    crl_max_age: timedelta = timedelta(days=10)
    """Replay of an old list: age of a CRL for leaves by its thisUpdate."""
    authority_max_age: timedelta = timedelta(days=400)
    """The same for lists about authorities, which root authorities sign once or twice a year."""
    clock_skew: timedelta = timedelta(minutes=5)
    """Answers «of the future» from a responder whose clock is ahead of ours."""
    refresh_after: timedelta = timedelta(hours=1)
    """A revocation that is learnt of late: an answer still valid is asked for anew after this time, by the
    background job."""
    retry_after: timedelta = timedelta(minutes=5)
    """A dead responder that slows every message: after a failure it is left alone for this time."""
    fetch_seconds: float = 5.0
    """A slow responder that holds a message: time for one answer, from connecting to its last byte."""
    patience_seconds: float = 8.0
    """The same over all places that may be asked about one certificate, other threads' fetching included."""
    max_crl_bytes: int = 20 * 1024 * 1024
    """Memory: a larger list is refused while it is read."""
    max_ocsp_bytes: int = 64 * 1024
    """Memory: a larger answer is refused while it is read."""

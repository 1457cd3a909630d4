"""Path building and validation from a signer's certificate to a trust anchor (RFC 5280 §6, without policies).

Written here because the verifier of `cryptography` accepts no Ed25519 certificates, which profile 2.0 needs.
Name constraints and policy constraints are not evaluated: a certificate that marks them critical is refused.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtensionOID

from intermediary.as4 import CertificateCheck
from intermediary.trust.policy import CertificatePolicy

_UNDERSTOOD = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.CERTIFICATE_POLICIES,
    }
)
_MAX_PATHS = 8

_Path = tuple[x509.Certificate, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """Paths that hold but for time, or the reason why there is none."""

    paths: tuple[_Path, ...] = field(default=(), repr=False)
    problem: str = ""


def certificate_check(
    anchors: Sequence[x509.Certificate],
    policy: CertificatePolicy,
    now: datetime,
    intermediates: Sequence[x509.Certificate] = (),
) -> CertificateCheck:
    """A check of signer certificates (DER) at `now` (aware UTC): None when trusted, else the reason.

    Trusted is what is itself an anchor (a pinned, perhaps self-signed certificate) or has a path to one over
    `intermediates`. The reason names the rule and never the certificate. Nothing is raised for bad input.
    What does not depend on time is remembered, so the check costs microseconds for a known certificate.
    """
    trusted, between = tuple(anchors), tuple(intermediates)

    def check(der: bytes) -> str | None:
        found = _find(der, trusted, between, policy)
        if not found.paths:
            return found.problem
        if any(all(_valid(one, now) for one in path) for path in found.paths):
            return None
        leaf = found.paths[0][0]
        return (
            "expired or not yet valid" if not _valid(leaf, now) else "an issuer is expired or not yet valid"
        )

    return check


def _valid(certificate: x509.Certificate, now: datetime) -> bool:
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc


@lru_cache(maxsize=1024)
def _find(der: bytes, anchors: _Path, intermediates: _Path, policy: CertificatePolicy) -> _Found:
    try:
        leaf = x509.load_der_x509_certificate(der)
        problem = _problem(leaf, policy) or _leaf_problem(leaf, policy)
        if problem:
            return _Found(problem=problem)
        if leaf in anchors:
            return _Found(((leaf,),))
        if _is_authority(leaf):
            return _Found(problem="the certificate of an authority does not sign messages")
        paths = tuple(_paths((leaf,), anchors, intermediates, policy))
    except (ValueError, TypeError, OverflowError, UnsupportedAlgorithm, x509.InvalidVersion):
        return _Found(problem="it cannot be read")
    return _Found(paths[:_MAX_PATHS]) if paths else _Found(problem="no path leads to a trust anchor")


def _paths(path: _Path, anchors: _Path, intermediates: _Path, policy: CertificatePolicy) -> Iterator[_Path]:
    last = path[-1]
    for anchor in anchors:
        if _issued(last, anchor, len(path) - 1, policy):
            yield (*path, anchor)
    if len(path) > policy.max_path_length:
        return
    for authority in intermediates:
        if (
            authority not in path
            and not _problem(authority, policy)
            and _issued(last, authority, len(path) - 1, policy)
        ):
            yield from _paths((*path, authority), anchors, intermediates, policy)


def _issued(
    subject: x509.Certificate, issuer: x509.Certificate, below: int, policy: CertificatePolicy
) -> bool:
    """Whether `issuer` may issue, with `below` authorities beneath it, and did issue `subject`."""
    if subject.issuer != issuer.subject or not _is_authority(issuer) or _key_problem(issuer, policy):
        return False
    constraint = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length
    if constraint is not None and below > constraint:
        return False
    try:
        subject.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        if not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return False
    except x509.ExtensionNotFound:
        return False
    usage = _key_usage(certificate)
    return usage is None or usage.key_cert_sign


def _key_usage(certificate: x509.Certificate) -> x509.KeyUsage | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return None


def _leaf_problem(leaf: x509.Certificate, policy: CertificatePolicy) -> str:
    usage = _key_usage(leaf)
    if policy.digital_signature and usage is not None and not usage.digital_signature:
        return "its key usage lacks digitalSignature"
    return ""


def _problem(certificate: x509.Certificate, policy: CertificatePolicy) -> str:
    """Why a certificate breaks the policy by itself, or empty."""
    if any(one.critical and one.oid not in _UNDERSTOOD for one in certificate.extensions):
        return "it has a critical extension that is not understood"
    algorithm = certificate.signature_hash_algorithm
    # EdDSA names no hash: it is part of the scheme.
    if algorithm is not None and algorithm.name not in policy.signature_hashes:
        return "it is signed with a weak hash"
    return _key_problem(certificate, policy)


def _key_problem(certificate: x509.Certificate, policy: CertificatePolicy) -> str:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        kind, strong = "rsa", key.key_size >= policy.min_rsa_bits
    elif isinstance(key, ec.EllipticCurvePublicKey):
        kind, strong = "ec", key.curve.name in policy.curves
    elif isinstance(key, ed25519.Ed25519PublicKey):
        kind, strong = "ed25519", True
    else:
        return "its kind of key is not allowed"
    if kind not in policy.key_types:
        return "its kind of key is not allowed"
    return "" if strong else "its key is too weak"

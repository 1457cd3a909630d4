"""What is asked of one certificate by itself, and how it is named in a log."""

from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.x509.oid import ExtensionOID

from intermediary.trust.policy import CertificatePolicy

_UNDERSTOOD = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
    }
)
_LONGEST_NAME = 200


def describe(certificate: x509.Certificate) -> str:
    """The certificate for a log line: serial number (hex) and issuer, as a CRL names it."""
    issuer = certificate.issuer.rfc4514_string()[:_LONGEST_NAME]
    printable = "".join(c if c.isprintable() else "?" for c in issuer)
    return f"serial {certificate.serial_number:X} issued by {printable}"


def valid(certificate: x509.Certificate, now: datetime) -> bool:
    """Whether `now` (aware) lies within its validity."""
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc


def is_authority(certificate: x509.Certificate) -> bool:
    """Whether the certificate says of itself that it is an authority's (RFC 5280 §4.2.1.9)."""
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def key_usage(certificate: x509.Certificate) -> x509.KeyUsage | None:
    """The KeyUsage, or None where the certificate has none."""
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return None


def leaf_problem(leaf: x509.Certificate, policy: CertificatePolicy) -> str:
    """Why the leaf may not be used for what the policy is about, or empty."""
    usage = key_usage(leaf)
    if usage is None:
        if policy.demand_key_usage:
            return "it has no key usage"
    elif policy.digital_signature:
        if not usage.digital_signature:
            return "its key usage lacks digitalSignature"
    elif not (usage.key_encipherment or usage.key_agreement):
        return "its key usage lacks keyEncipherment and keyAgreement"
    if policy.extended_key_usages:
        try:
            uses = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        except x509.ExtensionNotFound:
            return ""
        if not policy.extended_key_usages & {use.dotted_string for use in uses}:
            return "its extended key usage is for something else"
    return ""


def own_problem(certificate: x509.Certificate, policy: CertificatePolicy) -> str:
    """Why a certificate breaks the policy by itself, or empty."""
    problem = extension_problem(certificate)
    if problem:
        return problem
    algorithm = certificate.signature_hash_algorithm
    # EdDSA names no hash: it is part of the scheme.
    if algorithm is not None and algorithm.name not in policy.signature_hashes:
        return "it is signed with a weak hash"
    return key_problem(certificate, policy)


def extension_problem(certificate: x509.Certificate) -> str:
    """Refuses what is not understood and critical, and name constraints always: they are not evaluated."""
    for one in certificate.extensions:
        if one.critical and one.oid not in _UNDERSTOOD:
            return f"it has a critical extension that is not understood ({one.oid.dotted_string})"
        if one.oid == ExtensionOID.NAME_CONSTRAINTS:
            return "it has name constraints, which are not evaluated here"
    return ""


def key_problem(certificate: x509.Certificate, policy: CertificatePolicy) -> str:
    """Why its key is not accepted, or empty."""
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        kind, strong = "rsa", key.key_size >= policy.min_rsa_bits
    elif isinstance(key, ec.EllipticCurvePublicKey):
        kind, strong = "ec", key.curve.name in policy.curves
    elif isinstance(key, ed25519.Ed25519PublicKey):
        kind, strong = "ed25519", True
    elif isinstance(key, x25519.X25519PublicKey):
        kind, strong = "x25519", True
    else:
        return "its kind of key is not allowed"
    if kind not in policy.key_types:
        return "its kind of key is not allowed"
    return "" if strong else "its key is too weak"

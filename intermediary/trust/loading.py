"""Certificates and private keys from PEM files."""

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519

from intermediary.trust.errors import CertificateUnreadable, KeyUnreadable

PrivateKey = (
    rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | x25519.X25519PrivateKey
)


def load_certificates(pem: bytes) -> tuple[x509.Certificate, ...]:
    """All certificates of a PEM file in their order. Raises CertificateUnreadable."""
    try:
        return tuple(x509.load_pem_x509_certificates(pem))
    except ValueError:
        raise CertificateUnreadable(CertificateUnreadable.__doc__) from None


def load_private_key(pem: bytes) -> PrivateKey:
    """The unencrypted private key of a PEM file. Raises KeyUnreadable."""
    try:
        key = serialization.load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyUnreadable(KeyUnreadable.__doc__) from None
    if not isinstance(key, PrivateKey):
        raise KeyUnreadable(KeyUnreadable.__doc__)
    return key

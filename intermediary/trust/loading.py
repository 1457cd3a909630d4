"""Certificates and private keys from PEM and PKCS#12 files."""

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import pkcs12

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


def load_private_key(pem: bytes, pass_phrase: bytes | None = None) -> PrivateKey:
    """The private key of a PEM file, encrypted where a pass phrase is given. Raises KeyUnreadable."""
    try:
        key = serialization.load_pem_private_key(pem, pass_phrase)
    except TypeError:
        wrong = (
            "is encrypted; name the file of its pass phrase"
            if pass_phrase is None
            else "is not encrypted; name no pass phrase"
        )
        raise KeyUnreadable(f"The private key {wrong}") from None
    except (ValueError, UnsupportedAlgorithm):
        if pass_phrase is not None:
            raise KeyUnreadable(
                "The pass phrase does not open the private key, or it is no PEM key"
            ) from None
        raise KeyUnreadable(KeyUnreadable.__doc__) from None
    if not isinstance(key, PrivateKey):
        raise KeyUnreadable(KeyUnreadable.__doc__)
    return key


def load_pkcs12(data: bytes, pass_phrase: bytes | None) -> tuple[PrivateKey, tuple[x509.Certificate, ...]]:
    """Key, and its certificate followed by the chain, of a PKCS#12 file. Raises KeyUnreadable."""
    try:
        held = pkcs12.load_pkcs12(data, pass_phrase)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyUnreadable("The pass phrase does not open the PKCS#12 file, or it is none") from None
    if not isinstance(held.key, PrivateKey) or held.cert is None:
        raise KeyUnreadable("The PKCS#12 file holds no private key with its certificate")
    return held.key, (held.cert.certificate, *(one.certificate for one in held.additional_certs))

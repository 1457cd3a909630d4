"""Certificates and keys for the AS4 tests, made in memory; keys are drawn once per process."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.x509.oid import NameOID

from intermediary.as4.keys import PrivateKey
from intermediary.as4.security import KeyKind

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
"""The time at which the tests take place."""


class Leaf(NamedTuple):
    """A private key and its certificate, both PEM."""

    key: bytes
    certificate: bytes

    @property
    def x509(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.certificate)

    @property
    def der(self) -> bytes:
        return self.x509.public_bytes(serialization.Encoding.DER)


@cache
def private_key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """The RSA key of that name."""
    return rsa.generate_private_key(65537, bits)


@cache
def key_of_kind(name: str, kind: KeyKind) -> PrivateKey:
    """The key of that name and kind."""
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind == "x25519":
        return x25519.X25519PrivateKey.generate()
    if kind == "secp256r1":
        return ec.generate_private_key(ec.SECP256R1())
    return private_key(name)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


@cache
def authority(
    name: str = "Test CA", issuer: str | None = None, path_length: int | None = None
) -> x509.Certificate:
    """A certificate authority, self-signed or issued by another one."""
    key = private_key(name)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer or name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=3650))
        .not_valid_after(NOW + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(private_key(issuer or name), hashes.SHA256())
    )


def leaf(
    common_name: str,
    use: str = "signing",
    issuer: str = "Test CA",
    starts: datetime = NOW - timedelta(days=30),
    ends: datetime = NOW + timedelta(days=365),
    kind: KeyKind = "rsa",
) -> Leaf:
    """A leaf key with a certificate of that authority; the same one for the same arguments."""
    return _leaf(common_name, use, issuer, starts, ends, kind)


@cache
def _leaf(common_name: str, use: str, issuer: str, starts: datetime, ends: datetime, kind: KeyKind) -> Leaf:
    key = key_of_kind(f"{common_name} {use}", kind)
    signing, transport = use == "signing", use != "signing" and kind == "rsa"
    agreement = use != "signing" and kind != "rsa"
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name(common_name))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(starts)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.KeyUsage(signing, signing, transport, transport, agreement, False, False, False, False),
            critical=True,
        )
        .sign(private_key(issuer), hashes.SHA256())
    )
    return Leaf(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
        certificate.public_bytes(serialization.Encoding.PEM),
    )

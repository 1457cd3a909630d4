"""The keys of the sandbox: one authority, and for each system what it needs.

They are made on first run and never shipped.
"""

import ipaddress
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from intermediary.sandbox.world import GATEWAY, PARTY_IDS, World

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_REGISTER = ("tls-server",)
NEEDS: Mapping[str, tuple[str, ...]] = {
    "platform": ("tls-server", "tls-client", "as4-signing", "as4-encryption", "token"),
    "portal": ("tls-server", "tls-client", "as4-signing", "as4-encryption"),
    "identity-provider": ("tls-server", "token"),
    "iam": ("tls-server", "token"),
    "vehicle-register": _REGISTER,
    "residents-register": _REGISTER,
    "civil-status-register": _REGISTER,
    "business-register": _REGISTER,
    GATEWAY: ("tls-server",),
}
"""Which of KEY_USES each system has."""

VALIDITY = timedelta(days=730)
_EXTENDED: Mapping[str, ObjectIdentifier] = {
    "tls-server": ExtendedKeyUsageOID.SERVER_AUTH,
    "tls-client": ExtendedKeyUsageOID.CLIENT_AUTH,
}


def make_pki(world: World) -> None:
    """Make the authority and all keys and certificates that are missing; what exists stays as it is.

    A new authority (because its key or certificate was missing) renews every certificate, keeping the keys.
    """
    authority_key, authority, fresh = _authority(world)
    for system in NEEDS:
        for use in NEEDS[system]:
            key_file, certificate_file = world.key(system, use), world.certificate(system, use)
            if key_file.exists() and certificate_file.exists() and not fresh:
                continue
            key = load_key(key_file) if key_file.exists() else new_key(use)
            certificate = issue(
                authority_key,
                authority,
                key,
                use=use,
                name=common_name(system, use),
                valid_from=datetime.now(UTC),
            )
            _write_key(key_file, key)
            certificate_file.write_bytes(certificate.public_bytes(Encoding.PEM))


def common_name(system: str, use: str) -> str:
    """CN of a certificate: the AS4 party id for AS4 keys, else the name of the system."""
    return PARTY_IDS[system] if use.startswith("as4-") else system


def new_key(use: str) -> PrivateKey:
    """A fresh private key: RSA-2048 for AS4, EC P-256 for the rest."""
    if use.startswith("as4-"):
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key(ec.SECP256R1())


def load_key(path: Path) -> PrivateKey:
    """Read a private key (PEM, unencrypted). Raises ValueError where it is neither RSA nor EC."""
    key = load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise ValueError(f"{path} holds neither an RSA nor an EC key; delete it to have a new one made")  # noqa: TRY004
    return key


def issue(
    authority_key: PrivateKey,
    authority: x509.Certificate,
    key: PrivateKey,
    *,
    use: str,
    name: str,
    valid_from: datetime,
    validity: timedelta = VALIDITY,
) -> x509.Certificate:
    """A certificate for one of KEY_USES, with key usage to match and the SAN of this machine."""
    san: list[x509.GeneralName] = [
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    ]
    builder = (
        _builder(name, authority.subject, key, valid_from, validity)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(encipherment=use == "as4-encryption"), critical=True)
        .add_extension(x509.SubjectAlternativeName(san), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
        )
    )
    if use in _EXTENDED:
        builder = builder.add_extension(x509.ExtendedKeyUsage([_EXTENDED[use]]), critical=False)
    return builder.sign(authority_key, hashes.SHA256())


def _authority(world: World) -> tuple[PrivateKey, x509.Certificate, bool]:
    key_file = world.authority.with_name("authority.key.pem")
    if key_file.exists() and world.authority.exists():
        return load_key(key_file), x509.load_pem_x509_certificate(world.authority.read_bytes()), False
    key: PrivateKey = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder("OOTS sandbox authority", None, key, datetime.now(UTC), VALIDITY + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(authority=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    _write_key(key_file, key)
    world.authority.write_bytes(certificate.public_bytes(Encoding.PEM))
    return key, certificate, True


def _builder(
    name: str, issuer: x509.Name | None, key: PrivateKey, valid_from: datetime, validity: timedelta
) -> x509.CertificateBuilder:
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "OOTS sandbox"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    start = valid_from - timedelta(minutes=5)  # clocks of containers on one laptop may differ a little
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + validity)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _key_usage(*, authority: bool = False, encipherment: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority and not encipherment,
        content_commitment=False,
        key_encipherment=encipherment,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _write_key(path: Path, key: PrivateKey) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

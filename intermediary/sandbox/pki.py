"""The keys of the sandbox: one authority, and for each system what it needs.

They are made on first run and never shipped.
"""

import ipaddress
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from intermediary.as4 import EDELIVERY_1_15, PROFILES
from intermediary.as4.security import KeyKind
from intermediary.sandbox.world import GATEWAY, PARTY_IDS, World

PrivateKey = (
    ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | x25519.X25519PrivateKey
)
AuthorityKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

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
    "common-services": ("tls-server", "token"),
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

    A new authority (because its key or certificate was missing) renews every certificate, keeping the keys;
    AS4 keys that the world's security profile cannot use are replaced.
    """
    authority_key, authority, fresh = _authority(world)
    for system in NEEDS:
        for use in NEEDS[system]:
            key_file, certificate_file = world.key(system, use), world.certificate(system, use)
            if use.startswith("as4-") and _is_of_another_profile(key_file, use, world.security):
                key_file.unlink()
            if key_file.exists() and certificate_file.exists() and not fresh:
                continue
            key = load_key(key_file) if key_file.exists() else new_key(use, world.security)
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


def new_key(use: str, security: str = EDELIVERY_1_15.name) -> PrivateKey:
    """A fresh private key: for AS4 of the kind that the security profile demands, EC P-256 for the rest."""
    kind = _kind(use, security)
    if kind == "rsa":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind == "x25519":
        return x25519.X25519PrivateKey.generate()
    return ec.generate_private_key(ec.SECP256R1())


def _kind(use: str, security: str) -> KeyKind:
    profile = PROFILES[security]
    return {"as4-signing": profile.signing_key, "as4-encryption": profile.encryption_key}.get(
        use, "secp256r1"
    )


def _is_of_another_profile(key_file: Path, use: str, security: str) -> bool:
    kinds: dict[KeyKind, type[PrivateKey]] = {
        "rsa": rsa.RSAPrivateKey,
        "ed25519": ed25519.Ed25519PrivateKey,
        "x25519": x25519.X25519PrivateKey,
        "secp256r1": ec.EllipticCurvePrivateKey,
    }
    return key_file.exists() and not isinstance(load_key(key_file), kinds[_kind(use, security)])


def load_key(path: Path) -> PrivateKey:
    """Read a private key (PEM, unencrypted). Raises ValueError where it is none that is made here."""
    key = load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, PrivateKey):
        raise ValueError(f"{path} holds no key that is made here; delete it to have a new one made")  # noqa: TRY004
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
    assert isinstance(authority_key, AuthorityKey), "the authority's key signs"
    san: list[x509.GeneralName] = [
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    ]
    builder = (
        _builder(name, authority.subject, key, valid_from, validity)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(use, key), critical=True)
        .add_extension(x509.SubjectAlternativeName(san), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
        )
    )
    if use in _EXTENDED:
        builder = builder.add_extension(x509.ExtendedKeyUsage([_EXTENDED[use]]), critical=False)
    return builder.sign(authority_key, hashes.SHA256())


def _authority(world: World) -> tuple[AuthorityKey, x509.Certificate, bool]:
    key_file = world.authority.with_name("authority.key.pem")
    if key_file.exists() and world.authority.exists():
        kept = load_key(key_file)
        assert isinstance(kept, AuthorityKey), "written below"
        return kept, x509.load_pem_x509_certificate(world.authority.read_bytes()), False
    key: AuthorityKey = ec.generate_private_key(ec.SECP256R1())
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


def _usage(use: str, key: PrivateKey) -> x509.KeyUsage:
    if use != "as4-encryption":
        return _key_usage()
    transports = isinstance(key, rsa.RSAPrivateKey)
    return _key_usage(encipherment=transports, agreement=not transports)


def _key_usage(
    *, authority: bool = False, encipherment: bool = False, agreement: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not (authority or encipherment or agreement),
        content_commitment=False,
        key_encipherment=encipherment,
        data_encipherment=False,
        key_agreement=agreement,
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

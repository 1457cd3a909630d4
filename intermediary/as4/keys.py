"""Keys as frozen values, and the ways in which a message names a certificate (WSS X.509 Profile 1.1 §3).

Named forms read: binary security token (#X509v3), embedded certificate, SubjectKeyIdentifier, ThumbprintSHA1,
X509IssuerSerial. Of the last one the serial number alone selects the candidates: issuer names are written in
too many ways to be compared, and a wrong candidate fails at the cryptography.
"""

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache, partial
from typing import NamedTuple, Protocol

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.x509.oid import NameOID
from lxml import etree

from intermediary.as4.codes import EbmsErrorCode
from intermediary.as4.errors import KeyUnusable, Refusal
from intermediary.as4.header import read_base64
from intermediary.as4.security import KeyKind, SecurityProfile
from intermediary.as4.soap import elements
from intermediary.as4.vocabulary import THUMBPRINT_SHA1, X509_SKI, X509V3, ds, wsse

CertificateCheck = Callable[[bytes], str | None]
"""Whether a certificate (DER) is trusted now: None, or the reason why not, for the log."""

PublicKey = rsa.RSAPublicKey | ed25519.Ed25519PublicKey | x25519.X25519PublicKey | ec.EllipticCurvePublicKey
PrivateKey = (
    rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | x25519.X25519PrivateKey | ec.EllipticCurvePrivateKey
)

MIN_RSA_BITS = 2048
_KEYS = f"RSA with at least {MIN_RSA_BITS} bits, Ed25519, X25519 or EC on secp256r1"
_COORDINATE = 32
_HASH, _PKCS1 = hashes.SHA256(), padding.PKCS1v15()
_ECDSA = ec.ECDSA(_HASH)
OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)


class KeyReference(NamedTuple):
    """One way to name a certificate: `certificate`, `ski`, `thumbprint` or `serial`, and its value."""

    kind: str
    value: bytes


@dataclass(frozen=True, slots=True)
class PublicCertificate:
    """A certificate with its key taken out once."""

    der: bytes = field(repr=False)
    certificate: x509.Certificate = field(repr=False)
    kind: KeyKind
    key: PublicKey = field(repr=False)
    not_before: datetime
    not_after: datetime

    def valid_at(self, now: datetime) -> bool:
        """Whether it is neither expired nor not yet valid; both ends belong to its time."""
        return self.not_before <= now <= self.not_after

    @property
    def common_name(self) -> str:
        """The subject's only common name, else empty."""
        names = self.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return str(names[0].value) if len(names) == 1 else ""

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Whether the signature holds: RSA PKCS#1 v1.5 or ECDSA (r‖s), both with SHA-256, or Ed25519."""
        try:
            if isinstance(self.key, rsa.RSAPublicKey):
                self.key.verify(signature, data, _PKCS1, _HASH)
            elif isinstance(self.key, ed25519.Ed25519PublicKey):
                self.key.verify(signature, data)
            elif isinstance(self.key, ec.EllipticCurvePublicKey):
                self.key.verify(_der_signature(signature), data, _ECDSA)
            else:
                return False
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class SigningKey:
    """Our signing key with its certificate; the repr shows neither."""

    sign: Callable[[bytes], bytes] = field(repr=False)
    """By the kind of key: RSA PKCS#1 v1.5 with SHA-256, Ed25519, or ECDSA with SHA-256 (r‖s)."""
    certificate: bytes = field(repr=False)
    """DER."""
    token: str = field(repr=False)
    """Base64 of the DER, as in wsse:BinarySecurityToken."""
    kind: KeyKind = "rsa"

    @classmethod
    def from_pem(cls, key: bytes, certificate: bytes) -> "SigningKey":
        """From an unencrypted private key and its certificate, both PEM. Raises KeyUnusable."""
        private, public = _pair(key, certificate)
        return cls.of(_signer(private), public.der)

    @classmethod
    def of(cls, sign: Callable[[bytes], bytes], certificate: bytes) -> "SigningKey":
        """A key that may live in a token: how it signs (see `sign`), and its certificate (DER).

        Raises KeyUnusable for a certificate that cannot be used; whether they belong together is not checked.
        """
        public = _configured(certificate)
        if public.kind == "x25519":
            raise KeyUnusable("An X25519 key cannot sign")
        return cls(sign, public.der, base64.b64encode(public.der).decode(), public.kind)

    def of_profile(self, profile: SecurityProfile | None) -> "SigningKey":
        """This key, if the profile signs with its kind (or is not known); raises KeyUnusable."""
        if profile is not None and profile.signing_key != self.kind:
            raise KeyUnusable(f"{profile.name} signs with {profile.signing_key}; our key is {self.kind}")
        return self


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """Our signing keys for several profiles, one for each kind; the first one where no profile is known."""

    keys: tuple[SigningKey, ...]

    def of_profile(self, profile: SecurityProfile | None) -> SigningKey:
        """The key that the profile signs with; raises KeyUnusable where there is none."""
        for key in self.keys:
            if profile is None or profile.signing_key == key.kind:
                return key
        raise KeyUnusable("There is no signing key of the kind that the P-Mode's security profile demands")


class Signing(Protocol):
    """What messages are signed with: one key, several, or a choice made by date."""

    def of_profile(self, profile: SecurityProfile | None) -> SigningKey:
        """The key that the profile signs with; raises KeyUnusable where there is none."""
        ...


class DecryptionKey(NamedTuple):
    """Our private key: `use` unwraps a content key (RSA-OAEP), else it agrees on a secret with a public key.

    A public key is 32 bytes (X25519) or an uncompressed point (secp256r1). ValueError for what does not fit.
    """

    kind: KeyKind
    use: Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class OwnKeys:
    """Our decryption keys, for several profiles and while certificates overlap. The repr shows nothing."""

    by_reference: Mapping[KeyReference, tuple[DecryptionKey, ...]] = field(repr=False)

    @classmethod
    def from_pem(cls, *pairs: tuple[bytes, bytes]) -> "OwnKeys":
        """From (unencrypted private key, certificate) pairs in PEM. Raises KeyUnusable."""
        opened = (_pair(key, certificate) for key, certificate in pairs)
        return cls.of(*((_opener(private), public.der) for private, public in opened))

    @classmethod
    def of(cls, *keys: tuple[Callable[[bytes], bytes], bytes]) -> "OwnKeys":
        """Keys that may live in a token: how each is used (see DecryptionKey) and its certificate (DER).

        RSA-OAEP has SHA-256 for digest and MGF1. Raises KeyUnusable.
        """
        found: dict[KeyReference, tuple[DecryptionKey, ...]] = {}
        for use, certificate in keys:
            public = _configured(certificate)
            if public.kind == "ed25519":
                raise KeyUnusable("An Ed25519 key cannot decrypt")
            for reference in _references(public):
                found[reference] = (*found.get(reference, ()), DecryptionKey(public.kind, use))
        return cls(found)

    def candidates(self, reference: KeyReference, kind: KeyKind) -> tuple[Callable[[bytes], bytes], ...]:
        """Our keys of that kind that a message means; raises Refusal (EBMS:0102) where there is none."""
        found = tuple(key.use for key in self.by_reference.get(reference, ()) if key.kind == kind)
        if not found:
            raise Refusal(EbmsErrorCode.FAILED_DECRYPTION, "encrypted for a key that is not ours")
        return found


def _pair(key: bytes, certificate: bytes) -> tuple[PrivateKey, PublicCertificate]:
    public = certificates_of_pem(certificate)[0]
    try:
        private = serialization.load_pem_private_key(key, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyUnusable("The private key is not an unencrypted PEM key") from None
    if not isinstance(private, PrivateKey):
        raise KeyUnusable("The private key is of no kind that a security profile uses")
    if private.public_key() != public.key:
        raise KeyUnusable("The private key does not belong to the certificate")
    return private, public


def _signer(private: PrivateKey) -> Callable[[bytes], bytes]:
    if isinstance(private, rsa.RSAPrivateKey):
        return partial(private.sign, padding=_PKCS1, algorithm=_HASH)
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return private.sign
    if isinstance(private, ec.EllipticCurvePrivateKey):
        return lambda data: _raw_signature(private.sign(data, _ECDSA))
    raise KeyUnusable("An X25519 key cannot sign")


def _opener(private: PrivateKey) -> Callable[[bytes], bytes]:
    if isinstance(private, rsa.RSAPrivateKey):
        return partial(private.decrypt, padding=OAEP)
    if isinstance(private, x25519.X25519PrivateKey):
        return lambda public: private.exchange(x25519.X25519PublicKey.from_public_bytes(public))
    if isinstance(private, ec.EllipticCurvePrivateKey):
        return lambda public: private.exchange(
            ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(private.curve, public)
        )
    raise KeyUnusable("An Ed25519 key cannot decrypt")


def _raw_signature(der: bytes) -> bytes:
    """ECDSA as XML Signature 1.1 §6.4.3 has it: r‖s, each as long as the order of the curve."""
    r, s = decode_dss_signature(der)
    return r.to_bytes(_COORDINATE, "big") + s.to_bytes(_COORDINATE, "big")


def _der_signature(raw: bytes) -> bytes:
    if len(raw) != 2 * _COORDINATE:
        raise InvalidSignature
    return encode_dss_signature(
        int.from_bytes(raw[:_COORDINATE], "big"), int.from_bytes(raw[_COORDINATE:], "big")
    )


def _configured(der: bytes) -> PublicCertificate:
    try:
        return _certificate(der)
    except ValueError as error:
        raise KeyUnusable(f"A certificate of our own cannot be used: {error}") from None


def certificate_of_der(der: bytes) -> PublicCertificate:
    """Read a certificate from outside; raises Refusal (EBMS:0101)."""
    try:
        return _certificate(der)
    except ValueError as error:
        raise Refusal(EbmsErrorCode.FAILED_AUTHENTICATION, f"the signer's certificate: {error}") from None


@lru_cache(maxsize=256)
def certificates_of_pem(pem: bytes) -> tuple[PublicCertificate, ...]:
    """Read configured certificates; raises KeyUnusable."""
    try:
        return tuple(
            _certificate(found.public_bytes(serialization.Encoding.DER))
            for found in x509.load_pem_x509_certificates(pem)
        )
    except ValueError:
        raise KeyUnusable(
            f"A certificate is not a PEM certificate with a key that a security profile uses ({_KEYS})"
        ) from None


def recipient(pem: bytes, now: datetime) -> PublicCertificate | None:
    """Of a partner's encryption certificates the one that began last and is valid at `now`; None: none is.

    Raises KeyUnusable.
    """
    current = [one for one in certificates_of_pem(pem) if one.valid_at(now)]
    return max(current, key=lambda one: one.not_before, default=None)


@lru_cache(maxsize=256)
def _certificate(der: bytes) -> PublicCertificate:
    try:
        certificate = x509.load_der_x509_certificate(der)
        key = certificate.public_key()
        _ = certificate.subject
        valid = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except (ValueError, TypeError, OverflowError, UnsupportedAlgorithm, x509.InvalidVersion):
        raise ValueError("it cannot be read") from None
    kind = key_kind(key)
    if kind is None:
        raise ValueError(f"its key is none that a security profile uses ({_KEYS})")
    assert isinstance(key, PublicKey)
    return PublicCertificate(der, certificate, kind, key, *valid)


def key_kind(key: object) -> KeyKind | None:
    """The kind of a public key that security profiles name; None for one that none of them uses."""
    if isinstance(key, rsa.RSAPublicKey):
        return "rsa" if key.key_size >= MIN_RSA_BITS else None
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "ed25519"
    if isinstance(key, x25519.X25519PublicKey):
        return "x25519"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "secp256r1" if isinstance(key.curve, ec.SECP256R1) else None
    return None


@lru_cache(maxsize=256)
def pinned(pems: tuple[bytes, ...]) -> Mapping[KeyReference, tuple[PublicCertificate, ...]]:
    """The certificates pinned in a P-Mode, by every way of naming them. Raises KeyUnusable."""
    found: dict[KeyReference, tuple[PublicCertificate, ...]] = {}
    for certificate in (one for pem in pems for one in certificates_of_pem(pem)):
        for reference in _references(certificate):
            found[reference] = (*found.get(reference, ()), certificate)
    return found


def _references(public: PublicCertificate) -> Iterable[KeyReference]:
    certificate = public.certificate
    try:
        ski = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except (x509.ExtensionNotFound, ValueError):
        ski = x509.SubjectKeyIdentifier.from_public_key(public.key).digest
    return (
        KeyReference("certificate", public.der),
        KeyReference("ski", ski),
        KeyReference("thumbprint", hashlib.sha1(public.der, usedforsecurity=False).digest()),
        KeyReference("serial", str(certificate.serial_number).encode()),
    )


def read_key_info(key_info: etree._Element, by_id: Mapping[str, etree._Element]) -> KeyReference:
    """How a ds:KeyInfo names its certificate; raises Refusal (EBMS:0103) for forms that the profile lacks."""
    inside = elements(key_info)
    if len(inside) == 1 and inside[0].tag == wsse("SecurityTokenReference"):
        inside = elements(inside[0])
    if len(inside) != 1:
        raise _unsupported("a KeyInfo does not name exactly one key")
    named = inside[0]
    if named.tag == wsse("Reference"):
        token = by_id.get(named.get("URI", "")[1:]) if named.get("URI", "").startswith("#") else None
        if token is None or token.tag != wsse("BinarySecurityToken") or token.get("ValueType") != X509V3:
            raise _unsupported("a key reference does not lead to an X509v3 BinarySecurityToken")
        return KeyReference("certificate", read_base64(token))
    if named.tag == wsse("KeyIdentifier"):
        kind = {X509V3: "certificate", X509_SKI: "ski", THUMBPRINT_SHA1: "thumbprint"}.get(
            named.get("ValueType", "")
        )
        if kind is None:
            raise _unsupported("the ValueType of a KeyIdentifier is not known")
        return KeyReference(kind, read_base64(named))
    if named.tag == ds("X509Data"):
        return _x509_data(named)
    raise _unsupported("a KeyInfo names its key in a way that is not supported")


def _x509_data(data: etree._Element) -> KeyReference:
    serial = data.findtext(f"{ds('X509IssuerSerial')}/{ds('X509SerialNumber')}")
    if serial is not None:
        serial = serial.strip()
        if not (serial.isascii() and serial.isdigit()) or len(serial) > 60:
            raise _unsupported("a certificate's serial number is not a number")
        return KeyReference("serial", str(int(serial)).encode())
    for kind, name in (("ski", "X509SKI"), ("certificate", "X509Certificate")):
        found = data.find(ds(name))
        if found is not None:
            return KeyReference(kind, read_base64(found))
    raise _unsupported("an X509Data names its certificate in a way that is not supported")


def _unsupported(reason: str) -> Refusal:
    return Refusal(EbmsErrorCode.POLICY_NONCOMPLIANCE, reason)

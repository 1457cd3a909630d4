"""Keys as frozen values, and the ways in which a message names a certificate (WSS X.509 Profile 1.1 §3).

Named forms read: binary security token (#X509v3), embedded certificate, SubjectKeyIdentifier, ThumbprintSHA1,
X509IssuerSerial. Of the last one the serial number alone selects the candidates: issuer names are written in
too many ways to be compared, and a wrong candidate fails at the cryptography.
"""

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from lxml import etree

from intermediary.as4.codes import EbmsErrorCode
from intermediary.as4.errors import KeyUnusable, Refusal
from intermediary.as4.header import read_base64
from intermediary.as4.soap import elements
from intermediary.as4.vocabulary import THUMBPRINT_SHA1, X509_SKI, X509V3, ds, wsse

CertificateCheck = Callable[[bytes], str | None]
"""Whether a certificate (DER) is trusted now: None, or the reason why not, for the log."""

MIN_RSA_BITS = 2048
_HASH, _PKCS1 = hashes.SHA256(), padding.PKCS1v15()
_OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)


class KeyReference(NamedTuple):
    """One way to name a certificate: `certificate`, `ski`, `thumbprint` or `serial`, and its value."""

    kind: str
    value: bytes


@dataclass(frozen=True, slots=True)
class PublicCertificate:
    """A partner's certificate with its RSA key taken out once."""

    der: bytes = field(repr=False)
    certificate: x509.Certificate = field(repr=False)
    key: rsa.RSAPublicKey = field(repr=False)

    @property
    def common_name(self) -> str:
        """The subject's only common name, else empty."""
        names = self.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return str(names[0].value) if len(names) == 1 else ""

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Whether the RSA PKCS#1 v1.5 SHA-256 signature holds."""
        try:
            self.key.verify(signature, data, _PKCS1, _HASH)
        except InvalidSignature:
            return False
        return True

    def wrap(self, content_key: bytes) -> bytes:
        """RSA-OAEP (SHA-256, MGF1 with SHA-256) of a content key."""
        return self.key.encrypt(content_key, _OAEP)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """Our RSA signing key with its certificate; the repr shows neither."""

    sign: Callable[[bytes], bytes] = field(repr=False)
    """RSA PKCS#1 v1.5 with SHA-256 over the data given."""
    certificate: bytes = field(repr=False)
    """DER."""
    token: str = field(repr=False)
    """Base64 of the DER, as in wsse:BinarySecurityToken."""

    @classmethod
    def from_pem(cls, key: bytes, certificate: bytes) -> "SigningKey":
        """From an unencrypted private key and its certificate, both PEM. Raises KeyUnusable."""
        private, public = _pair(key, certificate)
        return cls.of(lambda data: private.sign(data, _PKCS1, _HASH), public.der)

    @classmethod
    def of(cls, sign: Callable[[bytes], bytes], certificate: bytes) -> "SigningKey":
        """A key that may live in a token: how it signs (RSA PKCS#1 v1.5, SHA-256), and its certificate (DER).

        Raises KeyUnusable for a certificate that cannot be used; whether they belong together is not checked.
        """
        public = _configured(certificate)
        return cls(sign, public.der, base64.b64encode(public.der).decode())


@dataclass(frozen=True, slots=True)
class OwnKeys:
    """Our RSA decryption keys; several at once while certificates overlap. The repr shows nothing."""

    by_reference: Mapping[KeyReference, tuple[Callable[[bytes], bytes], ...]] = field(repr=False)

    @classmethod
    def from_pem(cls, *pairs: tuple[bytes, bytes]) -> "OwnKeys":
        """From (unencrypted private key, certificate) pairs in PEM. Raises KeyUnusable."""
        opened = (_pair(key, certificate) for key, certificate in pairs)
        return cls.of(*((partial(private.decrypt, padding=_OAEP), public.der) for private, public in opened))

    @classmethod
    def of(cls, *keys: tuple[Callable[[bytes], bytes], bytes]) -> "OwnKeys":
        """Keys that may live in a token: how each unwraps (RSA-OAEP, SHA-256 twice), its certificate (DER).

        An unwrap raises ValueError for what was not wrapped for its key. Raises KeyUnusable.
        """
        found: dict[KeyReference, tuple[Callable[[bytes], bytes], ...]] = {}
        for unwrap, certificate in keys:
            for reference in _references(_configured(certificate)):
                found[reference] = (*found.get(reference, ()), unwrap)
        return cls(found)

    def unwrap(self, reference: KeyReference, wrapped: bytes) -> bytes:
        """The content key that was wrapped for one of our certificates; raises Refusal (EBMS:0102)."""
        candidates = self.by_reference.get(reference, ())
        for candidate in candidates:
            try:
                return candidate(wrapped)
            except ValueError:
                continue
        reason = (
            "the content key cannot be unwrapped" if candidates else "encrypted for a key that is not ours"
        )
        raise Refusal(EbmsErrorCode.FAILED_DECRYPTION, reason)


def _pair(key: bytes, certificate: bytes) -> tuple[rsa.RSAPrivateKey, PublicCertificate]:
    public = certificates_of_pem(certificate)[0]
    try:
        private = serialization.load_pem_private_key(key, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyUnusable("The private key is not an unencrypted PEM key") from None
    if not isinstance(private, rsa.RSAPrivateKey) or private.key_size < MIN_RSA_BITS:
        raise KeyUnusable(f"The private key is not RSA with at least {MIN_RSA_BITS} bits")
    if private.public_key().public_numbers() != public.key.public_numbers():
        raise KeyUnusable("The private key does not belong to the certificate")
    return private, public


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
            "A certificate is not a PEM certificate with an RSA key of 2048 bits or more"
        ) from None


@lru_cache(maxsize=256)
def _certificate(der: bytes) -> PublicCertificate:
    try:
        certificate = x509.load_der_x509_certificate(der)
        key = certificate.public_key()
        _ = certificate.subject, certificate.not_valid_after_utc
    except (ValueError, TypeError, OverflowError, UnsupportedAlgorithm, x509.InvalidVersion):
        raise ValueError("it cannot be read") from None
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < MIN_RSA_BITS:
        raise ValueError(f"its key is not RSA with at least {MIN_RSA_BITS} bits")
    return PublicCertificate(der, certificate, key)


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
    inside = list(elements(key_info))
    if len(inside) == 1 and inside[0].tag == wsse("SecurityTokenReference"):
        inside = list(elements(inside[0]))
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

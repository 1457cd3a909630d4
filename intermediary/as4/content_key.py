"""How the content key travels in xenc:EncryptedKey: RSA-OAEP, or key agreement, derivation and key wrap.

| profile | EncryptionMethod | ds:KeyInfo holds |
|---|---|---|
| 1.15 | rsa-oaep with DigestMethod and MGF | the recipient's certificate |
| 2.0 | kw-aes128 | xenc:AgreementMethod with KeyDerivationMethod, OriginatorKeyInfo, RecipientKeyInfo |

Settled by WSS4J 4.0.1 and Santuario 4.0 (phase4, and what Domibus has): HKDFParams are PRF, Salt, Info and
KeyLength in the namespace of the RFC 9231 successor, KeyLength counts bytes, Info is left out when empty; an
X25519 ephemeral key travels as dsig11:DEREncodedKeyValue, one on secp256r1 as dsig11:ECKeyValue;
RecipientKeyInfo names the certificate in the same ways as a ds:KeyInfo.
"""

import base64
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap
from lxml import etree

from intermediary.as4 import vocabulary
from intermediary.as4.codes import EbmsErrorCode
from intermediary.as4.errors import KeyUnusable, Refusal
from intermediary.as4.header import read_base64
from intermediary.as4.keys import OAEP, KeyReference, OwnKeys, PublicCertificate, read_key_info
from intermediary.as4.security import KeyKind, SecurityProfile
from intermediary.as4.soap import child, elements
from intermediary.as4.vocabulary import (
    BASE64_BINARY,
    CONCAT_KDF,
    DS,
    DSIG11,
    DSIG_MORE,
    HMAC_SHA256,
    MGF1_SHA256,
    SECP256R1,
    SHA256,
    X509V3,
    XENC11,
    ds,
    dsig11,
    dsig_more,
    xenc,
    xenc11,
)

KEY_BYTES = 16
"""Of the content key, and of the key that wraps it."""
_SALT = 32
_MOST_SALT, _MOST_INFO = 128, 1024
"""Bytes: more is refused, being of no use to anybody but an attacker."""
_TOKEN_ID = "recipient"  # noqa: S105 - an XML id
_RAW = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)
_POINT = (serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
_SPKI = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)

_Derive = Callable[[bytes], bytes]


# ---- writing


def write(content_key: bytes, recipient: PublicCertificate, profile: SecurityProfile) -> tuple[str, str]:
    """The recipient's token, and the content of xenc:EncryptedKey up to its CipherData.

    Raises KeyUnusable where the recipient's key is not of the profile's kind.
    """
    if recipient.kind != profile.encryption_key:
        raise KeyUnusable(
            f"{profile.name} encrypts for {profile.encryption_key},"
            f" but the partner's certificate has {recipient.kind}"
        )
    token = (
        f'<wsse:BinarySecurityToken EncodingType="{BASE64_BINARY}" ValueType="{X509V3}" wsu:Id="{_TOKEN_ID}">'
        f"{base64.b64encode(recipient.der).decode()}</wsse:BinarySecurityToken>"
    )
    named = (
        f'<wsse:SecurityTokenReference><wsse:Reference URI="#{_TOKEN_ID}" ValueType="{X509V3}"/>'
        f"</wsse:SecurityTokenReference>"
    )
    if isinstance(recipient.key, rsa.RSAPublicKey):
        wrapped, parameters = recipient.key.encrypt(content_key, OAEP), _OAEP_PARAMETERS
    else:
        secret, originator = _agree(recipient)
        salt = os.urandom(_SALT)
        wrapped = aes_key_wrap(_hkdf(salt, b"")(secret), content_key)
        parameters = ""
        named = (
            f'<xenc:AgreementMethod Algorithm="{profile.agreement}"><xenc11:KeyDerivationMethod'
            f' xmlns:xenc11="{XENC11}" Algorithm="{vocabulary.HKDF}"><dsig-more:HKDFParams'
            f' xmlns:dsig-more="{DSIG_MORE}"><dsig-more:PRF Algorithm="{HMAC_SHA256}"/>'
            f"<dsig-more:Salt>{base64.b64encode(salt).decode()}</dsig-more:Salt>"
            f"<dsig-more:KeyLength>{KEY_BYTES}</dsig-more:KeyLength></dsig-more:HKDFParams>"
            f"</xenc11:KeyDerivationMethod><xenc:OriginatorKeyInfo>{originator}</xenc:OriginatorKeyInfo>"
            f"<xenc:RecipientKeyInfo>{named}</xenc:RecipientKeyInfo></xenc:AgreementMethod>"
        )
    return token, (
        f'<xenc:EncryptionMethod Algorithm="{profile.key_method}">{parameters}</xenc:EncryptionMethod>'
        f"<ds:KeyInfo>{named}</ds:KeyInfo><xenc:CipherData><xenc:CipherValue>"
        f"{base64.b64encode(wrapped).decode()}</xenc:CipherValue></xenc:CipherData>"
    )


_OAEP_PARAMETERS = (
    f'<ds:DigestMethod xmlns:ds="{DS}" Algorithm="{SHA256}"/>'
    f'<xenc11:MGF xmlns:xenc11="{XENC11}" Algorithm="{MGF1_SHA256}"/>'
)


def _agree(recipient: PublicCertificate) -> tuple[bytes, str]:
    """A secret shared with the recipient, and our ephemeral public key as the recipient will read it."""
    if isinstance(recipient.key, x25519.X25519PublicKey):
        fresh = x25519.X25519PrivateKey.generate()
        try:
            secret = fresh.exchange(recipient.key)
        except ValueError:
            raise KeyUnusable("The partner's X25519 certificate holds a point of small order") from None
        public = base64.b64encode(fresh.public_key().public_bytes(*_SPKI)).decode()
        return secret, (
            f'<dsig11:DEREncodedKeyValue xmlns:dsig11="{DSIG11}">{public}</dsig11:DEREncodedKeyValue>'
        )
    assert isinstance(recipient.key, ec.EllipticCurvePublicKey)
    key = ec.generate_private_key(recipient.key.curve)
    public = base64.b64encode(key.public_key().public_bytes(*_POINT)).decode()
    return key.exchange(ec.ECDH(), recipient.key), (
        f'<ds:KeyValue><dsig11:ECKeyValue xmlns:dsig11="{DSIG11}"><dsig11:NamedCurve URI="{SECP256R1}"/>'
        f"<dsig11:PublicKey>{public}</dsig11:PublicKey></dsig11:ECKeyValue></ds:KeyValue>"
    )


# ---- reading


class Agreement(NamedTuple):
    """What an xenc:AgreementMethod says: the ephemeral public key, and how a key is made of the secret."""

    originator: bytes
    derive: _Derive


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """An xenc:EncryptedKey whose form and algorithms were checked; nothing was opened yet."""

    recipient: KeyReference = field(repr=False)
    kind: KeyKind
    wrapped: bytes = field(repr=False)
    agreement: Agreement | None = field(repr=False)

    def unwrap(self, own: OwnKeys) -> bytes:
        """The content key; raises Refusal (EBMS:0102)."""
        for use in own.candidates(self.recipient, self.kind):
            try:
                content_key = self._open(use)
            except (ValueError, InvalidUnwrap):
                continue
            if len(content_key) != KEY_BYTES:
                raise _failed("the content key has not 128 bits")
            return content_key
        raise _failed("the content key cannot be unwrapped")

    def _open(self, use: Callable[[bytes], bytes]) -> bytes:
        if self.agreement is None:
            return use(self.wrapped)
        secret = use(self.agreement.originator)
        if not any(secret):
            # A point of small order (RFC 7748 §6.1); OpenSSL refuses it, a token may not.
            raise ValueError("the shared secret is zero")
        return aes_key_unwrap(self.agreement.derive(secret), self.wrapped)


def read(key: etree._Element, by_id: Mapping[str, etree._Element], profile: SecurityProfile) -> WrappedKey:
    """Read an xenc:EncryptedKey; raises Refusal (EBMS:0103) for anything outside the profile."""
    method, key_info = child(key, xenc("EncryptionMethod")), child(key, ds("KeyInfo"))
    value = child(key, xenc("CipherData"), xenc("CipherValue"))
    if method is None or key_info is None or value is None:
        raise _policy("an EncryptedKey lacks its EncryptionMethod, KeyInfo or CipherValue")
    if method.get("Algorithm") != profile.key_method:
        raise _policy(f"the EncryptedKey is not encrypted as {profile.name} demands")
    inside = [(child.tag, child.get("Algorithm")) for child in elements(method)]
    agreement = None
    if profile.agreement is None:
        if len(inside) != 2 or set(inside) != _OAEP_READ:
            raise _policy("the key transport is not RSA-OAEP with SHA-256 for digest and MGF1")
    else:
        if inside:
            raise _policy("the key wrap has parameters")
        (named,) = _children(key_info, xenc("AgreementMethod"))
        if named.get("Algorithm") != profile.agreement:
            raise _policy(f"the key agreement is not the one of {profile.name}")
        derivation, originator, key_info = _children(
            named, xenc11("KeyDerivationMethod"), xenc("OriginatorKeyInfo"), xenc("RecipientKeyInfo")
        )
        agreement = Agreement(
            _public_key(originator, profile.encryption_key), _derivation(derivation, profile)
        )
    reference = read_key_info(key_info, by_id)
    return WrappedKey(reference, profile.encryption_key, read_base64(value), agreement)


_OAEP_READ = {(ds("DigestMethod"), SHA256), (xenc11("MGF"), MGF1_SHA256)}


def _children(parent: etree._Element, *names: str) -> list[etree._Element]:
    """The children, which must have just these names in this order."""
    found = elements(parent)
    if [one.tag for one in found] != list(names):
        raise _policy(f"{etree.QName(parent).localname} does not consist of what the profile demands")
    return found


def _public_key(info: etree._Element, kind: KeyKind) -> bytes:
    """The ephemeral key of the sender: 32 bytes, or an uncompressed point that lies on secp256r1."""
    inside = elements(info)
    if len(inside) != 1:
        raise _policy("an OriginatorKeyInfo does not hold exactly one key")
    try:
        if inside[0].tag == dsig11("DEREncodedKeyValue"):
            return _of_spki(read_base64(inside[0]), kind)
        if inside[0].tag == ds("KeyValue") and kind == "secp256r1":
            (value,) = _children(inside[0], dsig11("ECKeyValue"))
            curve, point = _children(value, dsig11("NamedCurve"), dsig11("PublicKey"))
            if curve.get("URI") != SECP256R1:
                raise _policy("the ephemeral key is on another curve")
            return _point(ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), read_base64(point)))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _policy("the ephemeral key is no valid public key") from None
    raise _policy("an OriginatorKeyInfo holds its key in a way that is not supported")


def _of_spki(der: bytes, kind: KeyKind) -> bytes:
    key = serialization.load_der_public_key(der)
    if kind == "x25519" and isinstance(key, x25519.X25519PublicKey):
        return key.public_bytes(*_RAW)
    if kind == "secp256r1" and isinstance(key, ec.EllipticCurvePublicKey):
        return _point(key)
    raise _policy("the ephemeral key is not of the profile's kind")


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    if not isinstance(key.curve, ec.SECP256R1):
        raise _policy("the ephemeral key is on another curve")
    return key.public_bytes(*_POINT)


def _derivation(method: etree._Element, profile: SecurityProfile) -> _Derive:
    algorithm = method.get("Algorithm")
    if algorithm not in profile.derivations:
        raise _policy(f"the key derivation is none of {profile.name}")
    return _concat_kdf_of(method) if algorithm == CONCAT_KDF else _hkdf_of(method)


def _hkdf_of(method: etree._Element) -> _Derive:
    (parameters,) = _children(method, dsig_more("HKDFParams"))
    found = {str(one.tag): one for one in elements(parameters)}
    names = [dsig_more(name) for name in ("PRF", "Salt", "Info", "KeyLength")]
    if len(found) != len(elements(parameters)) or any(tag not in names for tag in found):
        raise _policy("HKDFParams holds something twice, or something that is not known")
    prf, salt, info, length = (found.get(name) for name in names)
    if prf is None or prf.get("Algorithm") != HMAC_SHA256 or len(prf):
        raise _policy("the PRF of the key derivation is not HMAC-SHA-256")
    if length is not None and (length.text or "").strip() != str(KEY_BYTES):
        raise _policy(f"the KeyLength of the key derivation is not {KEY_BYTES} bytes")
    return _hkdf(_octets(salt, _MOST_SALT), _octets(info, _MOST_INFO))


def _octets(element: etree._Element | None, most: int) -> bytes:
    # An empty element is an empty value; read_base64 would miss its text.
    value = b"" if element is None or not (len(element) or element.text) else read_base64(element)
    if len(value) > most:
        raise _policy("a parameter of the key derivation is too long")
    return value


def _concat_kdf_of(method: etree._Element) -> _Derive:
    (parameters,) = _children(method, xenc11("ConcatKDFParams"))
    (digest,) = _children(parameters, ds("DigestMethod"))
    if digest.get("Algorithm") != SHA256 or len(digest):
        raise _policy("the digest of the key derivation is not SHA-256")
    names = ("AlgorithmID", "PartyUInfo", "PartyVInfo", "SuppPubInfo", "SuppPrivInfo")
    if any(name not in names for name in parameters.attrib):
        raise _policy("ConcatKDFParams holds something that is not known")
    other = b"".join(_bits(parameters.get(name, "")) for name in names)
    return partial(_concat_kdf, other)


def _bits(text: str) -> bytes:
    """A bit string (XML Encryption 1.1 §5.4.1): hexadecimal, the first octet counts padding bits (0 here)."""
    text = text.strip()
    if not text:
        return b""
    try:
        value = bytes.fromhex(text) if len(text) <= 2 * _MOST_INFO else b""
    except ValueError:
        value = b""
    if not value or value[0] or not text.isalnum():
        raise _policy("a parameter of the key derivation is no string of whole octets")
    return value[1:]


def _hkdf(salt: bytes, info: bytes) -> _Derive:
    return lambda secret: HKDF(hashes.SHA256(), KEY_BYTES, salt or None, info).derive(secret)


def _concat_kdf(other: bytes, secret: bytes) -> bytes:
    return ConcatKDFHash(hashes.SHA256(), KEY_BYTES, other).derive(secret)


def _failed(reason: str) -> Refusal:
    return Refusal(EbmsErrorCode.FAILED_DECRYPTION, reason)


def _policy(reason: str) -> Refusal:
    return Refusal(EbmsErrorCode.POLICY_NONCOMPLIANCE, reason)

"""Our own keys: where each lies, opened, and chosen by date while certificates overlap."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from intermediary import as4
from intermediary.as4.keys import DecryptionKey, KeyReference
from intermediary.as4.security import SecurityProfile
from intermediary.trust.certificates import describe, valid
from intermediary.trust.errors import CertificateUnreadable, KeyUnreadable
from intermediary.trust.loading import PrivateKey, load_certificates, load_pkcs12, load_private_key
from intermediary.trust.token import TokenKey, TokenPlace

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PemFiles:
    """A certificate (followed by its chain, or not) and its key; both PEM."""

    certificate: Path
    key: Path
    pass_phrase_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Pkcs12File:
    """Key, certificate and chain in one file."""

    file: Path
    pass_phrase_file: Path | None = None


@dataclass(frozen=True, slots=True)
class TokenSource:
    """A key in a token; its certificate lies beside it, or in a PEM file."""

    place: TokenPlace
    certificate: Path | None = None


KeySource = PemFiles | Pkcs12File | TokenSource


@dataclass(frozen=True, slots=True)
class KeyMaterial:
    """A key of ours with its certificate; the repr shows no key."""

    certificate: x509.Certificate = field(repr=False)
    chain: tuple[x509.Certificate, ...] = field(repr=False)
    where: str
    key: PrivateKey | TokenKey = field(repr=False)

    @property
    def der(self) -> bytes:
        """The certificate, DER."""
        return self.certificate.public_bytes(Encoding.DER)

    def signing(self) -> as4.SigningKey:
        """For `as4.pack`. Raises as4.KeyUnusable, TokenUnusable."""
        if isinstance(self.key, TokenKey):
            self.key.check(self.certificate, self.der, decrypts=False)
            return as4.SigningKey.of(self.key.signer(self.certificate), self.der)
        return as4.SigningKey.from_pem(*_pems(self.key, self.certificate))

    def decryption(self) -> as4.OwnKeys:
        """For `as4.unpack`. Raises as4.KeyUnusable, TokenUnusable."""
        if isinstance(self.key, TokenKey):
            self.key.check(self.certificate, self.der, decrypts=True)
            return as4.OwnKeys.of((self.key.unwrap, self.der))
        return as4.OwnKeys.from_pem(_pems(self.key, self.certificate))


def open_key(source: KeySource) -> KeyMaterial:
    """Open a key. Raises KeyUnreadable, CertificateUnreadable, TokenUnusable; the text names the file."""
    try:
        if isinstance(source, TokenSource):
            return _of_token(source)
        if isinstance(source, Pkcs12File):
            pass_phrase = _pass_phrase(source.pass_phrase_file)
            key, (certificate, *chain) = load_pkcs12(source.file.read_bytes(), pass_phrase)
            return KeyMaterial(certificate, tuple(chain), str(source.file), key)
        certificate, *chain = load_certificates(source.certificate.read_bytes())
        key = load_private_key(source.key.read_bytes(), _pass_phrase(source.pass_phrase_file))
        return KeyMaterial(certificate, tuple(chain), str(source.key), key)
    except OSError as error:
        raise KeyUnreadable(f"{error.filename}: {error.strerror}") from None
    except (KeyUnreadable, CertificateUnreadable) as error:
        raise type(error)(f"{_name(source)}: {error}") from None


def _of_token(source: TokenSource) -> KeyMaterial:
    key = TokenKey(source.place)
    if source.certificate is None:
        certificates: tuple[x509.Certificate, ...] = (x509.load_der_x509_certificate(key.certificate()),)
    else:
        certificates = load_certificates(source.certificate.read_bytes())
    return KeyMaterial(certificates[0], certificates[1:], f"token {source.place.token_label}", key)


def _name(source: KeySource) -> str:
    if isinstance(source, PemFiles):
        return f"{source.certificate}, {source.key}"
    return str(source.file if isinstance(source, Pkcs12File) else source.certificate)


def _pass_phrase(file: Path | None) -> bytes | None:
    return file.read_bytes().rstrip(b"\r\n") if file is not None else None


def _pems(key: PrivateKey, certificate: x509.Certificate) -> tuple[bytes, bytes]:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem, certificate.public_bytes(Encoding.PEM)


def newest(certificates: Sequence[x509.Certificate], now: datetime) -> x509.Certificate:
    """Of certificates that overlap the one to use: valid at `now`, and of these the one that began last.

    Where none is valid, the one that ends last: the partner then refuses, and says so.
    """
    current = [one for one in certificates if valid(one, now)]
    if current:
        return max(current, key=lambda one: (one.not_valid_before_utc, one.not_valid_after_utc))
    return max(certificates, key=lambda one: one.not_valid_after_utc)


class DatedSigningKeys:
    """Our signing keys with overlapping certificates; for each message the newest that is valid.

    Given to `as4` in the place of one key. Several kinds of key serve several security profiles.
    """

    def __init__(self, materials: Sequence[KeyMaterial], clock: Callable[[], datetime]) -> None:
        """Opens all. Raises as4.KeyUnusable, TokenUnusable."""
        self._keys = [(one.certificate, one.signing()) for one in materials]
        self._clock = clock

    def of_profile(self, profile: SecurityProfile | None) -> as4.SigningKey:
        """The key that the profile signs with now; raises as4.KeyUnusable where there is none of its kind."""
        first = self._keys[0][1].kind
        kind = profile.signing_key if profile is not None else first
        fit = {certificate: key for certificate, key in self._keys if key.kind == kind}
        if not fit:
            raise as4.KeyUnusable(
                f"There is no {kind} key among our signing keys, which the P-Mode's security profile demands"
            )
        now = self._clock()
        chosen = newest(tuple(fit), now)
        if not valid(chosen, now):
            _log.error("our signing certificate is expired or not yet valid (%s)", describe(chosen))
        return fit[chosen]


def decryption_keys(
    materials: Sequence[KeyMaterial], clock: Callable[[], datetime], grace: timedelta
) -> as4.OwnKeys:
    """All our decryption keys together; each is used until `grace` after its certificate has ended.

    Raises as4.KeyUnusable, TokenUnusable.
    """
    found: dict[KeyReference, tuple[DecryptionKey, ...]] = {}
    for material in materials:
        last = material.certificate.not_valid_after_utc + grace
        for reference, keys in material.decryption().by_reference.items():
            dated = tuple(DecryptionKey(key.kind, _until(last, key.use, clock)) for key in keys)
            found[reference] = (*found.get(reference, ()), *dated)
    return as4.OwnKeys(found)


def _until(
    last: datetime, use: Callable[[bytes], bytes], clock: Callable[[], datetime]
) -> Callable[[bytes], bytes]:
    def dated(data: bytes) -> bytes:
        if clock() > last:
            raise ValueError("the key is out of use")
        return use(data)

    return dated

"""Keys that live in a PKCS#11 token: it signs and unwraps, the key never leaves it.

Needs the extra `pkcs11` (python-pkcs11), imported only when a token is named in the settings. That library
tells the module of no threads (C_Initialize without arguments), so calls into a module are made one by one.
Sessions are opened anew after the token was lost; a wrong PIN is tried once, because tokens lock after a few.
Standard: PKCS#11 2.40 (CKM_SHA256_RSA_PKCS, CKM_RSA_PKCS_OAEP with SHA-256 and MGF1-SHA-256, CKM_ECDSA,
CKM_EDDSA). OAEP is the token's own; it is never undone here from a raw RSA operation, as timing would tell.
"""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from intermediary.as4.keys import certificate_of_der
from intermediary.trust.errors import TokenUnusable

_T = TypeVar("_T")
_REMEDY = "install the extra: pip install 'intermediary[pkcs11]'"
_PROBE = b"intermediary platform: does this key belong to this certificate?"


@dataclass(frozen=True, slots=True)
class TokenPlace:
    """Where a key lies: module (.so), label of the token, PIN file, and label or id (hex) of the key."""

    module: Path
    token_label: str
    pin_file: Path = field(repr=False)
    key_label: str | None = None
    key_id: str | None = None


class TokenKey:
    """One private key in a token; threads may share it."""

    def __init__(self, place: TokenPlace) -> None:
        """Opens the token. Raises TokenUnusable."""
        self._place, self._session = place, _session(place)
        self._session.call(self._key)

    def certificate(self) -> bytes:
        """The certificate (DER) that lies beside the key under the same label or id. Raises TokenUnusable."""
        return self._session.call(self._certificate)

    def check(self, certificate: x509.Certificate, der: bytes, *, decrypts: bool) -> None:
        """Use the key once against its certificate. Raises TokenUnusable: not its key, or not able to."""
        public = certificate.public_key()
        if not decrypts:
            if not certificate_of_der(der).verifies(self.signer(certificate)(_PROBE), _PROBE):
                raise TokenUnusable(
                    f"{self._who()} does not belong to the certificate; name the right label or id"
                )
            return
        if not isinstance(public, rsa.RSAPublicKey):
            raise TokenUnusable(f"{self._who()} must be an RSA key to decrypt; keep other kinds in PKCS#12")
        wrapped = public.encrypt(_PROBE[:16], padding.OAEP(padding.MGF1(SHA256()), SHA256(), None))
        try:
            fits = self.unwrap(wrapped) == _PROBE[:16]
        except ValueError:
            fits = False
        if not fits:
            raise TokenUnusable(
                f"{self._who()} does not unwrap RSA-OAEP with SHA-256 for the certificate: another key, or"
                " the token knows OAEP with SHA-1 only (as SoftHSM 2.6 does); then keep this key in PKCS#12"
            )

    def signer(self, certificate: x509.Certificate) -> Callable[[bytes], bytes]:
        """How the key signs (see `as4.SigningKey.sign`), by the kind of certificate. Raises TokenUnusable."""
        from pkcs11 import Mechanism

        public = certificate.public_key()
        if isinstance(public, rsa.RSAPublicKey):
            return lambda data: self._sign(data, Mechanism.SHA256_RSA_PKCS)
        if isinstance(public, ec.EllipticCurvePublicKey):
            return lambda data: self._sign(hashlib.sha256(data).digest(), Mechanism.ECDSA)
        if isinstance(public, ed25519.Ed25519PublicKey):
            return lambda data: self._sign(data, Mechanism.EDDSA)
        raise TokenUnusable(f"{self._who()} is of a kind that does not sign")

    def unwrap(self, wrapped: bytes) -> bytes:
        """RSA-OAEP, SHA-256 twice. ValueError for what was not wrapped for this key; raises TokenUnusable."""
        from pkcs11 import MGF, Mechanism, PKCS11Error

        oaep = (Mechanism.SHA256, MGF.SHA256, None)
        try:
            return self._session.call(
                lambda session: bytes(
                    self._key(session).decrypt(
                        wrapped, mechanism=Mechanism.RSA_PKCS_OAEP, mechanism_param=oaep
                    )
                )
            )
        except PKCS11Error as error:
            raise ValueError(f"the token does not unwrap: {type(error).__name__}") from None

    def _sign(self, data: bytes, mechanism: Any) -> bytes:
        from pkcs11 import PKCS11Error

        try:
            return self._session.call(
                lambda session: bytes(self._key(session).sign(data, mechanism=mechanism))
            )
        except PKCS11Error as error:
            raise TokenUnusable(f"{self._who()} does not sign: {type(error).__name__}") from None

    def _key(self, session: Any) -> Any:
        from pkcs11 import MultipleObjectsReturned, NoSuchKey, ObjectClass

        wanted = self._place.key_id
        try:
            return session.get_key(
                object_class=ObjectClass.PRIVATE_KEY,
                label=self._place.key_label,
                id=bytes.fromhex(wanted) if wanted else None,
            )
        except NoSuchKey:
            raise TokenUnusable(f"{self._who()} is not there; compare with `pkcs11-tool -O`") from None
        except MultipleObjectsReturned:
            raise TokenUnusable(f"{self._who()} is there several times; name its id too") from None

    def _certificate(self, session: Any) -> bytes:
        from pkcs11 import Attribute, ObjectClass

        wanted: dict[Any, Any] = {Attribute.CLASS: ObjectClass.CERTIFICATE}
        if self._place.key_label:
            wanted[Attribute.LABEL] = self._place.key_label
        if self._place.key_id:
            wanted[Attribute.ID] = bytes.fromhex(self._place.key_id)
        found = [bytes(one[Attribute.VALUE]) for one in session.get_objects(wanted)]
        if len(found) != 1:
            raise TokenUnusable(
                f"{self._who()} has {len(found)} certificates beside it in the token; name a certificate file"
            )
        return found[0]

    def _who(self) -> str:
        place = self._place
        name = " ".join(filter(None, (place.key_label, place.key_id and f"id {place.key_id}")))
        return f"Key «{name}» of token «{place.token_label}»"


class _Session:
    """The one session of this process with a token; opened anew when it is lost."""

    def __init__(self, module: Path, label: str, pin_file: Path) -> None:
        self._module, self._label, self._pin_file = module, label, pin_file
        self._lock = _module_lock(module)
        self._session: Any = None
        self._locked_out = False

    def call(self, what: Callable[[Any], _T]) -> _T:
        """Run `what` with the open session, again after a loss. Raises TokenUnusable, or its PKCS11Error."""
        try:
            from pkcs11 import PKCS11Error
        except ImportError:
            raise TokenUnusable(f"Keys in a token need python-pkcs11, which is missing; {_REMEDY}") from None
        with self._lock:
            if self._session is None:
                self._session = self._open()
            try:
                return what(self._session)
            except PKCS11Error:
                if self._alive():
                    raise  # about the data or the mechanism
            self._session = None
            self._session = self._open()
            return what(self._session)

    def _alive(self) -> bool:
        """Whether the session still finds objects as a logged-in user: a few tokens tell bad data as loss."""
        from pkcs11 import Attribute, ObjectClass, PKCS11Error

        try:
            return any(True for _ in self._session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY}))
        except PKCS11Error:
            return False

    def _open(self) -> Any:
        import pkcs11

        if self._locked_out:
            raise TokenUnusable(
                f"The PIN of token «{self._label}» is wrong and not tried again, since tokens lock; "
                f"mend {self._pin_file} and restart"
            )
        try:
            library = pkcs11.lib(str(self._module))
        except pkcs11.PKCS11Error as error:
            raise TokenUnusable(f"The PKCS#11 module {self._module} cannot be loaded: {error}") from None
        try:
            try:
                return self._log_in(library)
            except (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange, pkcs11.PinLocked):
                raise
            except pkcs11.PKCS11Error:
                # The module itself may have lost sight of the token: begin from its start.
                library.reinitialize()
                return self._log_in(library)
        except (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange, pkcs11.PinLocked):
            self._locked_out = True
            raise TokenUnusable(
                f"The PIN in {self._pin_file} does not open token «{self._label}»; it was tried once"
            ) from None
        except pkcs11.PKCS11Error as error:
            raise TokenUnusable(
                f"Token «{self._label}» of {self._module} cannot be opened: {type(error).__name__} {error}; "
                "is it there, and initialised with this label?"
            ) from None

    def _log_in(self, library: Any) -> Any:
        import pkcs11

        try:
            pin = self._pin_file.read_text().strip()
        except OSError as error:
            raise TokenUnusable(f"The PIN file {self._pin_file} cannot be read: {error.strerror}") from None
        token = library.get_token(token_label=self._label)
        try:
            return token.open(user_pin=pin)
        except pkcs11.UserAlreadyLoggedIn:
            return token.open()


_sessions: dict[tuple[Path, str, Path], _Session] = {}
_locks: dict[Path, threading.RLock] = {}
_registry = threading.Lock()


def _session(place: TokenPlace) -> _Session:
    with _registry:
        key = (place.module, place.token_label, place.pin_file)
        if key not in _sessions:
            _sessions[key] = _Session(place.module, place.token_label, place.pin_file)
        return _sessions[key]


def _module_lock(module: Path) -> threading.RLock:
    return _locks.setdefault(module, threading.RLock())

"""Envelope encryption at rest: each thing has a key of its own, wrapped by the platform's key.

Destroying the wrapped key destroys what it sealed, copies in free pages and back-ups included
(design, locked door 4). AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce; RFC 3394 key wrap.

A wrapped key begins with a mark and the id of the platform key, so that another one can take over while this
one still opens what it wrapped (`intermediary keys`). Without a mark (40 bytes: the platform key lies in
a single file, or did) the integrity check of RFC 3394 finds the key.
"""

import os
from pathlib import Path

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from intermediary.store.errors import KeysUnusable
from intermediary.store.generated import made_once
from intermediary.store.platform_keys import ID_BYTES, KeyFolder, KeyRing, PlatformKey, ring_of_one

_NONCE = 12
UNMARKED = 40
"""Bytes of a wrapped key of 32 bytes (RFC 3394)."""
_MARK = b"\x01"
MARKED = len(_MARK) + ID_BYTES
"""Bytes of mark and id."""
_LOG = structlog.get_logger(__name__)


class KeyVault:
    """Wraps with one platform key and unwraps with all of a ring; implements exchange.contracts.Vault."""

    def __init__(self, keys: bytes | KeyFolder) -> None:
        """One key, or a folder of several that is read anew where it changes. Raises KeysUnusable."""
        self._folder = keys if isinstance(keys, KeyFolder) else None
        self._stamp = None if self._folder is None else self._folder.stamp()
        self._known = keys.read() if isinstance(keys, KeyFolder) else ring_of_one(keys)

    @classmethod
    def from_file(cls, path: Path) -> "KeyVault":
        """Read the platform key: a file, made on first use with mode 0600, or a folder of keys.

        Raises KeysUnusable.
        """
        if path.is_dir():
            return cls(KeyFolder(path))
        return cls(made_once(path, lambda: AESGCM.generate_key(256)))

    @property
    def ring(self) -> KeyRing:
        """The keys, as they are now."""
        if self._folder is not None and self._folder.stamp() != self._stamp:
            self._read_anew(self._folder)
        return self._known

    def _read_anew(self, folder: KeyFolder) -> None:
        stamp = folder.stamp()
        try:
            ring = folder.read()
        except (KeysUnusable, OSError) as half:
            # Files come one after the other: the next look may find them all.
            _LOG.warning("platform keys unusable, going on with those known", reason=str(half))
            return
        if ring != self._known:
            _LOG.info("platform keys read anew", current=ring.current.name, keys=len(ring.keys))
        self._known, self._stamp = ring, stamp

    def new_key(self) -> bytes:
        """A fresh data key, wrapped."""
        return self._wrap(AESGCM.generate_key(256))

    def _wrap(self, data_key: bytes) -> bytes:
        ring = self.ring
        wrapped = aes_key_wrap(ring.current.material, data_key)
        return mark(ring.current) + wrapped if ring.marks else wrapped

    def seal(self, key: bytes, content: bytes) -> bytes:
        """Nonce ‖ ciphertext ‖ tag."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher(key).encrypt(nonce, content, None)

    def open(self, key: bytes, sealed: bytes) -> bytes:
        """The content; raises ValueError where key or bytes do not fit."""
        try:
            return self._cipher(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], None)
        except InvalidTag:
            raise ValueError("The sealed content does not fit its key") from None

    def _cipher(self, key: bytes) -> AESGCM:
        return AESGCM(self.unwrap(key))

    def unwrap(self, key: bytes) -> bytes:
        """The data key; raises ValueError where no platform key that is here has wrapped it."""
        found = _unwrapped(self.ring, key)
        if found is None and self._folder is not None:
            self._read_anew(self._folder)
            found = _unwrapped(self._known, key)
        if found is None:
            by = f" ({key[1:MARKED].hex()})" if len(key) > UNMARKED else ""
            raise ValueError(f"The key was wrapped by another platform key{by}")
        return found

    def rewrapped(self, key: bytes) -> bytes:
        """The same data key, wrapped by the current platform key. Raises ValueError."""
        return self._wrap(self.unwrap(key))


def mark(key: PlatformKey) -> bytes:
    """How everything begins that this key has wrapped."""
    return _MARK + key.id


def opens(platform_key: PlatformKey, key: bytes) -> bool:
    """True where this platform key has wrapped the key."""
    return _opened(platform_key, key[MARKED:] if key.startswith(mark(platform_key)) else key) is not None


def _unwrapped(ring: KeyRing, key: bytes) -> bytes | None:
    if len(key) == UNMARKED:
        opened = (_opened(each, key) for each in (ring.current, *ring.keys.values()))
        return next((found for found in opened if found is not None), None)
    by = ring.keys.get(key[len(_MARK) : MARKED]) if key.startswith(_MARK) else None
    return None if by is None else _opened(by, key[MARKED:])


def _opened(platform_key: PlatformKey, wrapped: bytes) -> bytes | None:
    try:
        return aes_key_unwrap(platform_key.material, wrapped)
    except (InvalidUnwrap, ValueError):
        return None

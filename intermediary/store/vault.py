"""Envelope encryption at rest: each thing has a key of its own, wrapped by the platform's key.

Destroying the wrapped key destroys what it sealed, copies in free pages and back-ups included
(design, locked door 4). AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce; RFC 3394 key wrap.
"""

import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from intermediary.store.generated import made_once

_NONCE = 12


class KeyVault:
    """Wraps and unwraps with one platform key of 32 bytes; implements exchange.contracts.Vault."""

    def __init__(self, platform_key: bytes) -> None:
        if len(platform_key) != 32:
            raise ValueError("The platform key must have 32 bytes; make one with `intermediary migrate`")
        self._platform_key = platform_key

    @classmethod
    def from_file(cls, path: Path) -> "KeyVault":
        """Read the platform key; made on first use with mode 0600."""
        return cls(made_once(path, lambda: AESGCM.generate_key(256)))

    def new_key(self) -> bytes:
        """A fresh data key, wrapped."""
        return aes_key_wrap(self._platform_key, AESGCM.generate_key(256))

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
        """The data key; raises ValueError where another platform key wrapped it."""
        try:
            return aes_key_unwrap(self._platform_key, key)
        except InvalidUnwrap:
            raise ValueError("The key was wrapped by another platform key") from None

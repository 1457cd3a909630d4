"""AES-128-GCM of an attachment in chunks: IV ‖ ciphertext ‖ tag (XML Encryption 1.1 §5.2.4).

Nothing is handed over before the tag at the end held: until then the plain content lies in a spool.
"""

import os
from collections.abc import Iterable, Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import GCM

from intermediary.as4.codes import EbmsErrorCode
from intermediary.as4.errors import Refusal
from intermediary.content import CHUNK, Content, InMemory, Joined, Octets, spooled

_IV = 12
_TAG = 16


def encrypt(key: bytes, pieces: Iterable[Octets]) -> Iterator[Octets]:
    """The encrypted form of a content given in pieces, under a fresh IV."""
    iv = os.urandom(_IV)
    cipher = Cipher(AES128(key), GCM(iv)).encryptor()
    yield iv
    yield from map(cipher.update, pieces)
    yield cipher.finalize() + cipher.tag


def encrypt_whole(key: bytes, data: Octets) -> Content:
    """The same of a small content in one step, which spares two copies of it."""
    iv = os.urandom(_IV)
    return Joined((InMemory(iv), InMemory(AESGCM(key).encrypt(iv, data, None))))


def decrypt(key: bytes, content: Content) -> Content:
    """The plain content; raises Refusal (EBMS:0102)."""
    if content.size < _IV + _TAG:
        raise _failed("an encrypted part is too short")
    iv = content.head(_IV)
    try:
        if content.size <= CHUNK:
            sealed = list(content.chunks(_IV))
            whole = sealed[0] if len(sealed) == 1 else b"".join(sealed)
            return InMemory(AESGCM(key).decrypt(iv, whole, None))
        return spooled(_decrypted(key, iv, content))
    except InvalidTag:
        raise _failed("the authentication tag of a part does not hold") from None


def _decrypted(key: bytes, iv: bytes, content: Content) -> Iterator[Octets]:
    end = content.size - _TAG
    tag = b"".join(content.chunks(end, content.size))
    cipher = Cipher(AES128(key), GCM(iv, tag)).decryptor()
    yield from map(cipher.update, content.chunks(_IV, end))
    yield cipher.finalize()


def _failed(reason: str) -> Refusal:
    return Refusal(EbmsErrorCode.FAILED_DECRYPTION, reason)

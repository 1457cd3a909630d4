"""Envelope encryption at rest."""

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intermediary.store import KeysUnusable, KeyVault

VAULT = KeyVault(bytes(32))


@given(st.binary(max_size=300))
def test_what_was_sealed_opens_with_its_key(content: bytes) -> None:
    key = VAULT.new_key()
    sealed = VAULT.seal(key, content)
    assert VAULT.open(key, sealed) == content
    assert len(content) < 8 or content not in sealed


def test_another_key_does_not_open_it() -> None:
    sealed = VAULT.seal(VAULT.new_key(), b"evidence")
    with pytest.raises(ValueError, match="does not fit"):
        VAULT.open(VAULT.new_key(), sealed)


def test_another_platform_key_does_not_open_it() -> None:
    key = VAULT.new_key()
    sealed = VAULT.seal(key, b"evidence")
    with pytest.raises(ValueError, match="another platform key"):
        KeyVault(bytes([1]) * 32).open(key, sealed)


@given(st.integers(min_value=0, max_value=35), st.integers(min_value=1, max_value=255))
def test_a_changed_byte_is_noticed(place: int, change: int) -> None:
    key = VAULT.new_key()
    sealed = bytearray(VAULT.seal(key, b"evidence"))
    sealed[place] ^= change
    with pytest.raises(ValueError, match="does not fit"):
        VAULT.open(key, bytes(sealed))


def test_the_platform_key_is_made_once_for_the_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "platform.key"
    first = KeyVault.from_file(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    key = first.new_key()
    assert KeyVault.from_file(file).open(key, first.seal(key, b"x")) == b"x"


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(KeysUnusable, match="32 bytes"):
        KeyVault(b"short")

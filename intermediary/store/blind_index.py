"""A blind index: the exchanges of a person are found again, and the database holds no person.

Each normalised attribute (`exchange.persons`) becomes the first 128 bits of its HMAC-SHA-256 (RFC 2104):
among four thousand million attributes two that differ meet with a chance of 2^-65. The key is of its own,
wrapped by the platform key like every other, so that it survives a change of that key; `intermediary keys
rewrap` wraps it anew. Values are written in the transaction that begins the exchange and removed with it.

What it gives away. Equal persons have equal values: whoever reads the database sees that two exchanges are
about the same somebody, not who. Whoever has the platform key as well can try persons that they can name, and
names with dates of birth or national identifiers are few enough to try all. Nobody learns more than that
from it, and without the platform key (which lies apart from the database and its back-ups) not even that.
"""

import hmac
import threading
from collections.abc import Sequence

from sqlalchemy import Engine, insert, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel

from intermediary.store.tables import SecretRow
from intermediary.store.vault import KeyVault

_NAME = "blind index of persons"
_BYTES = 16
_SECRETS = SQLModel.metadata.tables[SecretRow.__tablename__]


class KeyedIndex:
    """Implements exchange.contracts.BlindIndex; all nodes on one database share the key."""

    def __init__(self, engine: Engine, vault: KeyVault) -> None:
        self._engine, self._vault = engine, vault
        self._lock = threading.Lock()
        self._key: bytes | None = None

    def __call__(self, attributes: Sequence[str]) -> tuple[bytes, ...]:
        """One value of 16 bytes for each. Raises ValueError where no platform key opens the index's key."""
        if not attributes:
            return ()
        with self._lock:
            if self._key is None:
                self._key = self._vault.unwrap(self._wrapped())
        return tuple(hmac.digest(self._key, a.encode(), "sha256")[:_BYTES] for a in attributes)

    def _wrapped(self) -> bytes:
        found = self._found()
        if found is None:
            try:
                with self._engine.begin() as connection:
                    connection.execute(insert(_SECRETS), {"name": _NAME, "key": self._vault.new_key()})
            except IntegrityError:  # another node was first
                pass
            found = self._found()
        assert found is not None
        return found

    def _found(self) -> bytes | None:
        with self._engine.execution_options(reading=True).connect() as connection:
            key = connection.execute(select(_SECRETS.c.key).where(_SECRETS.c.name == _NAME)).scalar()
            return None if key is None else bytes(key)

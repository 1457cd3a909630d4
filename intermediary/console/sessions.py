"""Sessions of operators, and the values that their forms must carry."""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, delete, insert, select, update

from intermediary.console.access import Operator, known_roles
from intermediary.console.settings import ConsoleSettings
from intermediary.console.tables import SessionRow

_TABLE = SessionRow.__table__  # type: ignore[attr-defined]
_SEEN_STEP = timedelta(minutes=1)
"""A session's last use is written down no more often than this."""


@dataclass(frozen=True, slots=True)
class ActiveSession:
    """A session for a list: who, since when; `key` names it without being it."""

    key: str
    operator: Operator
    started_at: datetime
    seen_at: datetime


class Sessions:
    """Sessions in the database, so that all nodes know them and an administrator can end them."""

    def __init__(self, engine: Engine, settings: ConsoleSettings, clock: Callable[[], datetime]) -> None:
        self._engine, self._settings, self._clock = engine, settings, clock

    def begin(self, operator: Operator) -> str:
        """A new session; what the cookie shall hold. Forgets those that are over."""
        value, now = secrets.token_urlsafe(32), self._now()
        row = {
            "id_hash": _hash(value),
            "subject": operator.subject,
            "name": operator.name,
            "roles": sorted(operator.roles),
            "started_at": now,
            "seen_at": now,
        }
        with self._engine.begin() as connection:
            connection.execute(delete(_TABLE).where(_TABLE.c.seen_at < now - self._settings.longest))
            connection.execute(insert(_TABLE).values(row))
        return value

    def operator(self, value: str | None) -> Operator | None:
        """Who that session is; None where it is unknown, unused for too long, or too old."""
        if not value:
            return None
        now, key = self._now(), _hash(value)
        with self._engine.connect() as connection:
            row = connection.execute(select(_TABLE).where(_TABLE.c.id_hash == key)).mappings().first()
        if row is None or not self._holds(row["started_at"], row["seen_at"], now):
            return None
        if now - row["seen_at"] >= _SEEN_STEP:
            with self._engine.begin() as connection:
                connection.execute(update(_TABLE).where(_TABLE.c.id_hash == key).values(seen_at=now))
        return Operator(row["subject"], row["name"], known_roles(row["roles"]))

    def active(self) -> tuple[ActiveSession, ...]:
        """All that hold, last used first."""
        now = self._now()
        with self._engine.connect() as connection:
            rows = connection.execute(select(_TABLE).order_by(_TABLE.c.seen_at.desc())).mappings().all()
        return tuple(
            ActiveSession(
                row["id_hash"],
                Operator(row["subject"], row["name"], known_roles(row["roles"])),
                row["started_at"].replace(tzinfo=UTC),
                row["seen_at"].replace(tzinfo=UTC),
            )
            for row in rows
            if self._holds(row["started_at"], row["seen_at"], now)
        )

    def end(self, value: str | None) -> None:
        """End the session that a cookie holds."""
        if value:
            self.end_key(_hash(value))

    def end_key(self, key: str) -> None:
        """End the session of that `ActiveSession.key`."""
        with self._engine.begin() as connection:
            connection.execute(delete(_TABLE).where(_TABLE.c.id_hash == key))

    def csrf(self, value: str) -> str:
        """What every form of the session must carry."""
        message = f"console.csrf.{value}".encode()
        return hmac.new(self._settings.session_secret.encode(), message, hashlib.sha256).hexdigest()

    def csrf_fits(self, value: str, given: str) -> bool:
        """Is it the value of `csrf`?"""
        return hmac.compare_digest(self.csrf(value).encode(), given.encode())

    def _holds(self, started: datetime, seen: datetime, now: datetime) -> bool:
        settings = self._settings
        return now - started < settings.longest and now - seen < settings.idle

    def _now(self) -> datetime:
        return self._clock().astimezone(UTC).replace(tzinfo=None)


def _hash(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()

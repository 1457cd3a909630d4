"""Invitations and the sessions that come of them: whoever has the link is the provider until it ends."""

import hashlib
import hmac
import re
import secrets
import uuid
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import Engine, RowMapping, delete, insert, select, update

from intermediary.console.tables import InvitationRow, ProviderSessionRow

_INVITED = InvitationRow.__table__  # type: ignore[attr-defined]
_SESSIONS = ProviderSessionRow.__table__  # type: ignore[attr-defined]
IDLE, LONGEST = timedelta(minutes=60), timedelta(hours=10)
_SEEN_STEP = timedelta(minutes=1)
_FORGET_EMAIL = timedelta(days=90)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
LONGEST_KEY = 40
PROVIDER_KEY = re.compile(r"[a-z0-9]+(?:[_-][a-z0-9]+)*")
"""Two hyphens part a provider's key from the rest of the names of its evidence mappings."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """One invitation, as operators see it."""

    id: str
    organisation: str
    provider: str
    created_by: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    handed_in_at: datetime | None = None
    audience: str | None = None
    email: str | None = field(default=None, repr=False)

    def open(self, now: datetime) -> bool:
        """True while the link works."""
        return self.revoked_at is None and now < self.expires_at

    @property
    def actor(self) -> str:
        """The author of what the provider drafts."""
        return f"provider:{self.organisation}"

    @property
    def entry(self) -> str:
        """Its entry in the mapping store."""
        return f"provider/{self.provider}"

    def owns(self, entry: str) -> bool:
        """Whether an entry is the provider's own to draft."""
        return entry == self.entry or entry.startswith(f"evidence/{self.provider}--")


class Invitations:
    """All invitations, in the database; threads may share it."""

    def __init__(self, engine: Engine, secret: str, clock: Callable[[], datetime]) -> None:
        self._engine, self._clock = engine, clock
        self._key = hmac.new(secret.encode(), b"provider.session", hashlib.sha256).digest()

    # ---------------------------------------------------------------------------------------- operators' side

    def invite(
        self,
        organisation: str,
        provider: str,
        *,
        by: str,
        expires_at: datetime,
        email: str | None = None,
        audience: str | None = None,
    ) -> tuple[Invitation, str]:
        """A new invitation, and what its link holds: it can never be shown again."""
        token, now = secrets.token_urlsafe(32), self._clock()
        made = Invitation(
            str(uuid.uuid4()), organisation, provider, by, now, expires_at, audience=audience, email=email
        )
        row = {
            "id": made.id,
            "token_hash": _hash(token),
            "organisation": organisation,
            "provider": provider,
            "audience": audience,
            "email": email,
            "created_by": by,
            "created_at": now,
            "expires_at": expires_at,
        }
        with self._engine.begin() as connection:
            connection.execute(insert(_INVITED).values(row))
            old = now - _FORGET_EMAIL
            over = (_INVITED.c.expires_at < old) | (_INVITED.c.revoked_at < old)
            connection.execute(update(_INVITED).where(over).values(email=None))
        return made, token

    def all(self) -> tuple[Invitation, ...]:
        """Every invitation, the newest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(_INVITED).order_by(_INVITED.c.created_at.desc())).mappings()
            return tuple(map(_invitation, rows))

    def one(self, invitation_id: str) -> Invitation | None:
        """An invitation, or None."""
        with self._engine.connect() as connection:
            where = select(_INVITED).where(_INVITED.c.id == invitation_id)
            row = connection.execute(where).mappings().first()
        return None if row is None else _invitation(row)

    def revoke(self, invitation_id: str) -> None:
        """End an invitation and every session that came of it."""
        with self._engine.begin() as connection:
            mine = (_INVITED.c.id == invitation_id) & _INVITED.c.revoked_at.is_(None)
            connection.execute(update(_INVITED).where(mine).values(revoked_at=self._clock()))
            connection.execute(delete(_SESSIONS).where(_SESSIONS.c.invitation_id == invitation_id))

    def handed_in(self, invitation: Invitation) -> None:
        """Note that something was handed in."""
        with self._engine.begin() as connection:
            mine = _INVITED.c.id == invitation.id
            connection.execute(update(_INVITED).where(mine).values(handed_in_at=self._clock()))

    # ---------------------------------------------------------------------------------------- provider's side

    def by_token(self, token: str) -> Invitation | None:
        """The invitation of a link, if it is open."""
        if not _TOKEN.fullmatch(token):
            return None
        with self._engine.connect() as connection:
            where = select(_INVITED).where(_INVITED.c.token_hash == _hash(token))
            row = connection.execute(where).mappings().first()
        found = None if row is None else _invitation(row)
        return found if found is not None and found.open(self._clock()) else None

    def begin(self, invitation: Invitation) -> str:
        """A new session; what the cookie shall hold. Forgets those that are over."""
        value, now = secrets.token_urlsafe(32), self._clock()
        with self._engine.begin() as connection:
            connection.execute(delete(_SESSIONS).where(_SESSIONS.c.seen_at < now - LONGEST))
            row = {"id_hash": _hash(value), "invitation_id": invitation.id, "started_at": now, "seen_at": now}
            connection.execute(insert(_SESSIONS).values(row))
        return value

    def of_session(self, value: str | None) -> Invitation | None:
        """Whose session it is; None where it is over, or its invitation is."""
        if not value:
            return None
        now, key = self._clock(), _hash(value)
        joined = _SESSIONS.join(_INVITED, _INVITED.c.id == _SESSIONS.c.invitation_id)
        wanted = select(_INVITED, _SESSIONS.c.started_at, _SESSIONS.c.seen_at).select_from(joined)
        with self._engine.connect() as connection:
            row = connection.execute(wanted.where(_SESSIONS.c.id_hash == key)).mappings().first()
        if row is None or now - row["started_at"] >= LONGEST or now - row["seen_at"] >= IDLE:
            return None
        if now - row["seen_at"] >= _SEEN_STEP:
            with self._engine.begin() as connection:
                connection.execute(update(_SESSIONS).where(_SESSIONS.c.id_hash == key).values(seen_at=now))
        found = _invitation(row)
        return found if found.open(now) else None

    def end(self, value: str | None) -> None:
        """End a session."""
        if value:
            with self._engine.begin() as connection:
                connection.execute(delete(_SESSIONS).where(_SESSIONS.c.id_hash == _hash(value)))

    def csrf(self, value: str) -> str:
        """What every form of the session must carry."""
        return hmac.new(self._key, value.encode(), hashlib.sha256).hexdigest()

    def csrf_fits(self, value: str, given: str) -> bool:
        """Is it the value of `csrf`?"""
        return hmac.compare_digest(self.csrf(value).encode(), given.encode())


class Throttle:
    """Counts failed attempts of an address, in memory. Guessing is hopeless anyway: 256 bits."""

    def __init__(self, clock: Callable[[], datetime], *, most: int = 20, of: timedelta | None = None) -> None:
        self._clock, self._most, self._window = clock, most, of or timedelta(minutes=10)
        self._failed: OrderedDict[str, list[datetime]] = OrderedDict()
        self._lock = Lock()

    def wait(self, address: str) -> int:
        """Seconds until the address may try again; 0: now."""
        with self._lock:
            recent = self._recent(address)
            if len(recent) < self._most:
                return 0
            return max(1, int((recent[0] + self._window - self._clock()).total_seconds()) + 1)

    def failed(self, address: str) -> None:
        """Note a failure."""
        with self._lock:
            self._failed[address] = [*self._recent(address), self._clock()]
            self._failed.move_to_end(address)
            while len(self._failed) > 10_000:
                self._failed.popitem(last=False)

    def _recent(self, address: str) -> list[datetime]:
        since = self._clock() - self._window
        return [at for at in self._failed.get(address, ()) if at > since]


def _invitation(row: RowMapping) -> Invitation:
    return Invitation(**{name: row[name] for name in Invitation.__slots__})


def _hash(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()

"""Every certificate with what to do about it, and one certificate explained (noots-national §5)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from intermediary.trust.answers import Answer
from intermediary.trust.certificates import describe, is_authority, valid
from intermediary.trust.check import TrustCheck

ALARM_DAYS = (7, 14, 30, 60, 90)
"""Steps at which the list says how near the end is."""
URGENT_DAYS = 7
AUTHORITIES = ("trust anchor", "intermediate authority")
"""Purposes of certificates of authorities."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One certificate; `alarm` is the step that was reached: `expired`, `not yet valid`, days, or empty."""

    owner: str
    purpose: str
    subject: str
    issuer: str
    serial: str
    starts: datetime | None
    ends: datetime | None
    days_left: int | None
    """None, as the two before, for a key without a certificate: it never ends by itself."""
    alarm: str
    next_action: str
    where: str

    @property
    def urgent(self) -> bool:
        """Whether it is in use and expired, or ends within seven days."""
        return self.alarm in ("expired", f"{URGENT_DAYS} days")


@dataclass(frozen=True, slots=True)
class Held:
    """A certificate that is in use, or a key without one."""

    owner: str
    purpose: str
    where: str
    certificate: x509.Certificate | None

    @property
    def place(self) -> tuple[str, str, str]:
        """What a newer certificate stands in for: same owner, purpose and kind of key."""
        kind = "" if self.certificate is None else type(self.certificate.public_key()).__name__
        return self.owner, self.purpose, kind


def inventory(held: Iterable[Held], now: datetime) -> tuple[Entry, ...]:
    """What each is and what is to be done, the most urgent first.

    A certificate that a newer one of the same owner, purpose and kind of key has replaced ends as planned.
    """
    all_held = list(held)
    latest: dict[tuple[str, str, str], datetime] = {}
    for one in all_held:
        if one.certificate is not None and valid(one.certificate, now):
            ends = one.certificate.not_valid_after_utc
            latest[one.place] = max(latest.get(one.place, ends), ends)
    entries = [_entry(one, now, latest.get(one.place)) for one in all_held]
    last = max((e.ends for e in entries if e.ends), default=now)
    return tuple(sorted(entries, key=lambda e: (e.alarm == "replaced", e.ends or last, e.owner, e.purpose)))


def _entry(held: Held, now: datetime, latest: datetime | None) -> Entry:
    one = held.certificate
    if one is None:
        unknown = ("", "", "", None, None, None, "", "none: a key without a certificate")
        return Entry(held.owner, held.purpose, *unknown, held.where)
    alarm, action = _alarm(held, one, now, latest)
    return Entry(
        owner=held.owner,
        purpose=held.purpose,
        subject=one.subject.rfc4514_string(),
        issuer=one.issuer.rfc4514_string(),
        serial=f"{one.serial_number:X}",
        starts=one.not_valid_before_utc,
        ends=one.not_valid_after_utc,
        days_left=(one.not_valid_after_utc - now).days,
        alarm=alarm,
        next_action=action,
        where=held.where,
    )


def _alarm(held: Held, one: x509.Certificate, now: datetime, latest: datetime | None) -> tuple[str, str]:
    # One authority never stands in for another.
    if held.purpose not in AUTHORITIES and latest is not None and one.not_valid_after_utc < latest:
        return "replaced", "none: remove it once it has ended"
    if one.not_valid_after_utc < now:
        return "expired", "renew now"
    if one.not_valid_before_utc > now:
        return "not yet valid", f"none until {one.not_valid_before_utc:%Y-%m-%d}"
    left = (one.not_valid_after_utc - now).days
    step = next((days for days in ALARM_DAYS if left < days), None)
    if step is None:
        return "", ""
    return f"{step} days", "renew now" if step <= 14 else "order the next one and tell the other side"


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a certificate is trusted or not: one line for each step that was looked at."""

    trusted: bool
    steps: tuple[str, ...]


def explain(check: TrustCheck, der: bytes, sent: Sequence[bytes] = ()) -> Explanation:
    """Path, validity and revocation of a certificate (DER) in words. Nothing is raised for bad input."""
    found = check.paths(der, sent)
    problem = check(der, sent)
    steps: list[str] = []
    for number, path in enumerate(found.paths, 1):
        steps.append(f"path {number} of {len(found.paths)}, {len(path)} certificates:")
        for at, one in enumerate(path):
            role = "anchor" if at == len(path) - 1 else "authority" if is_authority(one) else "leaf"
            steps.append(
                f"  {role}: {one.subject.rfc4514_string()} ({describe(one)}), "
                f"{one.not_valid_before_utc:%Y-%m-%d} to {one.not_valid_after_utc:%Y-%m-%d}"
            )
            if at < len(path) - 1:
                steps.append(f"    revocation: {_status(check, one, path[at + 1])}")
        steps.append(f"  {check.path_problem(path) or 'holds'}")
    steps.append(f"not trusted: {problem}" if problem else "trusted")
    return Explanation(problem is None, tuple(steps))


def _status(check: TrustCheck, certificate: x509.Certificate, issuer: x509.Certificate) -> str:
    answer = check.status(certificate, issuer)
    if not isinstance(answer, Answer):
        return f"not known ({check.policy.revocation}): {answer.reason}"
    asked = f"answer of {answer.this_update:%Y-%m-%d %H:%M}, counts until {answer.until:%Y-%m-%d %H:%M} UTC"
    if answer.revoked_at is not None:
        return f"revoked on {answer.revoked_at:%Y-%m-%d %H:%M} {answer.reason} ({asked})"
    return f"good ({asked})"

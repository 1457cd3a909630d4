"""Every certificate with what to do about it, and one certificate explained (noots-national §5)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from intermediary.trust.answers import Answer
from intermediary.trust.certificates import describe, is_authority
from intermediary.trust.check import TrustCheck

ALARM_DAYS = (7, 14, 30, 60, 90)
"""Steps at which the list says how near the end is."""
URGENT_DAYS = 7


@dataclass(frozen=True, slots=True)
class Entry:
    """One certificate; `alarm` is the step that was reached: `expired`, `not yet valid`, days, or empty."""

    owner: str
    purpose: str
    subject: str
    issuer: str
    serial: str
    starts: datetime
    ends: datetime
    days_left: int
    alarm: str
    next_action: str
    where: str

    @property
    def urgent(self) -> bool:
        """Whether it is expired or ends within seven days."""
        return self.days_left < URGENT_DAYS


def inventory(
    certificates: Iterable[tuple[str, str, str, x509.Certificate]], now: datetime
) -> tuple[Entry, ...]:
    """Of (owner, purpose, where, certificate) the list, the most urgent first.

    A certificate that a newer one of the same owner and purpose has replaced ends as planned.
    """
    held = list(certificates)
    latest: dict[tuple[str, str], datetime] = {}
    for owner, purpose, _, certificate in held:
        if certificate.not_valid_before_utc <= now:
            ends = max(
                latest.get((owner, purpose), certificate.not_valid_after_utc), certificate.not_valid_after_utc
            )
            latest[owner, purpose] = ends
    entries = [
        _entry(
            owner,
            purpose,
            where,
            one,
            now,
            replaced=_replaced(purpose, one, latest.get((owner, purpose)), now),
        )
        for owner, purpose, where, one in held
    ]
    return tuple(sorted(entries, key=lambda e: (e.alarm == "replaced", e.ends, e.owner, e.purpose)))


def _replaced(purpose: str, one: x509.Certificate, latest: datetime | None, now: datetime) -> bool:
    # One anchor never stands in for another.
    return purpose != "trust anchor" and latest is not None and one.not_valid_after_utc < latest > now


def _entry(
    owner: str, purpose: str, where: str, one: x509.Certificate, now: datetime, *, replaced: bool
) -> Entry:
    left = (one.not_valid_after_utc - now).days
    alarm, action = "", ""
    if replaced:
        alarm, action = "replaced", "none: remove it once it has ended"
    elif one.not_valid_after_utc < now:
        alarm, action = "expired", "renew now"
    elif one.not_valid_before_utc > now:
        alarm, action = "not yet valid", f"none until {one.not_valid_before_utc:%Y-%m-%d}"
    else:
        step = next((days for days in ALARM_DAYS if left < days), None)
        if step is not None:
            alarm = f"{step} days"
            action = "renew now" if step <= 14 else "order the next one and tell the other side"
    return Entry(
        owner=owner,
        purpose=purpose,
        subject=one.subject.rfc4514_string(),
        issuer=one.issuer.rfc4514_string(),
        serial=f"{one.serial_number:X}",
        starts=one.not_valid_before_utc,
        ends=one.not_valid_after_utc,
        days_left=left,
        alarm=alarm,
        next_action=action,
        where=where,
    )


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

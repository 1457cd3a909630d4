"""Path building and validation from a signer's certificate to a trust anchor (RFC 5280 §6, without policies).

Written here because the verifier of `cryptography` accepts no Ed25519 certificates, which profile 2.0 needs.
Name constraints and policy constraints are not evaluated: a certificate that has them (critical) is refused.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from intermediary.trust.answers import Answer
from intermediary.trust.certificates import (
    describe,
    extension_problem,
    is_authority,
    key_problem,
    key_usage,
    leaf_problem,
    own_problem,
    valid,
)
from intermediary.trust.policy import CertificatePolicy, Revocation
from intermediary.trust.revocations import NoAnswer

RevocationStatus = Callable[[x509.Certificate, x509.Certificate, datetime], Answer | NoAnswer]
"""What is known about a certificate of an issuer at a time: `Revocations.status`."""

Path = tuple[x509.Certificate, ...]
"""From the leaf to the anchor."""

_MAX_PATHS = 8
_BROKEN = (ValueError, TypeError, OverflowError, UnsupportedAlgorithm, x509.InvalidVersion)


@dataclass(frozen=True, slots=True)
class Found:
    """Paths that hold but for time and revocation, or the reason why there is none."""

    paths: tuple[Path, ...] = field(default=(), repr=False)
    problem: str = ""


@dataclass(frozen=True, slots=True)
class TrustCheck:
    """Whether certificates are trusted at one time; implements `as4.CertificateCheck`."""

    anchors: Path = field(repr=False)
    policy: CertificatePolicy
    now: datetime
    intermediates: Path = field(default=(), repr=False)
    revocation: RevocationStatus | None = field(default=None, repr=False)

    def __call__(self, der: bytes, sent: Sequence[bytes] = ()) -> str | None:
        """None when trusted, else the reason, naming the certificate; `sent` came along with it (DER)."""
        found = self.paths(der, sent)
        problem = found.problem
        for path in found.paths:
            refused = self.path_problem(path)
            if refused is None:
                return None
            problem = problem or refused
        return problem

    def paths(self, der: bytes, sent: Sequence[bytes] = ()) -> Found:
        """The paths that hold but for time and revocation; remembered."""
        return _find(der, tuple(sent), self.anchors, self.intermediates, self.policy)

    def path_problem(self, path: Path) -> str | None:
        """Why a path does not hold at this time, or None."""
        for one in path:
            if not valid(one, self.now):
                who = "" if one is path[0] else "an issuer is "
                return f"{who}expired or not yet valid ({describe(one)})"
        for certificate, issuer in pairwise(path):
            if is_authority(certificate) and not self.policy.check_authorities:
                break
            answer = self.status(certificate, issuer)
            if isinstance(answer, Answer) and answer.revoked_at is not None:
                why = f", {answer.reason}" if answer.reason else ""
                return f"revoked on {answer.revoked_at:%Y-%m-%d}{why} ({describe(certificate)})"
            if isinstance(answer, NoAnswer) and self.policy.revocation is Revocation.HARD:
                return f"its revocation status is not known ({describe(certificate)}): {answer.reason}"
        return None

    def status(self, certificate: x509.Certificate, issuer: x509.Certificate) -> Answer | NoAnswer:
        """What is known about revocation, at this time."""
        if self.policy.revocation is Revocation.OFF:
            return NoAnswer("not asked: revocation is off in the settings")
        if self.revocation is None:
            return NoAnswer("there is nobody to ask")
        return self.revocation(certificate, issuer, self.now)


def certificate_check(
    anchors: Sequence[x509.Certificate],
    policy: CertificatePolicy,
    now: datetime,
    intermediates: Sequence[x509.Certificate] = (),
    revocation: RevocationStatus | None = None,
) -> TrustCheck:
    """A check of certificates (DER) at `now` (aware UTC): None when trusted, else the reason, for the log.

    Trusted is what is itself an anchor (a pinned, perhaps self-signed certificate) or has a path to one over
    `intermediates` or those sent along. Without `revocation` nobody is asked, and `hard` refuses what has an
    issuer. The reason names serial number and issuer. Nothing is raised for bad input. What does not depend
    on time is remembered, so the check costs microseconds for a known certificate.
    """
    return TrustCheck(tuple(anchors), policy, now, tuple(intermediates), revocation)


@lru_cache(maxsize=1024)
def _find(
    der: bytes, sent: tuple[bytes, ...], anchors: Path, intermediates: Path, policy: CertificatePolicy
) -> Found:
    if len(der) > policy.max_certificate_bytes:
        return Found(problem="it has too many bytes for a certificate")
    try:
        leaf = x509.load_der_x509_certificate(der)
        who = describe(leaf)
        problem = own_problem(leaf, policy) or leaf_problem(leaf, policy)
        if problem:
            return Found(problem=f"{problem} ({who})")
        if leaf in anchors:
            return Found(((leaf,),))
        if is_authority(leaf):
            return Found(problem=f"the certificate of an authority does not sign messages ({who})")
        between = (*intermediates, *_readable(sent, policy))
        paths = tuple(_first(_paths((leaf,), anchors, between, policy)))
    except _BROKEN:
        return Found(problem="it cannot be read")
    if paths:
        return Found(paths)
    named = any(leaf.issuer == one.subject for one in (*anchors, *between))
    hint = (
        "its issuer's certificate is known but did not lead further" if named else "its issuer is not known"
    )
    return Found(problem=f"no path leads to a trust anchor: {hint} ({who})")


def _readable(sent: tuple[bytes, ...], policy: CertificatePolicy) -> Iterator[x509.Certificate]:
    for der in sent[: policy.max_path_length]:
        if len(der) <= policy.max_certificate_bytes:
            with contextlib.suppress(*_BROKEN):
                yield x509.load_der_x509_certificate(der)


def _first(paths: Iterator[Path]) -> Iterator[Path]:
    for path, _ in zip(paths, range(_MAX_PATHS), strict=False):
        yield path


def _paths(path: Path, anchors: Path, intermediates: Path, policy: CertificatePolicy) -> Iterator[Path]:
    last = path[-1]
    for anchor in anchors:
        if _issued(last, anchor, len(path) - 1, policy):
            yield (*path, anchor)
    if len(path) > policy.max_path_length:
        return
    for authority in intermediates:
        if (
            authority not in path
            and authority not in anchors
            and not own_problem(authority, policy)
            and _issued(last, authority, len(path) - 1, policy)
        ):
            yield from _paths((*path, authority), anchors, intermediates, policy)


def _issued(
    subject: x509.Certificate, issuer: x509.Certificate, below: int, policy: CertificatePolicy
) -> bool:
    """Whether `issuer` may issue, with `below` authorities beneath it, and did issue `subject`."""
    if subject.issuer != issuer.subject or not is_authority(issuer):
        return False
    usage = key_usage(issuer)
    if usage is not None and not usage.key_cert_sign:
        return False
    if extension_problem(issuer) or key_problem(issuer, policy):
        return False
    constraint = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length
    if constraint is not None and below > constraint:
        return False
    try:
        subject.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True

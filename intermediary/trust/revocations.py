"""Answers about revocation: asked for through a port, checked, kept in memory and in a folder.

A message never waits long: what is known is used, a background job renews it, and what is not known is asked
for once, within the policy's time-outs; a place that failed is left alone for a while. Threads and processes
may share the folder; everything read from it is checked as if it came from the network.
"""

import contextlib
import hashlib
import logging
import os
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from intermediary.trust.answers import (
    Answer,
    RevocationList,
    Unusable,
    ocsp_request,
    read_crl,
    read_ocsp,
    sources,
)
from intermediary.trust.certificates import describe
from intermediary.trust.errors import FetchFailed
from intermediary.trust.policy import CertificatePolicy

Fetch = Callable[[str, bytes | None], bytes]
"""GET an address (a CRL), or POST a body to it (an OCSP request). Raises FetchFailed, in bounded time."""

_log = logging.getLogger(__name__)
_LARGEST_MEMORY = 1024
_IDLE = timedelta(days=1)
_ROUND_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Nobody can say now whether the certificate was revoked; `reason` is for the log."""

    reason: str


@dataclass(frozen=True, slots=True)
class _Place:
    """One address and what is asked there: of OCSP one certificate, of a CRL all of an issuer."""

    kind: Literal["ocsp", "crl"]
    url: str
    certificate: x509.Certificate = field(repr=False)
    issuer: x509.Certificate = field(repr=False)
    name: str
    """Key in memory and name of the file."""


@dataclass(frozen=True, slots=True)
class _Known:
    place: _Place
    value: Answer | RevocationList
    fetched: datetime
    used: datetime


class Revocations:
    """Whether certificates were revoked; one object for all threads of a process."""

    def __init__(self, policy: CertificatePolicy, fetch: Fetch, folder: Path | None = None) -> None:
        """`folder` is made where it is missing; without one nothing survives a restart."""
        self._policy, self._fetch_url, self._folder = policy, fetch, folder
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._failed: dict[str, tuple[datetime, str]] = {}
        self._busy: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def status(
        self, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime
    ) -> Answer | NoAnswer:
        """What is known, else what the certificate's own addresses say: OCSP first, then CRLs.

        Takes at most the policy's `patience_seconds` and one `fetch_seconds`. Nothing is raised.
        """
        places = _places(certificate, issuer)
        if not places:
            return NoAnswer("it names no address that can be asked")
        known = [
            answer for place in places if (answer := self._remembered(place, certificate, now)) is not None
        ]
        if known:
            return next((one for one in known if one.revoked_at), max(known, key=lambda one: one.this_update))
        patience = time.monotonic() + self._policy.patience_seconds
        problems = []
        for place in places:
            try:
                return self._about(self._ask(place, now, patience), certificate, now)
            except (Unusable, FetchFailed) as problem:
                problems.append(f"{place.url}: {problem}")
        return NoAnswer("; ".join(problems))

    def refresh(self, now: datetime) -> int:
        """Ask anew for what is in use and due; how many were renewed. Failures are logged, not raised."""
        with self._lock:
            for name in [name for name, known in self._known.items() if now - known.used > _IDLE]:
                del self._known[name]
            due = [known for known in self._known.values() if self._due(known, now)]
            self._failed = {key: one for key, one in self._failed.items() if one[0] > now}
        self._sweep(now)
        renewed = 0
        for known in due:
            with contextlib.suppress(Unusable, FetchFailed):
                patience = time.monotonic() + self._policy.patience_seconds
                renewed += self._ask(known.place, now, patience).fetched == now
        return renewed

    def run(
        self, stop: threading.Event, clock: Callable[[], datetime], warm: Callable[[], object] = lambda: None
    ) -> None:
        """The background job, until `stop`: a round calls `warm` (check what is in use), then `refresh`."""
        while not stop.is_set():
            try:
                warm()
                self.refresh(clock())
            except Exception:
                _log.exception("revocation: a round of the background job failed")
            stop.wait(_ROUND_SECONDS)

    def _due(self, known: _Known, now: datetime) -> bool:
        return now >= min(known.fetched + self._policy.refresh_after, known.value.until)

    def _remembered(self, place: _Place, certificate: x509.Certificate, now: datetime) -> Answer | None:
        with self._lock:
            known = self._known.get(place.name)
            if known is not None:
                self._known[place.name] = replace(known, used=now)
                self._known.move_to_end(place.name)
        with contextlib.suppress(Unusable):
            if known is not None:
                return self._about(known, certificate, now)
        filed = self._filed(place, now)
        if filed is None:
            return None
        with contextlib.suppress(Unusable):
            return self._about(self._keep(filed), certificate, now)
        return None

    def _about(self, known: _Known, certificate: x509.Certificate, now: datetime) -> Answer:
        if isinstance(known.value, RevocationList):
            return known.value.about(certificate, self._policy, now)
        if now > known.value.until:
            raise Unusable("the answer is stale")
        return known.value

    def _ask(self, place: _Place, now: datetime, patience: float) -> _Known:
        with self._lock:
            # One at a time for each address: the others find its answer, or its failure.
            busy = self._busy.setdefault(place.url, threading.Lock())
        if not busy.acquire(timeout=max(0.0, patience - time.monotonic())):
            raise Unusable("the address is slow and others wait for it")
        try:
            with self._lock:
                known = self._known.get(place.name)
                failures = [self._failed.get(key) for key in (place.url, place.name)]
            if known is not None and not self._due(known, now):
                return known
            for failure in failures:
                if failure is not None and now < failure[0]:
                    raise Unusable(
                        f"failed before and is not asked until {failure[0]:%H:%M:%S} UTC ({failure[1]})"
                    )
            if time.monotonic() >= patience:
                raise Unusable("no time was left to ask")
            return self._asked(place, now)
        finally:
            busy.release()

    def _asked(self, place: _Place, now: datetime) -> _Known:
        try:
            nonce = secrets.token_bytes(16)
            body = ocsp_request(place.certificate, place.issuer, nonce) if place.kind == "ocsp" else None
            data = self._fetch_url(place.url, body)
            fresh = _Known(place, self._read(place, data, now, nonce), now, now)
        except (FetchFailed, Unusable) as problem:
            # A dead address is dead for all certificates; a bad answer is about one.
            key = place.url if isinstance(problem, FetchFailed) else place.name
            with self._lock:
                self._failed[key] = (now + self._policy.retry_after, str(problem))
            _log.warning("revocation: %s about %s: %s", place.url, describe(place.certificate), problem)
            raise
        kept = self._keep(fresh)
        if kept is fresh:
            self._file(place, data, now)
        return kept

    def _read(
        self, place: _Place, data: bytes, now: datetime, nonce: bytes | None
    ) -> Answer | RevocationList:
        policy = self._policy
        if len(data) > (policy.max_ocsp_bytes if place.kind == "ocsp" else policy.max_crl_bytes):
            raise Unusable("the answer is too large")
        if place.kind == "crl":
            return read_crl(data, place.issuer, place.url, policy, now)
        return read_ocsp(data, place.certificate, place.issuer, policy, now, nonce=nonce)

    def _keep(self, fresh: _Known) -> _Known:
        """Into memory; an older answer never replaces a newer one, which a replay would hide."""
        with self._lock:
            old = self._known.get(fresh.place.name)
            if old is not None and old.value.this_update > fresh.value.this_update:
                fresh = replace(old, fetched=max(old.fetched, fresh.fetched))
            self._known[fresh.place.name] = fresh
            self._known.move_to_end(fresh.place.name)
            while len(self._known) > _LARGEST_MEMORY:
                self._known.popitem(last=False)
        return fresh

    def _path(self, place: _Place) -> Path | None:
        return self._folder / f"{place.name}.{place.kind}" if self._folder else None

    def _filed(self, place: _Place, now: datetime) -> _Known | None:
        path = self._path(place)
        if path is None:
            return None
        try:
            fetched = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            return _Known(place, self._read(place, path.read_bytes(), now, None), fetched, now)
        except FileNotFoundError:
            return None
        except (OSError, Unusable) as problem:
            _log.info("revocation: the kept answer %s is not used: %s", path.name, problem)
            return None

    def _file(self, place: _Place, data: bytes, now: datetime) -> None:
        path = self._path(place)
        if path is None:
            return
        fresh = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}")
        try:
            fresh.write_bytes(data)
            os.utime(fresh, (now.timestamp(), now.timestamp()))
            fresh.replace(path)
        except OSError as problem:
            _log.warning("revocation: an answer could not be kept in %s: %s", self._folder, problem.strerror)

    def _sweep(self, now: datetime) -> None:
        oldest = (now - self._policy.authority_max_age).timestamp()
        for path in self._folder.iterdir() if self._folder else ():
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < oldest:
                    path.unlink()


def _places(certificate: x509.Certificate, issuer: x509.Certificate) -> list[_Place]:
    found = sources(certificate)
    by, of = _digest(issuer), _digest(certificate)
    return [_Place("ocsp", url, certificate, issuer, _name(url, by, of)) for url in found.ocsp] + [
        _Place("crl", url, certificate, issuer, _name(url, by)) for url in found.crl
    ]


def _digest(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex()


def _name(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()

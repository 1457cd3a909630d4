"""One call to a provider: token, idempotency key, retries, circuit breaker."""

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import urljoin, urlsplit

import pybreaker
import stamina

from intermediary.mapping.model import Provider
from intermediary.transport.national.errors import AnswerUnusable, CallFailed, CallInterrupted
from intermediary.transport.national.http import Http, Reply
from intermediary.transport.national.settings import NationalSettings
from intermediary.transport.national.tokens import Tokens

_UNAUTHORISED = 401


class Calls:
    """All calls to all providers; threads may share it."""

    def __init__(self, settings: NationalSettings, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._http = Http(settings)
        self._tokens = Tokens(settings, self._http, clock)
        self._guard = threading.Lock()
        self._breakers: dict[str, pybreaker.CircuitBreaker] = {}

    def send(
        self, provider: Provider, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> Reply:
        """The provider's answer below 500. A 401 has a fresh token tried once. Raises ProviderUnavailable."""
        if provider.audience is None:
            return self._guarded(provider, method, url, headers, body)
        for renewed in (False, True):
            token = self._tokens.get(provider.audience)
            bearer = {**headers, "Authorization": f"Bearer {token}"}
            reply = self._guarded(provider, method, url, bearer, body)
            if reply.status != _UNAUTHORISED or renewed:
                break
            self._tokens.drop(provider.audience, token)
        return reply

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def _guarded(
        self, provider: Provider, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        """Through the provider's breaker: `calling` does not hold its lock during the call, `call` would."""
        try:
            with self._breaker(provider.key).calling():
                return self._repeated(method, url, headers, body)
        except pybreaker.CircuitBreakerError:
            raise CallFailed("circuit breaker open: the provider failed too often in a row") from None

    def _repeated(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        attempts, pause = self._settings.attempts, self._settings.retry_seconds
        for attempt in stamina.retry_context(
            on=CallInterrupted,
            attempts=attempts,
            timeout=None,
            wait_initial=pause,
            wait_max=pause * 8,
            wait_jitter=pause,
        ):
            with attempt:
                return self._http.send(method, url, headers, body)
        raise AssertionError("the last attempt returns or raises")

    def _breaker(self, key: str) -> pybreaker.CircuitBreaker:
        with self._guard:
            if key not in self._breakers:
                self._breakers[key] = pybreaker.CircuitBreaker(
                    fail_max=self._settings.breaker_failures,
                    reset_timeout=self._settings.breaker_seconds,
                    exclude=[lambda error: not isinstance(error, CallFailed)],
                    throw_new_error_on_trip=False,
                    name=key,
                )
            return self._breakers[key]


def on_origin(provider: Provider, base: str, reference: str) -> str:
    """A URL that the provider gave, made absolute; never one of another origin. Raises AnswerUnusable."""
    try:
        url = urljoin(base, reference)
        same = _origin(url) == _origin(provider.url)
    except ValueError:
        same = False
    if not same:
        raise AnswerUnusable("the provider named a URL that is not on its own origin")
    return url


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc:
        raise ValueError
    return parts.scheme, parts.hostname, parts.port or 443

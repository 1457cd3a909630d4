"""Access tokens of the IAM: client credentials (RFC 6749 §4.4) with `private_key_jwt` (RFC 7523)."""

import json
import re
import secrets
import threading
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import ECKey

from intermediary.transport.national.errors import CallFailed, TokenRefused
from intermediary.transport.national.http import Http, Reply
from intermediary.transport.national.resilience import Resilience
from intermediary.transport.national.settings import NationalSettings

_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_LIFE = timedelta(seconds=60)
_EARLY = timedelta(seconds=30)
"""How long before its end a token is no longer used."""
_DEFAULT_LIFE = 60
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")
_OK = 200


class Tokens:
    """One token for each audience, renewed shortly before its end; threads may share it."""

    def __init__(
        self, settings: NationalSettings, http: Http, resilience: Resilience, clock: Callable[[], datetime]
    ) -> None:
        """Raises OSError or ValueError where the token key cannot be read."""
        self._settings, self._http, self._resilience, self._clock = settings, http, resilience, clock
        key = settings.token_key
        self._key = None if key is None else ECKey.import_key(key.read_bytes())
        self._guard = threading.Lock()
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._held: dict[str, tuple[str, datetime]] = {}

    def get(self, audience: str) -> str:
        """A token for an audience. Raises TokenRefused."""
        with self._guard:
            lock = self._locks[audience]
        with lock:  # one request for all threads that wait for the same audience
            held = self._held.get(audience)
            if held is None or self._clock() >= held[1]:
                held = self._request(audience)
                self._held[audience] = held
            return held[0]

    def drop(self, audience: str, token: str) -> None:
        """Forget a token that was refused, unless another took its place meanwhile."""
        with self._guard:
            lock = self._locks[audience]
        with lock:
            if self._held.get(audience, ("",))[0] == token:
                del self._held[audience]

    def _request(self, audience: str) -> tuple[str, datetime]:
        settings, now = self._settings, self._clock()
        url, key = settings.token_url, self._key
        if url is None or key is None:
            raise TokenRefused("token: the provider wants one, but no IAM is set up")
        form = {
            "grant_type": "client_credentials",
            "scope": settings.scope,
            "audience": audience,
            "client_id": settings.client_id,
            "client_assertion_type": _ASSERTION,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}

        def attempt() -> Reply:
            # An assertion is good once: each attempt has its own.
            signed = urlencode({**form, "client_assertion": self._assertion(key, url, now)})
            return self._http.send("POST", url, headers, signed.encode())

        try:
            reply = self._resilience.run("token endpoint", attempt)
        except CallFailed as failed:
            raise TokenRefused(f"token: {failed}") from None
        token, life = _token(reply)
        return token, now + max(timedelta(seconds=life) - _EARLY, timedelta())

    def _assertion(self, key: ECKey, token_url: str, now: datetime) -> str:
        client = self._settings.client_id
        claims = {
            "iss": client,
            "sub": client,
            "aud": token_url,
            "iat": int(now.timestamp()),
            "exp": int((now + _ASSERTION_LIFE).timestamp()),
            "jti": secrets.token_urlsafe(16),
        }
        header = {"alg": "ES256", "typ": "JWT", "kid": key.thumbprint()}
        return jwt.encode(header, claims, key, algorithms=["ES256"])


def _token(reply: Reply) -> tuple[str, float]:
    if reply.status != _OK:
        raise TokenRefused(f"token: HTTP {reply.status}")
    try:
        answer = json.loads(reply.body)
        token, kind = answer["access_token"], answer["token_type"]
        life = float(answer.get("expires_in", _DEFAULT_LIFE))
        usable = _TOKEN.fullmatch(token) is not None and kind.lower() == "bearer" and 0 < life < 1e8
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        usable = False
    if not usable:
        raise TokenRefused("token: the answer holds no bearer token")
    return token, life

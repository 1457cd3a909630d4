"""One call to a provider: with its token, repeated where that helps, and to its own origin only."""

from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import urljoin, urlsplit

from intermediary.mapping.model import Provider
from intermediary.transport.national.errors import AnswerUnusable
from intermediary.transport.national.http import Http, Reply
from intermediary.transport.national.resilience import Resilience
from intermediary.transport.national.settings import NationalSettings
from intermediary.transport.national.tokens import Tokens

_UNAUTHORISED = 401


class Calls:
    """All calls to all providers; threads may share it."""

    def __init__(self, settings: NationalSettings, clock: Callable[[], datetime]) -> None:
        self._http = Http(settings)
        self._resilience = Resilience(settings)
        self._tokens = Tokens(settings, self._http, self._resilience, clock)

    def send(
        self, provider: Provider, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> Reply:
        """The provider's answer below 500. A 401 has a fresh token tried once. Raises ProviderUnavailable."""

        def attempt(headers: Mapping[str, str]) -> Reply:
            return self._resilience.run(
                f"provider {provider.key}", lambda: self._http.send(method, url, headers, body)
            )

        if provider.audience is None:
            return attempt(headers)
        token = self._tokens.get(provider.audience)
        reply = attempt({**headers, "Authorization": f"Bearer {token}"})
        if reply.status != _UNAUTHORISED:
            return reply
        self._tokens.drop(provider.audience, token)
        token = self._tokens.get(provider.audience)
        return attempt({**headers, "Authorization": f"Bearer {token}"})

    def close(self) -> None:
        """Close all connections."""
        self._http.close()


def on_origin(provider: Provider, base: str, reference: str) -> str:
    """A URL that the provider gave, made absolute; never one of another origin. Raises AnswerUnusable."""
    try:
        url = urljoin(base, reference)
        same = _origin(url) == _origin(provider.url)
    except ValueError:
        same = False
    if not same:
        raise AnswerUnusable("the provider's URL is not https, or names one that is not on its own origin")
    return url


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc:
        raise ValueError
    return parts.scheme, parts.hostname, parts.port or 443

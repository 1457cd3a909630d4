"""What the pages need besides `exchange.preview.PreviewDesk`: somebody who identifies people."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from intermediary.exchange.preview import Identity


@dataclass(frozen=True, slots=True)
class LoginStart:
    """Where to send the browser, and what to remember until it is back."""

    url: str
    state: str
    """Unguessable; comes back as the query parameter `state`."""
    memory: Mapping[str, str] = field(repr=False)
    """Kept in a signed cookie of this browser and handed to `finish`."""


class Login(Protocol):
    """A way to identify a citizen by redirect."""

    def begin(self, language: str) -> LoginStart:
        """Start a login; the login pages should speak `language`. Raises LoginFailed."""

    def finish(self, memory: Mapping[str, str], answer: Mapping[str, str]) -> Identity:
        """The person whom the query parameters of the redirect vouch for. Raises LoginFailed."""

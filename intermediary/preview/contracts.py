"""What the pages need besides `exchange.preview.PreviewDesk`: somebody who identifies people."""

from collections.abc import Mapping
from typing import Protocol

from intermediary.exchange.preview import Identity
from intermediary.web import LoginStart


class Login(Protocol):
    """A way to identify a citizen by redirect."""

    def begin(self, language: str) -> LoginStart:
        """Start a login; the login pages should speak `language`. Raises LoginFailed."""

    def finish(self, memory: Mapping[str, str], answer: Mapping[str, str]) -> Identity:
        """The person whom the query parameters of the redirect vouch for. Raises LoginFailed."""

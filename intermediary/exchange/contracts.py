"""What the exchange needs from the outside, as small protocols; `app.py` gives it the real ones."""

from datetime import date, datetime
from typing import Protocol

from intermediary.as4.model import Packed
from intermediary.mapping.model import MappingSet, Provider
from intermediary.national.model import NationalAnswer, NationalRequest


class Clock(Protocol):
    """The time, aware UTC."""

    def __call__(self) -> datetime: ...


class Ids(Protocol):
    """Fresh UUIDs as text."""

    def __call__(self) -> str: ...


class ProviderUnavailable(Exception):  # noqa: N818
    """The provider could not be reached or did not answer sensibly; worth trying again.

    The text names the kind of failure (timeout, refused, HTTP status), never content.
    """


class NationalConnector(Protocol):
    """Calls national providers in their own protocol (transport)."""

    def ask(self, provider: Provider, request: NationalRequest) -> NationalAnswer:
        """Ask once; repeats with the same request id are recognised there. Raises ProviderUnavailable."""

    def poll(self, provider: Provider, request_id: str, poll_url: str) -> NationalAnswer:
        """Ask again for a deferred answer. Raises ProviderUnavailable."""


class Push(Protocol):
    """Pushes one packed AS4 message and returns what came back (transport)."""

    def __call__(self, url: str, packed: Packed) -> tuple[int, str, bytes]:
        """HTTP status, content type, body of the answer. Raises PartnerUnreachable."""


class PartnerUnreachable(Exception):  # noqa: N818
    """The partner's access point could not be reached; worth trying again."""


class Mappings(Protocol):
    """The mapping set in force on a day."""

    def __call__(self, day: date) -> MappingSet: ...

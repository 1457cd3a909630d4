"""What the kit needs of the outside: calls as the platform makes them, and calls that it never makes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from intermediary.mapping.model import Provider
from intermediary.national.errors import Problem
from intermediary.national.model import NationalAnswer, NationalRequest
from intermediary.provider_kit.model import Exchanged


class NoReply(Exception):  # noqa: N818
    """There is no HTTP answer; the text says in technical words why."""

    def __init__(self, reason: str, *, timeout: bool = False, reached: bool = True) -> None:
        super().__init__(reason)
        self.timeout, self.reached = timeout, reached
        """`reached`: somebody listened there, and TLS or HTTP failed afterwards."""


class NoToken(Exception):  # noqa: N818
    """The IAM gives no such token; the text says why."""


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request; `headers` without Authorization."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """Any HTTP response; header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    @property
    def content_type(self) -> str:
        """Media type without parameters, lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Heard:
    """What the platform makes of a provider's answer: an answer, or why it is of no use."""

    answer: NationalAnswer | None
    failure: str = ""
    problems: tuple[Problem, ...] = ()
    last: Reply | None = field(default=None, repr=False)
    unsayable: bool = False
    """The request cannot be said in the provider's protocol: nothing was sent."""


class Line(Protocol):
    """The line to the provider under test."""

    def ask(self, provider: Provider, request: NationalRequest) -> Heard:
        """Ask as the platform does, once."""

    def poll(self, provider: Provider, request_id: str, poll_url: str) -> Heard:
        """Ask again as the platform does, once."""

    def call_for(self, provider: Provider, request: NationalRequest) -> Call:
        """The call that `ask` would make. Raises NationalUnwritable."""

    def send(self, call: Call, token: str | None, *, certificate: bool = True) -> Reply:
        """Any call, with this token. Raises NoReply."""

    def token(self, audience: str) -> str:
        """A good token. Raises NoToken."""

    def pushed(self, request_id: str, seconds: float) -> NationalAnswer | None:
        """What the provider pushed to us for a request, once it is there."""

    @property
    def takes_callbacks(self) -> bool:
        """Whether there is an address to which the provider may push."""

    def made(self) -> tuple[Exchanged, ...]:
        """All calls since this was asked last."""

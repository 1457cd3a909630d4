"""The connector on paper: writes the call that a provider would get, reads the answer, calls nobody."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from intermediary.exchange.dryrun import Answers, Call, Recorded
from intermediary.mapping.model import Provider
from intermediary.national import NationalUnreadable, Problem
from intermediary.national.model import NationalAnswer, NationalRequest
from intermediary.transport.national.answers import Check, read_message, unusable
from intermediary.transport.national.calls import Calls
from intermediary.transport.national.connector import Connector
from intermediary.transport.national.errors import AnswerUnusable
from intermediary.transport.national.http import Reply

_REMEDY = "Give the answer as the provider's protocol and the mapping describe it, with its media type."


class _Said(Exception):  # noqa: N818
    """The answer is known without its wire form."""

    def __init__(self, answer: NationalAnswer) -> None:
        super().__init__()
        self.answer = answer


class _PaperCalls(Calls):
    """Keeps the calls."""

    def __init__(self) -> None:
        self.made: list[Call] = []
        self.say: Callable[[], NationalAnswer | Recorded] | None = None

    def send(
        self, provider: Provider, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> Reply:
        self.made.append(Call(method, url, tuple(sorted(headers.items())), body))
        say, self.say = self.say, None
        if say is None:
            raise AnswerUnusable("the answer links to a document, which a dry run does not fetch")
        told = say()
        if isinstance(told, NationalAnswer):
            raise _Said(told)
        return Reply(told.status, {"content-type": told.content_type}, told.body)

    def close(self) -> None:
        pass


class PaperConnector(Connector):
    """Implements exchange.dryrun.PaperConnector by the code of the real one."""

    def __init__(self, check: Check, answers: Answers, clock: Callable[[], datetime]) -> None:
        self._check, self._clock, self._answers = check, clock, answers
        self._calls = self._paper = _PaperCalls()
        self._problems: list[Problem] = []

    @property
    def calls(self) -> tuple[Call, ...]:
        """What the provider would have got."""
        return tuple(self._paper.made)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Why the recorded answer cannot be read."""
        return tuple(self._problems)

    def ask(self, provider: Provider, request: NationalRequest) -> NationalAnswer:
        """Ask nobody. Raises ProviderUnavailable, NationalUnwritable."""
        return self._told(provider, request, lambda: super(PaperConnector, self).ask(provider, request))

    def poll(self, provider: Provider, request_id: str, poll_url: str) -> NationalAnswer:
        """Whoever asks again is told the same. Raises ProviderUnavailable."""
        raise AnswerUnusable("a dry run does not ask again: give the final answer")

    def _read(self, reply: Reply, request_id: str) -> NationalAnswer:
        """A recorded answer names the request that it was recorded for: any will do."""
        try:
            answer = read_message(self._check, reply.content_type, reply.body)
        except NationalUnreadable as unreadable:
            raise unusable(unreadable) from None
        return replace(answer, request_id=request_id)

    def _told(
        self, provider: Provider, request: NationalRequest, ask: Callable[[], NationalAnswer]
    ) -> NationalAnswer:
        self._paper.say = lambda: self._answers(provider, request)
        try:
            return ask()
        except _Said as said:
            return said.answer
        except AnswerUnusable as unusable:
            text = f"{str(unusable)[:1].upper()}{str(unusable)[1:]}."
            self._problems += unusable.problems or (Problem("NATIONAL-ANSWER", "/", None, text, _REMEDY),)
            raise

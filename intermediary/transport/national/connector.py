"""Asks national providers, each in its own protocol: implements exchange.contracts.NationalConnector."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from types import TracebackType

from intermediary.mapping.model import Provider
from intermediary.national import NationalUnreadable, rest, xnachweis
from intermediary.national.model import NationalAnswer, NationalRequest, Outcome
from intermediary.transport.national.answers import (
    Check,
    available_at,
    checked_message,
    problem_answer,
    read_message,
    unusable,
)
from intermediary.transport.national.calls import Calls, on_origin
from intermediary.transport.national.errors import AnswerUnusable
from intermediary.transport.national.http import Reply
from intermediary.transport.national.settings import NationalSettings

_PATH = "/v1/nachweisabrufe"
_ACCEPT = {"Accept": "application/xml, multipart/related, application/problem+json"}
_OK, _LATER = 200, 202
_LINKS = 20


class Connector:
    """One for the process; threads may share it. `check` is the schema check of national messages.

    Both calls raise ProviderUnavailable for whatever is worth trying again, and NationalUnwritable where the
    request cannot be said in the provider's protocol, which no repetition mends.
    """

    def __init__(self, settings: NationalSettings, check: Check, clock: Callable[[], datetime]) -> None:
        """Raises OSError, ValueError where a key or certificate cannot be read."""
        self._check, self._clock = check, clock
        self._calls = Calls(settings, clock)

    def ask(self, provider: Provider, request: NationalRequest) -> NationalAnswer:
        """Ask once; repeats with the same request id are recognised there."""
        if provider.protocol == "xnachweis":
            return self._ask_xnachweis(provider, request)
        if provider.protocol == "rest":
            return self._ask_rest(provider, request)
        raise AnswerUnusable("the provider's protocol is not known to this connector")

    def poll(self, provider: Provider, request_id: str, poll_url: str) -> NationalAnswer:
        """Ask again for a deferred answer, at a URL on the provider's origin."""
        if provider.protocol != "xnachweis":
            raise AnswerUnusable("the provider's protocol has no polling")
        url = on_origin(provider, provider.url, poll_url)
        reply = self._calls.send(provider, "GET", url, _ACCEPT)
        return self._answer(provider, reply, request_id, url, polled=True)

    def close(self) -> None:
        """Close all connections."""
        self._calls.close()

    def __enter__(self) -> "Connector":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask_xnachweis(self, provider: Provider, request: NationalRequest) -> NationalAnswer:
        message = checked_message(self._check, xnachweis.write_request(request))
        url = provider.url.rstrip("/") + _PATH
        headers = {**_ACCEPT, "Content-Type": "application/xml", "Idempotency-Key": request.request_id}
        reply = self._calls.send(provider, "POST", on_origin(provider, url, ""), headers, message)
        return self._answer(provider, reply, request.request_id, url, polled=False)

    def _answer(
        self, provider: Provider, reply: Reply, request_id: str, url: str, *, polled: bool
    ) -> NationalAnswer:
        if reply.status not in (_OK, _LATER):
            return problem_answer(reply, request_id, polled=polled)
        if reply.status == _OK or reply.body:
            answer = self._read(reply, request_id)
        else:
            answer = NationalAnswer(request_id, Outcome.LATER)
        if reply.status == _OK:
            return answer
        if answer.outcome is not Outcome.LATER:
            raise AnswerUnusable("HTTP 202 with an answer that is not later")
        location = reply.headers.get("location")
        if location is None and not polled:
            raise AnswerUnusable("HTTP 202 without a Location")
        later = available_at(reply, self._clock())
        return replace(
            answer,
            available_at=max(later, answer.available_at or later),
            poll_url=url if location is None else on_origin(provider, url, location),
        )

    def _read(self, reply: Reply, request_id: str) -> NationalAnswer:
        try:
            answer = read_message(self._check, reply.content_type, reply.body)
        except NationalUnreadable as unreadable:
            raise unusable(unreadable) from None
        if answer.request_id != request_id:
            raise AnswerUnusable("the answer belongs to another request")
        return answer

    def _ask_rest(self, provider: Provider, request: NationalRequest) -> NationalAnswer:
        call = rest.build(provider.url, request, provider.options)
        headers = {**call.headers, "Accept": "application/json", "Idempotency-Key": request.request_id}
        url = on_origin(provider, call.url, "")
        reply = self._calls.send(provider, call.method, url, headers, call.body)
        try:
            linked = self._linked(provider, url, reply) if reply.status == _OK else {}
            answer = rest.read(
                reply.status, reply.content_type, reply.body, provider.options, request, linked=linked
            )
        except NationalUnreadable as unreadable:
            if reply.status >= 300:
                raise AnswerUnusable(f"HTTP {reply.status}") from None
            raise unusable(unreadable) from None
        if answer.outcome is Outcome.LATER and answer.available_at is None:
            return replace(answer, available_at=available_at(reply, self._clock()))
        return answer

    def _linked(self, provider: Provider, base: str, reply: Reply) -> dict[str, bytes]:
        """Documents that the answer only links to, from the provider's own origin."""
        found = rest.links(reply.content_type, reply.body, provider.options)
        if len(found) > _LINKS:
            raise AnswerUnusable(f"the answer links to more than {_LINKS} documents")
        documents = {}
        for link in found:
            document = self._calls.send(provider, "GET", on_origin(provider, base, link), {"Accept": "*/*"})
            if document.status != _OK:
                raise AnswerUnusable(f"HTTP {document.status} for a linked document")
            documents[link] = document.body
        return documents

"""The line to a provider under test: implements provider_kit.Line with the platform's own connector.

What the platform asks goes through `Connector`, so that the kit judges by what the platform really makes of
an answer; one call is one attempt, without repeats, and every status is seen.
"""

import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from threading import Condition
from types import TracebackType
from urllib.parse import urlsplit

import httpcore
import httpx

from intermediary.exchange.contracts import ProviderUnavailable
from intermediary.mapping.model import Provider
from intermediary.national import NationalUnwritable
from intermediary.national.model import NationalAnswer, NationalRequest
from intermediary.provider_kit import Exchanged, Heard, NoReply, NoToken
from intermediary.provider_kit import Reply as KitReply
from intermediary.provider_kit.contracts import Call
from intermediary.transport.national.answers import Check
from intermediary.transport.national.calls import Calls
from intermediary.transport.national.connector import Connector
from intermediary.transport.national.errors import AnswerUnusable, CallFailed
from intermediary.transport.national.http import Http, Reply
from intermediary.transport.national.reach import Judged, Reach, Unreachable, resolved
from intermediary.transport.national.resilience import Resilience
from intermediary.transport.national.settings import NationalSettings
from intermediary.transport.national.tokens import Tokens

_SERVER_ERROR = 500


class _Wire:
    """One attempt for each call, to judged addresses only, noted."""

    def __init__(
        self,
        settings: NationalSettings,
        reach: Reach,
        extra_ca: str | None,
        resolve: Callable[[str, int], tuple[str, ...]],
    ) -> None:
        self.made: list[Exchanged] = []
        self._total, self._largest = settings.total_seconds, settings.largest_answer
        # One backend: with and without certificate the name has the same address.
        backend = Judged(reach, resolve)
        self._with = _client(settings, backend, extra_ca, certificate=True)
        self._without = _client(settings, backend, extra_ca, certificate=False)

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, *, certificate: bool
    ) -> Reply:
        """Any answer. Raises NoReply."""
        begin = time.monotonic()
        reply: Reply | None = None
        failure = ""
        try:
            reply = self._attempt(self._with if certificate else self._without, method, url, headers, body)
        except NoReply as none:
            failure = str(none)
            raise
        finally:
            self.made.append(
                Exchanged(
                    method,
                    urlsplit(url).path[:200],
                    None if reply is None else reply.status,
                    "" if reply is None else reply.content_type[:100],
                    0 if reply is None else len(reply.body),
                    round(time.monotonic() - begin, 3),
                    failure,
                )
            )
        return reply

    def _attempt(
        self, client: httpx.Client, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        until = time.monotonic() + self._total
        received = bytearray()
        try:
            with client.stream(method, url, headers=dict(headers), content=body or None) as response:
                if response.headers.get("content-encoding", "identity").lower() != "identity":
                    raise NoReply("the answer is compressed, which was not asked for")
                for chunk in response.iter_raw():
                    received += chunk
                    if len(received) > self._largest:
                        raise NoReply(f"the answer has more than {self._largest} bytes")
                    if time.monotonic() > until:
                        raise NoReply("timeout: the answer did not come to its end", timeout=True)
        except Unreachable as refused:
            raise NoReply(str(refused), reached=False) from None
        except httpx.ConnectTimeout:
            raise NoReply("timeout: nobody listens there", timeout=True, reached=False) from None
        except httpx.TimeoutException as error:
            raise NoReply(f"timeout: {type(error).__name__}", timeout=True) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NoReply(_why(error), reached=_reached(error)) from None
        return Reply(
            response.status_code, {k.lower(): v for k, v in response.headers.items()}, bytes(received)
        )

    def close(self) -> None:
        self._with.close()
        self._without.close()


def _client(
    settings: NationalSettings, backend: httpcore.NetworkBackend, extra_ca: str | None, *, certificate: bool
) -> httpx.Client:
    context = ssl.create_default_context(cafile=str(settings.ca))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if extra_ca is not None:
        context.load_verify_locations(cadata=extra_ca)
    if certificate:
        context.load_cert_chain(settings.client_certificate, settings.client_key)
    transport = httpx.HTTPTransport(verify=context, http2=False)
    # httpx has no way of its own to give the backend; without it the name would be resolved out of our sight.
    transport._pool = httpcore.ConnectionPool(
        ssl_context=context, max_connections=4, keepalive_expiry=2, network_backend=backend
    )
    return httpx.Client(
        transport=transport,
        follow_redirects=False,
        trust_env=False,
        timeout=httpx.Timeout(settings.read_seconds, connect=settings.connect_seconds),
        headers={"Accept-Encoding": "identity", "User-Agent": "intermediary-conformance"},
    )


def _root(error: BaseException) -> BaseException:
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return error


def _why(error: Exception) -> str:
    root = _root(error)
    if isinstance(root, ssl.SSLCertVerificationError):
        return f"TLS: the server's certificate is not accepted ({root.verify_message})"
    if isinstance(root, ssl.SSLError):
        return f"TLS: {root.reason or 'the handshake failed'}"
    if isinstance(root, ConnectionRefusedError):
        return "nobody listens there (connection refused)"
    return f"the connection failed ({type(error).__name__})"


def _reached(error: Exception) -> bool:
    """Whether somebody listened and ended it: as a server does that wants a certificate."""
    root = _root(error)
    return not isinstance(root, ssl.SSLCertVerificationError) and (
        isinstance(root, ssl.SSLError)
        or isinstance(error, httpx.ReadError | httpx.WriteError | httpx.RemoteProtocolError)
        or isinstance(root, ConnectionResetError | BrokenPipeError)
    )


class _KitCalls(Calls):
    """As the platform's calls, but each once, and the last reply is kept."""

    def __init__(self, wire: _Wire, tokens: Tokens) -> None:
        self._wire, self.tokens = wire, tokens
        self.last: Reply | None = None
        self.only_write = False
        self.written: Call | None = None

    def send(
        self, provider: Provider, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> Reply:
        if self.only_write:
            self.written = Call(method, url, dict(headers), body)
            raise AnswerUnusable("nothing was sent")
        if provider.audience is not None:
            headers = {**headers, "Authorization": f"Bearer {self.tokens.get(provider.audience)}"}
        try:
            self.last = reply = self._wire.send(method, url, headers, body, certificate=True)
        except NoReply as none:
            raise CallFailed(str(none)) from None
        if reply.status >= _SERVER_ERROR:
            raise CallFailed(f"HTTP {reply.status}")
        return reply

    def close(self) -> None:
        pass


class KitLine:
    """One run at one provider; not shared between threads, but `push` may come from any."""

    def __init__(
        self,
        settings: NationalSettings,
        check: Check,
        clock: Callable[[], datetime],
        *,
        reach: Reach,
        extra_ca: str | None = None,
        takes_callbacks: bool = False,
        resolve: Callable[[str, int], tuple[str, ...]] = resolved,
    ) -> None:
        """`extra_ca` (PEM) is trusted for the provider only. Raises OSError, ValueError."""
        self.check = check
        self._wire = _Wire(settings, reach, extra_ca, resolve)
        self._iam = Http(settings)
        tokens = Tokens(settings, self._iam, Resilience(settings), clock)
        self._calls = _KitCalls(self._wire, tokens)
        self._connector = _KitConnector(self._calls, check, clock)
        self._takes_callbacks = takes_callbacks
        self._pushed: dict[str, NationalAnswer] = {}
        self._arrived = Condition()
        self._asked: set[str] = set()

    def ask(self, provider: Provider, request: NationalRequest) -> Heard:
        """Ask as the platform does, once."""
        self._asked.add(request.request_id)
        return self._heard(lambda: self._connector.ask(provider, request))

    def poll(self, provider: Provider, request_id: str, poll_url: str) -> Heard:
        """Ask again as the platform does, once."""
        return self._heard(lambda: self._connector.poll(provider, request_id, poll_url))

    def call_for(self, provider: Provider, request: NationalRequest) -> Call:
        """The call that `ask` would make. Raises NationalUnwritable."""
        self._calls.only_write, self._calls.written = True, None
        try:
            self._connector.ask(provider, request)
        except AnswerUnusable:
            pass
        finally:
            self._calls.only_write = False
        if self._calls.written is None:
            raise NoReply("the URL is not https on the provider's own host", reached=False)
        return self._calls.written

    def send(self, call: Call, token: str | None, *, certificate: bool = True) -> KitReply:
        """Any call, with this token. Raises NoReply."""
        headers = dict(call.headers)
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return _kit_reply(self._wire.send(call.method, call.url, headers, call.body, certificate=certificate))

    def token(self, audience: str) -> str:
        """A good token. Raises NoToken."""
        try:
            return self._calls.tokens.get(audience)
        except ProviderUnavailable as refused:
            raise NoToken(str(refused)) from None

    @property
    def takes_callbacks(self) -> bool:
        """Whether somebody calls `push`."""
        return self._takes_callbacks

    def push(self, answer: NationalAnswer) -> bool:
        """Take what a provider pushed; False where it was not asked for."""
        if answer.request_id not in self._asked:
            return False
        with self._arrived:
            self._pushed[answer.request_id] = answer
            self._arrived.notify_all()
        return True

    def pushed(self, request_id: str, seconds: float) -> NationalAnswer | None:
        """What was pushed for a request, once it is there."""
        with self._arrived:
            self._arrived.wait_for(lambda: request_id in self._pushed, seconds)
            return self._pushed.get(request_id)

    def made(self) -> tuple[Exchanged, ...]:
        """All calls since this was asked last."""
        made = tuple(self._wire.made)
        self._wire.made.clear()
        return made

    def close(self) -> None:
        """Close all connections."""
        self._wire.close()
        self._iam.close()

    def __enter__(self) -> "KitLine":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _heard(self, ask: Callable[[], NationalAnswer]) -> Heard:
        self._calls.last = None
        try:
            heard = Heard(ask())
        except NationalUnwritable as unwritable:
            return Heard(None, "the request cannot be written", unwritable.problems, unsayable=True)
        except AnswerUnusable as unusable:
            heard = Heard(None, str(unusable), unusable.problems)
        except ProviderUnavailable as unavailable:
            heard = Heard(None, str(unavailable))
        last = self._calls.last
        return heard if last is None else replace(heard, last=_kit_reply(last))


class _KitConnector(Connector):
    def __init__(self, calls: _KitCalls, check: Check, clock: Callable[[], datetime]) -> None:
        self._check, self._clock, self._calls = check, clock, calls


def _kit_reply(reply: Reply) -> KitReply:
    return KitReply(reply.status, reply.headers, reply.body)

"""The only module that knows the HTTP client: mutual TLS, HTTP/1.1, no redirects, bounded time and size."""

import logging
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from intermediary.transport.national.errors import AnswerUnusable, CallFailed, CallInterrupted
from intermediary.transport.national.settings import NationalSettings

# Both log URLs and headers below this level: of a REST provider they may name a person, or hold a token.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

_CONNECTION_FAILED = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.ReadError,
    httpx.WriteError,
    httpx.RemoteProtocolError,
)
_GATEWAY = (502, 503, 504)
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP response below 500; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def content_type(self) -> str:
        """The Content-Type, empty where there is none."""
        return self.headers.get("content-type", "")


class Http:
    """One pooled client; threads may share it."""

    def __init__(self, settings: NationalSettings) -> None:
        """Raises OSError (a file is missing) or ssl.SSLError (key and certificate do not fit)."""
        context = ssl.create_default_context(cafile=str(settings.ca))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(settings.client_certificate, settings.client_key)
        self._total_seconds, self._largest = settings.total_seconds, settings.largest_answer
        self._client = httpx.Client(
            verify=context,
            http2=False,
            follow_redirects=False,
            trust_env=False,
            timeout=httpx.Timeout(settings.read_seconds, connect=settings.connect_seconds),
            # Compressed answers would make the size limit meaningless.
            headers={"Accept-Encoding": "identity", "User-Agent": "intermediary"},
        )

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        """One attempt. Raises CallFailed, AnswerUnusable (too large, compressed)."""
        until = time.monotonic() + self._total_seconds
        received = bytearray()
        try:
            with self._client.stream(method, url, headers=dict(headers), content=body or None) as response:
                status = response.status_code
                if status in _GATEWAY:
                    raise CallInterrupted(f"HTTP {status}")
                if status >= _SERVER_ERROR:
                    raise CallFailed(f"HTTP {status}")
                if response.headers.get("content-encoding", "identity").lower() != "identity":
                    raise AnswerUnusable("the answer is compressed")
                for chunk in response.iter_raw():
                    received += chunk
                    if len(received) > self._largest:
                        raise AnswerUnusable(f"the answer has more than {self._largest} bytes")
                    if time.monotonic() > until:
                        raise CallFailed("timeout: the answer did not come to its end")
        except _CONNECTION_FAILED as error:
            raise CallInterrupted(f"connection failed: {type(error).__name__}") from None
        except httpx.TimeoutException as error:
            raise CallFailed(f"timeout: {type(error).__name__}") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise CallFailed(f"call failed: {type(error).__name__}") from None
        return Reply(status, {k.lower(): v for k, v in response.headers.items()}, bytes(received))

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

"""Pushes AS4 messages by HTTP POST; what comes back is read whatever the status (digest §1)."""

import ssl
from collections.abc import Callable, Mapping
from types import TracebackType

import httpx

from intermediary.as4.model import Packed
from intermediary.exchange import PartnerUnreachable

_LARGEST_SIGNAL = 4 * 1024 * 1024
"""Bytes of a receipt or error signal; more is cut off as hostile."""


class HttpPush:
    """Implements exchange.contracts.Push over one pooled client; threads may share it."""

    def __init__(
        self,
        tls: ssl.SSLContext,
        timeout_seconds: float = 60,
        trace: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        """`trace`: HTTP headers that name the trace of a push. They are no message properties, since access
        points refuse properties that their P-Mode does not name."""
        self._trace = trace
        self._client = httpx.Client(
            verify=tls,
            timeout=httpx.Timeout(timeout_seconds, connect=10),
            follow_redirects=False,
            trust_env=False,
        )

    def __call__(self, url: str, packed: Packed) -> tuple[int, str, bytes]:
        """HTTP status, content type, body of the answer. Raises PartnerUnreachable."""
        headers = {
            "Content-Type": packed.content_type,
            "Content-Length": str(packed.content.size),
            "Accept": "application/soap+xml, multipart/related",
            **self._trace(),
        }
        chunks = map(bytes, packed.content.chunks())
        try:
            with self._client.stream("POST", url, content=chunks, headers=headers) as response:
                body = bytearray()
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > _LARGEST_SIGNAL:
                        raise PartnerUnreachable("the partner answered with more than a signal may have")
        except httpx.HTTPError as error:
            # httpx texts name hosts and system errors, no content.
            raise PartnerUnreachable(f"{type(error).__name__}: {error}") from None
        if not body and response.status_code >= 400:
            raise PartnerUnreachable(f"the partner answered HTTP {response.status_code} without a signal")
        return response.status_code, response.headers.get("content-type", ""), bytes(body)

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def __enter__(self) -> "HttpPush":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

"""Fetches CRLs and OCSP answers by HTTP: bounded time and size, no redirects, no proxy of the environment."""

import asyncio
import ssl
from urllib.parse import urlsplit

import httpx

from intermediary.trust import CertificatePolicy, FetchFailed

_OCSP = {"Content-Type": "application/ocsp-request", "Accept": "application/ocsp-response"}
# Compressed answers would make the size limit meaningless.
_ALWAYS = {"Accept-Encoding": "identity", "User-Agent": "intermediary"}


class HttpFetch:
    """Implements `trust.Fetch`; threads may share it.

    Addresses come out of certificates under our own trust anchors. Where the network behind must be protected
    from them all the same, `hosts` names the only ones that may be asked.
    """

    def __init__(
        self,
        policy: CertificatePolicy,
        hosts: frozenset[str] = frozenset(),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`hosts` in lower case, without port; empty: any. `tls` for https; None: the system's trust."""
        self._policy, self._hosts = policy, hosts
        self._tls = tls or ssl.create_default_context()

    def __call__(self, url: str, body: bytes | None) -> bytes:
        """GET, or POST of an OCSP request. Raises FetchFailed. Not to be called where an event loop runs."""
        try:
            parts = urlsplit(url)
            host = (parts.hostname or "").lower()
        except ValueError:
            raise FetchFailed("the address cannot be read") from None
        if parts.scheme.lower() not in ("http", "https") or not host:
            raise FetchFailed("the address is neither http nor https")
        if self._hosts and host not in self._hosts:
            raise FetchFailed(f"{host} is not among the hosts that the settings allow")
        # A loop of its own, since only there one limit holds for name look-up, connecting, headers and body
        # together; its closing waits for nothing that still hangs.
        loop = asyncio.SelectorEventLoop()
        try:
            return loop.run_until_complete(self._fetch(url, body))
        except TimeoutError:
            raise FetchFailed(f"no whole answer within {self._policy.fetch_seconds:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise FetchFailed(f"{type(error).__name__} {error}".strip()) from None
        finally:
            loop.close()

    async def _fetch(self, url: str, body: bytes | None) -> bytes:
        largest = self._policy.max_crl_bytes if body is None else self._policy.max_ocsp_bytes
        method, headers = ("GET", _ALWAYS) if body is None else ("POST", _ALWAYS | _OCSP)
        received, seconds = bytearray(), self._policy.fetch_seconds
        async with (
            asyncio.timeout(seconds),
            httpx.AsyncClient(verify=self._tls, timeout=seconds, trust_env=False) as client,
            client.stream(method, url, content=body, headers=headers) as response,
        ):
            if response.status_code != 200:
                raise FetchFailed(f"HTTP {response.status_code}")
            if response.headers.get("content-encoding", "identity").lower() != "identity":
                raise FetchFailed("the answer is compressed")
            async for chunk in response.aiter_raw():
                received += chunk
                if len(received) > largest:
                    raise FetchFailed(f"the answer has more than {largest} bytes")
        return bytes(received)

"""Which addresses a provider's test system may have: a URL from outside must not lead into our own network.

A name is resolved once, all its addresses are judged, and the connection goes to the address that was judged:
a second answer of the name server (DNS rebinding) is never asked for. TLS still checks the name.
"""

import ipaddress
import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import httpcore

from intermediary.transport.national.errors import CallFailed

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = tuple(ipaddress.IPv6Network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48"))


class Unreachable(CallFailed):
    """The address must not be called, or the name has none."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Names and networks (CIDR) that may be called although they are not public; `anywhere`: all."""

    allowed: tuple[str, ...] = ()
    anywhere: bool = False

    def permits(self, host: str, address: Address) -> bool:
        """True where a connection to this address is harmless, or the operator allowed it."""
        if self.anywhere or host.lower() in self.allowed:
            return True
        return _public(address) or any(_within(address, net) for net in self.allowed)


def _within(address: Address, network: str) -> bool:
    try:
        net = ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False  # a name
    return address.version == net.version and address in net


def _public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        # Addresses that carry another one lead where that one leads.
        if address.ipv4_mapped is not None:
            return _public(address.ipv4_mapped)
        if address.sixtofour is not None or address.teredo is not None:
            return False
        if any(address in net for net in _NAT64) or int(address) >> 32 == 0 or address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def resolved(host: str, port: int) -> tuple[str, ...]:
    """All addresses of a name. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


class Judged(httpcore.NetworkBackend):
    """Opens connections to addresses that were judged; a name keeps its addresses for one client's life."""

    def __init__(self, reach: Reach, resolve: Callable[[str, int], tuple[str, ...]] = resolved) -> None:
        self._reach, self._resolve, self._inner = reach, resolve, httpcore.SyncBackend()
        self._known: dict[tuple[str, int], tuple[str, ...]] = {}
        self._lock = threading.Lock()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first judged address that answers. Raises Unreachable."""
        failed: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in self._addresses(host, port)[:4]:
            try:
                return self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed or httpcore.ConnectError("no address")

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Never."""
        raise Unreachable("a socket of this machine is no address of a provider")

    def sleep(self, seconds: float) -> None:
        """Pause."""
        self._inner.sleep(seconds)

    def _addresses(self, host: str, port: int) -> Sequence[str]:
        with self._lock:
            if (host, port) not in self._known:
                try:
                    found = self._resolve(host, port)
                    judged = [ipaddress.ip_address(text.partition("%")[0]) for text in found]
                except (OSError, ValueError, UnicodeError):
                    raise Unreachable("the name of the URL has no address") from None
                if not judged:
                    raise Unreachable("the name of the URL has no address")
                # One private address among public ones is no mistake of an honest provider.
                if not all(self._reach.permits(host, address) for address in judged):
                    raise Unreachable("the address is not a public one, and no setting allows it")
                self._known[host, port] = found
            return self._known[host, port]

"""Where a country's EB and DSD are: NAPTR records (RFC 3403; TDD 3.1), one for each country and service.

No regular expression is evaluated: the field has the fixed form `!.*!<base URI>!`, the URI is taken as it is.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import dns.exception
import dns.resolver
from dns.rdtypes.IN.NAPTR import NAPTR

from intermediary.directory.codes import Service
from intermediary.directory.errors import NameUnresolvable

_PREFIX: Final = "!.*!"
_MAX_URI: Final = 500

Resolve = Callable[[str], str]
"""From an owner name to the base URL. Raises NameUnresolvable."""


@dataclass(frozen=True, slots=True)
class Record:
    """The fields of a NAPTR record that matter here."""

    order: int
    preference: int
    flags: str
    regexp: str


def owner_name(country: str, service: Service, zone: str, major: int) -> str:
    """The owner name, e.g. `de.dsd.v1.cs.acc.oots.tech.ec.europa.eu`; `zone` begins with `cs`."""
    return f"{country.lower()}.{service.value}.v{major}.{zone}"


def base_url(name: str, records: Iterable[Record]) -> str:
    """The URI of the terminal record with the lowest order, then preference. Raises NameUnresolvable."""
    terminal = [record for record in records if record.flags.upper() == "U"]
    if not terminal:
        raise NameUnresolvable(name, "there is no NAPTR record with the flag U", timed_out=False)
    chosen = min(terminal, key=lambda record: (record.order, record.preference)).regexp
    uri = chosen.removeprefix(_PREFIX).removesuffix("!")
    if chosen != f"{_PREFIX}{uri}!" or "!" in uri or not is_base_url(uri):
        raise NameUnresolvable(name, "its NAPTR record has not the form !.*!https://…!", timed_out=False)
    return uri


def is_base_url(uri: str) -> bool:
    """Whether it is an https URL to which `/rest/search` may be joined: no query, no user, no odd signs."""
    try:
        parts = urlsplit(uri)
        port_fits = parts.port is None or parts.port > 0
    except ValueError:
        return False
    plain = uri.isascii() and uri.isprintable() and " " not in uri and len(uri) <= _MAX_URI
    return (
        plain and port_fits and parts.scheme == "https" and bool(parts.hostname)
        and not parts.query and not parts.fragment and "@" not in parts.netloc
    )  # fmt: skip


class NaptrResolver:
    """Asks DNS. Threads may share it."""

    def __init__(self, nameservers: Iterable[str] = (), *, port: int = 53, seconds: float = 3.0) -> None:
        """Without `nameservers` (addresses) the machine's own are asked."""
        given = list(nameservers)
        self._resolver = dns.resolver.Resolver(configure=not given)
        if given:
            self._resolver.nameservers = list(given)
            self._resolver.port = port
        self._resolver.lifetime = seconds

    def __call__(self, name: str) -> str:
        """The base URL of an owner name. Raises NameUnresolvable; a time-out is told from an empty answer."""
        try:
            answer = self._resolver.resolve(f"{name.rstrip('.')}.", "NAPTR", search=False)
        except dns.resolver.LifetimeTimeout:
            raise NameUnresolvable(name, "no name server answered in time", timed_out=True) from None
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            raise NameUnresolvable(name, "there is no NAPTR record", timed_out=False) from None
        except dns.resolver.NoNameservers:
            raise NameUnresolvable(name, "the name servers refuse to answer", timed_out=True) from None
        except dns.exception.DNSException as error:
            raise NameUnresolvable(name, type(error).__name__, timed_out=False) from None
        found = (record for record in answer if isinstance(record, NAPTR))
        return base_url(name, (_record(each) for each in found))


def _record(naptr: NAPTR) -> Record:
    return Record(
        naptr.order,
        naptr.preference,
        naptr.flags.decode("ascii", "replace"),
        naptr.regexp.decode("ascii", "replace"),
    )

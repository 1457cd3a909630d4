"""Whether providers can be reached: TLS with our client certificate, days left, the answer to HEAD.

For `intermediary mappings lint --online`. Nothing here runs unless somebody asks for it.
"""

import ssl
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509

from intermediary.mapping import rulebook as book
from intermediary.mapping.documents import PLATFORM, PROVIDER
from intermediary.mapping.model import MappingSet, Provider
from intermediary.mapping.rulebook import Problem, Rule

_SECONDS = 5.0
_AT_ONCE = 8
_DAYS = 30
"""Fewer days left of a certificate are a warning."""
_UNAUTHORIZED, _FORBIDDEN, _SERVER_ERROR = 401, 403, 500


@dataclass(frozen=True, slots=True)
class Doors:
    """Our side of the connection; PEM files."""

    ca: Path
    client_certificate: Path
    client_key: Path


def check_online(mapping_set: MappingSet, doors: Doors, now: datetime) -> tuple[Problem, ...]:
    """Ask every provider that mappings name, in the order of their keys; each waits at most five seconds.

    Raises OSError (a file is missing) or ssl.SSLError (key and certificate do not fit).
    """
    context = ssl.create_default_context(cafile=str(doors.ca))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(doors.client_certificate, doors.client_key)
    (ours, *_) = x509.load_pem_x509_certificates(doors.client_certificate.read_bytes())
    providers = sorted(mapping_set.providers.values(), key=lambda provider: provider.key)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = pool.map(lambda provider: tuple(_check(provider, context, now)), providers)
        return (
            *_days(book.ONLINE_OURS, PLATFORM, (), ours.not_valid_after_utc, now),
            *(problem for each in found for problem in each),
        )


def _check(provider: Provider, context: ssl.SSLContext, now: datetime) -> Iterator[Problem]:
    entry, path = PROVIDER + provider.key, ("url",)
    url = urlsplit(provider.url)
    host = url.netloc.rpartition("@")[2]
    try:
        connection = HTTPSConnection(url.hostname or "", url.port or 443, timeout=_SECONDS, context=context)
    except (ValueError, HTTPException):
        yield book.ONLINE_UNREACHABLE.at(entry, path, host=host, reason="this is no address")
        return
    try:
        connection.connect()
        yield from _theirs(entry, connection, host, now)
        connection.request("HEAD", url.path or "/", headers={"User-Agent": "intermediary"})
        status = connection.getresponse().status
    except ssl.SSLError as error:
        yield book.ONLINE_TLS.at(entry, path, host=host, reason=_reason(error))
        return
    except TimeoutError:
        yield book.ONLINE_UNREACHABLE.at(entry, path, host=host, reason="no answer in five seconds")
        return
    except (OSError, HTTPException, UnicodeError) as error:
        yield book.ONLINE_UNREACHABLE.at(entry, path, host=host, reason=_why(error))
        return
    finally:
        connection.close()
    # Without a token a provider that wants one rightly says 401.
    if status == _FORBIDDEN or (status == _UNAUTHORIZED and provider.audience is None):
        yield book.ONLINE_REFUSED.at(entry, path, host=host, status=status)
    elif status >= _SERVER_ERROR:
        yield book.ONLINE_BROKEN.at(entry, path, host=host, status=status)


def _theirs(entry: str, connection: HTTPSConnection, host: str, now: datetime) -> Iterable[Problem]:
    assert isinstance(connection.sock, ssl.SSLSocket)
    certificate = x509.load_der_x509_certificate(connection.sock.getpeercert(binary_form=True) or b"")
    return _days(book.ONLINE_EXPIRED_SOON, entry, ("url",), certificate.not_valid_after_utc, now, host=host)


def _days(
    rule: Rule, entry: str, path: tuple[str, ...], until: datetime, now: datetime, **values: str
) -> Iterator[Problem]:
    days = (until - now).days
    if days < _DAYS:
        yield rule.at(entry, path, days=days, day=until.astimezone(UTC).date(), **values)


def _reason(error: ssl.SSLError) -> str:
    told = getattr(error, "verify_message", "") or (error.reason or "the handshake failed")
    return str(told).replace("_", " ").lower()


def _why(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or type(error).__name__)[:200]


def levels_of(answers: Mapping[str, bytes]) -> dict[str, str]:
    """Classification → level of assurance, of answers of the Data Service Directory (name → XML).

    Raises DirectoryError.
    """
    from intermediary.directory import read_answer

    return {
        service.classification: service.level_of_assurance
        for content in answers.values()
        for service in read_answer(content).services
        if service.level_of_assurance is not None
    }

"""The client of EB and DSD: find, ask, verify, read, keep (TDD 3.1, 3.2, 3.6, 3.8)."""

import asyncio
import hashlib
import logging
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import httpx
import stamina

from intermediary.directory.cache import Cache, Kept, MemoryCache
from intermediary.directory.codes import MEDIA_TYPE, VERSION_1_0, VERSION_2_0, QueryId, Service
from intermediary.directory.discovery import Resolve, is_base_url, owner_name
from intermediary.directory.errors import (
    AnswerUnreadable,
    DirectoryError,
    DirectoryUnreachable,
    NameUnresolvable,
    QueryInvalid,
    VersionMismatch,
)
from intermediary.directory.model import Answer
from intermediary.directory.query import Query, unsupported
from intermediary.directory.reader import LIMITS, read_answer
from intermediary.directory.signature import (
    DIGEST,
    SIGNATURE,
    ChainCheck,
    SignaturePolicy,
    Verified,
    verify,
)

_LOG = logging.getLogger("intermediary.directory")
_TRANSIENT: Final = (502, 503, 504)
_MEDIA_TYPES: Final = (MEDIA_TYPE, "application/xml", "text/xml")

# Both log URLs below this level, and with them what a user has said to the directory.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class DirectorySettings:
    """How the Common Services are reached. `urls` come before discovery."""

    home: str
    """Our country: whose Evidence Broker knows our procedures."""
    urls: Mapping[Service, str] = field(default_factory=dict)
    zone: str = "cs.prod.oots.tech.ec.europa.eu"
    """The part of owner names behind `<country>.<service>.v<major>.`."""
    major: int = 1
    """In owner names; it is not the major version of EDM or of the interface."""
    version: str = VERSION_2_0
    """The interface version asked for; `oots-cs:v1.0`: the header is left out."""
    signatures: SignaturePolicy | None = None
    """None: REQUIRE, but IF_PRESENT for interface 1.0, whose answers are not signed."""
    connect_seconds: float = 3.0
    total_seconds: float = 10.0
    attempts: int = 3
    fresh: timedelta = timedelta(minutes=15)
    stale: timedelta = timedelta(hours=24)
    """How long an answer may stand in while the service cannot be reached."""

    def __post_init__(self) -> None:
        for service, url in self.urls.items():
            if not is_base_url(url):
                raise QueryInvalid(f"the base URL of {service.value} is not an https URL without query")

    @property
    def policy(self) -> SignaturePolicy:
        """What is demanded of signatures."""
        if self.signatures is not None:
            return self.signatures
        return SignaturePolicy.IF_PRESENT if self.version == VERSION_1_0 else SignaturePolicy.REQUIRE


class Source(StrEnum):
    """Where a reply comes from; STALE belongs into the audit record."""

    NETWORK = "network"
    CACHE = "cache"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with where it is from; `body` is what came, byte for byte."""

    query: Query
    answer: Answer
    body: bytes = field(repr=False)
    url: str
    """Base URL of the service."""
    at: datetime
    """When it came over the network."""
    source: Source
    verified: Verified

    @property
    def digest(self) -> str:
        """SHA-256 of the body, for records."""
        return hashlib.sha256(self.body).hexdigest()


class _Again(DirectoryUnreachable):
    """Worth another attempt."""


class CommonServices:
    """Asks EB and DSD. Threads may share it; not to be called where an event loop runs."""

    def __init__(
        self,
        settings: DirectorySettings,
        *,
        resolve: Resolve,
        chain: ChainCheck,
        clock: Callable[[], datetime],
        cache: Cache | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`tls`: None for the public web PKI, as TDD 3.7 has it; TLS 1.2 at least in any case."""
        self._settings, self._resolve, self._chain, self._clock = settings, resolve, chain, clock
        self._cache = cache if cache is not None else MemoryCache()
        self._tls = tls or ssl.create_default_context()
        self._tls.minimum_version = max(self._tls.minimum_version, ssl.TLSVersion.TLSv1_2)

    @property
    def version(self) -> str:
        """The interface version asked for."""
        return self._settings.version

    def ask(self, query: Query, *, country: str = "", anew: bool = False) -> Reply:
        """One question, from the cache where it is fresh (unless `anew`), else from the service.

        `country`: whose instance is asked; default: the one of the query, else ours. A refusal is an answer,
        see `Answer.refusals`. Raises AnswerUnreadable, AnswerNotTrusted, DirectoryUnreachable,
        NameUnresolvable, QueryInvalid.
        """
        if gone := list(unsupported(query, self._settings.version)):
            raise QueryInvalid(f"{gone[0]} is not a parameter of {self._settings.version}")
        home = country or dict(query.parameters).get("country-code") or self._settings.home
        try:
            url = self.base_url(query.id.service, home)
            kept = None if query.personal else self._cache.get(self._key(url, query))
            if kept is not None and not anew and self._young(kept, self._settings.fresh):
                return self._told(self._reply(query, url, kept, Source.CACHE))
            return self._told(self._fetched(query, url))
        except (DirectoryUnreachable, NameUnresolvable) as away:
            reply = None if query.personal else self._stale(query, home)
            if reply is None:
                self._say(query, type(away).__name__)
                raise
            return self._told(reply)
        except DirectoryError as error:
            self._say(query, type(error).__name__)
            raise

    def base_url(self, service: Service, country: str) -> str:
        """From the settings, else from DNS (kept as long as answers). Raises NameUnresolvable."""
        if (given := self._settings.urls.get(service)) is not None:
            return given
        name = owner_name(country, service, self._settings.zone, self._settings.major)
        kept = self._cache.get(name)
        if kept is not None and self._young(kept, self._settings.fresh):
            return kept.body.decode()
        found = self._resolve(name)
        self._cache.put(name, Kept(self._clock(), found.encode()))
        return found

    def _stale(self, query: Query, country: str) -> Reply | None:
        """What was answered in the last day, while nobody answers now."""
        url = self._settings.urls.get(query.id.service)
        if url is None:
            name = owner_name(country, query.id.service, self._settings.zone, self._settings.major)
            known = self._cache.get(name)
            if known is None or not self._young(known, self._settings.stale):
                return None
            url = known.body.decode()
        kept = self._cache.get(self._key(url, query))
        if kept is None or not self._young(kept, self._settings.stale):
            return None
        fresh = self._young(kept, self._settings.fresh)
        try:
            return self._reply(query, url, kept, Source.CACHE if fresh else Source.STALE)
        except DirectoryError:
            return None

    def _young(self, kept: Kept, most: timedelta) -> bool:
        return timedelta(0) <= self._clock() - kept.at < most

    def _key(self, url: str, query: Query) -> str:
        return f"{self._settings.version} {url} {query.encoded()}"

    def _fetched(self, query: Query, url: str) -> Reply:
        for attempt in stamina.retry_context(
            on=_Again, attempts=self._settings.attempts, timeout=None, wait_initial=0.2, wait_max=2.0
        ):
            with attempt:
                kept = self._call(url, query)
        reply = self._reply(query, url, kept, Source.NETWORK)
        if not reply.answer.refused and not query.personal:
            self._cache.put(self._key(url, query), kept)
        return reply

    def _reply(self, query: Query, url: str, kept: Kept, source: Source) -> Reply:
        """Verify and read, whether it came now or lay in the cache."""
        verified = verify(
            kept.body, kept.headers, policy=self._settings.policy, chain=self._chain, now=kept.at
        )
        answer = read_answer(kept.body)
        self._check(query, answer)
        return Reply(query, answer, kept.body, url, kept.at, source, verified)

    def _check(self, query: Query, answer: Answer) -> None:
        asked, answered = self._settings.version, answer.version or VERSION_1_0
        if answered != asked:
            # A refusal without echo, too: of the shape 1.0 it makes everything look empty.
            codes = ", ".join(refusal.code for refusal in answer.refusals)
            raise VersionMismatch(
                "CS-VERSION",
                "/*/rim:Slot[@name='SpecificationIdentifier']",
                f"answered in {answered[:40]!r}, asked for {asked!r} {f'({codes})' if codes else ''}; "
                "does the service support it, does a proxy drop Accept-Version?",
            )
        if not answer.refused and (problem := _foreign(query, answer)):
            raise AnswerUnreadable("CS-RECORDS", "/*/rim:RegistryObjectList", problem)

    def _call(self, url: str, query: Query) -> Kept:
        # A loop of its own: only there one limit holds for look-up, connecting, headers and body together.
        loop = asyncio.SelectorEventLoop()
        try:
            return loop.run_until_complete(
                self._get(f"{url.removesuffix('/')}/rest/search?{query.encoded()}")
            )
        except TimeoutError:
            raise DirectoryUnreachable(
                f"{url}: no whole answer within {self._settings.total_seconds:g} s"
            ) from None
        except (httpx.NetworkError, httpx.ConnectTimeout, httpx.RemoteProtocolError) as error:
            raise _Again(f"{url}: {type(error).__name__}") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise DirectoryUnreachable(f"{url}: {type(error).__name__}") from None
        finally:
            loop.close()

    async def _get(self, address: str) -> Kept:
        headers = {
            "Accept": MEDIA_TYPE,
            # Compressed answers would make the size limit meaningless; the digest is over plain bytes.
            "Accept-Encoding": "identity",
            "User-Agent": "intermediary",
        }
        if self._settings.version != VERSION_1_0:
            headers["Accept-Version"] = self._settings.version
        total, received = self._settings.total_seconds, bytearray()
        timeout = httpx.Timeout(total, connect=self._settings.connect_seconds)
        async with (
            asyncio.timeout(total),
            httpx.AsyncClient(verify=self._tls, timeout=timeout, trust_env=False) as client,
            client.stream("GET", address, headers=headers) as response,
        ):
            place = f"{response.url.scheme}://{response.url.host}"
            if response.headers.get("content-encoding", "identity").lower() != "identity":
                raise AnswerUnreadable("CS-ENCODING", place, "the answer is compressed")
            async for chunk in response.aiter_raw():
                received += chunk
                if len(received) > LIMITS.bytes:
                    raise AnswerUnreadable("CS-LIMITS", place, f"more than {LIMITS.bytes} bytes")
            status = response.status_code
            kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            # An error of HTTP with a body of RegRep says more than its status.
            if status != 200 and not (kind == MEDIA_TYPE and received):
                away = _Again if status in _TRANSIENT else DirectoryUnreachable
                raise away(f"{place}: HTTP {status}")
            if kind not in _MEDIA_TYPES:
                raise AnswerUnreadable("CS-MEDIA-TYPE", place, "the answer is not XML of the registry")
            proof = {name: response.headers[name] for name in (DIGEST, SIGNATURE) if name in response.headers}
        return Kept(self._clock(), bytes(received), proof)

    def _told(self, reply: Reply) -> Reply:
        codes = ",".join(refusal.code for refusal in reply.answer.refusals) or "success"
        self._say(reply.query, codes, f"{reply.source}, sha256 {reply.digest}")
        return reply

    def _say(self, query: Query, result: str, source: str = "") -> None:
        """TDD 3.8: query, parameters (unless a user said them), version, result, where from, digest."""
        said = " ".join(f"{name}={value}" for name, value in query.parameters) if not query.personal else "–"
        name = query.id.value.rpartition(":")[2]
        _LOG.info("%s (%s): %s; %s; %s", name, self._settings.version, result, source, said)


def _foreign(query: Query, answer: Answer) -> str:
    """Why the records are not those that were asked for, or nothing."""
    parameters = dict(query.parameters)
    if query.id is QueryId.DATA_SERVICES:
        wanted = parameters["evidence-type-classification"]
        if answer.requirements or any(service.classification != wanted for service in answer.services):
            return "records of something else than the evidence type that was asked for"
    elif answer.services:
        return "data services, where requirements were asked for"
    elif query.id is QueryId.EVIDENCE_TYPES and [r.identifier for r in answer.requirements] != [
        parameters["requirement-id"]
    ]:
        return "not exactly the one requirement that was asked for"
    return ""

"""Joins the mapping store and the directories: what is published of us, what differs, what closes the gap.

For the command line and the console. Nothing is ever sent to a directory but queries.
"""

import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from cryptography import x509

from intermediary import directory, publishing, trust, xml
from intermediary.directory import (
    Answer,
    CommonServices,
    Finding,
    FolderCache,
    NaptrResolver,
    Publication,
    Query,
    Reply,
    Service,
    Submission,
    Survey,
    text_in,
)
from intermediary.directory.errors import AnswerUnreadable, QueryRefused
from intermediary.directory.model import DataServiceEvidenceType, PartyId, Requirement
from intermediary.directory.query import has_places
from intermediary.exchange import SettingsInvalid
from intermediary.mapping import MappingSet, State
from intermediary.settings import Settings
from intermediary.validation.rules.lcm import common_services_rules

if TYPE_CHECKING:
    from intermediary.as4.model import PMode
    from intermediary.mapping import Entry, MappingStore


@dataclass(frozen=True, slots=True)
class Compared:
    """The store beside the directories at one time."""

    at: datetime
    country: str
    findings: tuple[Finding, ...]
    submissions: tuple[Submission, ...]
    flaws: Mapping[Service, tuple[str, ...]] = field(default_factory=dict)
    """What the published rules of 1.0 have against a submission; it would be refused."""
    unseen: tuple[str, ...] = ()
    """Titles of evidence types whose providers could not be read."""
    replies: tuple[Reply, ...] = field(default=(), repr=False)


class Directories:
    """The directories as one platform sees them. Threads may share it."""

    def __init__(
        self,
        settings: Settings,
        store: "MappingStore",
        clock: Callable[[], datetime],
        pmodes: "Iterable[PMode]" = (),
    ) -> None:
        self._settings, self._store, self._clock = settings, store, clock
        self._point = access_point(pmodes)
        self._client: CommonServices | None = None

    @property
    def reachable(self) -> bool:
        """True where the settings say how to ask."""
        return self._settings.directory is not None

    @property
    def country(self) -> str:
        """Ours. Raises MappingMissing while the store is empty."""
        return self._live().platform.country

    def ask(self, query: Query, country: str = "", *, anew: bool = False) -> Reply:
        """One question. Raises DirectoryError, SettingsInvalid."""
        return self._opened().ask(query, country=country, anew=anew)

    def compare(self, *, anew: bool = False, language: str = "en") -> Compared:
        """The store beside what the services answer now. Raises DirectoryError, SettingsInvalid."""
        live, day = self._live(), self._clock().date()
        wanted = publishing.publication(live, day, self._point)
        found = directory.survey(self._opened(), wanted, anew=anew)
        return self._compared(live, wanted, found, language)

    def compare_files(self, eb: Iterable[bytes], dsd: Iterable[bytes]) -> Compared:
        """The store beside answers in files. Raises AnswerUnreadable, QueryRefused."""
        live, day = self._live(), self._clock().date()
        wanted = publishing.publication(live, day, self._point)
        found, unseen = published_in(live.platform.country, eb, dsd)
        return self._compared(live, wanted, Survey(found, (), unseen), "en")

    def _compared(
        self,
        live: MappingSet,
        wanted: Publication,
        found: Survey,
        language: str,
    ) -> Compared:
        published = directory.renamed(found.publication, publishing.first_spelling(live))
        ended = self._ended(live, self._clock().date())
        findings = directory.compare(wanted, published, ended, (language,))
        titles = {
            each.classification: text_in(each.titles, (language,)) for each in found.publication.services
        }
        unread = tuple(titles.get(uri, uri) for uri in found.unseen)
        whole = directory.renamed(
            directory.merged(wanted, published, ended), publishing.spelling_of_1_0(live)
        )
        made = directory.submissions(whole, findings, (uuid4(), uuid4()), unread)
        flaws = {each.service: flaws_of(each.body) for each in made}
        return Compared(self._clock(), wanted.country, findings, made, flaws, unread, found.replies)

    def _ended(self, live: MappingSet, day: date) -> dict[str, str]:
        """Evidence types that the store knows but that are not in force, each with the reason."""
        said = publishing.not_in_force(live, day)
        in_force = {uri for row in live.mappings for uri in row.evidence_type_classifications}
        for entry in self._store.entries(day, kind="evidence"):
            reason = _reason(entry)
            if reason is None:
                continue
            for name in entry.document.get("evidence_type_classifications", ()):
                for uri in live.references.get(str(name).removeprefix("$"), (str(name),)):
                    if uri not in in_force:
                        said[uri] = reason
        return said

    def _live(self) -> MappingSet:
        return self._store.live(self._clock().date())

    def _opened(self) -> CommonServices:
        if self._client is None:
            self._client = open_client(self._settings, self._live().platform.country, self._clock)
        return self._client


def _reason(entry: "Entry") -> str | None:
    if entry.in_force is not None:
        return None
    if entry.scheduled:
        return f"valid from {entry.scheduled[0].valid_from}"
    newest = entry.newest
    if newest.state is State.RETIRED and newest.published is not None:
        return f"retired on {newest.changed_at:%Y-%m-%d}" if newest.changed_at else "retired"
    if newest.state is State.LIVE and newest.valid_until is not None:
        return f"valid until {newest.valid_until}"
    return None


def access_point(pmodes: "Iterable[PMode]") -> PartyId | None:
    """The party id of our access point, where all P-Modes agree on it."""
    ours = {PartyId(pmode.us.id, pmode.us.type or "") for pmode in pmodes}
    return ours.pop() if len(ours) == 1 else None


def open_client(settings: Settings, home: str, clock: Callable[[], datetime]) -> CommonServices:
    """A client as the settings have it. Raises SettingsInvalid."""
    group = settings.directory
    if group is None:
        raise SettingsInvalid("directory: the settings have no [directory], so there is nobody to ask")
    anchors = [each for path in group.anchors for each in _certificates(path)]
    # Which certificates are revoked is not asked: the environments publish no answer [verify].
    policy = replace(settings.trust.policy(), revocation=trust.Revocation.OFF)

    def chain(leaf: bytes, sent: Sequence[bytes], at: datetime) -> str | None:
        return trust.certificate_check(anchors, policy, at)(leaf, sent)

    try:
        tls = ssl.create_default_context(cafile=str(group.ca) if group.ca else None)
    except OSError as error:
        raise SettingsInvalid(f"directory.ca: {error.strerror or error}") from None
    folder = group.cache or settings.directory_folder
    return CommonServices(
        group.chosen(home),
        resolve=NaptrResolver(group.nameservers),
        chain=chain,
        clock=clock,
        cache=FolderCache(folder) if folder is not None else None,
        tls=tls,
    )


def _certificates(path: Path) -> tuple[x509.Certificate, ...]:
    try:
        return tuple(trust.load_certificates(path.read_bytes()))
    except (OSError, trust.TrustError) as problem:
        raise SettingsInvalid(f"directory.anchors: {path}: {problem}") from None


def published_in(
    country: str, eb: Iterable[bytes], dsd: Iterable[bytes]
) -> tuple[Publication, tuple[str, ...]]:
    """What answers in files say of a country, and evidence types whose providers they do not name.

    Raises AnswerUnreadable; QueryRefused where an answer is a refusal that says nothing of what is published.
    """
    requirements: dict[str, Requirement] = {}
    for body in eb:
        answer = _useful(directory.read_answer(body))
        if answer.services:
            raise AnswerUnreadable("CS-RECORDS", "/*", "data services, where requirements belong")
        for each in answer.requirements:
            bare = replace(each, reference_frameworks=(), evidence_type_lists=())
            held = requirements.get(each.identifier, bare)
            frameworks = [
                one
                for one in each.reference_frameworks
                if one.jurisdiction is not None and one.jurisdiction.country == country
            ]
            requirements[each.identifier] = replace(
                held,
                reference_frameworks=tuple(dict.fromkeys((*held.reference_frameworks, *frameworks))),
                evidence_type_lists=tuple(
                    dict.fromkeys((*held.evidence_type_lists, *each.evidence_type_lists))
                ),
            )
    services: dict[str, DataServiceEvidenceType] = {}
    unseen: list[str] = []
    places = True
    for body in dsd:
        answer = _useful(directory.read_answer(body))
        if answer.requirements:
            raise AnswerUnreadable("CS-RECORDS", "/*", "requirements, where data services belong")
        places = places and has_places(answer.version)
        asked = [
            replace(one.evidence_type, determination=one.determination, classifications=one.classifications)
            for one in answer.inputs
        ]
        unseen += [each.classification for each in asked]
        for service in (*answer.services, *asked):
            first = services.setdefault(service.classification, service)
            several = dict.fromkeys((*first.access_services, *service.access_services))
            services[service.classification] = replace(first, access_services=tuple(several))
    left = (each for each in requirements.values() if each.reference_frameworks or each.evidence_type_lists)
    unread = tuple(uri for uri in dict.fromkeys(unseen) if not services[uri].access_services)
    return Publication(country, tuple(left), tuple(services.values()), places), unread


def _useful(answer: Answer) -> Answer:
    for refusal in answer.refusals:
        if not refusal.nothing_found and refusal.input is None:
            raise QueryRefused("an answer in a file", refusal.code, refusal.detail or refusal.message)
    return answer


def flaws_of(submission: bytes) -> tuple[str, ...]:
    """What the published rules of 1.0 have against a submission, as our own edition of them says it."""
    found = common_services_rules()(xml.parse(submission))
    return tuple(f"{each.rule}: {each.text}" for each in found if each.severity == "error")

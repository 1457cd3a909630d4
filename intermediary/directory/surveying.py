"""Everything that a country publishes, read by queries; for operators, never on the path of a request."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from intermediary.directory.client import CommonServices, Reply
from intermediary.directory.codes import VERSION_1_0, VERSION_1_1, JurisdictionLevel, RefusalCode
from intermediary.directory.errors import QueryRefused
from intermediary.directory.model import (
    AccessService,
    AdditionalInput,
    DataServiceEvidenceType,
    Publication,
    Requirement,
)
from intermediary.directory.query import (
    Query,
    answers_to,
    data_services_query,
    evidence_types_query,
    has_places,
    requirements_query,
)

_NOTHING = (
    RefusalCode.EB_NOTHING_FOUND,
    RefusalCode.EB_REQUIREMENT_UNKNOWN,
    RefusalCode.DSD_NOTHING_FOUND,
    RefusalCode.DSD_EVIDENCE_TYPE_UNKNOWN,
)


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found, and the answers that say so."""

    publication: Publication
    replies: tuple[Reply, ...] = field(repr=False)
    unseen: tuple[str, ...] = ()
    """Evidence types whose providers stayed unknown: the directory asks for what we cannot guess."""


def survey(client: CommonServices, wanted: Publication, *, anew: bool = False) -> Survey:
    """Read what the country of `wanted` publishes.

    All requirements of the catalogue are asked for. Where the directory needs more to name a provider
    (DSD:ERR:0005), places and values of the providers in `wanted` are tried, so a provider that only others
    know may stay unseen. Raises DirectoryError; QueryRefused for a refusal that is not «nothing found».
    """
    reader = _Reader(client, wanted, anew=anew)
    requirements = tuple(reader.requirements())
    proofs = (held for each in requirements for held in each.evidence_type_lists)
    brokered = (kind.classification for held in proofs for kind in held.evidence_types)
    known = dict.fromkeys((*brokered, *(each.classification for each in wanted.services)))
    services = tuple(found for uri in known if (found := reader.service(uri)) is not None)
    published = Publication(wanted.country, requirements, services, has_places(client.version))
    return Survey(published, tuple(reader.replies), tuple(reader.unseen))


class _Reader:
    def __init__(self, client: CommonServices, wanted: Publication, *, anew: bool) -> None:
        self._client, self._country, self._anew = client, wanted.country, anew
        self._wanted = {each.identifier: each for each in wanted.requirements}
        self._services = {each.classification: each for each in wanted.services}
        self.replies: list[Reply] = []
        self.unseen: list[str] = []

    def requirements(self) -> Iterator[Requirement]:
        catalogue = self._ask(requirements_query()).answer.requirements
        listed = {each.identifier: each for each in catalogue}
        for identifier in sorted({*listed, *self._wanted}):
            found = self._ask(evidence_types_query(identifier, self._country)).answer.requirements
            base = listed.get(identifier) or next(iter(found), None)
            if base is None:
                continue
            # Others' procedures are theirs.
            frameworks = tuple(
                each
                for each in base.reference_frameworks
                if each.jurisdiction is not None and each.jurisdiction.country == self._country
            )
            lists = tuple(held for each in found for held in each.evidence_type_lists)
            if frameworks or lists:
                yield replace(base, reference_frameworks=frameworks, evidence_type_lists=lists)

    def service(self, classification: str) -> DataServiceEvidenceType | None:
        reply = self._ask(data_services_query(classification, self._country))
        if reply.answer.services:
            return _joined(reply.answer.services)
        if not reply.answer.inputs:
            return None
        found: list[DataServiceEvidenceType] = []
        for asked in reply.answer.inputs:
            for said in dict.fromkeys(self._guesses(asked)):
                query = data_services_query(classification, self._country, said=dict(said))
                found += self._ask(query).answer.services
        if found:
            return _joined(found)
        self.unseen.append(classification)
        first = reply.answer.inputs[0]
        return replace(
            first.evidence_type, determination=first.determination, classifications=first.classifications
        )

    def _guesses(self, asked: AdditionalInput) -> Iterator[tuple[tuple[str, str], ...]]:
        """What the providers that we know would be found by."""
        known = self._services.get(asked.evidence_type.classification)
        for access in known.access_services if known else ():
            values = {
                concept.identifier: concept.supported_values[0]
                for concept in access.provider.concepts
                if concept.supported_values
            }
            # A provider for everything else is found by a value that nobody else has.
            missing = {each.identifier: "-" for each in asked.classifications}
            said = answers_to(
                asked,
                place=_place(access, asked),
                values={**missing, **values},
                evidence_type_id=self._client.version in (VERSION_1_0, VERSION_1_1),
            )
            yield tuple(said.items())

    def _ask(self, query: Query) -> Reply:
        reply = self._client.ask(query, country=self._country, anew=self._anew)
        self.replies.append(reply)
        for refusal in reply.answer.refusals:
            if refusal.code not in (*_NOTHING, RefusalCode.DSD_MORE_NEEDED, RefusalCode.DSD_VALUE):
                raise QueryRefused(query.id.value, refusal.code, refusal.detail or refusal.message)
        return reply


def _place(access: AccessService, asked: AdditionalInput) -> str:
    where = access.provider.jurisdiction
    if asked.determination is None:
        return ""
    level = asked.determination.level
    if level is JurisdictionLevel.LAU:
        return where.lau or "0"
    length = {JurisdictionLevel.NUTS1: 3, JurisdictionLevel.NUTS2: 4, JurisdictionLevel.NUTS3: 5}.get(
        level, 0
    )
    return (where.nuts or where.country).ljust(length, "0")[:length]


def _joined(found: Iterable[DataServiceEvidenceType]) -> DataServiceEvidenceType:
    """One service with the providers of all; several of one evidence type stand together."""
    first, *rest = found
    several = dict.fromkeys(access for each in (first, *rest) for access in each.access_services)
    return replace(first, access_services=tuple(several))

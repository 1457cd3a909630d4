"""Hypothesis strategies for every message in every version: `requests`, `responses`, `errors`, `messages`.

What they draw is what the version can say, and for 1.0 what its schema accepts; `extras=True` adds attributes
and elements that no profile knows.
"""

from datetime import UTC, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from intermediary import edm
from intermediary.edm.codes import AgentRole, DocumentRole, ErrorCode
from intermediary.edm.model import (
    Address,
    Agent,
    DataServiceEvidenceType,
    Distribution,
    EdmMessage,
    Evidence,
    EvidenceDocument,
    EvidenceErrorResponse,
    EvidenceException,
    EvidencePackage,
    EvidenceProviderClassification,
    EvidenceRequest,
    EvidenceResponse,
    Extra,
    Identifier,
    LegalPerson,
    NaturalPerson,
    Preview,
    Requirement,
    SectorSpecificAttribute,
    Text,
)

VERSIONS = tuple(edm.PROFILES)
_MAIN = DocumentRole.MAIN_EVIDENCE

_CHARACTERS = st.characters(
    codec="utf-8",
    exclude_categories=("Cs", "Cc"),
    exclude_characters="\ufffe\uffff",
    include_characters="\t\n\r",
)
texts = st.text(_CHARACTERS, max_size=20).map(lambda text: text.strip(" \t\r\n"))
"""Trimmed, else anything that XML can carry: markup, quotes, line ends, other scripts."""
words = texts.filter(bool)
uuids = st.uuids().map(str)
urns = uuids.map(lambda uuid: f"urn:uuid:{uuid}")
uris = st.from_regex(r"https://[a-z]{1,8}\.example/[A-Za-z0-9._~/-]{0,12}", fullmatch=True)
days = st.dates()
_zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))) | st.just(
    UTC
)
moments = st.datetimes(timezones=_zones | st.none())
identifiers = st.builds(Identifier, texts, st.none() | texts)
multilingual = st.builds(Text, texts, st.none() | st.sampled_from(("EN", "de", "IT", "sr-Latn")))

_UNKNOWN = Extra(
    (("{urn:example}kind", "a & b"),),
    ('<x1:Other xmlns:x1="urn:example" x1:y="1">some <x1:Deep>text</x1:Deep></x1:Other>',),
)


def _some(strategy: st.SearchStrategy[Any], least: int = 0) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(strategy, min_size=least, max_size=2).map(tuple)


def _maybe(strategy: st.SearchStrategy[Any], allowed: bool = True) -> st.SearchStrategy[Any]:
    return st.none() | strategy if allowed else st.none()


class Version:
    """The strategies of one version."""

    def __init__(self, identifier: str, extras: bool = False) -> None:
        """`identifier` is a specification identifier; see the module for `extras`."""
        profile = edm.profile_for(identifier)
        oldest = identifier == VERSIONS[0]
        extra = st.just(Extra()) | st.just(_UNKNOWN) if extras else st.just(Extra())
        many = 1 if oldest else 0
        addresses = st.builds(
            Address,
            _maybe(texts),
            _maybe(texts),
            _maybe(texts),
            _maybe(texts),
            _maybe(texts),
            texts if oldest else _maybe(texts),
            _maybe(texts),
            _maybe(texts, not oldest),
            extra,
        )
        roles = st.sampled_from([role.value for role in AgentRole])
        agents = st.builds(
            Agent, identifiers, _some(multilingual, many), _maybe(addresses), _maybe(roles | texts), extra
        )
        attributes = st.builds(SectorSpecificAttribute, texts, uris, texts, extra)
        genders = st.sampled_from(("Male", "Female", "Unspecified"))
        newer = _maybe(texts, not oldest)
        natural = st.builds(
            NaturalPerson,
            family_name=texts,
            given_name=texts,
            date_of_birth=days if oldest else _maybe(days),
            level_of_assurance=_maybe(st.sampled_from(("High", "Substantial", "Low"))),
            identifier=_maybe(identifiers),
            birth_name=_maybe(texts),
            place_of_birth=_maybe(texts),
            current_address=_maybe(addresses),
            gender=_maybe(genders),
            nationalities=st.just(()) if oldest else _some(texts),
            country_of_birth=newer,
            town_of_birth=newer,
            country_of_residence=newer,
            phone_number=newer,
            email_address=newer,
            sector_specific_attributes=_some(attributes),
            extra=extra,
        )
        legal = st.builds(
            LegalPerson,
            legal_name=texts,
            level_of_assurance=_maybe(texts),
            legal_person_identifier=_maybe(identifiers),
            identifiers=_some(identifiers),
            registered_address=_maybe(addresses),
            sector_specific_attributes=_some(attributes),
            extra=extra,
        )
        persons = natural | legal

        def distributions(asked: bool) -> st.SearchStrategy[Distribution]:
            companions = st.sampled_from([role.value for role in DocumentRole][1:])
            return st.builds(
                Distribution,
                format=texts,
                conforms_to=_maybe(uris),
                transformation=_maybe(uris, profile.transformation),
                languages=st.just(()) if oldest and asked else _some(texts),
                extra=extra,
                associated_documents=_some(companions) if asked and profile.packaged else st.just(()),
            )

        requirements = st.builds(
            Requirement,
            identifiers,
            _some(multilingual, many),
            _some(multilingual) if profile.requirement_descriptions else st.just(()),
            extra,
        )
        supported = st.one_of(
            st.tuples(st.just("StringValue"), _some(texts)),
            st.tuples(st.just("DateValue"), _some(days.map(lambda day: day.isoformat()), 1)),
            st.tuples(st.just("BooleanValue"), _some(st.sampled_from(("true", "false")), 1)),
        )
        classifications = st.builds(
            lambda value, **fields: EvidenceProviderClassification(
                supported_value_type=value[0], supported_values=value[1], **fields
            ),
            supported,
            identifier=identifiers,
            type=_maybe(texts),
            value_expression=_maybe(texts),
            descriptions=_some(multilingual),
            extra=extra,
        )
        evidence_types = st.builds(
            DataServiceEvidenceType,
            identifier=identifiers,
            evidence_type_classification=texts,
            titles=_some(multilingual, many),
            distributed_as=_some(distributions(asked=True), many),
            descriptions=_some(multilingual),
            extra=extra,
        )
        plain = words.map(lambda code: (Text(code),))
        self.requests = st.builds(
            EvidenceRequest,
            id=urns,
            specification_identifier=st.just(identifier),
            issue_date_time=moments,
            procedure=plain if profile.plain_procedure else _some(multilingual),
            possibility_for_preview=st.booleans(),
            explicit_request_given=st.booleans(),
            requirements=_some(requirements),
            evidence_requesters=_some(agents, 1),
            evidence_provider=agents,
            evidence_type=evidence_types,
            subject=persons,
            authorized_representative=_maybe(persons if profile.legal_representative else natural),
            preview_location=_maybe(uris),
            return_location=_maybe(uris, profile.return_location),
            evidence_provider_classifications=_some(classifications),
            extra=extra,
            query_extra=extra,
        )
        period = _maybe(st.tuples(days, days)) if oldest else st.tuples(_maybe(days), _maybe(days))
        full = st.builds(
            lambda period, **fields: Evidence(
                valid_from=period and period[0], valid_until=period and period[1], **fields
            ),
            period,
            identifier=identifiers,
            is_about=persons if oldest else _maybe(persons),
            issuing_authority=agents if oldest else _maybe(agents),
            evidence_type_classification=words if oldest else texts,
            titles=_some(multilingual, many),
            issuing_date=days if oldest else _maybe(days),
            distribution=distributions(asked=False),
            descriptions=_some(multilingual),
            extra=extra,
        )

        def documents(role: DocumentRole) -> st.SearchStrategy[EvidenceDocument]:
            return st.builds(
                EvidenceDocument,
                id=urns,
                content_id=st.from_regex(r"[a-z0-9]{1,8}@[a-z0-9]{1,8}", fullmatch=True),
                metadata=_maybe(full),
                title=_maybe(texts),
                role=st.just(role),
                extra=extra,
                classification_id=_maybe(urns | st.just(""), profile.packaged and role is _MAIN),
                association_id=_maybe(urns | st.just(""), profile.packaged and role is not _MAIN),
            )

        companions = st.sampled_from([role for role in DocumentRole if role is not _MAIN]).flatmap(documents)
        packages = (
            st.builds(
                lambda main, others, identity, kept: EvidencePackage((main, *others), identity, kept),
                documents(_MAIN),
                _some(companions),
                _maybe(urns),
                extra,
            )
            if profile.packaged
            else documents(_MAIN).map(lambda document: EvidencePackage((document,)))
        )
        self.responses = st.builds(
            EvidenceResponse,
            request_id=urns,
            id=uuids,
            specification_identifier=st.just(identifier),
            issue_date_time=moments,
            evidence_providers=_some(agents, 1),
            evidence_requester=agents,
            packages=_some(packages),
            response_available_date_time=_maybe(moments),
            extra=extra,
        )
        previews = st.builds(
            Preview,
            uris,
            _some(multilingual),
            st.sampled_from(("GET", "POST") if profile.preview_method else ("GET",)),
        )
        exceptions = st.builds(
            EvidenceException,
            code=st.sampled_from(ErrorCode),
            message=texts,
            timestamp=moments,
            detail=_maybe(texts),
            severity=_maybe(st.just("urn:example:Warning")),
            preview=_maybe(previews),
            extra=extra,
        )
        self.errors = st.builds(
            EvidenceErrorResponse,
            id=uuids,
            specification_identifier=st.just(identifier),
            error_provider=agents,
            evidence_requester=_maybe(agents),
            exceptions=_some(exceptions, 1),
            request_id=_maybe(urns),
            extra=extra,
        )
        self.messages: st.SearchStrategy[EdmMessage] = self.requests | self.responses | self.errors


def requests(version: str = edm.LATEST, extras: bool = False) -> st.SearchStrategy[EvidenceRequest]:
    """Evidence requests of a version."""
    return Version(version, extras).requests


def responses(version: str = edm.LATEST, extras: bool = False) -> st.SearchStrategy[EvidenceResponse]:
    """Successful and deferred responses of a version."""
    return Version(version, extras).responses


def errors(version: str = edm.LATEST, extras: bool = False) -> st.SearchStrategy[EvidenceErrorResponse]:
    """Error responses of a version."""
    return Version(version, extras).errors


def messages(version: str = edm.LATEST, extras: bool = False) -> st.SearchStrategy[EdmMessage]:
    """Any message of a version."""
    return Version(version, extras).messages

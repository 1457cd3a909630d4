"""What our mappings would hand in to EB and DSD, judged by the official schemas and rules."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from lxml import etree

from intermediary import publishing
from intermediary.directory import Gap, Service, compare, in_words, merged, renamed, submissions
from intermediary.directory.comparison import Finding
from intermediary.directory.model import (
    Distribution,
    EvidenceType,
    EvidenceTypeList,
    Jurisdiction,
    Publication,
    ReferenceFramework,
    Requirement,
    Text,
)
from intermediary.directory.submission import Submission
from intermediary.mapping import load
from intermediary.mapping.model import MappingSet
from intermediary.sandbox.common_services import with_differences
from intermediary.shipped import shipped
from tests.directory.official import problems
from tests.directory.samples import names, requires_samples, sample

DAY = date(2026, 11, 25)
IDS = [UUID(int=1), UUID(int=2)]
OLD = "https://sr.oots.tech.europa.eu"


@pytest.fixture(scope="module")
def mappings() -> MappingSet:
    return load(shipped("mappings"))


@pytest.fixture(scope="module")
def ours(mappings: MappingSet) -> Publication:
    return publishing.publication(mappings, DAY)


def _made(
    mappings: MappingSet, wanted: Publication, published: Publication, ended: dict[str, str] | None = None
) -> tuple[tuple[Finding, ...], tuple[Submission, ...]]:
    findings = compare(wanted, published, ended or {})
    whole = merged(wanted, published, ended or {})
    return findings, submissions(renamed(whole, publishing.spelling_of_1_0(mappings)), findings, IDS)


@requires_samples
def test_the_oracle_is_content_with_the_official_samples() -> None:
    for name in names("lcm"):
        kind = {"lcm/5.4": "EB-SUB", "lcm/5.5": "DSD-SUB"}.get(name[:7])
        if kind:
            assert problems(kind, sample(name)) == []


@requires_samples
def test_a_first_submission_of_all_shipped_mappings_is_valid(mappings: MappingSet, ours: Publication) -> None:
    findings, (eb, dsd) = _made(mappings, ours, Publication("DE"))
    assert {f.gap for f in findings} == {Gap.MISSING_THERE}
    assert problems("EB-SUB", eb.body) == []
    assert problems("DSD-SUB", dsd.body) == []
    assert len(eb.adds) == len(dsd.adds) == len(mappings.mappings)


@requires_samples
def test_the_submission_that_closes_every_kind_of_gap_is_valid(
    mappings: MappingSet, ours: Publication
) -> None:
    published = with_differences(ours)
    *rest, last = mappings.mappings
    ending = replace(mappings, mappings=(*rest, replace(last, valid_until=date(2026, 10, 31))))
    wanted, ended = publishing.publication(ending, DAY), publishing.not_in_force(ending, DAY)
    (gone,) = ended
    findings, made = _made(mappings, wanted, published, ended)
    assert {f.gap for f in findings} == set(Gap)
    for submission in made:
        assert problems(f"{submission.service.value.upper()}-SUB", submission.body) == []
    after = merged(wanted, published, ended)
    assert {f.gap for f in compare(wanted, after, ended)} == {Gap.MISSING_HERE}
    dsd = made[1]
    assert dsd.keeps
    assert dsd.withdraws
    assert dsd.changes
    assert dsd.adds
    assert gone.encode() not in dsd.body
    assert b"Fishing licence" in dsd.body, "what only the directory knows would be lost otherwise"


def test_the_same_is_written_in_the_same_bytes(mappings: MappingSet, ours: Publication) -> None:
    first, second = (_made(mappings, ours, Publication("DE"))[1] for _ in range(2))
    assert [each.body for each in first] == [each.body for each in second]
    assert first[0].body.count(b"https://sr.oots.tech.ec.europa.eu") == 0, "the spelling of 1.0"


def test_nothing_differs_from_ourselves(mappings: MappingSet, ours: Publication) -> None:
    findings, (eb, dsd) = _made(mappings, ours, ours)
    assert findings == ()
    assert eb.idle
    assert dsd.idle
    assert in_words(eb)[0] == "Changes nothing."
    # An answer in the spelling of 1.0 says the same.
    old = renamed(ours, publishing.spelling_of_1_0(mappings))
    assert old != ours
    assert compare(ours, renamed(old, publishing.first_spelling(mappings)), {}) == ()


def test_every_difference_is_told_once_with_what_to_do(ours: Publication) -> None:
    findings = compare(ours, with_differences(ours), {})
    told = {(f.service, f.gap, f.field) for f in findings}
    assert {
        (Service.EVIDENCE_BROKER, Gap.MISSING_THERE, "evidence-type"),
        (Service.DATA_SERVICE_DIRECTORY, Gap.MISSING_THERE, "evidence-type"),
        (Service.DATA_SERVICE_DIRECTORY, Gap.MISSING_HERE, "evidence-type"),
        (Service.DATA_SERVICE_DIRECTORY, Gap.DIFFERENT, "title"),
        (Service.DATA_SERVICE_DIRECTORY, Gap.DIFFERENT, "level-of-assurance"),
        (Service.DATA_SERVICE_DIRECTORY, Gap.DIFFERENT, "formats"),
        (Service.DATA_SERVICE_DIRECTORY, Gap.DIFFERENT, "provider-name"),
        (Service.DATA_SERVICE_DIRECTORY, Gap.MISSING_HERE, "provider"),
    } <= told
    assert len(set(findings)) == len(findings)
    assert all(f.remedy for f in findings)


def test_places_points_and_versions_are_compared(ours: Publication) -> None:
    service = next(each for each in ours.services if each.determination and each.classifications)
    access = service.access_services[0]
    there = replace(
        service,
        determination=None,
        classifications=(),
        access_services=(
            replace(
                access,
                identifier=replace(access.identifier, value="other"),
                conforms_to=("oots-edm:v1.0",),
                provider=replace(access.provider, jurisdiction=Jurisdiction("DE", "DE9", "1")),
            ),
            *service.access_services[1:],
        ),
    )
    found = compare(Publication("DE", (), (service,)), Publication("DE", (), (there,)), {})
    assert {f.field for f in found} == {
        "jurisdiction", "questions", "provider-jurisdiction", "access-point", "edm-versions",
    }  # fmt: skip


def test_identifiers_and_procedures_that_are_published_stay(ours: Publication) -> None:
    requirement = ours.requirements[0]
    kind = requirement.evidence_type_lists[0].evidence_types[0]
    published = Publication(
        "DE",
        (
            Requirement(
                requirement.identifier,
                (Text("The agreed name"),),
                reference_frameworks=(ReferenceFramework("their-framework", ("X9",), Jurisdiction("DE")),),
                evidence_type_lists=(
                    EvidenceTypeList("their-list", (replace(kind, titles=(Text("old"),)),)),
                    EvidenceTypeList("with-another", (kind, EvidenceType("foreign", (Text("f"),)))),
                    EvidenceTypeList("no-match", ()),
                ),
            ),
        ),
        (replace(ours.services[0], identifier="their-service", distributions=(Distribution("image/png"),)),),
    )
    whole = merged(ours, published, {})
    first = next(each for each in whole.requirements if each.identifier == requirement.identifier)
    assert text_values(first) == ["The agreed name"]
    assert [held.identifier for held in first.evidence_type_lists] == ["their-list", "with-another"]
    assert first.evidence_type_lists[0].evidence_types == (kind,)
    assert first.reference_frameworks[0].identifier == "their-framework"
    assert all(not each.reference_frameworks for each in whole.requirements if each is not first)
    service = next(s for s in whole.services if s.classification == ours.services[0].classification)
    assert service.identifier == "their-service"
    assert service.distributions == ours.services[0].distributions


def text_values(requirement: Requirement) -> list[str]:
    return [text.value for text in requirement.names]


def test_a_list_without_one_of_its_members_proves_nothing(ours: Publication) -> None:
    held = ours.requirements[0].evidence_type_lists[0]
    stale = EvidenceType(f"{OLD}/stale", (Text("s"),))
    both = replace(held, evidence_types=(*held.evidence_types, stale))
    published = Publication("DE", (replace(ours.requirements[0], evidence_type_lists=(both,)),))
    whole = merged(ours, published, {stale.classification: "retired"})
    first = next(r for r in whole.requirements if r.identifier == ours.requirements[0].identifier)
    assert first.evidence_type_lists == (held,)


def test_rows_out_of_their_dates_are_known_but_not_in_force(mappings: MappingSet) -> None:
    first, second, *rest = mappings.mappings
    changed = replace(
        mappings,
        mappings=(
            replace(first, valid_until=date(2026, 10, 31)),
            replace(second, valid_from=date(2027, 1, 1)),
            *rest,
        ),
    )
    said = publishing.not_in_force(changed, DAY)
    assert sorted(said.values()) == ["valid from 2027-01-01", "valid until 2026-10-31"]
    assert len(publishing.publication(changed, DAY).services) == len(rest)
    found = compare(publishing.publication(changed, DAY), publishing.publication(mappings, DAY), said)
    assert {f.gap for f in found} == {Gap.STALE}
    assert {f.here for f in found} == set(said.values())


def test_every_object_of_a_submission_has_an_id_of_its_own(mappings: MappingSet, ours: Publication) -> None:
    _, made = _made(mappings, ours, Publication("DE"))
    for submission in made:
        ids = [str(i) for i in etree.fromstring(submission.body).xpath("//@id")]  # type: ignore[union-attr]
        assert len(ids) == len(set(ids))

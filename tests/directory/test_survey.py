"""Reading all that a country publishes, over sockets, in each version."""

from dataclasses import replace

import pytest

from intermediary import publishing
from intermediary.directory import Gap, Publication, compare, survey
from intermediary.mapping import load
from intermediary.sandbox.common_services import with_differences
from intermediary.shipped import shipped
from tests.directory.double import DAY, Double

OURS = publishing.publication(load(shipped("mappings")), DAY)


@pytest.mark.parametrize("version", ["oots-cs:v2.0", "oots-cs:v1.2", "oots-cs:v1.1"])
def test_what_the_mappings_say_is_found_as_published(common_services: Double, version: str) -> None:
    found = survey(common_services.client(version=version), OURS)
    assert compare(OURS, found.publication, {}) == ()
    assert found.unseen == ()
    assert found.replies


def test_what_differs_is_found(common_services: Double) -> None:
    common_services.app.state.publications = (with_differences(OURS),)
    found = survey(common_services.client(version="oots-cs:v1.2"), OURS)
    gaps = {(f.gap, f.field) for f in compare(OURS, found.publication, {})}
    assert (Gap.MISSING_THERE, "evidence-type") in gaps
    assert (Gap.DIFFERENT, "level-of-assurance") in gaps


def test_providers_that_only_others_know_stay_unseen(common_services: Double) -> None:
    service = next(each for each in OURS.services if each.determination and len(each.access_services) > 2)
    nobody = replace(OURS, services=tuple(replace(each, access_services=()) for each in OURS.services))
    found = survey(common_services.client(version="oots-cs:v1.1"), nobody)
    assert service.classification in found.unseen
    assert any(each.classification == service.classification for each in found.publication.services)


def test_a_country_that_publishes_nothing(common_services: Double) -> None:
    common_services.app.state.publications = common_services.app.state.publications[1:]
    found = survey(common_services.client(), OURS)
    assert found.publication == Publication("DE", places=False)
    assert {f.gap for f in compare(OURS, found.publication, {})} == {Gap.MISSING_THERE}

"""What would change: past requests by their shape, against mappings that are not live yet."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from intermediary.audit.requests import past_requests
from intermediary.edm.model import Distribution, EvidenceProviderClassification, Identifier
from intermediary.exchange import Outcome
from intermediary.exchange.dryrun import PastRequest, Replay, replay
from intermediary.exchange.model import Fact
from intermediary.exchange.shape import Shape, shape_of
from intermediary.mapping.model import FormatMapping, MappingSet, Routing
from tests.exchange.dryrun.test_dry_run import NOW, changed, sample
from tests.exchange.house import MAPPINGS, VEHICLE, House, a_request

BIRTH = "geburtsurkunde"


def past(
    key: str = VEHICLE, count: int = 1, provider: str | None = None, **change: object
) -> list[PastRequest]:
    """Requests that came for the evidence of a mapping."""
    request = replace(sample(key), **change)  # type: ignore[arg-type]
    return [
        PastRequest(
            f"exchange-{key}-{number}",
            NOW,
            request.specification_identifier,
            request.evidence_type.evidence_type_classification,
            request.procedure_code,
            "BE",
            provider,
            shape_of(request, ()),
        )
        for number in range(count)
    ]


def seen(requests: list[PastRequest], draft: MappingSet) -> Replay:
    return replay(requests, MAPPINGS, draft, NOW.date())


def aspects(found: Replay) -> dict[str, tuple[str, str]]:
    (change,) = found.changes
    return {aspect.name: (aspect.was, aspect.will) for aspect in change.aspects}


def test_nothing_changes_where_nothing_is_changed() -> None:
    every = [request for mapping in MAPPINGS.mappings for request in past(mapping.key)]
    found = seen(every, MAPPINGS)
    assert (found.changed, found.same, found.unknown) == (0, len(every), 0)


def test_what_would_be_refused_comes_first_with_its_reason() -> None:
    mapping = MAPPINGS.by_key(VEHICLE)
    assert mapping is not None
    pdf = tuple(form for form in mapping.formats if form.media_type == "application/pdf")
    draft = replace(
        changed(formats=pdf),
        mappings=tuple(
            replace(m, national_version="2.0") if m.key == BIRTH else m for m in changed(formats=pdf).mappings
        ),
    )
    found = seen([*past(BIRTH, 5), *past(VEHICLE, 2)], draft)
    assert [(change.refused, len(change.exchanges)) for change in found.changes] == [(True, 2), (False, 5)]
    assert found.refused == 2
    first = {aspect.name: aspect.will for aspect in found.changes[0].aspects}
    assert first["Result"] == Outcome.UNSUPPORTED
    assert "application/pdf" in first["Reason"]
    assert found.changes[1].exchanges[0] == f"exchange-{BIRTH}-0"


def test_a_new_mapping_answers_what_was_refused() -> None:
    without = replace(MAPPINGS, mappings=tuple(m for m in MAPPINGS.mappings if m.key != VEHICLE))
    found = replay(past(), without, MAPPINGS, NOW.date())
    assert found.changes[0].answered
    assert aspects(found)["Result"] == (Outcome.UNMAPPED, "answered")
    assert aspects(found)["Provider"] == ("", "kba-zfzr")


@pytest.mark.parametrize(
    ("change", "name", "was", "will"),
    [
        ({"routing": Routing(provider="finanzverwaltung")}, "Provider", "kba-zfzr", "finanzverwaltung"),
        ({"legal_basis": "§ 1"}, "Legal basis", None, "§ 1"),
        ({"additional_inputs": ()}, "Citizen is asked for", "kennzeichen", ""),
        ({"national_id": "urn:x"}, "National evidence type", None, "urn:x 1.0"),
    ],
)
def test_each_aspect_tells_what_was_and_what_would_be(
    change: dict[str, object], name: str, was: str | None, will: str
) -> None:
    found = aspects(seen(past(), changed(**change)))  # type: ignore[arg-type]
    assert found[name][1] == will
    assert was is None or found[name][0] == was


def test_a_rule_that_no_longer_fits_the_fields_that_were_there() -> None:
    mapping = MAPPINGS.by_key(VEHICLE)
    assert mapping is not None
    rule = replace(mapping.identification[0], fields=("family_name", "birth_name", "identifier"))
    person = replace(sample().subject, birth_name=None)  # type: ignore[arg-type]
    draft = changed(identification=(rule,))
    assert seen(past(subject=person), draft).changes[0].refused
    assert aspects(seen(past(), draft))["Person found by"][1] == "family_name, birth_name, identifier"


def test_routing_by_a_value_that_nobody_knows_is_told_from_who_was_asked() -> None:
    routing = MAPPINGS.by_key(BIRTH).routing  # type: ignore[union-attr]
    moved = changed(BIRTH, routing=replace(routing, table={**routing.table, "Köln": "gewerbeamt"}))
    cologne = seen(past(BIRTH, provider="standesamt-koeln"), moved)
    assert aspects(cologne) == {"Provider": ("standesamt-koeln", "gewerbeamt")}
    assert seen(past(BIRTH, provider="standesamt-muenchen"), moved).changed == 0
    assert seen(past(BIRTH, provider="personenstandsregister"), moved).changed == 0


def test_an_input_that_the_request_answers_is_asked_of_nobody() -> None:
    question = MAPPINGS.by_key(VEHICLE).additional_inputs[0].classification  # type: ignore[union-attr]
    answered = EvidenceProviderClassification(Identifier(str(question)), supported_values=("B-GR 1990",))
    found = seen(past(evidence_provider_classifications=(answered,)), changed(additional_inputs=()))
    assert "Citizen is asked for" not in aspects(found)


def test_requests_without_a_shape_are_counted() -> None:
    (one,) = past()
    assert seen([replace(one, shape=None)], MAPPINGS).unknown == 1
    assert seen([replace(one, shape=None, broken=True)], MAPPINGS).same == 1


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    yield House(tmp_path_factory.mktemp("house"))


def test_the_log_keeps_the_shape_and_nothing_of_the_person(house: House) -> None:
    request = a_request()
    house.begin(request)
    (found,) = past_requests(house.engine, 500)
    assert found.shape == shape_of(request, MAPPINGS.identifiers_without_meaning)
    assert found.shape is not None
    assert found.shape.identity.split()[:3] == ["family_name", "given_name", "date_of_birth"]
    said = " ".join(found.shape.said().values())
    assert not any(word in said for word in ("Rossi", "Giulia", "1984", "Bolzano", "RSSGLI"))
    elsewhere = f"{request.evidence_type.evidence_type_classification[:-1]}f"
    unmapped = replace(request.evidence_type, evidence_type_classification=elsewhere)
    house.ask(a_request(evidence_type=unmapped))
    refused = past_requests(house.engine, 1)[0]
    assert refused.shape is not None
    assert replay([refused], MAPPINGS, MAPPINGS, NOW.date()).same == 1


def test_what_a_partner_wrote_cannot_disturb_the_words_of_a_shape() -> None:
    odd = (Distribution("application/pdf, x y", "urn:a|b c"), Distribution("application/xml", "urn:ok"))
    wanted = replace(sample().evidence_type, distributed_as=odd)
    shape = shape_of(replace(sample(), evidence_type=wanted), ())
    assert shape.forms.split() == ["application/xml|urn:ok"]
    assert Shape.read(shape.said()) == shape


def test_events_from_before_have_no_shape() -> None:
    assert Shape.read({"mapping": "x", "fact": Fact.REQUEST_ACCEPTED}) is None


def test_a_format_that_is_dropped_and_one_that_is_added() -> None:
    mapping = MAPPINGS.by_key(VEHICLE)
    assert mapping is not None
    more = (*mapping.formats, FormatMapping("image/png", "image/png"))
    assert seen(past(), changed(formats=more)).changes[0].aspects[0].name == "Formats asked for"

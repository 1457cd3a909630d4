"""Queries: what belongs into them, how it is encoded, and answers to questions."""

from collections.abc import Callable
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intermediary.directory import (
    JurisdictionLevel,
    Query,
    QueryId,
    QueryInvalid,
    data_services_query,
    evidence_types_query,
    place_fits,
    requirements_query,
)


@given(st.text(min_size=1, max_size=60), st.text(min_size=1, max_size=10))
def test_values_survive_the_encoding(classification: str, country: str) -> None:
    encoded = data_services_query(classification, country).encoded()
    assert encoded.isascii()
    assert dict(parse_qsl(encoded, keep_blank_values=True)) == {
        "queryId": QueryId.DATA_SERVICES.value,
        "evidence-type-classification": classification,
        "country-code": country,
    }


def test_empty_parameters_are_left_out() -> None:
    assert requirements_query().parameters == ()
    assert requirements_query("R1").encoded().endswith("&procedure-id=R1")
    assert requirements_query(incomplete=True).parameters == (("return-incomplete", "true"),)


def test_what_is_missing_or_foreign_is_refused() -> None:
    attempts: tuple[Callable[[], Query], ...] = (
        lambda: evidence_types_query(""),
        lambda: data_services_query("", "DE"),
        lambda: data_services_query("x", ""),
        lambda: Query(QueryId.REQUIREMENTS, (("requirement-id", "x"),)),
        lambda: Query(QueryId.REQUIREMENTS, (("country-code", "DE"), ("country-code", "FR"))),
    )
    for make in attempts:
        with pytest.raises(QueryInvalid):
            make()


def test_nothing_that_was_said_replaces_what_is_asked() -> None:
    query = data_services_query("x", "DE", said={"country-code": "FR", "c": "v"})
    assert dict(query.parameters)["country-code"] == "DE"
    assert query.personal
    assert not data_services_query("x", "DE", specification="oots-edm:v2.0").personal


@pytest.mark.parametrize(
    ("level", "code", "fits"),
    [
        ("NUTS1", "DE6", True), ("NUTS1", "DE600", False), ("NUTS2", "DE60", True), ("NUTS3", "DE600", True),
        ("NUTS3", "DE6-0", False), ("LAU", "11000000", True), ("LAU", "", False), ("LAU", "1 or 1", False),
        ("Country", "", True),
    ],
)  # fmt: skip
def test_codes_fit_their_level(level: str, code: str, fits: bool) -> None:
    assert place_fits(JurisdictionLevel(level), code) is fits

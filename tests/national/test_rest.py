"""REST/JSON providers described by data alone."""

import base64
import json
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intermediary.national import NationalUnreadable, NationalUnwritable
from intermediary.national.model import (
    Authority,
    Format,
    NationalLegalPerson,
    NationalNaturalPerson,
    Outcome,
    Representation,
)
from intermediary.national.rest import build, links, options_problems, read
from tests.national import messages
from tests.national.test_xnachweis import REQUEST

Options = dict[str, Any]

VEHICLES: Options = {
    "request": {
        "method": "POST",
        "path": "/v2/vehicles/{additional.licence_plate}/extracts",
        "query": {"lang": "{language?}", "purpose": "{purpose.eu_procedure}"},
        "headers": {"X-Purpose": "EU-OOTS"},
        "body": {
            "person": {
                "name": "{subject.family_name}",
                "born": "{subject.date_of_birth}",
                "birthName": "{subject.birth_name?}",
            },
            "for": ["{request_id}", 1, True, None],
        },
    },
    "answer": {
        "statuses": {"404": "not-found", "409": "ambiguous", "422": "rejected"},
        "outcome": {
            "path": "$.result",
            "values": {"HIT": "delivered", "NONE": "not-found", "NIGHT": "later"},
        },
        "code": "$.code",
        "available_at": "$.readyAt",
        "evidences": "$.documents[*]",
        "evidence": {
            "id": "$.id",
            "issuing_date": "$.issued",
            "issuing_authority": {"id": "kba", "name": "$.office.name"},
            "valid_until": "$.until",
            "representations": [
                {"media_type": "application/pdf", "base64": "$.pdf"},
                {"media_type": "application/json", "json": "$.data", "data_model": "https://example.org/v/1"},
                {"media_type": "text/plain", "text": "$.note", "optional": True},
            ],
        },
    },
}
HIT = {
    "result": "HIT",
    "code": "OK-1",
    "documents": [
        {
            "id": 7,
            "issued": "2026-02-01T10:00:00+01:00",
            "until": "2027-01-31",
            "office": {"name": "Kraftfahrt-Bundesamt"},
            "pdf": base64.b64encode(b"%PDF").decode(),
            "data": {"plate": "B AB 1234", "käufer": None},
        }
    ],
}


def reading(document: object, status: int = 200, kind: str = "application/json", **more: Any) -> Any:
    return read(status, kind, json.dumps(document).encode(), more.pop("options", VEHICLES), REQUEST, **more)


def rules(refused: pytest.ExceptionInfo[Any]) -> set[str]:
    return {problem.rule for problem in refused.value.problems}


def test_a_request_is_built_from_data() -> None:
    call = build("https://kba.example/api/", REQUEST, VEHICLES)
    assert call.method == "POST"
    assert call.url == "https://kba.example/api/v2/vehicles/B%20AB%201234/extracts?purpose=V2"
    assert call.headers == {"X-Purpose": "EU-OOTS", "Content-Type": "application/json"}
    person = {"name": "Müller", "born": "1980-05-17"}
    assert json.loads(call.body) == {"person": person, "for": ["r-1", 1, True, None]}
    assert "Müller" not in repr(call)
    assert "1234" not in repr(call)


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(codec="utf-8"), min_size=1), messages.texts)
def test_no_value_leaves_its_place(plate: str, name: str) -> None:
    assert isinstance(REQUEST.subject, NationalNaturalPerson)
    request = replace(
        REQUEST,
        additional=(("licence_plate", plate),),
        language=plate,
        subject=replace(REQUEST.subject, family_name=name),
    )
    try:
        call = build("https://kba.example", request, VEHICLES)
    except NationalUnwritable as refused:
        assert plate in (".", "..")
        assert refused.problems[0].rule == "XR-PATH"
        return
    url = urlsplit(call.url)
    assert (url.scheme, url.netloc, url.fragment) == ("https", "kba.example", "")
    assert [unquote(s) for s in url.path.split("/")] == ["", "v2", "vehicles", plate, "extracts"]
    assert parse_qsl(url.query, keep_blank_values=True) == [("lang", plate), ("purpose", "V2")]
    assert json.loads(call.body)["person"]["name"] == name


def test_a_missing_value_is_named_and_nothing_is_sent() -> None:
    with pytest.raises(NationalUnwritable) as refused:
        build("https://kba.example", replace(REQUEST, additional=()), VEHICLES)
    assert "additional.licence_plate" in str(refused.value)


def test_values_of_companies_and_addresses() -> None:
    options = deepcopy(VEHICLES)
    options["request"] = {
        "path": "/companies",
        "query": {
            "euid": "{subject.identifier.euid}",
            "name": "{subject.name}",
            "city": "{subject.address.city?}",
            "born": "{subject.date_of_birth?}",
        },
    }
    request = replace(REQUEST, subject=NationalLegalPerson("A&B", (("euid", "DE.1"),)))
    assert (
        build("https://r.example", request, options).url == "https://r.example/companies?euid=DE.1&name=A%26B"
    )


def test_an_answer_is_read_by_data() -> None:
    answer = reading(HIT)
    assert (answer.outcome, answer.code, answer.request_id) == (Outcome.DELIVERED, "OK-1", "r-1")
    (evidence,) = answer.evidences
    assert evidence.evidence_id == "7"
    assert evidence.evidence_type == REQUEST.evidence_type
    assert evidence.issuing_authority == Authority("kba", "Kraftfahrt-Bundesamt")
    assert (evidence.issuing_date, evidence.valid_until) == (date(2026, 2, 1), date(2027, 1, 31))
    pdf, tree = evidence.representations
    assert pdf == Representation(Format("application/pdf"), b"%PDF")
    assert tree.format.data_model == "https://example.org/v/1"
    assert json.loads(tree.content) == {"plate": "B AB 1234", "käufer": None}


@pytest.mark.parametrize(
    ("status", "document", "outcome"),
    [
        (404, {}, Outcome.NOT_FOUND),
        (409, {}, Outcome.AMBIGUOUS),
        (422, {}, Outcome.REJECTED),
        (202, {}, Outcome.LATER),
        (200, {"result": "NONE"}, Outcome.NOT_FOUND),
        (200, {"result": "HIT", "documents": []}, Outcome.NOT_FOUND),
        (200, {"result": "NIGHT"}, Outcome.LATER),
    ],
)
def test_outcomes_come_from_status_or_body(status: int, document: object, outcome: Outcome) -> None:
    assert reading(document, status).outcome is outcome


def test_a_later_answer_says_when() -> None:
    answer = reading({"result": "NIGHT", "readyAt": "2026-03-02T06:00:00+01:00"})
    assert answer.available_at == datetime(2026, 3, 2, 5, tzinfo=UTC)


def test_a_code_that_is_prose_is_dropped() -> None:
    assert reading({"result": "NONE", "code": "Änne Müller is not registered"}).code is None


def with_document(**changes: object) -> dict[str, Any]:
    document = deepcopy(HIT)
    document["documents"][0].update(changes)  # type: ignore[attr-defined]
    return document


@pytest.mark.parametrize(
    ("document", "status", "kind", "rule"),
    [
        (HIT, 200, "text/html", "XR-CONTENT-TYPE"),
        (HIT, 500, "application/json", "XR-STATUS"),
        ({"result": "???"}, 200, "application/json", "XR-OUTCOME"),
        ([], 200, "application/json", "XR-OUTCOME"),
        (with_document(pdf="%%%"), 200, "application/json", "XR-BASE64"),
        (with_document(pdf=None), 200, "application/json", "XR-CONTENT"),
        (with_document(issued="soon"), 200, "application/json", "XR-DATE"),
        (with_document(issued=None), 200, "application/json", "XR-DATE"),
        (with_document(office=None), 200, "application/json", "XR-MISSING"),
    ],
)
def test_what_does_not_fit_the_description_is_unreadable(
    document: object, status: int, kind: str, rule: str
) -> None:
    with pytest.raises(NationalUnreadable) as refused:
        reading(document, status, kind)
    assert rule in rules(refused)
    assert "Müller" not in str(refused.value)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[" * 100_000, b'{"result": NaN}', b"\xff", b"9" * 10_000, b'{"a":' * 5000]
)
def test_hostile_json_is_unreadable(body: bytes) -> None:
    with pytest.raises(NationalUnreadable):
        read(200, "application/json", body, VEHICLES, REQUEST)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(("result", "documents", "id", "pdf", "issued", "office")), inner)
    ),
    max_leaves=15,
)


@settings(max_examples=100, deadline=None)
@given(JSON)
def test_any_json_is_read_or_refused(document: object) -> None:
    try:
        answer = reading({"result": "HIT", "documents": document})
    except NationalUnreadable as refused:
        assert refused.problems
        return
    assert answer.outcome in (Outcome.DELIVERED, Outcome.NOT_FOUND)
    assert all(form.content for evidence in answer.evidences for form in evidence.representations)


def test_a_string_that_holds_json_is_a_string() -> None:
    with pytest.raises(NationalUnreadable):
        reading(json.dumps(HIT))
    with pytest.raises(NationalUnreadable):
        reading(HIT | {"documents": [json.dumps(HIT["documents"][0])]})


def test_linked_content_is_named_first_and_read_then() -> None:
    options = deepcopy(VEHICLES)
    options["answer"]["evidence"]["representations"] = [{"media_type": "application/pdf", "link": "$.href"}]
    document = with_document(href="/files/7.pdf")
    assert links("application/json", json.dumps(document).encode(), options) == ("/files/7.pdf",)
    assert links("application/json", b'{"result": "NONE"}', options) == ()
    answer = reading(document, options=options, linked={"/files/7.pdf": b"%PDF"})
    assert answer.evidences[0].representations[0].content == b"%PDF"
    with pytest.raises(NationalUnreadable):
        reading(document, options=options)


def test_a_good_description_has_no_problems() -> None:
    assert options_problems(VEHICLES) == ()


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        ("request", None, "request"),
        ("request.method", "DELETE", "request.method"),
        ("request.path", "//evil.example/", "request.path"),
        ("request.path", "/a?b=c", "request.path"),
        ("request.path", "/a/../b", "request.path"),
        ("request.path", "/{additional.plate?}", "request.path"),
        ("request.path", "/{subject.password}", "request.path"),
        ("request.path", "/{request_id", "request.path"),
        ("request.query", {"a": "{subject.__class__}"}, "request.query.a"),
        ("request.body", {"a": ["{nonsense}"]}, "request.body"),
        ("request.headers", {"Authorization": "x"}, "request.headers"),
        ("request.headers", {"X-A": "a\r\nHost: b"}, "request.headers"),
        ("request.surprise", 1, "request.surprise"),
        ("answer.statuses", {"404": "gone"}, "answer.statuses.404"),
        ("answer.statuses", {"200": "delivered"}, "answer"),
        ("answer.statuses", {"4xx": "rejected"}, "answer.statuses.4xx"),
        ("answer.outcome", {"path": "result", "values": {"A": "delivered"}}, "answer.outcome.path"),
        ("answer.outcome", {"path": "$.a", "values": {}}, "answer.outcome.values"),
        ("answer.evidences", "$.documents[", "answer.evidences"),
        ("answer.evidence.issuing_date", "", "answer.evidence.issuing_date"),
        ("answer.evidence.representations", [], "answer.evidence.representations"),
        ("answer.evidence.representations", [{"media_type": "a/b"}], "answer.evidence.representations.0"),
        (
            "answer.evidence.representations",
            [{"media_type": "a/b", "text": "$.a", "base64": "$.b"}],
            "answer.evidence.representations.0",
        ),
    ],
)
def test_a_defect_of_a_description_is_named_with_its_place(path: str, value: object, place: str) -> None:
    options = deepcopy(VEHICLES)
    *way, last = path.split(".")
    target = options
    for step in way:
        target = target[step]
    target[last] = value
    problems = options_problems(options)
    assert any(p.place.startswith(place) for p in problems), problems
    assert all(p.rule.startswith("XR-OPTION") and p.text and p.remedy for p in problems)
    with pytest.raises(NationalUnwritable):
        build("https://kba.example", REQUEST, options)


def test_get_has_no_body() -> None:
    options = deepcopy(VEHICLES)
    options["request"]["method"] = "GET"
    (problem,) = options_problems(options)
    assert problem.text == "GET has no body: use POST or query"

"""Nothing that belongs to a person is in a transcript, whoever writes it wherever."""

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from intermediary import edm, xml
from intermediary.edm.model import EvidenceRequest, EvidenceResponse, Identifier, NaturalPerson, Text
from intermediary.exchange import transcripts
from intermediary.exchange.transcripts import Line, pack, persons_values, unpack
from tests.edm import examples, strategies

LEAST = 4
KEPT = {"low", "substantial", "high", "eidas"}


def of_edm(root: etree._Element, asked: frozenset[str] = frozenset()) -> tuple[Line, ...]:
    return transcripts.of_edm(root, persons_values(root) | asked)


def _said(lines: tuple[Line, ...]) -> str:
    return "\n".join(f"{line.name}\n{line.value or ''}" for line in lines).casefold()


def _values(thing: object) -> Iterator[str]:
    if isinstance(thing, str | date):
        yield str(thing)
    elif isinstance(thing, tuple):
        for each in thing:
            yield from _values(each)
    elif is_dataclass(thing) and not isinstance(thing, type):
        for field in fields(thing):
            if field.name != "extra":
                yield from _values(getattr(thing, field.name))


def _personal(request: EvidenceRequest) -> set[str]:
    folded = {
        " ".join(value.casefold().split())
        for part in (request.subject, request.authorized_representative)
        for value in _values(part)
    }
    return {value for value in folded if len(value) >= LEAST} - KEPT


@pytest.mark.parametrize("version", ["oots-edm:v1.0", edm.LATEST])
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(data=st.data())
def test_no_value_of_a_person_is_kept_of_any_request(version: str, data: st.DataObject) -> None:
    request = data.draw(strategies.requests(version, extras=True))
    lines = of_edm(xml.parse(edm.write(request)))
    said = _said(lines)
    for value in _personal(request) - {" ".join(n.casefold().split()) for n in transcripts._NAMES}:
        assert value not in said or _is_a_name(value, lines)
    assert unpack(pack(lines)) == lines


def _is_a_name(value: str, lines: tuple[Line, ...]) -> bool:
    """Drawn at random, a value may be a part of what elements are called."""
    return not any(value in (line.value or "").casefold() for line in lines)


PLACES = {
    "procedure": lambda r, v: replace(r, procedure=(Text(v),)),
    "id": lambda r, v: replace(r, id=v),
    "requester's name": lambda r, v: replace(
        r, evidence_requesters=(replace(r.evidence_requester, names=(Text(f"Office of {v}", "EN"),)),)
    ),
    "requester's identifier": lambda r, v: replace(
        r, evidence_requesters=(replace(r.evidence_requester, identifier=Identifier(v, v)),)
    ),
    "title of the evidence type": lambda r, v: replace(
        r, evidence_type=replace(r.evidence_type, titles=(Text(f"{v}'s car", "EN"),))
    ),
    "requirement": lambda r, v: replace(
        r, requirements=(replace(r.requirements[0], identifier=Identifier(v.upper())),)
    ),
    "return location": lambda r, v: replace(r, return_location=f"https://portal.example/?{v}"),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("value", ["Rossi", "IT/DE/RSSGLI84E47", "1984-05-07", "Giulia"])
def test_a_partner_that_repeats_the_person_elsewhere_tells_nothing_more(place: str, value: str) -> None:
    request = PLACES[place](examples.request(), value)
    assert value.casefold() not in _said(of_edm(xml.parse(edm.write(request))))


@pytest.mark.parametrize(
    "planted",
    [
        "<Rossi/>",
        "<rim:Slot name='Rossi'/>",
        "<rim:Slot name='Procedure' Rossi='x'/>",
        "<rim:Slot name='Procedure' type='Rossi'/>",
        "<sdg:Person><sdg:Rossi/></sdg:Person>",
        "<sdg:Person Rossi='Rossi'/>",
        "<x:Name xmlns:x='urn:x'>Rossi</x:Name>",
        "<sdg:Agent><sdg:Name>Rossi<sdg:Name>Rossi</sdg:Name></sdg:Name></sdg:Agent>",
        "<sdg:Agent><x:y xmlns:x='urn:x'><sdg:Name>Rossi</sdg:Name></x:y></sdg:Agent>",
        "<rim:Element>Rossi</rim:Element>",
        "<!-- Rossi --><?Rossi Rossi?>",
        "<sdg:Agent>tail<sdg:Name/>Rossi</sdg:Agent>",
    ],
)
def test_nothing_is_told_by_names_attributes_comments_or_where_it_does_not_belong(planted: str) -> None:
    person = "<sdg:Person><sdg:FamilyName>Rossi</sdg:FamilyName></sdg:Person>"
    names = 'xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:4.0" xmlns:sdg="http://data.europa.eu/p4s"'
    for body in (f"{planted}{person}", f"{person}{planted}"):
        lines = of_edm(xml.parse(f"<rim:RegistryObject {names}>{body}</rim:RegistryObject>".encode()))
        assert "rossi" not in _said(lines)


def test_an_answer_repeats_nothing_of_the_person_of_its_request() -> None:
    asked = transcripts.persons_values(xml.parse(edm.write(examples.request())))
    error = examples.error()
    error = replace(
        error, exceptions=(replace(error.exceptions[0], message="Rossi is unknown", detail="Rossi"),)
    )
    assert "rossi" not in _said(of_edm(xml.parse(edm.write(error)), asked))


def test_evidence_is_told_by_kind_and_form_only() -> None:
    response = examples.response()
    assert isinstance(response, EvidenceResponse)
    said = _said(of_edm(xml.parse(edm.write(response))))
    for document in response.documents:
        about = document.metadata
        assert about is not None
        assert about.identifier.value not in said
        assert all(title.value.casefold() not in said for title in about.titles)
        assert about.distribution.format in said


def test_what_was_asked_is_still_readable() -> None:
    request = examples.request()
    lines = of_edm(xml.parse(edm.write(request)))
    shown = {line.name: line.value for line in lines}
    assert shown["SpecificationIdentifier"] == request.specification_identifier
    assert shown["Procedure"] == request.procedure_code
    assert shown["EvidenceTypeClassification"] == request.evidence_type.evidence_type_classification
    assert shown["LevelOfAssurance"] == "High"
    person = request.subject
    assert isinstance(person, NaturalPerson)
    assert next(line for line in lines if line.name == "FamilyName").masked == len(person.family_name)


def test_a_large_message_has_a_bounded_transcript() -> None:
    root = etree.Element("{http://data.europa.eu/p4s}Agent")
    for _ in range(5000):
        etree.SubElement(root, "{http://data.europa.eu/p4s}Name").text = "x"
    assert len(of_edm(root)) == transcripts.MOST_LINES + 1


def test_a_packed_transcript_is_small() -> None:
    lines = of_edm(xml.parse(edm.write(examples.request())))
    plain = json.dumps([[line.depth, line.name, line.value, line.masked] for line in lines])
    assert len(pack(lines)) < len(plain) / 2

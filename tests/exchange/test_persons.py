"""However a person is written, the same attributes come out; other persons have others."""

import unicodedata
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from intermediary import edm, xml
from intermediary.edm.model import NaturalPerson
from intermediary.exchange import persons
from intermediary.exchange.matching import same_name
from tests.edm import examples

BORN = "1984-05-07"
names = st.text(st.characters(codec="utf-8", categories=("Lu", "Ll", "Lo")), min_size=1, max_size=20)
FORMS = ("NFC", "NFD", "NFKC", "NFKD")


def _spaced(text: str, gaps: list[str]) -> str:
    return "".join(gap + letter for gap, letter in zip([*gaps, *[""] * len(text)], text, strict=False))


@given(names, st.sampled_from(FORMS), st.lists(st.sampled_from(["", " ", "-", "'", "\u00a0"]), max_size=20))
def test_spaces_hyphens_and_the_form_of_unicode_do_not_count(name: str, form: str, gaps: list[str]) -> None:
    known = persons.by_name_and_birth(name, BORN)
    assume(known)
    assert persons.by_name_and_birth(unicodedata.normalize(form, name), BORN) == known  # type: ignore[arg-type]
    assert persons.by_name_and_birth(f" {_spaced(name, gaps)} ", BORN) == known


@given(st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyzäöüéèñçøłđ"), min_size=1, max_size=20))
def test_case_does_not_count(name: str) -> None:
    assert persons.by_name_and_birth(name.upper(), BORN) == persons.by_name_and_birth(name, BORN)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Müller", "MUELLER"),
        ("Müller", "Muller"),
        ("Weiß", "WEISS"),
        ("Đorđević", "Dordevic"),
        ("Ångström", "ANGSTROM"),
    ],
)
def test_ways_of_writing_meet(one: str, other: str) -> None:
    assert set(persons.by_name_and_birth(one, BORN)) & set(persons.by_name_and_birth(other, BORN))


@given(names, names)
def test_names_that_login_tells_apart_are_told_apart(one: str, other: str) -> None:
    meet = set(persons.by_name_and_birth(one, BORN)) & set(persons.by_name_and_birth(other, BORN))
    assert bool(meet) == same_name(one, other)


@given(st.dates(), st.dates())
def test_another_date_of_birth_is_another_person(one: date, other: date) -> None:
    assume(one != other)
    first, second = (set(persons.by_name_and_birth("Rossi", d.isoformat())) for d in (one, other))
    assert first and not first & second


def test_a_zone_of_the_date_does_not_count() -> None:
    assert persons.by_name_and_birth("Rossi", f"{BORN}+01:00") == persons.by_name_and_birth("Rossi", BORN)


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=40))
def test_an_identifier_is_the_same_in_any_case_and_spacing(identifier: str) -> None:
    known = persons.by_identifier(identifier)
    assert persons.by_identifier(f"  {identifier}\n") == known
    assert persons.by_identifier(" ".join(identifier)) == known
    assert len(known) <= 1
    assert persons.by_identifier(identifier.casefold()) == known


def test_an_identifier_keeps_what_tells_it_apart() -> None:
    assert persons.by_identifier("es/at/0263 5542y") == persons.by_identifier("ES/AT/02635542Y")
    assert persons.by_identifier("ES/AT/02635542Y") != persons.by_identifier("ES/AT02635542Y")
    assert persons.by_identifier("X") != persons.by_legal_identifier("X"), "a company is no natural person"


def test_what_a_message_says_is_what_a_search_finds() -> None:
    request = examples.request()
    found = set(persons.of_message(xml.parse(edm.write(request))))
    assert isinstance(request.subject, NaturalPerson) and request.subject.identifier is not None
    assert set(persons.by_identifier(request.subject.identifier.value)) <= found
    assert set(persons.by_name_and_birth("ROSSI ", BORN)) <= found
    assert examples.DAIRY.legal_person_identifier is not None
    company = persons.of_message(xml.parse(edm.write(replace(request, subject=examples.DAIRY))))
    assert set(persons.by_legal_identifier(examples.DAIRY.legal_person_identifier.value)) <= set(company)


def test_a_message_of_many_persons_costs_no_more_than_a_few() -> None:
    many = "".join(f"<Person><Identifier>{n}</Identifier></Person>" for n in range(1000))
    assert len(persons.of_message(xml.parse(f"<x>{many}</x>".encode()))) == persons.MOST

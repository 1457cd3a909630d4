"""Is the person who logged in the person of the request?"""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intermediary.edm.model import EvidenceRequest, Identifier, LegalPerson, NaturalPerson
from intermediary.exchange.matching import differences, same_name
from intermediary.exchange.preview import Identity
from tests.edm import examples

BORN = date(1984, 5, 7)
GIULIA = NaturalPerson("Müller-Đorđević", "Giulia Zoë", BORN, identifier=Identifier("IT/DE/ABC123", "eidas"))
LOGIN = Identity("Substantial", "IT/DE/ABC123", "Müller-Đorđević", "Giulia Zoë", BORN)


def asking_for(subject: NaturalPerson | LegalPerson) -> EvidenceRequest:
    request: EvidenceRequest = examples.request()
    return replace(request, subject=subject, authorized_representative=None)


def test_the_same_person_differs_in_nothing() -> None:
    assert differences(LOGIN, asking_for(GIULIA)) == ()


@pytest.mark.parametrize(
    "written", ["MUELLER DORDEVIC", "Muller Dordevic", "mueller-đorđević", "Müller Ðorđević"]
)
def test_a_name_may_be_written_otherwise(written: str) -> None:
    assert differences(replace(LOGIN, family_name=written), asking_for(GIULIA)) == ()


@pytest.mark.parametrize(
    ("changed", "attribute"),
    [
        ({"family_name": "Rossi"}, "family_name"),
        ({"given_name": "Giulia"}, "given_name"),
        ({"date_of_birth": date(1984, 5, 8)}, "date_of_birth"),
        ({"date_of_birth": None}, "date_of_birth"),
        ({"identifier": "IT/DE/OTHER"}, "identifier"),
        ({"family_name": ""}, "family_name"),
    ],
)
def test_another_person_is_told_by_the_attribute(changed: dict[str, object], attribute: str) -> None:
    assert differences(replace(LOGIN, **changed), asking_for(GIULIA)) == (attribute,)  # type: ignore[arg-type]


def test_identifiers_of_two_countries_are_not_compared() -> None:
    assert differences(replace(LOGIN, identifier="FR/DE/XYZ"), asking_for(GIULIA)) == ()


def test_an_identifier_without_meaning_here_is_not_compared() -> None:
    other = replace(LOGIN, identifier="IT/DE/OTHER")
    assert differences(other, asking_for(GIULIA), ("IT",)) == ()


def test_the_representative_logs_in_not_the_subject() -> None:
    company = LegalPerson("Stella s.r.l.", legal_person_identifier=Identifier("IT/DE/999", "eidas"))
    request = replace(asking_for(company), authorized_representative=GIULIA)
    assert differences(LOGIN, request) == ()
    assert differences(replace(LOGIN, family_name="Rossi"), request) == ("family_name",)


def test_a_company_without_representative_is_matched_by_its_identifier() -> None:
    company = LegalPerson("Stella s.r.l.", legal_person_identifier=Identifier("IT/DE/999", "eidas"))
    login = Identity("High", legal_name="Other name", legal_person_identifier="IT/DE/999")
    assert differences(login, asking_for(company)) == ()
    assert differences(replace(login, legal_person_identifier="IT/DE/1"), asking_for(company)) == (
        "legal_person_identifier",
    )


@given(st.text(min_size=1))
def test_a_name_that_has_letters_equals_itself(name: str) -> None:
    assert same_name(name, name) == any(c.isalnum() for c in name) or not same_name(name, name)


@given(st.text(alphabet="_-.,' ", max_size=5))
def test_a_name_without_letters_equals_nothing(name: str) -> None:
    assert not same_name(name, name)

"""From the EDM request to the national one."""

from dataclasses import replace
from datetime import date

import pytest

from intermediary import translation
from intermediary.edm.model import (
    Distribution,
    EvidenceProviderClassification,
    Extra,
    Identifier,
    NaturalPerson,
    SectorSpecificAttribute,
)
from intermediary.mapping.model import IdentificationRule
from intermediary.national import xnachweis
from intermediary.national.model import NationalLegalPerson, NationalNaturalPerson
from intermediary.national.rest import build
from intermediary.translation import Untranslatable
from tests.edm import examples
from tests.translation.talk import INPUTS, NOW, SHIPPED, ask, company, request_for, shipped_mapping

VEHICLE = shipped_mapping()
GIULIA = replace(
    examples.GIULIA,
    birth_name="Bianchi",
    nationalities=("IT",),
    phone_number="+39 1",
    sector_specific_attributes=(SectorSpecificAttribute("Scope", "http://example/scope", "all"),),
)
SECRETS = (
    "Rossi",
    "Giulia",
    "1984",
    "RSSGLI84E47",
    "Bolzano",
    "Bianchi",
    "Augusta",
    "+39 1",
    "B-GR 1990",
    "Latteria",
)


def lost(places: object) -> set[str]:
    return {loss.place for loss in places}  # type: ignore[attr-defined]


@pytest.mark.parametrize("key", [m.key for m in SHIPPED.mappings])
@pytest.mark.parametrize("version", ["oots-edm:v1.0", "oots-edm:v1.2", "oots-edm:v2.0"])
def test_every_shipped_mapping_asks_its_register(key: str, version: str) -> None:
    mapping = shipped_mapping(key)
    translated = ask(request_for(mapping, version), mapping)
    national = translated.request
    provider = SHIPPED.providers[translated.provider_key]
    assert national.evidence_type.id == f"urn:de:nachweistyp:{key}"
    assert national.recipient.id == provider.national_id
    assert national.sender.id == SHIPPED.platform.national_id
    assert national.purpose.eu_procedure == "V2"
    assert national.issued_at == NOW
    assert {f.media_type for f in national.formats} == {f.national_media_type for f in mapping.formats}
    assert dict(national.additional).keys() == {i.key for i in mapping.additional_inputs if i.key in INPUTS}
    if provider.protocol == "rest":
        assert build(provider.url, national, provider.options).url.startswith(provider.url)
    else:
        assert xnachweis.write_request(national)


def test_the_person_is_carried_over_field_by_field() -> None:
    translated = ask(request_for(VEHICLE, subject=GIULIA), VEHICLE)
    person = translated.request.subject
    assert isinstance(person, NationalNaturalPerson)
    assert (person.family_name, person.given_names) == ("Rossi", "Giulia")
    assert (person.date_of_birth, person.gender) == (date(1984, 5, 7), "Female")
    assert (person.birth_name, person.place_of_birth) == ("Bianchi", "Bolzano")
    assert person.address is not None
    assert (person.address.street, person.address.house_number) == ("Via Claudia Augusta", "12")
    assert (person.address.post_code, person.address.city, person.address.country) == (
        "39100",
        "Bolzano",
        "IT",
    )
    assert lost(translated.losses) == {
        "EvidenceRequester",
        "EvidenceProvider",
        "NaturalPerson/CurrentAddress/AdminUnitLevel2",
        "NaturalPerson/Identifier",
        "NaturalPerson/Nationality",
        "NaturalPerson/PhoneNumber",
        "NaturalPerson/SectorSpecificAttribute",
    }


def test_only_the_fields_of_the_first_rule_that_applies_are_sent() -> None:
    base = ("family_name", "given_name", "date_of_birth")
    rules = (IdentificationRule((*base, "gender", "birth_name")), IdentificationRule(base, ("identifier",)))
    mapping = replace(VEHICLE, identification=rules)
    second = ask(request_for(mapping, subject=replace(GIULIA, gender=None)), mapping)
    person = second.request.subject
    assert isinstance(person, NationalNaturalPerson)
    assert (person.eidas_id, person.eidas_country) == ("IT/DE/RSSGLI84E47", "IT")
    assert (person.birth_name, person.gender, person.address) == (None, None, None)
    assert "NaturalPerson/BirthName" in lost(second.losses)
    first = ask(request_for(mapping, subject=GIULIA), mapping).request.subject
    assert isinstance(first, NationalNaturalPerson)
    assert (first.birth_name, first.eidas_id) == ("Bianchi", None)


def test_without_any_rule_that_applies_the_wanted_fields_are_named() -> None:
    base = ("family_name", "given_name", "date_of_birth")
    mapping = replace(VEHICLE, identification=(IdentificationRule((*base, "birth_name")),))
    with pytest.raises(Untranslatable, match="FamilyName, GivenName, DateOfBirth, BirthName; send"):
        ask(request_for(mapping), mapping)
    with pytest.raises(Untranslatable, match="NaturalPerson: the register needs"):
        ask(request_for(VEHICLE, subject=replace(GIULIA, date_of_birth=None)), VEHICLE)


@pytest.mark.parametrize("country", SHIPPED.identifiers_without_meaning)
def test_an_identifier_that_says_nothing_here_is_dropped_and_reported(country: str) -> None:
    rules = (IdentificationRule(("family_name", "given_name", "date_of_birth"), ("identifier",)),)
    mapping = replace(VEHICLE, identification=rules)
    foreign = replace(GIULIA, identifier=Identifier(f"{country.lower()}/DE/abc123456", "eidas"))
    translated = ask(request_for(mapping, subject=foreign), mapping)
    assert isinstance(translated.request.subject, NationalNaturalPerson)
    assert translated.request.subject.eidas_id is None
    loss = next(loss for loss in translated.losses if loss.place == "NaturalPerson/Identifier")
    assert "derives" in loss.reason


def test_a_company_keeps_every_identifier_that_the_rule_names() -> None:
    translated = ask(request_for(VEHICLE, subject=company()), VEHICLE)
    subject = translated.request.subject
    assert isinstance(subject, NationalLegalPerson)
    assert dict(subject.identifiers) == {"vat": "value-VAT", "euid": "value-BusinessCode", "lei": "value-LEI"}
    assert "LegalPerson/Identifier[@schemeID='EORI']" in lost(translated.losses)
    assert "LegalPerson/LegalPersonIdentifier" not in lost(translated.losses)


def test_the_identifier_schemes_have_national_names() -> None:
    every = tuple(f"identifier:{i.scheme_id}" for i in company().identifiers)
    mapping = replace(VEHICLE, identification=(IdentificationRule(("legal_name",), ("identifier", *every)),))
    subject = ask(request_for(mapping, subject=company()), mapping).request.subject
    assert isinstance(subject, NationalLegalPerson)
    schemes = ["eidas", "vat", "tax", "euid", "lei", "eori", "seed", "sic"]
    assert [scheme for scheme, _ in subject.identifiers] == schemes


def test_a_representative_is_sent_and_the_lower_level_counts() -> None:
    representative = replace(GIULIA, level_of_assurance="Substantial")
    company_high = company(level_of_assurance="High")
    request = request_for(VEHICLE, subject=company_high, authorized_representative=representative)
    translated = ask(request, VEHICLE)
    person = translated.request.representative
    assert isinstance(person, NationalNaturalPerson)
    assert person.eidas_id == "IT/DE/RSSGLI84E47"
    assert translated.request.level_of_assurance == "Substantial"
    assert "AuthorizedRepresentative/SectorSpecificAttribute" in lost(translated.losses)


def test_the_provider_follows_the_municipality() -> None:
    residence = shipped_mapping("meldebescheinigung")
    request = request_for(residence)

    def provider(**inputs: str) -> str:
        return translation.provider_for(request, residence, SHIPPED, inputs).key

    assert provider(gemeindeschluessel="09162000") == "melderegister-muenchen"
    assert provider(gemeindeschluessel="12345678") == "melderegister"
    with pytest.raises(Untranslatable, match="AdditionalInput/gemeindeschluessel"):
        provider()
    with pytest.raises(Untranslatable, match="AdditionalInput/gemeindeschluessel"):
        provider(gemeindeschluessel="München")


def test_a_value_without_provider_or_fallback_is_untranslatable() -> None:
    residence = shipped_mapping("meldebescheinigung")
    without = replace(residence, routing=replace(residence.routing, provider=None))
    with pytest.raises(Untranslatable, match="no provider is connected"):
        translation.provider_for(request_for(without), without, SHIPPED, {"gemeindeschluessel": "12345678"})


def test_the_answer_to_the_directorys_question_comes_before_the_citizens() -> None:
    question = VEHICLE.additional_inputs[0].classification
    assert question is not None
    given = EvidenceProviderClassification(Identifier(question), supported_values=("M-XX 1", "M-YY 2"))
    other = EvidenceProviderClassification(Identifier("0b0e3a35-0000-4000-8000-000000000000"))
    request = request_for(VEHICLE, evidence_provider_classifications=(given, other))
    translated = ask(request, VEHICLE)
    assert dict(translated.request.additional)["kennzeichen"] == "M-XX 1"
    assert {
        "EvidenceProviderClassification",
        "EvidenceProviderClassification/SupportedValue",
    } <= lost(translated.losses)
    assert translation.missing_inputs(request, VEHICLE, {}) == ()


def test_an_attribute_of_the_person_answers_an_input() -> None:
    asked = replace(VEHICLE.additional_inputs[0], attribute="http://example/plate")
    mapping = replace(VEHICLE, additional_inputs=(asked,))
    plate = SectorSpecificAttribute("Plate", "http://example/plate", "M-XX 1")
    translated = ask(
        request_for(mapping, subject=replace(GIULIA, sector_specific_attributes=(plate,))), mapping
    )
    assert translated.request.additional == (("kennzeichen", "M-XX 1"),)
    assert "NaturalPerson/SectorSpecificAttribute" not in lost(translated.losses)


def test_a_missing_input_stops_the_request() -> None:
    with pytest.raises(Untranslatable, match="AdditionalInput/kennzeichen: the register needs it"):
        ask(request_for(VEHICLE), VEHICLE, inputs={})


def test_only_the_wanted_form_is_asked_for() -> None:
    pdf = ask(request_for(VEHICLE, wanted="application/pdf"), VEHICLE).request
    assert [f.media_type for f in pdf.formats] == ["application/pdf"]
    every = request_for(VEHICLE)
    none = replace(every, evidence_type=replace(every.evidence_type, distributed_as=()))
    assert len(ask(none, VEHICLE).request.formats) == 2


def test_a_form_that_is_not_on_offer_is_refused_with_those_that_are() -> None:
    request = request_for(VEHICLE, "oots-edm:v1.0")
    for wanted in (
        Distribution("image/png"),
        Distribution("application/xml", "https://sr.oots.tech.europa.eu/distributions/other"),
        Distribution("application/pdf", transformation="https://sr.oots.tech.europa.eu/distributions/x/y"),
    ):
        changed = replace(request, evidence_type=replace(request.evidence_type, distributed_as=(wanted,)))
        with pytest.raises(
            Untranslatable, match=r"application/xml https://sr\.oots\.tech\.europa\.eu/.*, application/pdf"
        ):
            ask(changed, VEHICLE)


def test_a_human_readable_companion_is_asked_for_too() -> None:
    request = request_for(VEHICLE, wanted="application/xml")
    form = replace(request.evidence_type.distributed_as[0], associated_documents=("HumanReadableVersion",))
    changed = replace(request, evidence_type=replace(request.evidence_type, distributed_as=(form,)))
    assert [f.media_type for f in ask(changed, VEHICLE).request.formats] == [
        "application/xml",
        "application/pdf",
    ]


def test_the_wanted_language_goes_along() -> None:
    request = request_for(VEHICLE)
    form = Distribution("application/pdf", languages=("EN", "FR"))
    changed = replace(request, evidence_type=replace(request.evidence_type, distributed_as=(form,)))
    translated = ask(changed, VEHICLE)
    assert translated.request.language == "en"
    assert "DistributedAs/Language" in lost(translated.losses)


def test_unknown_slots_and_requirements_are_reported() -> None:
    request = request_for(VEHICLE, extra=Extra(elements=("<x/>",)))
    other = replace(request.requirements[0], identifier=Identifier("https://example/other"))
    translated = ask(replace(request, requirements=(other,)), VEHICLE)
    assert {"QueryRequest", "Requirements/Requirement"} <= lost(translated.losses)


def test_a_level_of_assurance_that_is_not_on_the_list_is_refused() -> None:
    with pytest.raises(Untranslatable, match="LevelOfAssurance"):
        ask(request_for(VEHICLE, subject=replace(GIULIA, level_of_assurance="Gold")), VEHICLE)


def test_no_personal_data_in_repr_losses_or_refusals() -> None:
    translated = ask(request_for(VEHICLE, subject=GIULIA, authorized_representative=GIULIA), VEHICLE)
    texts = [repr(translated), repr(translated.losses)]
    bad: list[NaturalPerson] = [
        replace(GIULIA, date_of_birth=None),
        replace(GIULIA, level_of_assurance="Rossi"),
    ]
    for person in bad:
        with pytest.raises(Untranslatable) as refused:
            ask(request_for(VEHICLE, subject=person), VEHICLE)
        texts += [str(refused.value), repr(refused.value)]
    with pytest.raises(Untranslatable) as refused:
        ask(request_for(VEHICLE), VEHICLE, inputs={"kennzeichen": "B-GR 1990 Rossi"})
    texts.append(str(refused.value))
    assert not [secret for secret in SECRETS for text in texts if secret in text]


def test_input_problems_name_the_keys() -> None:
    problems = translation.input_problems
    assert problems(VEHICLE, {}) == ("kennzeichen",)
    assert problems(VEHICLE, {"kennzeichen": " b-gr 1990 "}) == ()
    assert problems(VEHICLE, {"kennzeichen": "B-GR 1990", "fin": "too short"}) == ("fin",)
    assert problems(VEHICLE, {"kennzeichen": "B-GR 1990'; --", "other": "x"}) == ("kennzeichen",)
    diploma = shipped_mapping("hochschulreife")
    assert problems(diploma, {"bundesland": "XX", "abschlussjahr": "19"}) == ("bundesland", "abschlussjahr")
    assert problems(diploma, {"bundesland": "HH", "abschlussjahr": "2019"}) == ()


def test_missing_inputs_are_those_that_the_citizen_is_asked_for() -> None:
    request = request_for(VEHICLE)
    assert [i.key for i in translation.missing_inputs(request, VEHICLE, {})] == ["kennzeichen"]
    assert translation.missing_inputs(request, VEHICLE, {"kennzeichen": "B-GR 1990"}) == ()
    silent = replace(VEHICLE.additional_inputs[0], ask_citizen=False)
    assert translation.missing_inputs(request, replace(VEHICLE, additional_inputs=(silent,)), {}) == ()

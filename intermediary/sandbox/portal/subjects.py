"""The sandbox's test persons as the portal knows them from their eID: EDM subjects. Pure."""

from intermediary.edm.model import Address, Identifier, LegalPerson, NaturalPerson
from intermediary.sandbox import people


def natural_person(person: people.Person) -> NaturalPerson:
    """The eIDAS minimum data set of a person."""
    return NaturalPerson(
        family_name=person.family_name,
        given_name=person.given_names,
        date_of_birth=person.date_of_birth,
        level_of_assurance=person.assurance.capitalize(),
        identifier=Identifier(person.identifier, "eidas"),
        birth_name=person.birth_name,
        place_of_birth=person.place_of_birth,
        current_address=None if person.address is None else _address(person.address),
        gender=person.gender,
    )


def legal_person(company: people.Company, level_of_assurance: str) -> LegalPerson:
    """The eIDAS minimum data set of a company; the level is that of its representative."""
    return LegalPerson(
        legal_name=company.name,
        level_of_assurance=level_of_assurance,
        legal_person_identifier=Identifier(company.identifier, "eidas"),
        identifiers=(Identifier(company.vat, "VATRegistration"),),
        registered_address=_address(company.address),
    )


def _address(address: people.Address) -> Address:
    street = f"{address.street} {address.house_number}"
    return Address(
        full_address=f"{street}, {address.post_code} {address.city}, Deutschland",
        locator_designator=address.house_number,
        post_code=address.post_code,
        post_city_name=address.city,
        thoroughfare=address.street,
        admin_unit_level_1="DE",
    )

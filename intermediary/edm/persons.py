"""sdg:Person and sdg:LegalPerson (eIDAS minimum data sets and the common attributes of EDM 1.2)."""

from intermediary.edm.agents import ADDRESS
from intermediary.edm.elements import Struct, day, identifier, text, value
from intermediary.edm.model import LegalPerson, NaturalPerson, SectorSpecificAttribute

ATTRIBUTE = Struct(
    SectorSpecificAttribute,
    text("name", "AttributeName", required=True),
    text("uri", "AttributeURI", required=True),
    text("value", "AttributeValue", required=True),
)

NATURAL_PERSON = Struct(
    NaturalPerson,
    text("level_of_assurance", "LevelOfAssurance"),
    identifier("identifier", "Identifier"),
    text("family_name", "FamilyName", required=True),
    text("given_name", "GivenName", required=True),
    day("date_of_birth", "DateOfBirth"),
    text("birth_name", "BirthName"),
    text("place_of_birth", "PlaceOfBirth"),
    value("current_address", "CurrentAddress", ADDRESS),
    text("gender", "Gender"),
    text("nationalities", "Nationality", many=True),
    text("country_of_birth", "CountryOfBirth"),
    text("town_of_birth", "TownOfBirth"),
    text("country_of_residence", "CountryOfResidence"),
    text("phone_number", "PhoneNumber"),
    text("email_address", "EmailAddress"),
    value("sector_specific_attributes", "SectorSpecificAttribute", ATTRIBUTE, many=True),
)

LEGAL_PERSON = Struct(
    LegalPerson,
    text("level_of_assurance", "LevelOfAssurance"),
    identifier("identifiers", "Identifier", many=True),
    identifier("legal_person_identifier", "LegalPersonIdentifier"),
    text("legal_name", "LegalName", required=True),
    value("registered_address", "RegisteredAddress", ADDRESS),
    value("sector_specific_attributes", "SectorSpecificAttribute", ATTRIBUTE, many=True),
)

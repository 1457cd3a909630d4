"""Rules on the persons of the evidence request (EDM-REQ-C); none of them keeps a value seen."""

from intermediary.validation.model import Severity
from intermediary.validation.rules import forms
from intermediary.validation.rules.editions import Edition
from intermediary.validation.rules.forms import series
from intermediary.validation.rules.model import Kind, Rule
from intermediary.validation.rules.predicates import (
    attribute,
    attribute_is,
    filled,
    has,
    text_matches,
    value_in,
)
from intermediary.validation.rules.request_slots import REQUEST

_c = series("R-EDM-REQ-C", Kind.REQUEST, "TDD 4.6, EDM-REQ-C")


def rules(edition: Edition) -> tuple[Rule, ...]:
    """The rules of that release (the same in all)."""
    query = f"{REQUEST}/query:Query"
    natural = f"{query}/rim:Slot[@name='NaturalPerson']/rim:SlotValue/sdg:Person"
    legal = f"{query}/rim:Slot[@name='LegalPerson']/rim:SlotValue/sdg:LegalPerson"
    representative = f"{query}/rim:Slot[@name='AuthorizedRepresentative']/rim:SlotValue/sdg:Person"
    level = value_in(forms.LEVELS, forms.LEVEL_LIST)
    country = value_in(forms.COUNTRIES, forms.COUNTRY_LIST, technical=False)
    identifier = text_matches(*forms.EIDAS)
    scheme, eidas = attribute("schemeID"), attribute_is("schemeID", "eidas")
    return (
        _c("036", natural, filled("sdg:LevelOfAssurance")),
        _c("037", f"{natural}/sdg:LevelOfAssurance", level),
        _c("038", natural, filled("sdg:Identifier"), Severity.WARNING),
        _c("039", f"{natural}/sdg:Identifier", identifier),
        _c("041", f"{natural}/sdg:Identifier", scheme),
        _c("042", f"{natural}/sdg:Identifier", eidas),
        _c("043", f"{natural}/sdg:DateOfBirth", text_matches(*forms.DATE)),
        _c("045", f"{natural}/sdg:CurrentAddress/sdg:AdminUnitLevel1", country),
        _c("047", legal, filled("sdg:LevelOfAssurance")),
        _c("048", f"{legal}/sdg:LevelOfAssurance", level),
        _c("049", legal, filled("sdg:LegalPersonIdentifier")),
        _c("050", f"{legal}/sdg:LegalPersonIdentifier", identifier),
        _c("052", f"{legal}/sdg:LegalPersonIdentifier", scheme),
        _c("053", f"{legal}/sdg:LegalPersonIdentifier", eidas),
        _c("054", f"{legal}/sdg:Identifier", scheme),
        _c("056", f"{legal}/sdg:RegisteredAddress/sdg:AdminUnitLevel1", country),
        _c("058", representative, filled("sdg:LevelOfAssurance")),
        _c("059", f"{representative}/sdg:LevelOfAssurance", level),
        _c("060", representative, has("sdg:Identifier")),
        _c("061", f"{representative}/sdg:Identifier", identifier),
        _c("062", f"{representative}/sdg:Identifier", scheme),
        _c("063", f"{representative}/sdg:Identifier", eidas),
        _c("064", f"{representative}/sdg:DateOfBirth", text_matches(*forms.DATE)),
        _c("067", f"{representative}/sdg:CurrentAddress/sdg:AdminUnitLevel1", country),
    )

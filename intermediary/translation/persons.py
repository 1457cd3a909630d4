"""From an EDM person to a national one: the fields of the rule that applies, and no others. Pure.

Data minimisation (Regulation (EU) 2016/679, Art. 5(1)(c)): what a register does not need to find the
person is not sent, and reported as lost.
"""

from collections.abc import Collection, Iterable

from intermediary.edm.model import Address, Identifier, LegalPerson, NaturalPerson
from intermediary.mapping.model import IdentificationRule
from intermediary.national.model import NationalAddress, NationalLegalPerson, NationalNaturalPerson
from intermediary.translation.errors import Untranslatable
from intermediary.translation.model import Loss

SCHEMES = {
    "VAT": "vat",
    "TAX": "tax",
    "BusinessCode": "euid",
    "LEI": "lei",
    "EORI": "eori",
    "SEED": "seed",
    "SIC": "sic",
}
"""Code list IdentifierSchemes → national scheme; BusinessCode is the EUID of Directive 2012/17/EU."""

_EIDAS = "eidas"
_NO_PLACE = "The national request has no place for it"
_NOT_NEEDED = "The register does not identify people by it"
_ELEMENTS = {
    "family_name": "FamilyName",
    "given_name": "GivenName",
    "date_of_birth": "DateOfBirth",
    "identifier": "Identifier",
    "birth_name": "BirthName",
    "place_of_birth": "PlaceOfBirth",
    "current_address": "CurrentAddress",
    "gender": "Gender",
    "legal_name": "LegalName",
    "registered_address": "RegisteredAddress",
}
_WITHOUT_PLACE = {
    "nationalities": "Nationality",
    "country_of_birth": "CountryOfBirth",
    "town_of_birth": "TownOfBirth",
    "country_of_residence": "CountryOfResidence",
    "phone_number": "PhoneNumber",
    "email_address": "EmailAddress",
}

Person = NaturalPerson | LegalPerson
NationalPerson = NationalNaturalPerson | NationalLegalPerson


def to_national(
    person: Person,
    rules: Collection[IdentificationRule] | None,
    without_meaning: Collection[str],
    place: str,
    attributes_used: Collection[str] = (),
) -> tuple[NationalPerson, list[Loss]]:
    """The person by the first rule whose fields are all there; `rules` None sends everything.

    Raises Untranslatable where no rule applies.
    """
    losses = [
        Loss(f"{place}/SectorSpecificAttribute", _NO_PLACE)
        for attribute in person.sector_specific_attributes
        if attribute.uri not in attributes_used
    ]
    if person.extra:
        losses.append(Loss(place, "Unknown elements or attributes were left out"))
    if isinstance(person, LegalPerson):
        return _legal(person, rules, without_meaning, place, losses)
    return _natural(person, rules, without_meaning, place, losses)


def _natural(
    person: NaturalPerson,
    rules: Collection[IdentificationRule] | None,
    without_meaning: Collection[str],
    place: str,
    losses: list[Loss],
) -> tuple[NationalNaturalPerson, list[Loss]]:
    losses += [
        Loss(f"{place}/{element}", _NO_PLACE)
        for name, element in _WITHOUT_PLACE.items()
        if getattr(person, name)
    ]
    eidas = _eidas(person.identifier, without_meaning, place, losses)
    there = fields_there(person, without_meaning)
    sent = _choose(rules, there, place, legal=False)
    losses += _left_out(there - sent, place)
    if person.date_of_birth is None:
        raise Untranslatable(f"{place}/DateOfBirth: the register needs it; send it")
    address = None
    if "current_address" in sent:
        address = _address(person.current_address, f"{place}/CurrentAddress", losses)

    def value(name: str) -> str | None:
        found: str | None = getattr(person, name) if name in sent else None
        return found

    return NationalNaturalPerson(
        family_name=person.family_name,
        given_names=person.given_name,
        date_of_birth=person.date_of_birth,
        birth_name=value("birth_name"),
        place_of_birth=value("place_of_birth"),
        gender=value("gender"),
        address=address,
        eidas_id=eidas[1] if eidas and "identifier" in sent else None,
        eidas_country=eidas[0] if eidas and "identifier" in sent else None,
    ), losses


def _legal(
    person: LegalPerson,
    rules: Collection[IdentificationRule] | None,
    without_meaning: Collection[str],
    place: str,
    losses: list[Loss],
) -> tuple[NationalLegalPerson, list[Loss]]:
    eidas = _eidas(person.legal_person_identifier, without_meaning, place, losses, "LegalPersonIdentifier")
    schemes = {f"identifier:{identifier.scheme_id}": identifier for identifier in person.identifiers}
    there = fields_there(person, without_meaning)
    sent = _choose(rules, there, place, legal=True)
    losses += _left_out(there - sent, place)
    identifiers = [(_EIDAS, eidas[1])] if eidas and "identifier" in sent else []
    for name, identifier in schemes.items():
        scheme = SCHEMES.get(identifier.scheme_id or "", (identifier.scheme_id or "").lower())
        if name in sent and scheme:
            identifiers.append((scheme, identifier.value))
        elif name in sent:
            losses.append(Loss(f"{place}/Identifier", "It names no scheme"))
    losses += [Loss(f"{place}/Identifier", "Another one of the same scheme is sent")] * (
        len(person.identifiers) - len(schemes)
    )
    address = None
    if "registered_address" in sent:
        address = _address(person.registered_address, f"{place}/RegisteredAddress", losses)
    return NationalLegalPerson(person.legal_name, tuple(identifiers), address), losses


def _choose(
    rules: Collection[IdentificationRule] | None, there: set[str], place: str, *, legal: bool
) -> set[str]:
    """The fields to send, of those that are there."""
    if rules is None:
        return there
    rule = rule_for(rules, there, legal=legal)
    if rule is not None:
        return there & {*rule.fields, *rule.optional}
    ours = [rule for rule in rules if _legal_rule(rule) == legal]
    wanted = [", ".join(_element(name) for name in rule.fields) for rule in ours]
    raise Untranslatable(f"{place}: the register needs {'; or '.join(wanted)}; send one of these sets")


def fields_there(person: Person, without_meaning: Collection[str]) -> set[str]:
    """Names of the fields by which a person could be identified, as rules name them."""
    if isinstance(person, LegalPerson):
        identifier = person.legal_person_identifier
        there = {name for name in ("legal_name", "registered_address") if getattr(person, name)}
        there |= {f"identifier:{identifier.scheme_id}" for identifier in person.identifiers}
    else:
        identifier = person.identifier
        there = {name for name in _ELEMENTS if getattr(person, name, None)} - {"identifier"}
    return there | {"identifier"} if _eidas(identifier, without_meaning, "", []) else there


def rule_for(
    rules: Iterable[IdentificationRule], there: Collection[str], *, legal: bool
) -> IdentificationRule | None:
    """The first rule for that kind of person whose fields are all among those that are there."""
    ours = (rule for rule in rules if _legal_rule(rule) == legal)
    return next((rule for rule in ours if set(there).issuperset(rule.fields)), None)


def _legal_rule(rule: IdentificationRule) -> bool:
    """A rule for natural persons names at least their name (`mapping.rules`)."""
    return "family_name" not in rule.fields


def _element(name: str) -> str:
    base, _, scheme = name.partition(":")
    return _ELEMENTS[base] + (f"[@schemeID='{scheme}']" if scheme else "")


def _left_out(names: set[str], place: str) -> list[Loss]:
    base = {"family_name", "given_name", "date_of_birth", "legal_name"}
    return [Loss(f"{place}/{_element(name)}", _NOT_NEEDED) for name in sorted(names - base)]


def _eidas(
    identifier: Identifier | None,
    without_meaning: Collection[str],
    place: str,
    losses: list[Loss],
    element: str = "Identifier",
) -> tuple[str, str] | None:
    """Country and value of an eIDAS identifier (`XX/YY/…`); None, and why, where it says nothing here."""
    if identifier is None or not identifier.value.strip():
        return None
    value = identifier.value.strip()
    country = value.partition("/")[0].upper()
    if (identifier.scheme_id or "").strip().lower() != _EIDAS or len(country) != 2 or "/" not in value:
        losses.append(Loss(f"{place}/{element}", "It is no eIDAS identifier"))
        return None
    if country in without_meaning:
        reason = "The country derives its identifiers for each destination; this one says nothing here"
        losses.append(Loss(f"{place}/{element}", reason))
        return None
    return country, value


def _address(address: Address | None, place: str, losses: list[Loss]) -> NationalAddress | None:
    if address is None:
        return None
    lost = {"AdminUnitLevel2": address.admin_unit_level_2, "AdminUnitLevel3": address.admin_unit_level_3}
    losses += [Loss(f"{place}/{name}", _NO_PLACE) for name, value in lost.items() if value]
    if address.extra:
        losses.append(Loss(place, "Unknown elements or attributes were left out"))
    return NationalAddress(
        street=address.thoroughfare,
        house_number=address.locator_designator,
        post_code=address.post_code,
        city=address.post_city_name,
        country=address.admin_unit_level_1,
        full=address.full_address,
    )

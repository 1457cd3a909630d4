"""Rules of the 2.0 response: evidence packages, deferral. Known by description only (TDD 4.5.2, 2.6)."""

from collections.abc import Iterator, Mapping
from typing import Final

from lxml import etree

from intermediary.validation.rules.editions import FROM_2, Edition
from intermediary.validation.rules.forms import series
from intermediary.validation.rules.model import Check, Holds, Kind, Offenders, Rule
from intermediary.validation.rules.predicates import (
    attribute,
    attribute_is,
    clark,
    count,
    demand,
    none_of,
    one_slot,
    type_of,
    typed,
    when,
)
from intermediary.validation.rules.response_slots import AVAILABLE, RESPONSE, metadata

ROLES: Final = ("MainEvidence", "HumanReadableVersion", "Translation", "Annex")
SCHEME: Final = "urn:fdc:oots:classification:edm"
TYPE: Final = "urn:oasis:names:tc:ebxml-regrep:AssociationType:"
COMPANIONS: Final = {
    # role: rules on source, on target, on the type
    "Annex": ("052", "056", "059"),
    "HumanReadableVersion": ("053", "057", "061"),
    "Translation": ("054", "058", "060"),
}
_PACKAGE: Final = f"{RESPONSE}/rim:RegistryObjectList/rim:RegistryObject"
_LIST: Final = f"{_PACKAGE}/rim:RegistryObjectList"
_OBJECT: Final = f"{_LIST}/rim:RegistryObject"
_CLASSIFICATION, _REGISTRY_OBJECT = clark("rim:Classification"), clark("rim:RegistryObject")
_ASSOCIATION: Final = clark("rim:AssociationType")
_EVIDENCE: Final = f"{clark('rim:Slot')}/{clark('rim:SlotValue')}/{clark('sdg:Evidence')}"
_MAIN: Final = tuple(
    clark(f"sdg:{name}")
    for name in (
        "Identifier",
        "IsAbout",
        "IssuingAuthority",
        "IsConformantTo",
        "IssuingDate",
        "Distribution",
    )
)
_COMPANION: Final = frozenset({_MAIN[0], _MAIN[5]})
_NATURAL: Final = tuple(
    clark(f"sdg:{name}") for name in ("Identifier", "FamilyName", "GivenName", "DateOfBirth", "PlaceOfBirth")
)
_LEGAL: Final = tuple(clark(f"sdg:{name}") for name in ("LegalPersonIdentifier", "LegalName"))

_s = series("R-EDM-RESP-S", Kind.RESPONSE, "TDD 2.0, 4.5.2 section 2.6 (prose)", prose=True)


def rules(edition: Edition) -> tuple[Rule, ...]:
    """The rules of that release."""
    unavailable = f"{RESPONSE}[@status='urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Unavailable']"
    about = f"{metadata(edition)}/sdg:Evidence/sdg:IsAbout"
    return (
        _s("041", f"{about}/sdg:NaturalPerson", demand("minimum_data_set", _only(_NATURAL)), versions=FROM_2),
        _s("042", f"{about}/sdg:LegalPerson", demand("minimum_data_set", _only(_LEGAL)), versions=FROM_2),
        _s("045", unavailable, one_slot(AVAILABLE), versions=FROM_2),
        _s(
            "046",
            _PACKAGE,
            count("rim:RegistryObjectList", least=1, most=1),
            versions=FROM_2,
        ),
        _s("047", _LIST, demand("one_main", _one_main), versions=FROM_2),
        _s(
            "049",
            f"{_OBJECT}/rim:Classification",
            attribute_is("classificationNode", *ROLES),
            versions=FROM_2,
        ),
        _s("050", _LIST, none_of("associated", _unassociated), versions=FROM_2),
        _s("051", _OBJECT, _association(attribute("sourceObject")), versions=FROM_2),
        _s("055", _OBJECT, _association(attribute("targetObject")), versions=FROM_2),
        _s("062", _OBJECT, demand("main_metadata", _main_complete), versions=FROM_2),
        _s("063", _OBJECT, demand("companion_metadata", _companion_short), versions=FROM_2),
        _s("065", f"{_OBJECT}/rim:Classification", attribute("id"), versions=FROM_2),
        _s("066", _PACKAGE, typed("rim:RegistryPackageType"), versions=FROM_2),
        *(rule for role in COMPANIONS for rule in _directed(role)),
    )


def _directed(role: str) -> tuple[Rule, ...]:
    """An association of a role joins a companion of that role to the main evidence, and vice versa."""
    source, target, kind = COMPANIONS[role]
    uri = TYPE + role

    def misdirected(end: str, wanted: str) -> Offenders:
        def offenders(listing: etree._Element) -> Iterator[etree._Element]:
            roles = _roles_by_id(listing)
            for each in _associations(listing):
                if each.get("type") == uri and wanted not in roles.get(each.get(end), ()):
                    yield each

        return offenders

    def mistyped(listing: etree._Element) -> Iterator[etree._Element]:
        roles = _roles_by_id(listing)
        for each in _associations(listing):
            joined = (roles.get(each.get("sourceObject"), ()), roles.get(each.get("targetObject"), ()))
            if role in joined[0] and "MainEvidence" in joined[1] and each.get("type") != uri:
                yield each

    from_companion = none_of("association_source", misdirected("sourceObject", role), role=role)
    to_main = none_of("association_target", misdirected("targetObject", "MainEvidence"))
    return (
        _s(source, _LIST, from_companion, versions=FROM_2),
        _s(target, _LIST, to_main, versions=FROM_2),
        _s(kind, _LIST, none_of("association_type", mistyped, "/@type", uri), versions=FROM_2),
    )


def _association(check: Check) -> Check:
    return when(lambda e: type_of(e) == _ASSOCIATION, check)


def _only(allowed: tuple[str, ...]) -> Holds:
    known = frozenset(allowed)
    return lambda e: all(child.tag in known for child in e if isinstance(child.tag, str))


def _roles(element: etree._Element) -> set[str]:
    return {
        each.get("classificationNode", "")
        for each in element.iterchildren(_CLASSIFICATION)
        if each.get("classificationScheme") == SCHEME
    }


def _associations(listing: etree._Element) -> Iterator[etree._Element]:
    return (each for each in listing.iterchildren(_REGISTRY_OBJECT) if type_of(each) == _ASSOCIATION)


def _roles_by_id(listing: etree._Element) -> Mapping[str | None, set[str]]:
    """What the objects of a list are classified as, by their id; without id, nothing is found."""
    found: dict[str | None, set[str]] = {}
    for each in listing.iterchildren(_REGISTRY_OBJECT):
        name = each.get("id")
        if name is not None:
            found.setdefault(name, set()).update(_roles(each))
    return found


def _one_main(listing: etree._Element) -> bool:
    return sum("MainEvidence" in _roles(each) for each in listing.iterchildren(_REGISTRY_OBJECT)) == 1


def _unassociated(listing: etree._Element) -> Iterator[etree._Element]:
    """Companions that are the source of no association in their own package."""
    sources = {each.get("sourceObject") for each in _associations(listing)} - {None}
    for each in listing.iterchildren(_REGISTRY_OBJECT):
        if _roles(each) & COMPANIONS.keys() and each.get("id") not in sources:
            yield each


def _main_complete(element: etree._Element) -> bool:
    evidence = element.find(_EVIDENCE)
    if "MainEvidence" not in _roles(element) or evidence is None:
        return True
    return all(evidence.find(name) is not None for name in _MAIN)


def _companion_short(element: etree._Element) -> bool:
    evidence = element.find(_EVIDENCE)
    if not _roles(element) & COMPANIONS.keys() or evidence is None:
        return True
    return all(child.tag in _COMPANION for child in evidence if isinstance(child.tag, str))

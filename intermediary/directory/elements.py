"""Readers of the `sdg` elements of EB and DSD (SDG Generic Metadata Profile).

What every line of releases demands is demanded; what only one has may be absent.
"""

from collections.abc import Iterable

from lxml import etree

from intermediary.directory.codes import SDG, JurisdictionLevel
from intermediary.directory.errors import AnswerUnreadable
from intermediary.directory.model import (
    AccessService,
    Address,
    ClassificationConcept,
    DataServiceEvidenceType,
    Distribution,
    EvidenceProvider,
    EvidenceType,
    EvidenceTypeList,
    Jurisdiction,
    JurisdictionDetermination,
    PartyId,
    ReferenceFramework,
    Requirement,
    Text,
)

_VALUE_KINDS = ("StringValue", "DateValue", "BooleanValue")
_MOST_LANGUAGES = 200
"""More texts than languages are a mistake, or an attack on whoever shows them."""


def read_requirement(element: etree._Element, *, empty_lists: bool = True) -> Requirement:
    """`sdg:Requirement`. Raises AnswerUnreadable, also for an empty list where those have no meaning."""
    return Requirement(
        identifier=_text(element, "Identifier"),
        names=_texts(element, "Name", at_least=1),
        descriptions=_texts(element, "Description"),
        reference_frameworks=tuple(map(_read_framework, _all(element, "ReferenceFramework"))),
        evidence_type_lists=tuple(
            _read_list(each, empty=empty_lists) for each in _all(element, "EvidenceTypeList")
        ),
    )


def _read_framework(element: etree._Element) -> ReferenceFramework:
    related = tuple(_text(each, "Identifier") for each in _all(element, "RelatedTo"))
    return ReferenceFramework(
        identifier=_text(element, "Identifier"),
        procedures=related,
        jurisdiction=_jurisdiction(element),
        titles=_texts(element, "Title"),
        descriptions=_texts(element, "Description"),
    )


def _read_list(element: etree._Element, *, empty: bool) -> EvidenceTypeList:
    types = tuple(map(read_evidence_type, _all(element, "EvidenceType")))
    if not types and not empty:
        raise _unreadable("CS-EMPTY-LIST", element, "EvidenceType", "a list of 1.x without an evidence type")
    return EvidenceTypeList(
        identifier=_text(element, "Identifier"),
        evidence_types=types,
        names=_texts(element, "Name"),
        jurisdiction=_jurisdiction(element),
    )


def read_evidence_type(element: etree._Element) -> EvidenceType:
    """`sdg:EvidenceType` of the Evidence Broker. Raises AnswerUnreadable."""
    return EvidenceType(
        classification=_text(element, "EvidenceTypeClassification"),
        titles=_texts(element, "Title", at_least=1),
        descriptions=_texts(element, "Description"),
        jurisdictions=tuple(map(_read_jurisdiction, _all(element, "Jurisdiction"))),
        formats=tuple(_text(each, "Format") for each in _all(element, "StructuredEvidenceTypeDistribution")),
    )


def read_service(element: etree._Element) -> DataServiceEvidenceType:
    """`sdg:DataServiceEvidenceType`, of a success or of a question. Raises AnswerUnreadable."""
    determination = element.find(_tag("EvidenceProviderJurisdictionDetermination"))
    return DataServiceEvidenceType(
        identifier=_text(element, "Identifier"),
        classification=_text(element, "EvidenceTypeClassification"),
        titles=_texts(element, "Title", at_least=1),
        descriptions=_texts(element, "Description"),
        distributions=tuple(map(_read_distribution, _all(element, "DistributedAs"))),
        access_services=tuple(map(read_access_service, _all(element, "AccessService"))),
        level_of_assurance=_optional(element, "AuthenticationLevelOfAssurance"),
        determination=read_determination(determination) if determination is not None else None,
        classifications=tuple(map(read_concept, _all(element, "EvidenceProviderClassification"))),
    )


def _read_distribution(element: etree._Element) -> Distribution:
    return Distribution(
        media_type=_text(element, "Format"),
        conforms_to=_optional(element, "ConformsTo"),
        transformation=_optional(element, "Transformation"),
        languages=tuple(filter(None, map(_content, _all(element, "Language")))),
    )


def read_access_service(element: etree._Element) -> AccessService:
    """`sdg:AccessService` with its provider. Raises AnswerUnreadable."""
    publisher = element.find(_tag("Publisher"))
    if publisher is None:
        raise _unreadable("CS-MISSING", element, "Publisher", "an access service without its provider")
    conforms_to = tuple(filter(None, map(_content, _all(element, "ConformsTo"))))
    if not conforms_to:
        raise _unreadable("CS-MISSING", element, "ConformsTo", "an access service without an EDM version")
    return AccessService(
        identifier=_party(element),
        conforms_to=conforms_to,
        provider=_read_provider(publisher),
        names=_texts(element, "Name"),
    )


def _read_provider(element: etree._Element) -> EvidenceProvider:
    jurisdiction = _jurisdiction(element)
    address = element.find(_tag("Address"))
    if jurisdiction is None or address is None:
        raise _unreadable("CS-MISSING", element, "Jurisdiction", "a provider without jurisdiction or address")
    return EvidenceProvider(
        identifier=_party(element),
        names=_texts(element, "Name", at_least=1),
        address=Address(
            country=_text(address, "AdminUnitLevel1"),
            nuts=_optional(address, "AdminUnitLevel2"),
            full=_optional(address, "FullAddress"),
            locator=_optional(address, "LocatorDesignator"),
            post_code=_optional(address, "PostCode"),
            city=_optional(address, "PostCityName"),
            thoroughfare=_optional(address, "Thoroughfare"),
        ),
        jurisdiction=jurisdiction,
        concepts=tuple(map(read_concept, _all(element, "ClassificationConcept"))),
    )


def read_determination(element: etree._Element) -> JurisdictionDetermination:
    """`sdg:EvidenceProviderJurisdictionDetermination`. Raises AnswerUnreadable."""
    # Before 1.0 the level was a URI that ends in the code.
    level = _text(element, "JurisdictionLevel").rpartition("/")[2]
    if level not in tuple(JurisdictionLevel):
        raise _unreadable(
            "R-DSD-ERR-C012", element, "JurisdictionLevel", "a level that the code list does not have"
        )
    return JurisdictionDetermination(
        context_id=_text(element, "JurisdictionContextId"),
        contexts=_texts(element, "JurisdictionContext", at_least=1),
        level=JurisdictionLevel(level),
    )


def read_concept(element: etree._Element) -> ClassificationConcept:
    """`sdg:EvidenceProviderClassification` or `sdg:ClassificationConcept`. Raises AnswerUnreadable."""
    values: list[str] = []
    kind = _VALUE_KINDS[0]
    for supported in _all(element, "SupportedValue"):
        for name in _VALUE_KINDS:
            found = [_content(each) for each in _all(supported, name)]
            if found:
                kind, values = name, values + found
    return ClassificationConcept(
        identifier=_text(element, "Identifier"),
        type=_optional(element, "Type") or "",
        value_expression=_optional(element, "ValueExpression"),
        descriptions=_texts(element, "Description"),
        supported_values=tuple(values),
        value_kind=kind,
    )


def _jurisdiction(parent: etree._Element) -> Jurisdiction | None:
    element = parent.find(_tag("Jurisdiction"))
    return _read_jurisdiction(element) if element is not None else None


def _read_jurisdiction(element: etree._Element) -> Jurisdiction:
    return Jurisdiction(
        country=_text(element, "AdminUnitLevel1"),
        nuts=_optional(element, "AdminUnitLevel2"),
        lau=_optional(element, "AdminUnitLevel3"),
    )


def _party(parent: etree._Element) -> PartyId:
    element = parent.find(_tag("Identifier"))
    value = _content(element) if element is not None else ""
    if element is None or not value:
        raise _unreadable("CS-MISSING", parent, "Identifier", "it is not there, or empty")
    return PartyId(value, (element.get("schemeID") or "").strip())


def _tag(name: str) -> str:
    return f"{{{SDG}}}{name}"


def _all(parent: etree._Element, name: str) -> Iterable[etree._Element]:
    return parent.iterchildren(_tag(name))


def _content(element: etree._Element) -> str:
    # A comment inside splits the text; what stands after it belongs to the value all the same.
    return ((element.text or "") + "".join(child.tail or "" for child in element)).strip()


def _text(parent: etree._Element, name: str) -> str:
    value = _optional(parent, name)
    if not value:
        raise _unreadable("CS-MISSING", parent, name, "it is not there, or empty")
    return value


def _optional(parent: etree._Element, name: str) -> str | None:
    element = parent.find(_tag(name))
    return (_content(element) or None) if element is not None else None


def _texts(parent: etree._Element, name: str, *, at_least: int = 0) -> tuple[Text, ...]:
    found = tuple(
        Text(value, (element.get("lang") or "EN").strip().upper())
        for element in _all(parent, name)
        if (value := " ".join(_content(element).split()))
    )
    if not at_least <= len(found) <= _MOST_LANGUAGES:
        raise _unreadable("CS-MISSING", parent, name, "it is not there, or too often")
    return found


def _unreadable(rule: str, parent: etree._Element, name: str, text: str) -> AnswerUnreadable:
    place = f"//sdg:{etree.QName(parent).localname}/sdg:{name}"
    line = parent.sourceline if isinstance(parent.sourceline, int) else None
    return AnswerUnreadable(rule, place, text, line)

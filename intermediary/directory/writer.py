"""Writers of answers and of the `sdg` elements in them, children in the order of the schema.

Who answers queries is the Common Services; we write answers for the sandbox, and elements for submissions.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from lxml import etree

from intermediary.directory.codes import (
    ADDITIONAL_INPUT,
    ERROR,
    FAILURE,
    QUERY,
    RIM,
    RS,
    SDG,
    SET,
    SLOT_CONCEPTS,
    SLOT_DETERMINATION,
    SLOT_REQUIREMENT,
    SLOT_SERVICE,
    SLOT_VERSION,
    SUCCESS,
    XSI,
    XSI_TYPE,
)
from intermediary.directory.errors import DirectoryUnwritable
from intermediary.directory.model import (
    AccessService,
    Answer,
    ClassificationConcept,
    DataServiceEvidenceType,
    EvidenceType,
    EvidenceTypeList,
    Jurisdiction,
    JurisdictionDetermination,
    PartyId,
    ReferenceFramework,
    Refusal,
    Requirement,
    Text,
)


def write_answer(answer: Answer, ids: Iterable[UUID]) -> bytes:
    """One `query:QueryResponse`; `ids` are those of its records. Raises DirectoryUnwritable."""
    root = etree.Element(
        f"{{{QUERY}}}QueryResponse", nsmap={"query": QUERY, "rim": RIM, "rs": RS, "sdg": SDG, "xsi": XSI}
    )
    root.set("status", FAILURE if answer.refused else SUCCESS)
    if answer.version is not None:
        value = etree.SubElement(slot(root, SLOT_VERSION, "StringValueType"), f"{{{RIM}}}Value")
        value.text = answer.version
    for refusal in answer.refusals:
        _put_refusal(root, refusal)
    if not answer.refused:
        objects = etree.SubElement(root, f"{{{RIM}}}RegistryObjectList")
        records = [
            *((SLOT_REQUIREMENT, write_requirement(each)) for each in answer.requirements),
            *((SLOT_SERVICE, write_service(each)) for each in answer.services),
        ]
        for (name, record), identifier in zip(records, ids, strict=False):
            item = etree.SubElement(objects, f"{{{RIM}}}RegistryObject", id=f"urn:uuid:{identifier}")
            slot(item, name, "AnyValueType").append(record)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def slot(parent: etree._Element, name: str, kind: str) -> etree._Element:
    """Add a `rim:Slot` of a kind of value; returns its `rim:SlotValue`."""
    made = etree.SubElement(parent, f"{{{RIM}}}Slot", name=name)
    value = etree.SubElement(made, f"{{{RIM}}}SlotValue")
    value.set(XSI_TYPE, f"rim:{kind}")
    return value


def _put_refusal(root: etree._Element, refusal: Refusal) -> None:
    exception = etree.SubElement(root, f"{{{RS}}}Exception")
    exception.set(XSI_TYPE, f"rs:{refusal.exception_type}")
    asked = refusal.input
    exception.set("severity", refusal.severity or (ADDITIONAL_INPUT if asked else ERROR))
    exception.set("message", refusal.message)
    if refusal.detail is not None:
        exception.set("detail", refusal.detail)
    exception.set("code", refusal.code)
    if asked is None:
        return
    slot(exception, SLOT_SERVICE, "AnyValueType").append(write_service(asked.evidence_type))
    if asked.determination is not None:
        slot(exception, SLOT_DETERMINATION, "AnyValueType").append(write_determination(asked.determination))
    if asked.classifications:
        value = slot(exception, SLOT_CONCEPTS, "CollectionValueType")
        value.set("collectionType", SET)
        for concept in asked.classifications:
            element = etree.SubElement(value, f"{{{RIM}}}Element")
            element.set(XSI_TYPE, "rim:AnyValueType")
            element.append(write_concept(concept, "EvidenceProviderClassification"))


def write_requirement(value: Requirement, *, alone: bool = False) -> etree._Element:
    """`sdg:Requirement`; `alone`: without frameworks and lists, as a submission has it."""
    element = _new("Requirement")
    _put(element, "Identifier", value.identifier)
    _put_texts(element, "Name", value.names)
    if alone:
        return element
    _put_texts(element, "Description", value.descriptions)
    element.extend(map(write_framework, value.reference_frameworks))
    element.extend(map(write_list, value.evidence_type_lists))
    return element


def write_framework(value: ReferenceFramework) -> etree._Element:
    """`sdg:ReferenceFramework`."""
    element = _new("ReferenceFramework")
    _put(element, "Identifier", value.identifier)
    _put_texts(element, "Title", value.titles)
    _put_texts(element, "Description", value.descriptions)
    for procedure in value.procedures:
        _put(_put(element, "RelatedTo"), "Identifier", procedure)
    _put_jurisdiction(element, value.jurisdiction)
    return element


def write_list(value: EvidenceTypeList, *, alone: bool = False) -> etree._Element:
    """`sdg:EvidenceTypeList`; `alone`: without its evidence types, as a submission has it."""
    element = _new("EvidenceTypeList")
    _put(element, "Identifier", value.identifier)
    _put_texts(element, "Name", value.names)
    if not alone:
        _put_jurisdiction(element, value.jurisdiction)
        element.extend(map(write_evidence_type, value.evidence_types))
    return element


def write_evidence_type(value: EvidenceType) -> etree._Element:
    """`sdg:EvidenceType` of the Evidence Broker."""
    element = _new("EvidenceType")
    _put(element, "EvidenceTypeClassification", value.classification)
    _put_texts(element, "Title", value.titles)
    _put_texts(element, "Description", value.descriptions)
    for jurisdiction in value.jurisdictions:
        _put_jurisdiction(element, jurisdiction)
    for media_type in value.formats:
        _put(_put(element, "StructuredEvidenceTypeDistribution"), "Format", media_type)
    return element


def write_service(value: DataServiceEvidenceType) -> etree._Element:
    """`sdg:DataServiceEvidenceType`."""
    element = _new("DataServiceEvidenceType")
    _put(element, "Identifier", value.identifier)
    _put(element, "EvidenceTypeClassification", value.classification)
    _put_texts(element, "Title", value.titles)
    _put_texts(element, "Description", value.descriptions)
    for form in value.distributions:
        child = _put(element, "DistributedAs")
        _put(child, "Format", form.media_type)
        for language in form.languages:
            _put(child, "Language", language)
        _put(child, "ConformsTo", form.conforms_to)
        _put(child, "Transformation", form.transformation)
    element.extend(map(write_access_service, value.access_services))
    _put(element, "AuthenticationLevelOfAssurance", value.level_of_assurance)
    if value.determination is not None:
        element.append(write_determination(value.determination))
    element.extend(write_concept(each, "EvidenceProviderClassification") for each in value.classifications)
    return element


def write_access_service(value: AccessService) -> etree._Element:
    """`sdg:AccessService` with its provider."""
    element = _new("AccessService")
    _put_party(element, value.identifier)
    _put_texts(element, "Name", value.names)
    for version in value.conforms_to:
        _put(element, "ConformsTo", version)
    provider, address = value.provider, value.provider.address
    publisher = _put(element, "Publisher")
    _put_party(publisher, provider.identifier)
    _put_texts(publisher, "Name", provider.names)
    postal = _put(publisher, "Address")
    _put(postal, "FullAddress", address.full)
    _put(postal, "LocatorDesignator", address.locator)
    _put(postal, "PostCode", address.post_code)
    _put(postal, "PostCityName", address.city)
    _put(postal, "Thoroughfare", address.thoroughfare)
    _put(postal, "AdminUnitLevel1", address.country)
    _put(postal, "AdminUnitLevel2", address.nuts)
    _put_jurisdiction(publisher, provider.jurisdiction)
    publisher.extend(write_concept(each, "ClassificationConcept") for each in provider.concepts)
    return element


def write_determination(value: JurisdictionDetermination) -> etree._Element:
    """`sdg:EvidenceProviderJurisdictionDetermination`."""
    element = _new("EvidenceProviderJurisdictionDetermination")
    _put(element, "JurisdictionContextId", value.context_id)
    _put_texts(element, "JurisdictionContext", value.contexts)
    _put(element, "JurisdictionLevel", value.level.value)
    return element


def write_concept(value: ClassificationConcept, name: str) -> etree._Element:
    """`sdg:EvidenceProviderClassification` or `sdg:ClassificationConcept`."""
    element = _new(name)
    _put(element, "Identifier", value.identifier)
    _put(element, "Type", value.type or None)
    _put(element, "ValueExpression", value.value_expression)
    _put_texts(element, "Description", value.descriptions)
    if value.supported_values:
        supported = _put(element, "SupportedValue")
        for each in value.supported_values:
            _put(supported, value.value_kind, each)
    return element


def _new(name: str) -> etree._Element:
    return etree.Element(f"{{{SDG}}}{name}", nsmap={"sdg": SDG})


def _put(parent: etree._Element, name: str, text: str | None = "") -> etree._Element:
    """A child with its text; none at all where the text is None."""
    if text is None:
        return parent
    child = etree.SubElement(parent, f"{{{SDG}}}{name}")
    if text:
        try:
            child.text = text
        except ValueError:
            raise DirectoryUnwritable(f"sdg:{name} holds a character that XML does not know") from None
    return child


def _put_texts(parent: etree._Element, name: str, texts: Sequence[Text]) -> None:
    for text in texts:
        _put(parent, name, text.value).set("lang", text.language)


def _put_party(parent: etree._Element, party: PartyId) -> None:
    child = _put(parent, "Identifier", party.value)
    if party.scheme:
        child.set("schemeID", party.scheme)


def _put_jurisdiction(parent: etree._Element, jurisdiction: Jurisdiction | None) -> None:
    if jurisdiction is not None:
        child = _put(parent, "Jurisdiction")
        _put(child, "AdminUnitLevel1", jurisdiction.country)
        _put(child, "AdminUnitLevel2", jurisdiction.nuts)
        _put(child, "AdminUnitLevel3", jurisdiction.lau)

"""Requirements, evidence types, classifications, distributions and evidence metadata."""

from lxml import etree

from intermediary.edm.agents import AGENT
from intermediary.edm.elements import (
    STRUCTURE,
    Child,
    Reading,
    Struct,
    Values,
    day,
    identifier,
    multilingual,
    read_text,
    text,
    value,
)
from intermediary.edm.model import (
    DataServiceEvidenceType,
    Distribution,
    Evidence,
    EvidenceProviderClassification,
    LegalPerson,
    NaturalPerson,
    Requirement,
)
from intermediary.edm.names import SDG
from intermediary.edm.persons import LEGAL_PERSON, NATURAL_PERSON

REQUIREMENT = Struct(
    Requirement,
    identifier("identifier", "Identifier", required=True),
    multilingual("names", "Name"),
    multilingual("descriptions", "Description"),
    then=("Description>ReferenceFramework", "Description>EvidenceTypeList"),
)

DISTRIBUTION = Struct(
    Distribution,
    text("format", "Format", required=True, repeats=True),
    text("languages", "Language", many=True),
    text("conforms_to", "ConformsTo"),
    text("transformation", "Transformation"),
    text("associated_documents", "AssociatedDocumentRequest", many=True),
)
"""sdg:DistributionType and sdg:EvidenceTypeDistributionType, whose order agrees."""

EVIDENCE_TYPE = Struct(
    DataServiceEvidenceType,
    identifier("identifier", "Identifier", required=True),
    text("evidence_type_classification", "EvidenceTypeClassification", required=True),
    multilingual("titles", "Title"),
    multilingual("descriptions", "Description"),
    value("distributed_as", "DistributedAs", DISTRIBUTION, many=True),
    then=(
        "DistributedAs>AccessService",
        "DistributedAs>AuthenticationLevelOfAssurance",
        "DistributedAs>EvidenceProviderJurisdictionDetermination",
        "DistributedAs>EvidenceProviderClassification",
    ),
)


def _read_supported(element: etree._Element, reading: Reading) -> tuple[str, tuple[str, ...]]:
    found = list(element.iterchildren("*"))
    kind = str(found[0].tag) if found else f"{{{SDG}}}StringValue"
    for other in found:
        if other.tag != kind or not kind.startswith(f"{{{SDG}}}"):
            reading.problem(
                STRUCTURE,
                other,
                "All supported values are of one sdg type.",
                "Use one kind of value element.",
            )
    return kind.rpartition("}")[2], tuple(read_text(item, reading) for item in found)


def _write_supported(parent: etree._Element, tag: str, supported: tuple[str, tuple[str, ...]]) -> None:
    element = etree.SubElement(parent, tag)
    for item in supported[1]:
        etree.SubElement(element, f"{{{SDG}}}{supported[0]}").text = item


def _supported(values: Values) -> None:
    kind, found = values.pop("supported", ("StringValue", ()))
    values.update(supported_value_type=kind, supported_values=found)


PROVIDER_CLASSIFICATION = Struct(
    EvidenceProviderClassification,
    identifier("identifier", "Identifier", required=True),
    text("type", "Type"),
    text("value_expression", "ValueExpression"),
    multilingual("descriptions", "Description"),
    Child(
        "supported",
        "SupportedValue",
        _read_supported,
        _write_supported,
        get=lambda c: (c.supported_value_type, c.supported_values) if c.supported_values else None,
    ),
    finish=_supported,
)

EVIDENCE = Struct(
    Evidence,
    identifier("identifier", "Identifier", required=True),
    Child(
        "",
        "IsAbout",
        inside=(
            value("is_about", "NaturalPerson", NATURAL_PERSON, only=NaturalPerson),
            value("is_about", "LegalPerson", LEGAL_PERSON, only=LegalPerson),
        ),
    ),
    value("issuing_authority", "IssuingAuthority", AGENT),
    Child(
        "",
        "IsConformantTo",
        inside=(
            text("evidence_type_classification", "EvidenceTypeClassification", blank=False),
            multilingual("titles", "Title"),
            multilingual("descriptions", "Description"),
        ),
    ),
    day("issuing_date", "IssuingDate"),
    value("distribution", "Distribution", DISTRIBUTION, required=True),
    Child("", "ValidityPeriod", inside=(day("valid_from", "StartDate"), day("valid_until", "EndDate"))),
)

"""Damage that business rules are there for: other codes, other slots, other types; beside the blunt damage of
`tests.oracles.mutants`, which mostly breaks the schema."""

import copy
import random
from typing import Final

from lxml import etree

from intermediary.validation.rules.predicates import SLOT, XSI_TYPE, clark
from tests.oracles.mutants import DAMAGES, Damage, Nodes

_VALUES: Final = (
    "ER", "IP", "EP", "ERRP", "IPEP", "XX", "DE", "de", "EN", "en", "DEU", "GER (B) DEU (T)", "High",
    "Low", "high", "eidas", "R1", "S1", "X6", "00", "Z9", "GET", "POST", "PUT", "application/pdf",
    "application/json", "application/xml", "image/svg+xml", "\timage/svg+xml", "text/plain",
    "oots-edm:v1.0", "oots-edm:v1.1", "oots-edm:v2.0", "https://example.org/", "http://example.org/",
    "HTTPS://example.org/", " https://example.org/", "2024-02-29", "2024-02-29T12:00:00Z",
    "2024-02-29t12:00:00", "29.02.2024", "0b8b0f7e-35c8-4e6b-9a5b-6f6f1e6f0001",
    "urn:uuid:0B8B0F7E-35C8-4E6B-9A5B-6F6F1E6F0001", "URN:UUID:0b8b0f7e-35c8-4e6b-9a5b-6f6f1e6f0001",
    "0b8b0f7e-35c8-4e6b-9a5b-6f6f1e6f0001 ", "urn:uuid:0b8b0f7e-35c8-4e6b-9a5b-6f6f1e6f0001x",
    "https://sr.oots.tech.europa.eu/requirements/urn:uuid:0b8b0f7e-35c8-4e6b-9a5b-6f6f1e6f0001",
    "https://sr.oots.tech.europa.eu/evidencetypeclassifications/de/0b8b0f7e-35c8-4e6b-9a5b-6f6f1e6f0001",
    "HTTPS://SR.oots.tech.europa.eu/evidencetypeclassifications/DEU/0b8b0f7e-35c8-4e6b-9a5b-6f6f1e6f0001",
    "https://sr.oots.tech.europa.eu/distributions/x", "https://sr.oots.tech.ec.europa.eu/datamodels/x",
    "ES/AT/02635542Y", "es/at/123456789", "ES/AT/1234", "ES-AT-123456789", "EDM:ERR:0002",
    "EDM:ERR:0009", "urn:cef.eu:names:identifier:EAS:9930", "urn:cef.eu:names:identifier:EAS:99",
    "EAS:9930", "urn:oasis:names:tc:ebcore:partyid-type:unregistered:x", "cid:a@b", "cid:a-b@c",
    "cid:ab", "a@b", "urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Error",
    "urn:sr.oots.tech.europa.eu:codes:ErrorSeverity:EDMErrorResponse:PreviewRequired",
    "urn:sr.oots.tech.europa.eu:codes:ErrorSeverity:DSDErrorResponse:AdditionalInput",
    "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success",
    "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure",
    "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Unavailable", "DocumentQuery",
    "LeafClassWithRepositoryItem", "ObjectRef",
)  # fmt: skip
_SLOT_NAMES: Final = (
    "SpecificationIdentifier", "IssueDateTime", "Procedure", "PreviewLocation", "PossibilityForPreview",
    "ExplicitRequestGiven", "Requirements", "Requirement", "EvidenceRequester", "EvidenceProvider",
    "EvidenceProviderClassification", "EvidenceRequest", "LegalPerson", "NaturalPerson",
    "AuthorizedRepresentative", "EvidenceResponseIdentifier", "ResponseAvailableDateTime",
    "EvidenceMetadata", "ErrorProvider", "Timestamp", "PreviewDescription", "PreviewMethod", "Unknown",
)  # fmt: skip
_TYPES: Final = (
    "rim:StringValueType", "rim:AnyValueType", "rim:CollectionValueType", "rim:BooleanValueType",
    "rim:DateTimeValueType", "rim:InternationalStringValueType", "rs:AuthenticationExceptionType",
    "rs:AuthorizationExceptionType", "rs:InvalidRequestExceptionType", "query:QueryExceptionType",
    "rs:RegistryExceptionType",
)  # fmt: skip
_CHILDREN: Final = (
    "sdg:Jurisdiction", "sdg:Classification", "sdg:Identifier", "sdg:LevelOfAssurance", "sdg:Language",
    "sdg:Format", "sdg:ConformsTo", "sdg:Transformation", "sdg:Type", "sdg:DistributedAs", "sdg:Agent",
    "rs:Exception", "rim:RegistryObjectList", "rim:Value", "sdg:LegalPersonIdentifier",
    "sdg:LegalIdentifier",
)  # fmt: skip


def _leaves(nodes: Nodes) -> list[etree._Element]:
    return [node for node in nodes if not len(node)] or list(nodes)


def _slots(nodes: Nodes) -> list[etree._Element]:
    return [node for node in nodes if node.tag == SLOT and node.getparent() is not None]


def _value(dice: random.Random, _: etree._Element, nodes: Nodes) -> None:
    dice.choice(_leaves(nodes)).text = dice.choice(_VALUES)


def _padded(dice: random.Random, _: etree._Element, nodes: Nodes) -> None:
    node = dice.choice(_leaves(nodes))
    node.text = f"{dice.choice((' ', chr(9), chr(10)))}{node.text or ''} "


def _other_case(dice: random.Random, _: etree._Element, nodes: Nodes) -> None:
    node = dice.choice(_leaves(nodes))
    node.text = (node.text or "").swapcase()


def _split(dice: random.Random, _: etree._Element, nodes: Nodes) -> None:
    """A comment in the middle of a value: two text nodes."""
    node = dice.choice(_leaves(nodes))
    text = node.text or ""
    node.text = text[: len(text) // 2]
    note = etree.Comment("note")
    note.tail = text[len(text) // 2 :]
    node.insert(0, note)


def _attribute(dice: random.Random, node: etree._Element, nodes: Nodes) -> None:
    chosen = dice.choice([each for each in nodes if each.attrib] or [node])
    chosen.set(dice.choice(sorted(map(str, chosen.attrib)) or ["lang"]), dice.choice(_VALUES))


def _slot_name(dice: random.Random, node: etree._Element, nodes: Nodes) -> None:
    dice.choice(_slots(nodes) or [node]).set("name", dice.choice(_SLOT_NAMES))


def _drop_slot(dice: random.Random, _: etree._Element, nodes: Nodes) -> None:
    for slot in dice.sample(_slots(nodes), min(len(_slots(nodes)), dice.choice((1, 1, 2)))):
        parent = slot.getparent()
        if parent is not None:
            parent.remove(slot)


def _double_slot(dice: random.Random, _: etree._Element, nodes: Nodes) -> None:
    for slot in dice.sample(_slots(nodes), min(len(_slots(nodes)), 1)):
        double = copy.deepcopy(slot)
        double.tail = None
        slot.addnext(double)


def _add_slot(dice: random.Random, node: etree._Element, nodes: Nodes) -> None:
    parent = dice.choice([slot.getparent() for slot in _slots(nodes)] or [node])
    slot = etree.Element(SLOT, name=dice.choice(_SLOT_NAMES))
    value = etree.SubElement(slot, clark("rim:SlotValue"), {XSI_TYPE: dice.choice(_TYPES)})
    etree.SubElement(value, clark("rim:Value")).text = dice.choice(_VALUES)
    (node if parent is None else parent).insert(0, slot)


def _type(dice: random.Random, node: etree._Element, nodes: Nodes) -> None:
    typed = [each for each in nodes if XSI_TYPE in each.attrib] or [node]
    dice.choice(typed).set(XSI_TYPE, dice.choice(_TYPES))


def _root(dice: random.Random, _: etree._Element, nodes: Nodes) -> None:
    nodes[0].tag = clark(
        dice.choice(("query:QueryRequest", "query:QueryResponse", "rs:QueryResponse", "rs:Other"))
    )


def _child(dice: random.Random, node: etree._Element, nodes: Nodes) -> None:
    parent = node if dice.random() < 0.8 else nodes[0]
    child = etree.Element(clark(dice.choice(_CHILDREN)))
    child.text = dice.choice(_VALUES)
    parent.insert(dice.randrange(len(parent) + 1), child)


def _no_attribute(dice: random.Random, node: etree._Element, nodes: Nodes) -> None:
    chosen = dice.choice([each for each in nodes if each.attrib] or [node])
    for name in [str(name) for name in chosen.attrib]:
        if dice.random() < 0.5:
            del chosen.attrib[name]


RULE_DAMAGES: Final[tuple[Damage, ...]] = (
    _value, _value, _padded, _other_case, _split, _attribute, _attribute, _slot_name, _drop_slot,
    _double_slot, _add_slot, _type, _root, _child, _child, _no_attribute,
)  # fmt: skip
ALL_DAMAGES: Final = (*RULE_DAMAGES, *DAMAGES)

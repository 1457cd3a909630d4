"""Rules on what a country submits to the Evidence Broker: EB-SUB (TDD 3.2.5)."""

from typing import Final

from lxml import etree

from intermediary.validation.rules import forms
from intermediary.validation.rules.eb_forms import (
    ASSOCIATION,
    BARE_UUID,
    CLASSIFICATION,
    LCM,
    NEVER,
    PROCEDURE_LIST,
    PROCEDURES,
    REQUIREMENT,
    SUBMISSION,
    SUBMITTED,
    URN_UUID,
    UUID,
    classified,
    country,
    document_element,
    document_namespace,
    end_is,
    given,
    link_type,
    object_id,
    own_id,
    some,
    some_association,
    some_slot,
)
from intermediary.validation.rules.forms import series
from intermediary.validation.rules.model import Check, Rule
from intermediary.validation.rules.predicates import (
    attribute_filled,
    attribute_in,
    attribute_is,
    clark,
    demand,
    has,
    has_not,
    slots,
    typed,
    value_in,
    value_matches,
)

_KIND, _SOURCE = "EB-SUB", "TDD 3.2.5, EB-SUB"
NODES: Final = ("EvidenceType", "EvidenceTypeList", "Requirement", "ReferenceFramework")
_OBJECT: Final = "rim:RegistryObject"
_CLASSIFICATION: Final = f"{_OBJECT}/rim:Classification"
_LIST: Final = f"{SUBMISSION}/rim:RegistryObjectList"
_LANGUAGE: Final = attribute_in("lang", forms.LANGUAGES, forms.LANGUAGE_LIST)
_LINKS: Final = (
    ("ContainsEvidence", "EvidenceTypeList", "EvidenceType"),
    ("FulfillsRequirement", "EvidenceTypeList", "Requirement"),
    ("DerivesFromReferenceFramework", "Requirement", "ReferenceFramework"),
)
"""Type of association, source, target."""


def _value(node: str) -> str:
    return f"{SUBMITTED}/rim:Slot[@name='{node}']/rim:SlotValue"


def _said(node: str) -> str:
    return f"{_value(node)}/sdg:{node}"


def rules() -> tuple[Rule, ...]:
    """The rules of the submission."""
    return (*_frame(), *_values(), *_associations(), *_content())


def _frame() -> tuple[Rule, ...]:
    # Ids as published: without R- in most of this file, and of the EDM request in some.
    s = series("EB-SUB-S", _KIND, f"{_SOURCE}-S")
    r = series("R-EDM-REQ-S", _KIND, f"{_SOURCE}-S")
    framework = f"{SUBMITTED}/rim:Slot/rim:SlotValue/sdg:ReferenceFramework"
    return (
        s("001", "", document_element("lcm:SubmitObjectsRequest")),
        s("002", "", document_namespace(LCM)),
        s("004", SUBMISSION, own_id(*URN_UUID)),
        s("005", SUBMISSION, has("rim:RegistryObjectList")),
        s("006", _OBJECT, given("id")),
        s("007", _OBJECT, classified()),
        s("008", _CLASSIFICATION, given("id")),
        s("009", _CLASSIFICATION, own_id(*URN_UUID)),
        s("010", _CLASSIFICATION, given("classificationScheme")),
        s("011", _CLASSIFICATION, given("classificationNode")),
        s("012", _CLASSIFICATION, attribute_is("classificationScheme", "urn:fdc:oots:classification:eb")),
        s("013", _CLASSIFICATION, attribute_is("classificationNode", *NODES)),
        # Official contexts: elements EvidenceType, … of no namespace, which no object has.
        *(s(f"{14 + n:03}", _OBJECT, _slot_of(node), NEVER) for n, node in enumerate(NODES)),
        s("042", SUBMISSION, some("rim:RegistryObjectList/rim:RegistryObject")),
        r("043", SUBMITTED, object_id()),
        r("044", _LIST, some_slot("EvidenceType")),
        r("045", _LIST, some_slot("EvidenceTypeList")),
        r("047", _LIST, some_association()),
        r("048", _LIST, some_slot("ReferenceFramework")),
        r("049", framework, has("sdg:RelatedTo")),
        r("050", framework, has("sdg:Jurisdiction")),
    )


def _values() -> tuple[Rule, ...]:
    s = series("EB-SUB-S", _KIND, f"{_SOURCE}-S")
    return (
        *(s(f"{18 + n:03}", _value(node), typed("rim:AnyValueType")) for n, node in enumerate(NODES)),
        # They stand behind rules with the same contexts in the same pattern, so they are never asked.
        *(s(f"{22 + n:03}", _value(node), has(f"sdg:{node}"), NEVER) for n, node in enumerate(NODES)),
        s("026", _said("EvidenceType"), has_not("sdg:Distribution")),
        s("027", _said("EvidenceTypeList"), has_not("sdg:EvidenceType")),
        s("028", _said("Requirement"), _bare_requirement()),
        s("029", f"{_said('ReferenceFramework')}/sdg:RelatedTo", has("sdg:Identifier")),
        # The official sum is always one: it counts a truth value.
        s("030", SUBMITTED, classified(), NEVER),
    )


def _associations() -> tuple[Rule, ...]:
    s = series("EB-SUB-S", _KIND, f"{_SOURCE}-S")
    r = series("R-EB-SUB-S", _KIND, f"{_SOURCE}-S")
    contains, fulfills, derives = (
        (f"{_OBJECT}[@type='{ASSOCIATION}{kind}']", source, target) for kind, source, target in _LINKS
    )

    def source(link: tuple[str, str, str]) -> Check:
        return end_is("sourceObject", link[1])

    def target(link: tuple[str, str, str]) -> Check:
        return end_is("targetObject", link[2])

    return (
        r("036a", contains[0], source(contains)),
        r("036b", contains[0], target(contains)),
        r("037", _OBJECT, link_type("EvidenceTypeList", "EvidenceType", "ContainsEvidence")),
        s("038a", fulfills[0], source(fulfills)),
        s("038b", fulfills[0], target(fulfills)),
        r("039", _OBJECT, link_type("EvidenceTypeList", "Requirement", "FulfillsRequirement")),
        s("040a", derives[0], source(derives)),
        s("040b", derives[0], target(derives)),
        r("040", _OBJECT, link_type("Requirement", "ReferenceFramework", "DerivesFromReferenceFramework")),
        s("051", derives[0], source(derives)),
        s("052", derives[0], target(derives)),
        s("053", fulfills[0], target(fulfills)),
        s("054", contains[0], source(contains)),
        s("055", contains[0], target(contains)),
    )


def _content() -> tuple[Rule, ...]:
    c = series("R-EB-SUB-C", _KIND, f"{_SOURCE}-C")
    kind, listed, requirement, framework = map(_said, NODES)
    return (
        c("001", f"{kind}/sdg:EvidenceTypeClassification", value_matches(*CLASSIFICATION, technical=True)),
        c("002", f"{kind}/sdg:Title", _LANGUAGE),
        c("003", f"{kind}/sdg:Title", attribute_filled("lang")),
        c("004", f"{kind}/sdg:Description", _LANGUAGE),
        c("005", f"{kind}/sdg:Description", attribute_filled("lang")),
        c("006", f"{kind}/sdg:Jurisdiction/sdg:AdminUnitLevel1", value_in(*country())),
        c("007", f"{listed}/sdg:Identifier", value_matches(*BARE_UUID, technical=True)),
        c("010", f"{listed}/sdg:Name", _LANGUAGE),
        c("011", f"{listed}/sdg:Name", attribute_filled("lang")),
        c("012", f"{requirement}/sdg:Identifier", value_matches(*REQUIREMENT, technical=True)),
        c("013", f"{requirement}/sdg:Name", _LANGUAGE),
        c("014", f"{requirement}/sdg:Name", attribute_filled("lang")),
        c("015", f"{framework}/sdg:Identifier", value_matches(*UUID, technical=True)),
        c("016", f"{framework}/sdg:Title", _LANGUAGE),
        c("017", f"{framework}/sdg:Title", attribute_filled("lang")),
        c("018", f"{framework}/sdg:Description", _LANGUAGE),
        c("019", f"{framework}/sdg:Description", attribute_filled("lang")),
        c("020", f"{framework}/sdg:Jurisdiction/sdg:AdminUnitLevel1", value_in(*country())),
        c("023", f"{framework}/sdg:RelatedTo/sdg:Identifier", value_in(PROCEDURES, PROCEDURE_LIST)),
    )


def _slot_of(node: str) -> Check:
    """An object that is classified as `node` has the slot of that name, and no other."""
    classification, slot = clark("rim:Classification"), clark("rim:Slot")

    def holds(element: etree._Element) -> bool:
        nodes = {c.get("classificationNode") for c in element.iterchildren(classification)}
        return node not in nodes or (slots(element, node) > 0 and len(element.findall(slot)) == 1)

    return demand("slot_of_node", holds, f"/rim:Slot[@name='{node}']", node=node)


def _bare_requirement() -> Check:
    inside = (clark("sdg:EvidenceType"), clark("sdg:ReferenceFramework"))
    return demand("bare_requirement", lambda e: next(e.iterchildren(*inside), None) is None)

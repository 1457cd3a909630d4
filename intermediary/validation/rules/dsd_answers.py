"""Rules on what the Data Service Directory answers: DSD-RESP (TDD 3.1.4) and its errors, DSD-ERR."""

from typing import Final

from lxml import etree

from intermediary.validation.codelists import code_list
from intermediary.validation.model import Severity
from intermediary.validation.rules import forms
from intermediary.validation.rules.dsd_content import LANGUAGE, service_content, type_content
from intermediary.validation.rules.eb_forms import (
    ANSWER,
    CLASSIFICATION,
    ERROR,
    EXCEPTION,
    FAILURE,
    JURISDICTION_LIST,
    LEVELS_OF_JURISDICTION,
    NEVER,
    OBJECTS,
    QUERY,
    SEVERITIES,
    SEVERITY_LIST,
    SUCCESS,
    TYPES,
    UUID,
    document_element,
    document_namespace,
    exactly,
    has_slot,
    object_id,
    some_filled,
    typed_rules,
)
from intermediary.validation.rules.forms import series
from intermediary.validation.rules.model import Check, Rule
from intermediary.validation.rules.predicates import (
    attribute,
    attribute_filled,
    attribute_in,
    attribute_is,
    clark,
    count,
    demand,
    filled,
    has,
    has_not,
    no_other_slot,
    required_attribute_matches,
    slots,
    typed,
    value_in,
    value_matches,
)

_SLOT: Final = "DataServiceEvidenceType"
_QUESTION, _CONCEPTS = "JurisdictionDetermination", "UserRequestedClassificationConcepts"
_TYPE: Final = f"{OBJECTS}/rim:Slot[@name='{_SLOT}']/rim:SlotValue/sdg:{_SLOT}"
_MORE: Final = "[@code='DSD:ERR:0005']"
_ADDITIONAL: Final = "urn:sr.oots.tech.europa.eu:codes:ErrorSeverity:DSDErrorResponse:AdditionalInput"


def rules() -> tuple[Rule, ...]:
    """The rules of both answers."""
    return (*_structure(), *_content(), *_error_structure(), *_error_content())


def _structure() -> tuple[Rule, ...]:
    s = series("R-DSD-RESP-S", "DSD-RESP", "TDD 3.1.4, DSD-RESP-S")
    success = f"{ANSWER}[@status='{SUCCESS}']"
    value = f"rim:RegistryObject/rim:Slot[@name='{_SLOT}']/rim:SlotValue"
    return (
        s("001", "", document_element("query:QueryResponse")),
        s("002", "", document_namespace(QUERY)),
        s("005", ANSWER, attribute("status")),
        s("006", ANSWER, attribute_is("status", SUCCESS)),
        s("007", success, exactly("rim:RegistryObjectList", 1)),
        s("0015", success, exactly("rim:RegistryObjectList/rim:RegistryObject", 1)),
        s("008", success, has_not("rs:Exception")),
        s("009", "rim:RegistryObject", has_slot(_SLOT)),
        s("DSD-RESP-S#p6r1a2", "rim:RegistryObject", count("rim:Slot", 1, 1)),
        s("010", value, typed("rim:AnyValueType")),
        s("011", value, count(f"sdg:{_SLOT}", 1, 1)),
        s("012", _TYPE, _supported()),
        s("013", _TYPE, has("sdg:AccessService")),
        s("014", OBJECTS, object_id()),
    )


def _content() -> tuple[Rule, ...]:
    kind, source = "DSD-RESP", "TDD 3.1.4, DSD-RESP-C"
    types = {
        "identifier": "002", "classification": "003", "title": "004 005", "description": "006 007",
        "assurance": "008", "format": "009", "model": "010", "concept_id": "029", "concept_type": "030",
        "concept_description": "031", "concept_language": "032 033", "context_id": "034",
        "context": "035 036", "level": "037", "transformation": "038", "xml": "039a", "json": "039b",
        "transformed": "040",
    }  # fmt: skip
    services = {
        "scheme": "012 014", "versions": "015", "publisher": "016 017", "address": "018",
        "jurisdiction": "020", "concept_id": "023", "concept_type": "024", "concept_description": "025",
        "concept_language": "026 027", "supported": "028",
    }  # fmt: skip
    return (
        *type_content(kind, source, _TYPE, types),
        *service_content(kind, source, f"{_TYPE}/sdg:AccessService", services),
    )


def _error_structure() -> tuple[Rule, ...]:
    # Ids as published: of the successful answer and of the EDM request.
    kind, source = "DSD-ERR", "TDD 3.1.4, DSD-ERR-S"
    e = series("R-DSD-ERR-S", kind, source)
    s = series("R-DSD-RESP-S", kind, source)
    r = series("R-EDM-REQ-S", kind, source)
    failure = f"{ANSWER}[@status='{FAILURE}']"
    more = f"{EXCEPTION}{_MORE}"
    question, concepts, offer = (
        f"{EXCEPTION}/rim:Slot[@name='{name}']/rim:SlotValue" for name in (_QUESTION, _CONCEPTS, _SLOT)
    )
    return (
        e("001", "", document_element("query:QueryResponse")),
        e("002", "", document_namespace(QUERY)),
        s("005", ANSWER, attribute("status")),
        s("006", ANSWER, attribute_is("status", FAILURE)),
        s("007", failure, has_not("rim:RegistryObjectList")),
        # It stands behind a rule with the same context in the same pattern, so it is never asked.
        s("008", failure, has("rs:Exception"), NEVER),
        s("009", failure, _slots_with_exception()),
        s("010", f"{more}/rim:Slot", no_other_slot(_SLOT, _CONCEPTS, _QUESTION)),
        s("011", more, _one_slot(_QUESTION), Severity.INFO),
        s("012", more, _one_slot(_CONCEPTS), Severity.INFO),
        s("013", more, _one_slot(_SLOT)),
        r("014", question, typed("rim:AnyValueType")),
        r("015", concepts, typed("rim:CollectionValueType")),
        r("016", f"{concepts}/rim:Element", typed("rim:AnyValueType")),
        r("017", offer, typed("rim:AnyValueType")),
        r("018", offer, has(f"sdg:{_SLOT}")),
        r("019", f"{concepts}/rim:Element", has("sdg:EvidenceProviderClassification")),
        r("020", question, has("sdg:EvidenceProviderJurisdictionDetermination")),
        r("021", f"{offer}/sdg:{_SLOT}", _offer()),
        s("022", f"rs:Exception{_MORE}", _asks()),
    )


def _error_content() -> tuple[Rule, ...]:
    kind, source = "DSD-ERR", "TDD 3.1.4, DSD-ERR-C"
    c = series("R-DSD-ERR-C", kind, source)
    question, concept, offer = (
        f"{EXCEPTION}/rim:Slot[@name='{slot}']/rim:SlotValue/{element}"
        for slot, element in (
            (_QUESTION, "sdg:EvidenceProviderJurisdictionDetermination"),
            # Officially without rim:Element, where no collection has anything.
            (_CONCEPTS, "rim:Element/sdg:EvidenceProviderClassification"),
            (_SLOT, f"sdg:{_SLOT}"),
        )
    )
    filled_language, uuid = attribute_filled("lang"), value_matches(*UUID, technical=True)
    more = f"{EXCEPTION}{_MORE}"
    return (
        c("001", f"{question}/sdg:JurisdictionContextId", uuid),
        c("002", f"{question}/sdg:JurisdictionContext", LANGUAGE),
        c("003", f"{question}/sdg:JurisdictionContext", filled_language),
        c("004", f"{question}/sdg:JurisdictionLevel", value_in(LEVELS_OF_JURISDICTION, JURISDICTION_LIST)),
        c("005", f"{concept}/sdg:Identifier", uuid, NEVER),
        c("006", concept, filled("sdg:Type"), NEVER),
        c("007", concept, some_filled("sdg:Description"), NEVER),
        c("008", f"{concept}/sdg:Description", LANGUAGE, NEVER),
        c("009", f"{concept}/sdg:Description", filled_language, NEVER),
        c("010", f"{offer}/sdg:Identifier", uuid),
        c("011", f"{offer}/sdg:EvidenceTypeClassification", value_matches(*CLASSIFICATION, technical=True)),
        c("012", f"{offer}/sdg:Title", LANGUAGE),
        c("013", f"{offer}/sdg:Title", filled_language),
        c("014", f"{offer}/sdg:Description", LANGUAGE),
        c("015", f"{offer}/sdg:Description", filled_language),
        c("016", EXCEPTION, attribute("xsi:type")),
        typed_rules(EXCEPTION, "R-DSD-ERR-C017", kind, source, *TYPES),
        c("018", EXCEPTION, attribute_in("severity", SEVERITIES, SEVERITY_LIST)),
        c("019", more, _no_plain_error()),
        c("020", EXCEPTION, attribute("message")),
        c("021", EXCEPTION, attribute("code")),
        c("023", EXCEPTION, attribute_in("code", code_list("dsd-error-codes").codes, "DSDErrorCodes")),
        c(
            "024",
            f"{offer}/sdg:AuthenticationLevelOfAssurance",
            value_in(forms.LEVELS, forms.LEVEL_LIST),
        ),
        c("025", more, required_attribute_matches("severity", _ADDITIONAL, _ADDITIONAL)),
    )


def _one_slot(name: str) -> Check:
    return demand("one_slot", lambda e: slots(e, name) == 1, f"/rim:Slot[@name='{name}']", slot=name)


def _supported() -> Check:
    """As many supported values at the services as classifications are asked for."""
    values = "/".join(
        map(clark, ("sdg:AccessService", "sdg:Publisher", "sdg:ClassificationConcept", "sdg:SupportedValue"))
    )
    concepts = clark("sdg:EvidenceProviderClassification")
    return demand("supported_values", lambda e: len(e.findall(values)) >= len(e.findall(concepts)))


def _slots_with_exception() -> Check:
    exception, slot = clark("rs:Exception"), clark("rim:Slot")
    return demand("slots_with_exception", lambda e: e.find(exception) is not None or e.find(slot) is None)


def _offer() -> Check:
    needed = [
        clark(f"sdg:{name}")
        for name in ("Identifier", "EvidenceTypeClassification", "Title", "DistributedAs")
    ]
    barred = (
        clark("sdg:AccessService"),
        clark("sdg:EvidenceProviderJurisdictionDetermination"),
        clark("sdg:EvidenceProviderClassification"),
    )

    def holds(element: etree._Element) -> bool:
        complete = all(element.find(name) is not None for name in needed)
        return complete and next(element.iterchildren(*barred), None) is None

    return demand("offer", holds)


def _asks() -> Check:
    return demand("asks", lambda e: slots(e, _CONCEPTS) + slots(e, _QUESTION) > 0)


def _no_plain_error() -> Check:
    return demand("no_plain_error", lambda e: ERROR not in e.get("severity", ""), "/@severity", _ADDITIONAL)

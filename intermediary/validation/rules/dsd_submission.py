"""Rules on what a country submits to the Data Service Directory: DSD-SUB (TDD 3.1.5)."""

from typing import Final

from intermediary.validation.rules.dsd_content import service_content, type_content
from intermediary.validation.rules.eb_forms import (
    ASSOCIATION,
    LCM,
    NEVER,
    SUBMISSION,
    SUBMITTED,
    URN_UUID,
    association_end_is,
    association_has,
    classified,
    document_element,
    document_namespace,
    end_is,
    ends_are,
    exactly,
    given,
    link_type,
    object_id,
    own_id,
    some,
    some_association,
    some_slot,
)
from intermediary.validation.rules.forms import series
from intermediary.validation.rules.model import Rule
from intermediary.validation.rules.predicates import attribute, attribute_is, has, typed

_KIND, _SOURCE = "DSD-SUB", "TDD 3.1.5, DSD-SUB"
_PROVIDER, _TYPE = "EvidenceProvider", "DataServiceEvidenceType"
_OBJECT: Final = "rim:RegistryObject"
_CLASSIFICATION: Final = f"{_OBJECT}/rim:Classification"
_LIST: Final = f"{SUBMISSION}/rim:RegistryObjectList"
_SCHEME: Final = "urn:fdc:oots:classification:dsd"
_TYPE_SLOT: Final = f"{SUBMITTED}/rim:Slot[@name='{_TYPE}']"
_PROVIDER_SLOT: Final = f"{SUBMITTED}/rim:Slot[@name='{_PROVIDER}']"


def rules() -> tuple[Rule, ...]:
    """The rules of the submission."""
    service = f"{_PROVIDER_SLOT}/rim:SlotValue/sdg:AccessService"
    return (
        *_frame(),
        *_objects(),
        *type_content(
            _KIND, f"{_SOURCE}-C", f"{_TYPE_SLOT}/rim:SlotValue/sdg:{_TYPE}",
            {
                "identifier": "001", "classification": "002", "title": "003 004", "description": "005 006",
                "format": "007", "model": "008", "transformation": "009", "concept_id": "010",
                "concept_type": "011", "concept_description": "012", "concept_language": "013 014",
                "context_id": "015", "context": "016 017", "level": "018", "assurance": "037",
                "xml": "038a", "json": "038b", "transformed": "039",
            },
        ),
        *service_content(
            _KIND, f"{_SOURCE}-C", service,
            {
                "scheme": "020 022", "versions": "023", "publisher": "024 025", "address": "026",
                "jurisdiction": "028", "concept_id": "031", "concept_type": "032",
                "concept_description": "033", "concept_language": "034 035", "supported": "036",
            },
        ),
    )  # fmt: skip


def _frame() -> tuple[Rule, ...]:
    s = series("R-DSD-SUB-S", _KIND, f"{_SOURCE}-S")
    return (
        s("001", "", document_element("lcm:SubmitObjectsRequest")),
        s("002", "", document_namespace(LCM)),
        s("003", SUBMISSION, attribute("id")),
        s("004", SUBMISSION, own_id(*URN_UUID)),
        s("005", SUBMISSION, has("rim:RegistryObjectList")),
        s("006", _OBJECT, given("id")),
        s("007", _OBJECT, classified()),
        s("008", _CLASSIFICATION, given("id")),
        s("009", _CLASSIFICATION, own_id(*URN_UUID)),
        s("010", _CLASSIFICATION, given("classificationScheme")),
        s("011", _CLASSIFICATION, given("classificationNode")),
        s("012", _CLASSIFICATION, attribute_is("classificationScheme", _SCHEME)),
        s("013", _CLASSIFICATION, attribute_is("classificationNode", _PROVIDER, _TYPE)),
        s("030", SUBMISSION, some("rim:RegistryObjectList/rim:RegistryObject")),
        s("032", SUBMITTED, object_id()),
        s("033", _LIST, some_slot(_PROVIDER)),
        s("034", _LIST, some_slot(_TYPE)),
        s("035", _LIST, some_association()),
        s("036", _LIST, has("rim:RegistryObject")),
    )


def _objects() -> tuple[Rule, ...]:
    s = series("R-DSD-SUB-S", _KIND, f"{_SOURCE}-S")
    serves = f"{_OBJECT}[@type='{ASSOCIATION}ServesEvidenceType']"
    concept = "sdg:AccessService/sdg:Publisher/sdg:ClassificationConcept"
    return (
        s("016", f"{_PROVIDER_SLOT}/rim:SlotValue", typed("rim:AnyValueType")),
        s("017", f"{_TYPE_SLOT}/rim:SlotValue", typed("rim:AnyValueType")),
        s("018", _PROVIDER_SLOT, exactly("rim:SlotValue/sdg:AccessService", 1)),
        s("019", _TYPE_SLOT, exactly(f"rim:SlotValue/sdg:{_TYPE}", 1)),
        # The official sum is always one: it counts a truth value.
        s("022", SUBMITTED, classified(), NEVER),
        s("023", _OBJECT, ends_are(_PROVIDER, _TYPE)),
        s("024", _OBJECT, association_has("sourceObject")),
        # These three stand behind S024 with the same context in the same pattern, so they are never asked.
        s("025", _OBJECT, association_end_is("sourceObject", _PROVIDER), NEVER),
        s("026", _OBJECT, association_has("targetObject"), NEVER),
        s("027", _OBJECT, association_end_is("targetObject", _TYPE), NEVER),
        s("028a", serves, end_is("sourceObject", _PROVIDER)),
        s("028b", serves, end_is("targetObject", _TYPE)),
        s("029", _OBJECT, link_type(_PROVIDER, _TYPE, "ServesEvidenceType")),
        s("031", f"{SUBMITTED}/rim:Slot/rim:SlotValue/{concept}", has("sdg:SupportedValue")),
    )

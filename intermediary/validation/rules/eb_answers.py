"""Rules on what the Evidence Broker answers: EB-REQ, EB-EVI (TDD 3.2.4) and its errors, EB-ERR."""

from typing import Final

from intermediary.validation.codelists import code_list
from intermediary.validation.rules import forms
from intermediary.validation.rules.eb_forms import (
    ANSWER,
    CLASSIFICATION,
    ERROR,
    EXCEPTION,
    FAILURE,
    NEVER,
    OBJECTS,
    PROCEDURE_LIST,
    PROCEDURES,
    QUERY,
    REQUIREMENT,
    SEVERITIES,
    SEVERITY_LIST,
    SUCCESS,
    TYPES,
    UUID,
    country,
    document_element,
    document_namespace,
    exactly,
    has_slot,
    none_empty,
    object_id,
    typed_rules,
)
from intermediary.validation.rules.forms import series
from intermediary.validation.rules.model import Rule
from intermediary.validation.rules.predicates import (
    attribute,
    attribute_filled,
    attribute_in,
    attribute_is,
    count,
    has,
    has_not,
    typed,
    value_in,
    value_matches,
)

_SLOT: Final = "rim:Slot[@name='Requirement']/rim:SlotValue"
_REQUIREMENT: Final = f"{OBJECTS}/{_SLOT}/sdg:Requirement"
_FRAMEWORK: Final = f"{_REQUIREMENT}/sdg:ReferenceFramework"
_LIST: Final = f"{_REQUIREMENT}/sdg:EvidenceTypeList"
_TYPE: Final = f"{_LIST}/sdg:EvidenceType"
_LANGUAGE: Final = attribute_in("lang", forms.LANGUAGES, forms.LANGUAGE_LIST)


def rules() -> tuple[Rule, ...]:
    """The rules of the three answers."""
    return (
        *_structure("EB-REQ", ("011", "012", "013", "014", "015", "017", "018", "019", "020", "021")),
        *_structure("EB-EVI", ("009", "010", "011", "012", "013", "017", "018", "019", "020", "021")),
        *_content("EB-REQ"),
        *_content("EB-EVI"),
        *_requirements_only(),
        *_evidence_types(),
        *_errors(),
    )


def _structure(kind: str, numbers: tuple[str, ...]) -> tuple[Rule, ...]:
    """What both answers share; the numbers after S008 are given."""
    s = series(f"R-{kind}-S", kind, f"TDD 3.2.4, {kind}-S")
    success = f"{ANSWER}[@status='{SUCCESS}']"
    contexts = (
        ("rim:RegistryObject", has_slot("Requirement")),
        ("rim:RegistryObject", count("rim:Slot", 1, 1)),
        (_SLOT, typed("rim:AnyValueType")),
        (_SLOT, count("sdg:Requirement", 1, 1)),
        (f"{_SLOT}/sdg:Requirement/sdg:ReferenceFramework/sdg:RelatedTo", count("sdg:Identifier", 1, 1)),
        (_REQUIREMENT, has("sdg:ReferenceFramework")),
        (f"{ANSWER}/rim:RegistryObjectList", has("rim:RegistryObject")),
        (OBJECTS, object_id()),
        (_FRAMEWORK, has("sdg:RelatedTo")),
        (_FRAMEWORK, has("sdg:Jurisdiction")),
    )
    return (
        s("001", "", document_element("query:QueryResponse")),
        s("002", "", document_namespace(QUERY)),
        s("005", ANSWER, attribute("status")),
        s("006", ANSWER, attribute_is("status", SUCCESS)),
        s("007", success, exactly("rim:RegistryObjectList", 1)),
        s("008", success, has_not("rs:Exception")),
        *(
            # The second rule of that pattern has the context of the first, so it is never asked.
            s(number, context, check, *([NEVER] if number == numbers[1] else []))
            for number, (context, check) in zip(numbers, contexts, strict=True)
        ),
    )


def _requirements_only() -> tuple[Rule, ...]:
    s = series("R-EB-REQ-S", "EB-REQ", "TDD 3.2.4, EB-REQ-S")
    return (s("016", _REQUIREMENT, has_not("sdg:EvidenceTypeList")),)


def _content(kind: str) -> tuple[Rule, ...]:
    """The same in both answers, number by number."""
    c = series(f"R-{kind}-C", kind, f"TDD 3.2.4, {kind}-C")
    named, titled, described = (
        f"{_REQUIREMENT}/sdg:Name", f"{_FRAMEWORK}/sdg:Title", f"{_FRAMEWORK}/sdg:Description",
    )  # fmt: skip
    return (
        c("001", f"{_REQUIREMENT}/sdg:Identifier", value_matches(*REQUIREMENT, technical=True)),
        c("002", named, _LANGUAGE),
        c("003", named, attribute_filled("lang")),
        c("004", f"{_FRAMEWORK}/sdg:Identifier", value_matches(*UUID, technical=True)),
        c("005", titled, _LANGUAGE),
        c("006", titled, attribute_filled("lang")),
        c("007", described, _LANGUAGE),
        c("008", described, attribute_filled("lang")),
        c("009", f"{_FRAMEWORK}/sdg:Jurisdiction/sdg:AdminUnitLevel1", value_in(*country())),
        c("012", f"{_FRAMEWORK}/sdg:RelatedTo/sdg:Identifier", value_in(PROCEDURES, PROCEDURE_LIST)),
    )


def _evidence_types() -> tuple[Rule, ...]:
    s = series("R-EB-EVI-S", "EB-EVI", "TDD 3.2.4, EB-EVI-S")
    c = series("R-EB-EVI-C", "EB-EVI", "TDD 3.2.4, EB-EVI-C")
    return (
        s("014", _TYPE, has_not("sdg:Distribution")),
        s("015", _LIST, has("sdg:EvidenceType")),
        s("016", _REQUIREMENT, has("sdg:EvidenceTypeList")),
        c("013", f"{_LIST}/sdg:Identifier", value_matches(*UUID, technical=True)),
        c("014", f"{_LIST}/sdg:Name", _LANGUAGE),
        c("015", f"{_LIST}/sdg:Name", attribute_filled("lang")),
        c("016", f"{_TYPE}/sdg:EvidenceTypeClassification", value_matches(*CLASSIFICATION, technical=True)),
        c("017", f"{_TYPE}/sdg:Title", _LANGUAGE),
        c("018", f"{_TYPE}/sdg:Title", attribute_filled("lang")),
        c("019", f"{_TYPE}/sdg:Description", _LANGUAGE),
        c("020", f"{_TYPE}/sdg:Description", attribute_filled("lang")),
        c("021", _TYPE, none_empty("sdg:Jurisdiction")),
        c("022", f"{_TYPE}/sdg:Jurisdiction/sdg:AdminUnitLevel1", value_in(*country())),
    )


def _errors() -> tuple[Rule, ...]:
    kind, source = "EB-ERR", "TDD 3.2.4, EB-ERR"
    e = series("R-EB-ERR-", kind, source)
    failure = f"{ANSWER}[@status='{FAILURE}']"
    codes = code_list("eb-error-codes").codes
    return (
        e("S001", "", document_element("query:QueryResponse")),
        e("S002", "", document_namespace(QUERY)),
        e("S005", ANSWER, attribute("status")),
        e("S006", ANSWER, attribute_is("status", FAILURE)),
        e("S007", failure, has_not("rim:RegistryObjectList")),
        e("S008", failure, count("rs:Exception", 1, 1)),
        e("009", EXCEPTION, attribute("xsi:type")),
        typed_rules(EXCEPTION, "R-EB-ERR-010", kind, source, *TYPES),
        e("011a", EXCEPTION, attribute("severity")),
        e("011b", EXCEPTION, attribute_in("severity", SEVERITIES, SEVERITY_LIST)),
        e("012", EXCEPTION, attribute_is("severity", ERROR)),
        e("013", EXCEPTION, attribute("message")),
        e("015", EXCEPTION, attribute("code")),
        e("016", EXCEPTION, attribute_in("code", codes, "EBErrorCodes")),
        e("017", ANSWER, has_not("rim:Slot")),
    )

"""Rules on the error response (EDM-ERR-S, EDM-ERR-C)."""

import re
from typing import Final

from lxml import etree

from intermediary.validation.codelists import code_list
from intermediary.validation.rules import forms
from intermediary.validation.rules.editions import BEFORE_2, Edition
from intermediary.validation.rules.forms import URN_UUID, agent_scheme, root_name, root_namespace, series
from intermediary.validation.rules.model import Holds, Kind, Rule
from intermediary.validation.rules.predicates import (
    at_most_one_slot,
    attribute,
    attribute_in,
    attribute_is,
    attribute_matches,
    child_is,
    child_matches,
    clark,
    count,
    demand,
    filled,
    has,
    has_not,
    no_other_slot,
    one_slot,
    text_matches,
    type_of,
    typed,
    value_in,
    value_matches,
    when,
)

RESPONSE: Final = "query:QueryResponse"
EXCEPTION: Final = f"{RESPONSE}/rs:Exception"
PROVIDER: Final = f"{RESPONSE}/rim:Slot[@name='ErrorProvider']/rim:SlotValue/sdg:Agent"
REQUESTER: Final = f"{RESPONSE}/rim:Slot[@name='EvidenceRequester']/rim:SlotValue/sdg:Agent"
SLOTS: Final = ("SpecificationIdentifier", "EvidenceResponseIdentifier", "ErrorProvider", "EvidenceRequester")
EXCEPTION_SLOTS: Final = ("Timestamp", "PreviewLocation", "PreviewDescription", "PreviewMethod")
TYPES: Final = (
    "rs:AuthenticationExceptionType", "rs:AuthorizationExceptionType", "rs:InvalidRequestExceptionType",
    "rs:ObjectNotFoundExceptionType", "rs:TimeoutExceptionType", "rs:UnresolvedReferenceExceptionType",
    "rs:UnsupportedCapabilityExceptionType", "query:QueryExceptionType",
)  # fmt: skip
ERROR_SEVERITY: Final = "urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Error"
_STATUS: Final = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:"
_EXCEPTION, _TYPE = clark("rs:Exception"), clark("xsi:type")
_AUTHORIZATION, _INVALID = clark("rs:AuthorizationExceptionType"), clark("rs:InvalidRequestExceptionType")

_s = series("R-EDM-ERR-S", Kind.ERROR, "TDD 4.6, EDM-ERR-S")
_c = series("R-EDM-ERR-C", Kind.ERROR, "TDD 4.6, EDM-ERR-C")


def _slot(name: str) -> str:
    return f"{RESPONSE}/rim:Slot[@name='{name}']/rim:SlotValue"


def _detail(name: str) -> str:
    return f"rs:Exception/rim:Slot[@name='{name}']/rim:SlotValue"


def rules(edition: Edition) -> tuple[Rule, ...]:
    """The rules of that release."""
    return (*_structure(edition), *_content(edition), *_exceptions(edition))


def _structure(edition: Edition) -> tuple[Rule, ...]:
    return (
        _s("001", "", root_name("QueryResponse")),
        _s("02", "", root_namespace()),
        # The official test looks for exceptions below an attribute, where there are none.
        _s("003", RESPONSE, demand("request_id", _names_request, "/@requestId"), edition.mended),
        _s("004", RESPONSE, attribute_matches("requestId", *URN_UUID)),
        _s("06", RESPONSE, attribute_is("status", f"{_STATUS}Failure", f"{_STATUS}Unavailable")),
        # Officially behind a rule with the same context in the same pattern, which alone is applied.
        _s("07", RESPONSE, has_not("rim:RegistryObjectList"), edition.mended),
        _s("08", RESPONSE, count("rs:Exception", least=1)),
        _s("09", RESPONSE, one_slot("SpecificationIdentifier")),
        _s("10", RESPONSE, one_slot("EvidenceResponseIdentifier")),
        _s("EDM-ERR-S#p6r1a4", RESPONSE, one_slot("EvidenceRequester")),
        _s("11", RESPONSE, one_slot("ErrorProvider")),
        _s("12", "rs:Exception", one_slot("Timestamp")),
        _s("15", "rs:Exception", at_most_one_slot("PreviewDescription")),
        _s("16", "rs:Exception", at_most_one_slot("PreviewMethod")),
        # The official contexts of both are attributes that cannot be where they are looked for.
        _s("017a", f"{RESPONSE}/rim:Slot", no_other_slot(*SLOTS), edition.mended),
        _s("017b", f"{EXCEPTION}/rim:Slot", no_other_slot(*EXCEPTION_SLOTS), edition.mended),
        _s("18", _slot("SpecificationIdentifier"), typed("rim:StringValueType")),
        _s("19", _slot("EvidenceResponseIdentifier"), typed("rim:StringValueType")),
        _s("020", _slot("ErrorProvider"), typed("rim:AnyValueType")),
        _s("021", _slot("EvidenceRequester"), typed("rim:AnyValueType")),
        _s("22", _slot("IssueDateTime"), typed("rim:DateTimeValueType")),
        _s("23", _detail("PreviewLocation"), typed("rim:StringValueType")),
        _s("24", _detail("PreviewDescription"), typed("rim:InternationalStringValueType")),
        _s("25", _detail("PreviewMethod"), typed("rim:StringValueType")),
        _s("026", _slot("ErrorProvider"), has("sdg:Agent")),
    )


def _content(edition: Edition) -> tuple[Rule, ...]:
    return (
        _c("001", _slot("SpecificationIdentifier"), child_is("rim:Value", edition.release)),
        _c(
            "002",
            f"{_slot('EvidenceResponseIdentifier')}/rim:Value",
            value_matches(*forms.UUID, technical=True),
        ),
        _c("003", f"{PROVIDER}/sdg:Identifier", attribute("schemeID")),
        _c("004", f"{PROVIDER}/sdg:Identifier", agent_scheme()),
        _c(
            "005",
            f"{PROVIDER}/sdg:Address/sdg:AdminUnitLevel1",
            value_in(forms.COUNTRIES, forms.COUNTRY_LIST),
        ),
        _c("007", PROVIDER, filled("sdg:Classification")),
        # Officially with IP and EP glued to one code, IPEP.
        _c(
            "008",
            f"{PROVIDER}/sdg:Classification",
            value_in(forms.AGENTS - {"ER"}, f"{forms.AGENT_LIST} (IP | EP | ERRP)"),
        ),
        _c("009", f"{REQUESTER}/sdg:Identifier", attribute("schemeID")),
        _c("010", f"{REQUESTER}/sdg:Identifier", agent_scheme()),
    )


def _exceptions(edition: Edition) -> tuple[Rule, ...]:
    severities = frozenset({ERROR_SEVERITY, edition.preview_required})
    preview = f"{EXCEPTION}[@severity='{edition.preview_required}']"
    language = attribute_in("xml:lang", edition.languages, forms.LANGUAGE_LIST)
    return (
        _c(
            "011",
            f"{RESPONSE}[@status='{_STATUS}Failure']",
            count("rs:Exception", least=1, most=edition.exceptions),
        ),
        _c("012", EXCEPTION, attribute("xsi:type")),
        _c("013", EXCEPTION, when(lambda e: _TYPE in e.attrib, typed(*TYPES))),
        _c("014", EXCEPTION, attribute_in("severity", severities, "ErrorSeverity")),
        _c("015", EXCEPTION, demand("preview_or_decline", _declines(edition), "/@severity")),
        _c("016", EXCEPTION, attribute("message")),
        _c("017", EXCEPTION, attribute_in("code", code_list("edm-error-codes").codes, "EDMErrorCodes")),
        _c(
            "018",
            f"{EXCEPTION}/rim:Slot[@name='Timestamp']/rim:SlotValue/rim:Value",
            text_matches(*forms.DATE_TIME, technical=True),
        ),
        _c("019", f"{RESPONSE}/{_detail('PreviewLocation')}", child_matches("rim:Value", *forms.HTTPS)),
        _c(
            "020",
            f"{RESPONSE}/{_detail('PreviewDescription')}/rim:Value/rim:LocalizedString",
            language,
        ),
        # Officially rim:value for POST, so that POST is refused.
        _c(
            "021",
            f"{RESPONSE}/{_detail('PreviewMethod')}",
            child_matches("rim:Value", r"^(?:GET|POST)\Z", "GET | POST", technical=True),
            versions=BEFORE_2,
        ),
        _c("022", preview, one_slot("PreviewLocation")),
    )


def _names_request(element: etree._Element) -> bool:
    """Only a request that could not be read may stay without a name."""
    return "requestId" in element.attrib or any(
        type_of(raised) == _INVALID for raised in element.iterchildren(_EXCEPTION)
    )


def _declines(edition: Edition) -> Holds:
    ordinary = re.compile(re.escape(ERROR_SEVERITY)).search

    def holds(element: etree._Element) -> bool:
        if type_of(element) != _AUTHORIZATION:
            return True
        if edition.decline_by_0002 and element.get("code") == "EDM:ERR:0002":
            return True
        return ordinary(element.get("severity", "")) is None

    return holds

"""Rules on the answer to a submission, LCM-SUC and LCM-ERR (TDD 3.6); and all of the Common Services."""

from functools import cache
from typing import Final

from lxml import etree

from intermediary.validation.codelists import code_list
from intermediary.validation.releases.kinds import kind_of_message
from intermediary.validation.rules import dsd_answers, dsd_submission, eb_answers, eb_submission
from intermediary.validation.rules.compiled import CompiledRules
from intermediary.validation.rules.eb_forms import (
    FAILURE,
    NEVER,
    RELEASE,
    RS,
    SEVERITIES,
    SEVERITY_LIST,
    SUCCESS,
    URN_UUID,
    SubmissionRules,
    document_element,
    document_namespace,
)
from intermediary.validation.rules.forms import series
from intermediary.validation.rules.model import Check, Rule
from intermediary.validation.rules.predicates import (
    attribute,
    attribute_in,
    attribute_is,
    attribute_matches,
    clark,
    demand,
    has,
    has_not,
    typed,
)

_ANSWER: Final = "rs:RegistryResponse"
_EXCEPTION: Final = f"{_ANSWER}/rs:Exception"


@cache
def common_services_rules() -> CompiledRules:
    """The rules of Evidence Broker, Data Service Directory and life-cycle management, as of 1.0."""
    tables = (eb_answers, eb_submission, dsd_answers, dsd_submission)
    own = [rule for table in tables for rule in table.rules()]
    return SubmissionRules(RELEASE, (*own, *rules()), kind_of_message)


def rules() -> tuple[Rule, ...]:
    """The rules of both answers."""
    return (*_success(), *_failure())


def _success() -> tuple[Rule, ...]:
    s = series("R-LCM-SUC-", "LCM-SUC", "TDD 3.6, LCM-SUC")
    return (
        s("001", "", document_element("rs:RegistryResponse")),
        s("002", "", document_namespace(RS)),
        s("003", _ANSWER, attribute("requestId")),
        s("004", _ANSWER, attribute_matches("requestId", *URN_UUID)),
        s("005", _ANSWER, attribute("status")),
        s("006", _ANSWER, attribute_is("status", SUCCESS)),
        s("007", _ANSWER, has_not("rim:RegistryObjectList")),
        s("008", _ANSWER, has_not("rim:Slot")),
    )


def _failure() -> tuple[Rule, ...]:
    # Ids as published, some of the successful answer, some without ERR.
    kind, source = "LCM-ERR", "TDD 3.6, LCM-ERR"
    e = series("R-LCM-ERR-", kind, source)
    s = series("R-LCM-SUC-", kind, source)
    n = series("R-LCM-", kind, source)
    codes = code_list("lcm-error-codes").codes
    return (
        e("001", "", document_element("rs:RegistryResponse")),
        e("002", "", document_namespace(RS)),
        e("003", _ANSWER, _request_named()),
        e("004", _ANSWER, attribute_matches("requestId", *URN_UUID)),
        e("005", _ANSWER, attribute("status")),
        e("006", _ANSWER, attribute_is("status", FAILURE)),
        e("007", _ANSWER, has_not("rim:RegistryObjectList")),
        e("008", _ANSWER, has("rs:Exception")),
        # Official contexts and tests from here on are of no namespace, so they are never asked.
        s("008", _ANSWER, has_not("rim:Slot"), NEVER),
        e("009", _EXCEPTION, attribute("xsi:type"), NEVER),
        n("010", _EXCEPTION, typed("rs:InvalidRequestExceptionType"), NEVER),
        e("011", _EXCEPTION, attribute("severity"), NEVER),
        n("012", _EXCEPTION, attribute_in("severity", SEVERITIES, SEVERITY_LIST), NEVER),
        e("013", _EXCEPTION, attribute("message"), NEVER),
        n("014", _EXCEPTION, _worded(), NEVER),
        e("015", _EXCEPTION, attribute("code"), NEVER),
        n("016", _EXCEPTION, attribute_in("code", codes, "LCMErrorCodes"), NEVER),
        s("017", _EXCEPTION, has_not("rim:Slot"), NEVER),
    )


def _request_named() -> Check:
    exception = clark("rs:Exception")

    def holds(element: etree._Element) -> bool:
        return "requestId" in element.attrib or any(
            e.get("code") == "LCM:ERR:0003" for e in element.iterchildren(exception)
        )

    return demand("request_named", holds, "/@requestId")


def _worded() -> Check:
    """The official rule wants one fixed text, for which no list was published: a text at all is asked."""
    return demand(
        "attribute_filled", lambda e: bool(e.get("message", "").strip()), "/@message", attribute="message"
    )

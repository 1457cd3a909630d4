"""From the bytes of an answer to values (TDD 3.1, 3.2; RegRep 4.0 QueryResponse).

Tolerant where the release lines differ: prefixes do not matter, unknown `sdg` elements are passed over, known
ones are read wherever either line has them. Strict where silence would mislead: a success from which nothing
can be read is a protocol error, not «nothing found».
"""

from collections.abc import Iterator
from typing import Final

from lxml import etree

from intermediary.directory.codes import (
    FAILURE,
    QUERY,
    RIM,
    RS,
    SDG,
    SLOT_CONCEPTS,
    SLOT_DETERMINATION,
    SLOT_REQUIREMENT,
    SLOT_SERVICE,
    SLOT_VERSION,
    SUCCESS,
    XSI_TYPE,
    RefusalCode,
)
from intermediary.directory.elements import (
    read_concept,
    read_determination,
    read_requirement,
    read_service,
)
from intermediary.directory.errors import AnswerUnreadable
from intermediary.directory.model import (
    AdditionalInput,
    Answer,
    DataServiceEvidenceType,
    Refusal,
    Requirement,
)
from intermediary.xml import Limits, XmlRefused, parse

LIMITS: Final = Limits(bytes=10 * 1024 * 1024, nodes=1_000_000, attributes=500_000, depth=40)
"""What an answer may cost; the whole catalogue is large."""

_LIST = f"{{{RIM}}}RegistryObjectList"
_OBJECT = f"{{{RIM}}}RegistryObject"
_SLOT = f"{{{RIM}}}Slot"
_SLOT_VALUE = f"{{{RIM}}}SlotValue"
_ELEMENT = f"{{{RIM}}}Element"
_VALUE = f"{{{RIM}}}Value"
_EXCEPTION = f"{{{RS}}}Exception"


def read_answer(data: bytes) -> Answer:
    """Read one `query:QueryResponse`. Raises AnswerUnreadable."""
    try:
        root = parse(data, LIMITS)
    except XmlRefused as refused:
        raise AnswerUnreadable(refused.rule, "/", refused.reason, refused.line) from None
    if root.tag != f"{{{QUERY}}}QueryResponse":
        raise AnswerUnreadable("CS-ROOT", "/", "the root element is not query:QueryResponse", root.sourceline)
    status = root.get("status")
    version = _version(root)
    exceptions = root.findall(_EXCEPTION)
    lists = root.findall(_LIST)
    if status == FAILURE:
        if not exceptions:
            raise AnswerUnreadable("CS-FAILURE", "/*", "a failure without rs:Exception", root.sourceline)
        if lists:
            raise AnswerUnreadable("CS-FAILURE", "/*", "a failure with a RegistryObjectList", root.sourceline)
        return Answer(version, refusals=tuple(map(_refusal, exceptions)))
    if status != SUCCESS:
        raise AnswerUnreadable("CS-STATUS", "/*/@status", "neither Success nor Failure", root.sourceline)
    if exceptions:
        raise AnswerUnreadable("CS-SUCCESS", "/*", "a success with rs:Exception", root.sourceline)
    if len(lists) != 1:
        raise AnswerUnreadable(
            "CS-SUCCESS", "/*", f"{len(lists)} RegistryObjectLists where one belongs", root.sourceline
        )
    requirements: list[Requirement] = []
    services: list[DataServiceEvidenceType] = []
    for item in lists[0].iterchildren(_OBJECT):
        for name, content in _slots(item):
            if name == SLOT_REQUIREMENT and content.tag == f"{{{SDG}}}Requirement":
                requirements.append(read_requirement(content, empty_lists=_is_2(version)))
            elif name == SLOT_SERVICE and content.tag == f"{{{SDG}}}DataServiceEvidenceType":
                services.append(read_service(content))
    if not requirements and not services:
        raise AnswerUnreadable(
            "CS-SUCCESS-EMPTY", "/*/*", "a success without any readable record", root.sourceline
        )
    return Answer(version, tuple(requirements), tuple(services))


def _is_2(version: str | None) -> bool:
    number = (version or "").rpartition(":v")[2].partition(".")[0]
    return number.isdecimal() and int(number) >= 2


def _version(root: etree._Element) -> str | None:
    for slot in root.iterchildren(_SLOT):
        if slot.get("name") == SLOT_VERSION:
            value = slot.find(f"{_SLOT_VALUE}/{_VALUE}")
            return (value.text or "").strip() if value is not None else None
    return None


def _slots(parent: etree._Element) -> Iterator[tuple[str, etree._Element]]:
    """Names of slots and the one element that each holds."""
    for slot in parent.iterchildren(_SLOT):
        value = slot.find(_SLOT_VALUE)
        if value is None:
            continue
        for content in value.iterchildren(f"{{{SDG}}}*"):
            yield slot.get("name", ""), content


def _refusal(exception: etree._Element) -> Refusal:
    code = exception.get("code")
    if not code:
        raise AnswerUnreadable(
            "CS-EXCEPTION", "//rs:Exception/@code", "an exception without a code", exception.sourceline
        )
    asked = _input(exception)
    if code == RefusalCode.DSD_MORE_NEEDED and asked is None:
        raise AnswerUnreadable(
            "R-DSD-RESP-S022",
            "//rs:Exception",
            "more is needed from the user, but no question is there",
            exception.sourceline,
        )
    return Refusal(
        code=code,
        message=exception.get("message", ""),
        exception_type=exception.get(XSI_TYPE, "").rpartition(":")[2],
        severity=exception.get("severity", ""),
        detail=exception.get("detail"),
        input=asked if code == RefusalCode.DSD_MORE_NEEDED else None,
    )


def _input(exception: etree._Element) -> AdditionalInput | None:
    held = dict(_slots(exception))
    service, determination = held.get(SLOT_SERVICE), held.get(SLOT_DETERMINATION)
    concepts = tuple(
        read_concept(concept)
        for slot in exception.iterchildren(_SLOT)
        if slot.get("name") == SLOT_CONCEPTS
        # In an element of the collection (the samples), or at once in the value (rules R-DSD-ERR-C005 to C009).
        for concept in slot.iter(f"{{{SDG}}}EvidenceProviderClassification")
    )
    if service is None or (determination is None and not concepts):
        return None
    return AdditionalInput(
        evidence_type=read_service(service),
        determination=read_determination(determination) if determination is not None else None,
        classifications=concepts,
    )

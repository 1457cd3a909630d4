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
        raise AnswerUnreadable("CS-ROOT", "/", "the root element is not query:QueryResponse", _line(root))
    status, version = root.get("status"), _version(root)
    if status == FAILURE:
        return Answer(version, refusals=_refusals(root))
    if status == SUCCESS:
        return _records(root, version)
    raise AnswerUnreadable("CS-STATUS", "/*/@status", "neither Success nor Failure", _line(root))


def _refusals(root: etree._Element) -> tuple[Refusal, ...]:
    found = tuple(map(_refusal, root.iterchildren(_EXCEPTION)))
    if not found or root.find(_LIST) is not None:
        text = "a failure has rs:Exception, and no RegistryObjectList"
        raise AnswerUnreadable("CS-FAILURE", "/*", text, _line(root))
    return found


def _records(root: etree._Element, version: str | None) -> Answer:
    lists = root.findall(_LIST)
    if len(lists) != 1 or root.find(_EXCEPTION) is not None:
        text = "a success has one RegistryObjectList, and no rs:Exception"
        raise AnswerUnreadable("CS-SUCCESS", "/*", text, _line(root))
    requirements: list[Requirement] = []
    services: list[DataServiceEvidenceType] = []
    for item in lists[0].iterchildren(_OBJECT):
        for name, content in _slots(item):
            if name == SLOT_REQUIREMENT and content.tag == f"{{{SDG}}}Requirement":
                requirements.append(read_requirement(content, empty_lists=_is_2(version)))
            elif name == SLOT_SERVICE and content.tag == f"{{{SDG}}}DataServiceEvidenceType":
                services.append(read_service(content))
    if not requirements and not services:
        text = "a success without any readable record"
        raise AnswerUnreadable("CS-SUCCESS-EMPTY", "/*/*", text, _line(root))
    return Answer(version, tuple(requirements), tuple(services))


def _line(element: etree._Element) -> int | None:
    return element.sourceline if isinstance(element.sourceline, int) else None


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
            "CS-EXCEPTION", "//rs:Exception/@code", "an exception without a code", _line(exception)
        )
    asked = _input(exception)
    if code == RefusalCode.DSD_MORE_NEEDED and asked is None:
        raise AnswerUnreadable(
            "R-DSD-RESP-S022",
            "//rs:Exception",
            "more is needed from the user, but no question is there",
            _line(exception),
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
        # In an element of the collection (the samples), or at once in the value (R-DSD-ERR-C005 to C009).
        for concept in slot.iter(f"{{{SDG}}}EvidenceProviderClassification")
    )
    if service is None or (determination is None and not concepts):
        return None
    return AdditionalInput(
        evidence_type=read_service(service),
        determination=read_determination(determination) if determination is not None else None,
        classifications=concepts,
    )

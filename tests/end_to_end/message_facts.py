"""What must hold of every message that the platform sends, beside schemas: the prose of TDD 4.5 and 4.7."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from lxml import etree

EB = "{http://docs.oasis-open.org/ebxml-msg/ebms/v3.0/ns/core/200704/}"
RIM = "{urn:oasis:names:tc:ebxml-regrep:xsd:rim:4.0}"
RS = "{urn:oasis:names:tc:ebxml-regrep:xsd:rs:4.0}"
SDG = "{http://data.europa.eu/p4s}"
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
HREF = "{http://www.w3.org/1999/xlink}href"
GATEWAY = "http://sdg.europa.eu/edelivery/gateway"
SERVICE = ("QueryManager", "urn:oasis:names:tc:ebcore:ebrs:ebms:binding:1.0")

SLOTS = {
    "SpecificationIdentifier",
    "EvidenceResponseIdentifier",
    "IssueDateTime",
    "EvidenceProvider",
    "EvidenceRequester",
    "ResponseAvailableDateTime",
    "ErrorProvider",
}
TYPES = {
    "EDM:ERR:0001": "AuthenticationExceptionType",
    "EDM:ERR:0002": "AuthorizationExceptionType",
    "EDM:ERR:0003": "InvalidRequestExceptionType",
    "EDM:ERR:0004": "ObjectNotFoundExceptionType",
    "EDM:ERR:0005": "TimeoutExceptionType",
    "EDM:ERR:0006": "UnresolvedReferenceExceptionType",
    "EDM:ERR:0007": "UnsupportedCapabilityExceptionType",
    "EDM:ERR:0008": "QueryExceptionType",
}


@dataclass(frozen=True)
class Header:
    """The facts of an ebMS user message header."""

    message_id: str
    ref_to_message_id: str | None
    sender: tuple[str, str | None, str]
    receiver: tuple[str, str | None, str]
    service: tuple[str, str | None]
    action: str
    conversation_id: str
    properties: Mapping[str, tuple[str, str | None]]
    parts: Sequence[str]
    """Content-IDs in their order."""


def read_header(messaging: etree._Element) -> Header:
    """Read eb:Messaging by nothing but lxml, so that our own reader cannot hide anything."""

    def one(path: str) -> etree._Element:
        found = messaging.findall("/".join([EB + "UserMessage", *(EB + step for step in path.split("/"))]))
        assert len(found) == 1, f"{path}: {len(found)} times"
        return found[0]

    def party(name: str) -> tuple[str, str | None, str]:
        identifier = one(f"PartyInfo/{name}/PartyId")
        return (identifier.text or "", identifier.get("type"), one(f"PartyInfo/{name}/Role").text or "")

    service = one("CollaborationInfo/Service")
    reference = messaging.find(f".//{EB}RefToMessageId")
    properties = messaging.findall(f"{EB}UserMessage/{EB}MessageProperties/{EB}Property")
    return Header(
        message_id=one("MessageInfo/MessageId").text or "",
        ref_to_message_id=None if reference is None else reference.text,
        sender=party("From"),
        receiver=party("To"),
        service=(service.text or "", service.get("type")),
        action=one("CollaborationInfo/Action").text or "",
        conversation_id=one("CollaborationInfo/ConversationId").text or "",
        properties={p.get("name", ""): (p.text or "", p.get("type")) for p in properties},
        parts=[
            (info.get("href") or "").removeprefix("cid:")
            for info in messaging.iterfind(f".//{EB}PayloadInfo/{EB}PartInfo")
        ],
    )


def header_problems(answer: Header, request: Header, edm: etree._Element) -> Iterator[str]:
    """What is wrong with the header of an answer, given the header that it answers (edelivery-as4 §2)."""
    failed = (edm.get("status") or "").endswith(":Failure")
    expected = {
        "RefToMessageId": (answer.ref_to_message_id, request.message_id),
        "ConversationId": (answer.conversation_id, request.conversation_id),
        "From": (answer.sender, request.receiver),
        "To": (answer.receiver, request.sender),
        "Service": (answer.service, SERVICE),
        "Roles": ((answer.sender[2], answer.receiver[2]), (GATEWAY, GATEWAY)),
        "Action": (answer.action, "ExceptionResponse" if failed else "ExecuteQueryResponse"),
        "originalSender": (answer.properties.get("originalSender"), request.properties["finalRecipient"]),
        "finalRecipient": (answer.properties.get("finalRecipient"), request.properties["originalSender"]),
        "ExchangeId": (answer.properties.get("ExchangeId"), request.properties.get("ExchangeId")),
        "SpecificationId": (
            answer.properties.get("SpecificationId"),
            (release_of(edm), None) if release_of(edm) == "oots-edm:v2.0" else None,
        ),
    }
    for name, (is_, should) in expected.items():
        if is_ != should:
            yield f"{name} is {is_}, should be {should}"
    requester = edm.find(f"{RIM}Slot[@name='EvidenceRequester']//{SDG}Agent/{SDG}Identifier")
    if requester is not None and answer.properties["finalRecipient"][0] != requester.text:
        yield "finalRecipient is not the requester of the EDM message"
    wanted = [(item.get(HREF) or "").removeprefix("cid:") for item in edm.iter(f"{RIM}RepositoryItemRef")]
    if sorted(wanted) != sorted(answer.parts[1:]):
        yield f"the EDM message names {wanted}, the message carries {answer.parts[1:]}"
    if not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+", answer.message_id):
        yield f"MessageId {answer.message_id}"


def release_of(edm: etree._Element) -> str:
    """Slot SpecificationIdentifier."""
    return edm.findtext(f"{RIM}Slot[@name='SpecificationIdentifier']//{RIM}Value") or ""


def prose_problems(edm: etree._Element) -> Iterator[str]:
    """Rules of the prose (oots-edm §3 to §5); for 2.0 nobody publishes executable ones."""
    failed = (edm.get("status") or "").endswith(":Failure")
    slots = [slot.get("name") for slot in edm.iterfind(f"{RIM}Slot")]
    if set(slots) - SLOTS or len(set(slots)) < len(slots):
        yield f"slots {slots}"
    if not _is_uuid(edm.findtext(f"{RIM}Slot[@name='EvidenceResponseIdentifier']//{RIM}Value") or ""):
        yield "EvidenceResponseIdentifier is no bare UUID"
    for element in edm.iter(f"{SDG}Name", f"{SDG}Title", f"{SDG}Description"):
        if not re.fullmatch("[A-Z]{2}", element.get("lang") or ""):
            yield f"{etree.QName(element).localname}/@lang is {element.get('lang')}"
    roles = {slot: [c.text for c in edm.iterfind(f"{RIM}Slot[@name='{slot}']//{SDG}Classification")]
             for slot in ("EvidenceProvider", "ErrorProvider")}  # fmt: skip
    if failed and roles["ErrorProvider"] != ["ERRP"]:
        yield f"ErrorProvider is classified {roles['ErrorProvider']}"
    if not failed and roles["EvidenceProvider"].count("EP") != 1:
        yield f"EvidenceProvider is classified {roles['EvidenceProvider']}"
    yield from _error_problems(edm) if failed else _package_problems(edm)


def _error_problems(edm: etree._Element) -> Iterator[str]:
    if edm.find(f"{RIM}RegistryObjectList") is not None:
        yield "an error with objects"
    raised = edm.findall(f"{RS}Exception")
    if not raised:
        yield "an error without exception"
    for exception in raised:
        code = exception.get("code") or ""
        kind = (exception.get(XSI_TYPE) or "").rpartition(":")[2]
        if TYPES.get(code) != kind:
            yield f"{code} is a {kind}"
        slots = {slot.get("name") for slot in exception.iterfind(f"{RIM}Slot")}
        preview = (exception.get("severity") or "").endswith("EDMErrorResponse:PreviewRequired")
        if "Timestamp" not in slots or not exception.get("message") or not exception.get("detail"):
            yield f"{code} lacks Timestamp, message or detail"
        if preview != ("PreviewLocation" in slots) or preview != ("PreviewDescription" in slots):
            yield f"{code} has severity {exception.get('severity')} and the slots {sorted(map(str, slots))}"
        location = exception.findtext(f"{RIM}Slot[@name='PreviewLocation']//{RIM}Value")
        if location and not location.startswith("https://"):
            yield "PreviewLocation is not https"


def _package_problems(edm: etree._Element) -> Iterator[str]:
    if not (edm.get("requestId") or "").startswith("urn:uuid:"):
        yield "requestId"
    objects = edm.findall(f"{RIM}RegistryObjectList/{RIM}RegistryObject")
    kinds = {(one.get(XSI_TYPE) or "").rpartition(":")[2] for one in objects}
    if release_of(edm) == "oots-edm:v2.0":
        if kinds - {"RegistryPackageType", "AssociationType"}:
            yield f"2.0 has packages at the top, not {kinds}"
        for package in (one for one in objects if (one.get(XSI_TYPE) or "").endswith("RegistryPackageType")):
            nodes = [
                document.find(f"{RIM}Classification[@classificationScheme='urn:fdc:oots:classification:edm']")
                for document in package.iterfind(f"{RIM}RegistryObjectList/{RIM}RegistryObject")
                if (document.get(XSI_TYPE) or "").endswith("ExtrinsicObjectType")
            ]
            named = [None if node is None else node.get("classificationNode") for node in nodes]
            if named.count("MainEvidence") != 1 or set(named) - {
                "MainEvidence",
                "HumanReadableVersion",
                "Translation",
                "Annex",
            }:
                yield f"a package is classified {named}"
    elif kinds - {"ExtrinsicObjectType"}:
        yield f"1.x has documents at the top, not {kinds}"
    main = [e for e in edm.iter(f"{SDG}Evidence") if e.find(f"{SDG}IsAbout") is not None]
    if objects and not main:
        yield "no metadata say whom the evidence is about"
    for evidence in main:
        for name in ("Identifier", "IssuingAuthority", "IsConformantTo", "IssuingDate", "Distribution"):
            if evidence.find(f"{SDG}{name}") is None:
                yield f"the metadata lack {name}"
    for distribution in edm.iter(f"{SDG}Distribution"):
        structured = distribution.findtext(f"{SDG}Format") in ("application/xml", "application/json")
        if structured and distribution.find(f"{SDG}ConformsTo") is None:
            yield "a structured distribution without ConformsTo"


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False

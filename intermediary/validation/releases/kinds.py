"""Which kind of message is this, and which kind is a rule file for: named as the TDD name rule files.

EDM is the evidence exchange (EBMS its message header), EB the Evidence Broker, DSD the Data Service
Directory, LCM the answer to a submission (SUB).
"""

import re
from collections import Counter
from typing import Final

from lxml import etree

KINDS: Final = (
    *("EDM-REQ", "EDM-RESP", "EDM-ERR", "EDM-EBMS"),
    *("EB-REQ", "EB-EVI", "EB-ERR", "EB-SUB"),
    *("DSD-RESP", "DSD-ERR", "DSD-SUB", "LCM-SUC", "LCM-ERR"),
)
_NAMED: Final = re.compile(rf"(?:^|[^A-Z])({'|'.join(KINDS)})(?![A-Z])", re.IGNORECASE)
_RULE_ID: Final = re.compile(rf"^R-({'|'.join(KINDS)})-", re.IGNORECASE)
_SLOT: Final = "{urn:oasis:names:tc:ebxml-regrep:xsd:rim:4.0}Slot"
_CLASSIFICATION: Final = "{urn:oasis:names:tc:ebxml-regrep:xsd:rim:4.0}Classification"
_DSD_SLOTS: Final = {"DataServiceEvidenceType", "EvidenceProvider", "AccessService"}


def kind_of_file(stem: str, rule_ids: tuple[str, ...]) -> str | None:
    """The kind that a rule file is for: by its name, else by most of its rule ids."""
    if named := _NAMED.search(stem):
        return named[1].upper()
    counted = Counter(found[1].upper() for rule in rule_ids if (found := _RULE_ID.match(rule)))
    return counted.most_common(1)[0][0] if counted else None


def kind_of_message(root: etree._Element) -> str | None:
    """The kind of a message; None for what no rule is for.

    Answers of the Evidence Broker and the Data Service Directory have the root element of an evidence
    response, so their codes and slots tell (TDD 3.1, 3.2).
    """
    match etree.QName(root).localname:
        case "QueryRequest":
            return "EDM-REQ"
        case "Envelope" | "Messaging":
            return "EDM-EBMS"
        case "RegistryResponse":
            return "LCM-ERR" if _failed(root) else "LCM-SUC"
        case "SubmitObjectsRequest":
            return "DSD-SUB" if _about_dsd(root) else "EB-SUB"
        case "QueryResponse":
            return _answer(root)
    return None


def _answer(root: etree._Element) -> str:
    failed = _failed(root)
    named = {slot.get("name") for slot in root.iter(_SLOT)}
    codes = {(e.get("code") or "").partition(":")[0] for e in root.iterfind("{*}Exception")}
    own = {slot.get("name") for slot in root.iterchildren(_SLOT)}
    if "EvidenceResponseIdentifier" in own or "EvidenceRequester" in own or "EDM" in codes:
        return "EDM-ERR" if failed else "EDM-RESP"
    if "DSD" in codes or "DataServiceEvidenceType" in named:
        return "DSD-ERR" if failed else "DSD-RESP"
    if "EB" in codes:
        return "EB-ERR"
    if "Requirement" in named and not failed:
        lists = next(root.iter("{http://data.europa.eu/p4s}EvidenceTypeList"), None)
        return "EB-REQ" if lists is None else "EB-EVI"
    return "EDM-ERR" if failed else "EDM-RESP"


def _failed(root: etree._Element) -> bool:
    return (root.get("status") or "").endswith(":Failure") or root.find("{*}Exception") is not None


def _about_dsd(root: etree._Element) -> bool:
    schemes = {c.get("classificationScheme", "") for c in root.iter(_CLASSIFICATION)}
    if any(scheme.endswith(":dsd") for scheme in schemes):
        return True
    if any(scheme.endswith(":eb") for scheme in schemes):
        return False
    return bool(_DSD_SLOTS & {slot.get("name") for slot in root.iter(_SLOT)})

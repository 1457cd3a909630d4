"""Rules on the slots and objects of the evidence response (EDM-RESP-S)."""

from typing import Final

from lxml import etree

from intermediary.validation.model import Severity
from intermediary.validation.rules.editions import BEFORE_2, Edition
from intermediary.validation.rules.forms import URN_UUID, root_name, root_namespace, series
from intermediary.validation.rules.model import Check, Kind, Rule
from intermediary.validation.rules.predicates import (
    at_most_one_slot,
    attribute,
    attribute_is,
    attribute_matches,
    clark,
    count,
    demand,
    has,
    one_slot,
    slots,
    type_of,
    typed,
    when,
)

RESPONSE: Final = "query:QueryResponse"
_STATUS: Final = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:"
SUCCESSFUL: Final = f"{RESPONSE}[@status='{_STATUS}Success']"
SLOTS: Final = (
    "SpecificationIdentifier", "EvidenceResponseIdentifier", "IssueDateTime", "EvidenceProvider",
    "EvidenceRequester",
)  # fmt: skip
AVAILABLE: Final = "ResponseAvailableDateTime"
_EXCEPTION, _HREF = clark("rs:Exception"), clark("xlink:href")
_ASSOCIATION: Final = clark("rim:AssociationType")

_s = series("R-EDM-RESP-S", Kind.RESPONSE, "TDD 4.6, EDM-RESP-S")
_no_exception = demand("no_exception", lambda e: e.find(_EXCEPTION) is not None)
_all_slots = demand("all_slots", lambda e: all(slots(e, name) for name in SLOTS) or slots(e, AVAILABLE) > 0)


def value(name: str) -> str:
    """The context of the value of that slot of the response."""
    return f"{RESPONSE}/rim:Slot[@name='{name}']/rim:SlotValue"


def metadata(edition: Edition) -> str:
    """The context of the value that describes a document."""
    return f"{RESPONSE}/{edition.document}/rim:Slot[@name='EvidenceMetadata']/rim:SlotValue"


def _document(check: Check) -> Check:
    """For objects that are documents: the associations of a package (2.0) are not."""
    return when(lambda e: type_of(e) != _ASSOCIATION, check)


def rules(edition: Edition) -> tuple[Rule, ...]:
    """The rules of that release."""
    return (
        _s("001", "", root_name("QueryResponse")),
        _s("002", "", root_namespace()),
        _s("003", RESPONSE, attribute("requestId")),
        _s("004", RESPONSE, attribute_matches("requestId", *URN_UUID)),
        _s("005", RESPONSE, attribute("status")),
        _s("006", RESPONSE, attribute_is("status", f"{_STATUS}Success", f"{_STATUS}Unavailable")),
        _s("007", SUCCESSFUL, count("rim:RegistryObjectList", least=1)),
        _s("008", f"{RESPONSE}/rs:Exception", _no_exception),
        *(_s(f"{number:03}", RESPONSE, one_slot(name)) for number, name in enumerate(SLOTS, 9)),
        _s("014", RESPONSE, at_most_one_slot(AVAILABLE), Severity.INFO),
        _s("016", RESPONSE, _all_slots),
        _s("017", value("SpecificationIdentifier"), typed("rim:StringValueType")),
        _s("018", value("EvidenceResponseIdentifier"), typed("rim:StringValueType")),
        _s("019", value("IssueDateTime"), typed("rim:DateTimeValueType")),
        _s("020", value("EvidenceProvider"), typed("rim:CollectionValueType")),
        # Officially R-EDM-REQ-S021, and both with a request as context, so that they never fire.
        _s("021", f"{value('EvidenceProvider')}/rim:Element", typed("rim:AnyValueType"), edition.mended),
        _s("025", f"{value('EvidenceProvider')}/rim:Element", has("sdg:Agent"), edition.mended),
        _s("022", value("EvidenceRequester"), typed("rim:AnyValueType")),
        _s("027", value("EvidenceRequester"), has("sdg:Agent")),
        _s("028", f"{value('EvidenceRequester')}/sdg:Agent", has("sdg:Identifier", "sdg:Name")),
        _s("023", value(AVAILABLE), typed("rim:DateTimeValueType")),
        *_provider(edition),
        *_objects(edition),
    )


def _provider(edition: Edition) -> tuple[Rule, ...]:
    agent = has("sdg:Identifier", "sdg:Name", "sdg:Address", "sdg:Classification")
    return (
        # The official context has no rim:Element, without which there is no agent in a collection.
        _s("026", f"{value('EvidenceProvider')}/sdg:Agent", agent, versions=BEFORE_2),
        _s("026", f"{value('EvidenceProvider')}/rim:Element/sdg:Agent", agent, Severity.WARNING),
    )


def _objects(edition: Edition) -> tuple[Rule, ...]:
    found = f"{RESPONSE}/{edition.document}"
    successful = f"{SUCCESSFUL}/{edition.document}"
    reference = f"{found}/rim:RepositoryItemRef"
    conformant = has("sdg:EvidenceTypeClassification", "sdg:Title")
    return (
        _s("033", successful, _document(has("rim:RepositoryItemRef"))),
        _s("036", successful, attribute("id")),
        # The official context says RespositoryItemRef.
        _s("034", f"{successful}/rim:RepositoryItemRef", attribute("xlink:href"), edition.mended),
        _s("035", f"{successful}/rim:RepositoryItemRef", attribute("xlink:title"), Severity.WARNING),
        # The official context has the metadata in a slot of the response itself.
        _s("030", f"{metadata(edition)}/sdg:Evidence/sdg:IsConformantTo", conformant, edition.mended),
        _s("015", found, _document(one_slot("EvidenceMetadata"))),
        _s("024", metadata(edition), typed("rim:AnyValueType")),
        _s("029", metadata(edition), has("sdg:Evidence")),
        _s("EDM-RESP-S#p11r3a1", reference, attribute("xlink:href")),
        _s("EDM-RESP-S#p11r3a2", reference, demand("reference_at", _has_at, "/@xlink:href", "@")),
        _s("EDM-RESP-S#p11r3a3", reference, demand("reference_cid", _is_cid, "/@xlink:href", "cid:")),
        _s("037", found, attribute_matches("id", *URN_UUID)),
    )


def _has_at(element: etree._Element) -> bool:
    return "@" in element.get(_HREF, "")


def _is_cid(element: etree._Element) -> bool:
    return element.get(_HREF, "").startswith("cid:")

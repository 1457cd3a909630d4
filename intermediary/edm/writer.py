"""From a value to the bytes of its EDM message: deterministic, slots in the order of the official samples."""

from lxml import etree

from intermediary.edm import names as n
from intermediary.edm import slots as s
from intermediary.edm.agents import AGENT
from intermediary.edm.errors import EdmUnwritable
from intermediary.edm.evidence import EVIDENCE_TYPE, PROVIDER_CLASSIFICATION, REQUIREMENT
from intermediary.edm.extras import qname, restore
from intermediary.edm.model import (
    EdmMessage,
    EvidenceErrorResponse,
    EvidenceException,
    EvidenceRequest,
    EvidenceResponse,
    LegalPerson,
    NaturalPerson,
)
from intermediary.edm.names import SDG
from intermediary.edm.packages import write_packages
from intermediary.edm.persons import LEGAL_PERSON, NATURAL_PERSON
from intermediary.edm.profiles import Profile, profile_for
from intermediary.edm.reader import usual_status, usual_type

_AGENT = f"{{{SDG}}}Agent"
_MERGED = frozenset({n.OBJECT_LIST, n.RESPONSE_OPTION})


def write(message: EdmMessage) -> bytes:
    """UTF-8 XML of a message in the version that its specification identifier names.

    Raises UnsupportedVersion, and EdmUnwritable where a text has characters that XML cannot carry.
    """
    profile = profile_for(message.specification_identifier)
    try:
        if isinstance(message, EvidenceRequest):
            root = _request(message, profile)
        elif isinstance(message, EvidenceResponse):
            root = _response(message, profile)
        else:
            root = _error(message, profile)
    except EdmUnwritable:
        raise
    except ValueError:  # lxml quotes nothing, but its class would tell nobody anything
        raise EdmUnwritable("A text of the message has characters that XML cannot carry") from None
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _request(message: EvidenceRequest, profile: Profile) -> etree._Element:
    root = etree.Element(n.QUERY_REQUEST, nsmap=n.NSMAP)
    root.set("id", message.id)
    sets = profile.set_collections
    s.add_string(root, "SpecificationIdentifier", message.specification_identifier)
    s.add_moment(root, "IssueDateTime", message.issue_date_time)
    if profile.plain_procedure and len(message.procedure) == 1 and message.procedure[0].lang is None:
        s.add_string(root, "Procedure", message.procedure[0].value)
    else:
        s.add_texts(root, "Procedure", message.procedure)
    s.add_string(root, "PreviewLocation", message.preview_location)
    s.add_string(root, "ReturnLocation", message.return_location)
    s.add_flag(root, "PossibilityForPreview", message.possibility_for_preview)
    s.add_flag(root, "ExplicitRequestGiven", message.explicit_request_given)
    s.add_values(root, "Requirements", REQUIREMENT, f"{{{SDG}}}Requirement", message.requirements, sets=sets)
    s.add_values(root, "EvidenceRequester", AGENT, _AGENT, message.evidence_requesters, sets=sets)
    s.add_value(root, "EvidenceProvider", AGENT, _AGENT, message.evidence_provider)
    s.add_values(
        root,
        "EvidenceProviderClassification",
        PROVIDER_CLASSIFICATION,
        f"{{{SDG}}}EvidenceProviderClassification",
        message.evidence_provider_classifications,
        sets=sets,
    )
    etree.SubElement(root, n.RESPONSE_OPTION).set("returnType", "LeafClassWithRepositoryItem")
    query = etree.SubElement(root, n.QUERY_ELEMENT)
    query.set("queryDefinition", "DocumentQuery")
    _person(query, message.subject, "NaturalPerson", "LegalPerson")
    if message.authorized_representative is not None:
        _person(
            query,
            message.authorized_representative,
            "AuthorizedRepresentative",
            "AuthorizedRepresentativeLegalPerson",
        )
    s.add_value(
        query, "EvidenceRequest", EVIDENCE_TYPE, f"{{{SDG}}}DataServiceEvidenceType", message.evidence_type
    )
    if message.query_extra:
        restore(query, message.query_extra, s.ORDER, _MERGED)
    if message.extra:
        restore(root, message.extra, s.ORDER, _MERGED)
    return root


def _person(query: etree._Element, person: NaturalPerson | LegalPerson, natural: str, legal: str) -> None:
    if isinstance(person, NaturalPerson):
        s.add_value(query, natural, NATURAL_PERSON, f"{{{SDG}}}Person", person)
    else:
        s.add_value(query, legal, LEGAL_PERSON, f"{{{SDG}}}LegalPerson", person)


def _response(message: EvidenceResponse, profile: Profile) -> etree._Element:
    root = etree.Element(n.QUERY_RESPONSE, nsmap=n.NSMAP)
    root.set("requestId", message.request_id)
    announced = message.response_available_date_time is not None
    root.set("status", usual_status(message.packages, announced))
    s.add_string(root, "SpecificationIdentifier", message.specification_identifier)
    s.add_string(root, "EvidenceResponseIdentifier", message.id)
    s.add_moment(root, "IssueDateTime", message.issue_date_time)
    s.add_moment(root, "ResponseAvailableDateTime", message.response_available_date_time)
    s.add_values(
        root, "EvidenceProvider", AGENT, _AGENT, message.evidence_providers, sets=profile.set_collections
    )
    s.add_value(root, "EvidenceRequester", AGENT, _AGENT, message.evidence_requester)
    # Also for a deferred response: R-EDM-RESP-S007 of 2.0 wants the list, 1.0 allows it.
    write_packages(root, message.packages, profile)
    if message.extra:
        restore(root, message.extra, s.ORDER, _MERGED)
    return root


def _error(message: EvidenceErrorResponse, profile: Profile) -> etree._Element:
    root = etree.Element(n.QUERY_RESPONSE, nsmap=n.NSMAP)
    if message.request_id is not None:
        root.set("requestId", message.request_id)
    root.set("status", n.FAILURE)
    s.add_string(root, "SpecificationIdentifier", message.specification_identifier)
    s.add_string(root, "EvidenceResponseIdentifier", message.id)
    if message.further_error_providers:
        providers = (message.error_provider, *message.further_error_providers)
        s.add_values(root, "ErrorProvider", AGENT, _AGENT, providers)
    else:
        s.add_value(root, "ErrorProvider", AGENT, _AGENT, message.error_provider)
    s.add_value(root, "EvidenceRequester", AGENT, _AGENT, message.evidence_requester)
    for raised in message.exceptions:
        _exception(root, raised, profile)
    if message.extra:
        restore(root, message.extra, s.ORDER, _MERGED)
    return root


def _exception(root: etree._Element, raised: EvidenceException, profile: Profile) -> None:
    node = etree.SubElement(root, n.EXCEPTION)
    kind = usual_type(raised.code)
    if kind:
        node.set(n.XSI_TYPE, qname(kind))
    severity = profile.severity_of(raised)
    if severity:
        node.set("severity", severity)
    if raised.message:
        node.set("message", raised.message)
    if raised.detail is not None:
        node.set("detail", raised.detail)
    if raised.code:
        node.set("code", raised.code)
    s.add_moment(node, "Timestamp", raised.timestamp)
    preview = raised.preview
    if preview is not None:
        s.add_string(node, "PreviewLocation", preview.location)
        s.add_texts(node, "PreviewDescription", preview.descriptions)
        if profile.preview_method or preview.method != "GET":
            s.add_string(node, "PreviewMethod", preview.method)
    if raised.extra:
        restore(node, raised.extra, s.ORDER, _MERGED)

"""From an EDM message to its value.

Tolerant in form: values are trimmed, the order of slots is free, types are compared by namespace, a lone
agent may stand where a collection belongs. What the model cannot hold is a problem; whether the rest is
allowed is the business of `validation`.
"""

from lxml import etree

from intermediary.edm import names as n
from intermediary.edm import slots as s
from intermediary.edm.agents import AGENT
from intermediary.edm.codes import AgentRole, ErrorCode
from intermediary.edm.elements import SPACE, STRUCTURE, Reading, read_text, twice
from intermediary.edm.errors import EdmUnreadable, UnsupportedVersion
from intermediary.edm.evidence import EVIDENCE_TYPE, PROVIDER_CLASSIFICATION, REQUIREMENT
from intermediary.edm.extras import Kept, attributes, canonical, extra, resolve, shell
from intermediary.edm.model import (
    Agent,
    EvidenceErrorResponse,
    EvidenceException,
    EvidencePackage,
    EvidenceRequest,
    EvidenceResponse,
    Header,
    Preview,
)
from intermediary.edm.names import SDG
from intermediary.edm.packages import read_packages
from intermediary.edm.persons import LEGAL_PERSON, NATURAL_PERSON
from intermediary.edm.profiles import LATEST, PROFILES, Profile, profile_for

AGENTS = {f"{{{SDG}}}Agent": AGENT}
PERSON = {f"{{{SDG}}}Person": NATURAL_PERSON}
COMPANY = {f"{{{SDG}}}LegalPerson": LEGAL_PERSON}
_CODES = {code.value: code for code in ErrorCode}


def read(root: etree._Element) -> EvidenceRequest | EvidenceResponse | EvidenceErrorResponse:
    """The message under a parsed root. Raises EdmUnreadable with all structural problems."""
    reading = Reading()
    kind = _kind(root)
    message: EvidenceRequest | EvidenceResponse | EvidenceErrorResponse | None = None
    if kind == "request":
        message = _request(root, reading)
    elif kind == "response":
        message = _response(root, reading)
    elif kind == "error":
        message = _error(root, reading)
    else:
        reading.problem(
            STRUCTURE,
            root,
            "The root is no EDM message.",
            "Send query:QueryRequest or query:QueryResponse of RegRep 4.0.",
        )
    if reading.problems or message is None:
        raise EdmUnreadable(tuple(reading.problems))
    return message


def peek(root: etree._Element) -> Header:
    """What can be told of a message, however broken. Never raises."""
    reading = Reading()  # its problems are for read()
    kind = _kind(root)
    if kind is None:
        return Header(None)
    rules = {"request": s.REQUEST, "response": s.RESPONSE, "error": s.ERROR}[kind]
    slots = s.Slots(root, rules, reading)
    specification = slots.string("SpecificationIdentifier")
    requesters = slots.values("EvidenceRequester", AGENTS)
    provider = "ErrorProvider" if kind == "error" else "EvidenceProvider"
    if kind == "request":
        identity, request_id, location = _attribute(root, "id"), None, slots.string("PreviewLocation")
    else:
        identity, request_id = slots.string("EvidenceResponseIdentifier"), _attribute(root, "requestId")
        location = None
    exceptions = []
    if kind == "error":
        for node in root.iterchildren(n.EXCEPTION):
            exceptions.append(_attribute(node, "code") or "")
            location = location or s.Slots(node, s.EXCEPTION, reading).string("PreviewLocation")
    return Header(
        kind=kind,
        id=identity,
        request_id=request_id,
        specification_identifier=specification,
        preview_location=location,
        evidence_requester=_first(requesters, AgentRole.EVIDENCE_REQUESTER),
        evidence_provider=_first(slots.values(provider, AGENTS), AgentRole.EVIDENCE_PROVIDER),
        exceptions=tuple(exceptions),
    )


def _first(agents: tuple[Agent, ...], role: AgentRole) -> Agent | None:
    # Of a broken message an agent may lack its identifier; then it names nobody.
    named = [agent for agent in agents if agent.identifier is not None]
    return next((agent for agent in named if agent.classification == role), named[0] if named else None)


def _kind(root: etree._Element) -> str | None:
    if root.tag == n.QUERY_REQUEST:
        return "request"
    if root.tag != n.QUERY_RESPONSE:
        return None
    status = _attribute(root, "status")
    if status == n.FAILURE:
        return "error"
    raised = next(root.iterchildren(n.EXCEPTION), None) is not None
    return "error" if raised and status != n.SUCCESS else "response"


def _attribute(element: etree._Element, name: str) -> str | None:
    value = element.get(name)
    return None if value is None else value.strip(SPACE)


def _profile(root: etree._Element, rule: str, reading: Reading) -> Profile:
    """The profile that the slot names; without one, the latest, and a problem if the slot is there."""
    fallback = PROFILES[LATEST]
    for slot in root.iterchildren(n.SLOT):
        if (slot.get("name") or "").strip(SPACE) == "SpecificationIdentifier":
            value = next(slot.iter(n.VALUE), None)
            if value is None:
                return fallback  # reported with the slot
            try:
                return profile_for(read_text(value, Reading()))
            except UnsupportedVersion:
                reading.problem(
                    rule, value, "The version is not spoken here.", f"Use one of {', '.join(PROFILES)}."
                )
    return fallback


# The casts below are void: where a value is None a problem was noted, and read() raises.


def _request(root: etree._Element, reading: Reading) -> EvidenceRequest:
    profile = _profile(root, "R-EDM-REQ-C001", reading)
    identity = _attribute(root, "id")
    if identity is None:
        reading.problem("R-EDM-REQ-S003", root, "The request has no id.", "Add id with a urn:uuid:.")
    slots = s.Slots(root, s.REQUEST, reading, profile.set_collections)
    strange = attributes(root, ("id",))
    unknown: list[Kept] = []
    query: etree._Element | None = None
    option: etree._Element | None = None
    for child in slots.others:
        if child.tag == n.QUERY_ELEMENT:
            if query is not None:
                twice(child, reading)
            query = child
        elif child.tag == n.RESPONSE_OPTION:
            if option is not None:
                twice(child, reading)
            option = child
            strange += _differing(child, "returnType", "LeafClassWithRepositoryItem", "ResponseOption")
            if len(child):
                unknown.append(shell(child, child.iterchildren("*")))
        else:
            unknown.append(canonical(child))
    fields: dict[str, object] = {"evidence_type": None, "subject": None}
    if query is None:
        reading.problem(STRUCTURE, root, "query:Query is missing.", "Add query:Query with its slots.")
    else:
        fields = _query(query, reading)
    procedure = slots.texts("Procedure")
    requirements = slots.values("Requirements", {f"{{{SDG}}}Requirement": REQUIREMENT})
    classifications = slots.values(
        "EvidenceProviderClassification",
        {f"{{{SDG}}}EvidenceProviderClassification": PROVIDER_CLASSIFICATION},
    )
    rest = slots.rest()
    return EvidenceRequest(
        id=identity or "",
        specification_identifier=slots.string("SpecificationIdentifier") or "",
        issue_date_time=slots.moment("IssueDateTime"),  # type: ignore[arg-type]
        procedure=procedure,
        possibility_for_preview=slots.flag("PossibilityForPreview"),  # type: ignore[arg-type]
        explicit_request_given=slots.flag("ExplicitRequestGiven"),  # type: ignore[arg-type]
        requirements=requirements,
        evidence_requesters=slots.values("EvidenceRequester", AGENTS),
        evidence_provider=slots.one("EvidenceProvider", AGENTS),
        preview_location=slots.string("PreviewLocation"),
        return_location=slots.string("ReturnLocation"),
        evidence_provider_classifications=classifications,
        extra=extra(rest[0] + strange, rest[1] + unknown, s.ORDER),
        **fields,  # type: ignore[arg-type]
    )


def _query(query: etree._Element, reading: Reading) -> dict[str, object]:
    slots = s.Slots(query, s.QUERY, reading)
    natural = slots.one("NaturalPerson", PERSON)
    legal = slots.one("LegalPerson", COMPANY)
    if ("NaturalPerson" in slots) == ("LegalPerson" in slots):
        reading.problem(
            "R-EDM-REQ-S016",
            query,
            "The subject is either a natural or a legal person.",
            "Send one slot, NaturalPerson or LegalPerson.",
        )
    person = slots.one("AuthorizedRepresentative", PERSON | COMPANY)
    company = slots.one("AuthorizedRepresentativeLegalPerson", COMPANY)
    # The model holds one representative; a second one travels along.
    second = person is not None and company is not None
    strange, unknown = slots.rest(*(("AuthorizedRepresentativeLegalPerson",) if second else ()))
    unknown += [canonical(child) for child in slots.others]
    strange += _differing(query, "queryDefinition", "DocumentQuery")
    return {
        "evidence_type": slots.one("EvidenceRequest", {f"{{{SDG}}}DataServiceEvidenceType": EVIDENCE_TYPE}),
        "subject": natural if natural is not None else legal,
        "authorized_representative": person if person is not None else company,
        "query_extra": extra(strange, unknown, s.ORDER),
    }


def _differing(element: etree._Element, name: str, usual: str, path: str = "") -> list[tuple[str, str]]:
    """The attributes of an element, `name` only where it differs from what is usual."""
    known = (name,) if (element.get(name) or "").strip(SPACE) == usual else ()
    return attributes(element, known, path)


def _response(root: etree._Element, reading: Reading) -> EvidenceResponse:
    profile = _profile(root, "R-EDM-RESP-C002", reading)
    request_id = _attribute(root, "requestId")
    if request_id is None:
        reading.problem(
            "R-EDM-RESP-S003", root, "The response names no request.", "Set requestId to the request's id."
        )
    slots = s.Slots(root, s.RESPONSE, reading, profile.set_collections)
    strange, unknown = slots.rest()
    strange += attributes(root, ("requestId", "status"))
    packages: tuple[EvidencePackage, ...] = ()
    listed = False
    for child in slots.others:
        if child.tag == n.OBJECT_LIST:
            if listed:
                twice(child, reading)
            listed = True
            packages, beside = read_packages(child, profile, reading)
            unknown.extend(beside)
            strange += attributes(child, (), "RegistryObjectList")
        else:
            unknown.append(canonical(child))
    available = slots.moment("ResponseAvailableDateTime")
    status = _attribute(root, "status")
    if status is None:
        reading.problem(
            "R-EDM-RESP-S005", root, "The response has no status.", "Set status to Success or Unavailable."
        )
    elif status != usual_status(packages, available is not None):
        strange.append(("status", status))
    return EvidenceResponse(
        request_id=request_id or "",
        id=slots.string("EvidenceResponseIdentifier") or "",
        specification_identifier=slots.string("SpecificationIdentifier") or "",
        issue_date_time=slots.moment("IssueDateTime"),  # type: ignore[arg-type]
        evidence_providers=slots.values("EvidenceProvider", AGENTS),
        evidence_requester=slots.one("EvidenceRequester", AGENTS),
        packages=packages,
        response_available_date_time=available,
        extra=extra(strange, unknown, s.ORDER),
    )


def usual_status(packages: tuple[EvidencePackage, ...], announced: bool) -> str:
    """Unavailable for a deferred response: no packages, but a time; else Success."""
    return n.UNAVAILABLE if announced and not packages else n.SUCCESS


def _error(root: etree._Element, reading: Reading) -> EvidenceErrorResponse:
    profile = _profile(root, "R-EDM-ERR-C001", reading)
    slots = s.Slots(root, s.ERROR, reading)
    strange, unknown = slots.rest()
    strange += attributes(root, ("requestId", "status"))
    status = _attribute(root, "status")
    if status is not None and status != n.FAILURE:
        strange.append(("status", status))
    exceptions = []
    for child in slots.others:
        if child.tag == n.EXCEPTION:
            exceptions.append(_exception(child, profile, reading))
        else:
            unknown.append(canonical(child))
    if not exceptions:
        reading.problem("R-EDM-ERR-S08", root, "The failure has no reason.", "Add rs:Exception.")
    providers = slots.values("ErrorProvider", AGENTS)
    provider = next((a for a in providers if a.classification == AgentRole.ERROR_PROVIDER), None)
    provider = provider or (providers[0] if providers else None)
    return EvidenceErrorResponse(
        id=slots.string("EvidenceResponseIdentifier") or "",
        specification_identifier=slots.string("SpecificationIdentifier") or "",
        error_provider=provider,  # type: ignore[arg-type]
        evidence_requester=slots.one("EvidenceRequester", AGENTS),
        exceptions=tuple(exceptions),
        request_id=_attribute(root, "requestId"),
        extra=extra(strange, unknown, s.ORDER),
        further_error_providers=tuple(a for a in providers if a is not provider),
    )


def _exception(node: etree._Element, profile: Profile, reading: Reading) -> EvidenceException:
    slots = s.Slots(node, s.EXCEPTION, reading)
    known = ("code", "message", "severity", "detail", n.XSI_TYPE)
    stated = _attribute(node, "code") or ""
    code = _CODES.get(stated, stated)
    kind = resolve(node, node.get(n.XSI_TYPE) or "")
    location, method = slots.string("PreviewLocation"), slots.string("PreviewMethod")
    descriptions = slots.texts("PreviewDescription")
    preview = (
        None if location is None else Preview(location, descriptions, "GET" if method is None else method)
    )
    # Without a location there is no Preview to hold the other two.
    whole = () if preview else tuple(filter(slots.__contains__, ("PreviewDescription", "PreviewMethod")))
    strange, unknown = slots.rest(*whole)
    strange += attributes(node, known)
    if kind != usual_type(code):
        strange.append((n.XSI_TYPE, kind))
    unknown += [canonical(child) for child in slots.others]
    severity = _attribute(node, "severity")
    usual = profile.severity_error if preview is None else profile.severity_preview_required
    return EvidenceException(
        code=code,
        message=_attribute(node, "message") or "",
        timestamp=slots.moment("Timestamp"),  # type: ignore[arg-type]
        detail=_attribute(node, "detail"),
        severity=None if severity == usual else severity or "",
        preview=preview,
        extra=extra(strange, unknown, s.ORDER),
    )


def usual_type(code: ErrorCode | str) -> str:
    """Clark name of the xsi:type that goes with a code; "" where none is known."""
    known = _CODES.get(code)
    return "" if known is None else known.exception_type

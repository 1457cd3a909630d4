"""Rules on the slots of the evidence request: which there are, of which type, holding what (EDM-REQ-S)."""

from typing import Final

from intermediary.validation.model import Severity
from intermediary.validation.rules.editions import Edition
from intermediary.validation.rules.forms import URN_UUID, root_name, root_namespace, series
from intermediary.validation.rules.model import Kind, Rule
from intermediary.validation.rules.predicates import (
    attribute_matches,
    clark,
    demand,
    has,
    has_any,
    no_other_slot,
    one_of_slots,
    one_slot,
    typed,
)

REQUEST: Final = "query:QueryRequest"
SLOTS: Final = (
    "SpecificationIdentifier", "IssueDateTime", "Procedure", "PreviewLocation", "PossibilityForPreview",
    "ExplicitRequestGiven", "Requirements", "EvidenceRequester", "EvidenceProvider",
    "EvidenceProviderClassification", "EvidenceRequest", "LegalPerson", "NaturalPerson",
    "AuthorizedRepresentative",
)  # fmt: skip
_AGENT, _ELEMENT, _IDENTIFIER = clark("sdg:Agent"), clark("rim:Element"), clark("sdg:Identifier")
_NAME, _JURISDICTION = clark("sdg:Name"), clark("sdg:Jurisdiction")

_s = series("R-EDM-REQ-S", Kind.REQUEST, "TDD 4.6, EDM-REQ-S")
_INFO, _WARNING = Severity.INFO, Severity.WARNING


def value(name: str) -> str:
    """The context of the value of that slot of the request."""
    return f"{REQUEST}/rim:Slot[@name='{name}']/rim:SlotValue"


def query(name: str) -> str:
    """The context of the value of that slot of the query."""
    return f"query:Query/rim:Slot[@name='{name}']/rim:SlotValue"


_holds_agents = demand(
    "holds_agents", lambda e: any(each.find(_AGENT) is not None for each in e.iterchildren(_ELEMENT))
)
_requester = demand(
    "agent_without_jurisdiction",
    lambda e: e.find(_IDENTIFIER) is not None and e.find(_NAME) is not None and e.find(_JURISDICTION) is None,
)


def rules(edition: Edition) -> tuple[Rule, ...]:
    """The rules of that release."""
    return (
        _s("001", "", root_name("QueryRequest")),
        _s("002", "", root_namespace()),
        _s("004", REQUEST, attribute_matches("id", *URN_UUID)),
        _s("005", REQUEST, one_slot("SpecificationIdentifier")),
        _s("006", REQUEST, one_slot("IssueDateTime")),
        _s("007", REQUEST, one_slot("Procedure"), edition.requirements),
        _s("008", REQUEST, one_slot("PreviewLocation"), _INFO),
        _s("009", REQUEST, one_slot("PossibilityForPreview")),
        _s("010", REQUEST, one_slot("ExplicitRequestGiven")),
        _s("011", REQUEST, one_slot("Requirements"), edition.requirements),
        _s("012", REQUEST, one_slot("EvidenceRequester")),
        _s("013", REQUEST, one_slot("EvidenceProvider")),
        _s("014", REQUEST, one_slot("EvidenceProviderClassification"), _INFO),
        _s("EDM-REQ-S#p4r1a11", REQUEST, one_slot("AuthorizedRepresentative"), _INFO),
        _s("019", f"{REQUEST}/rim:Slot", no_other_slot(*SLOTS, *edition.more_slots)),
        _s("020", value("SpecificationIdentifier"), typed("rim:StringValueType")),
        _s("021", value("IssueDateTime"), typed("rim:DateTimeValueType")),
        _s("022", value("Procedure"), typed(edition.procedure_type)),
        _s("023", value("PreviewLocation"), typed("rim:StringValueType")),
        _s("024", value("PossibilityForPreview"), typed("rim:BooleanValueType")),
        _s("025", value("ExplicitRequestGiven"), typed("rim:BooleanValueType")),
        _s("026", value("Requirements"), typed("rim:CollectionValueType")),
        _s("027", f"{value('Requirements')}/rim:Element", typed("rim:AnyValueType")),
        _s("037", f"{value('Requirements')}/rim:Element", has("sdg:Requirement")),
        _s("038", f"{value('Requirements')}/rim:Element/sdg:Requirement", has("sdg:Name", "sdg:Identifier")),
        _s("028", value("EvidenceRequester"), typed("rim:CollectionValueType")),
        _s("039", value("EvidenceRequester"), _holds_agents),
        _s("029", f"{value('EvidenceRequester')}/rim:Element", typed("rim:AnyValueType")),
        _s("040", f"{value('EvidenceRequester')}/rim:Element/sdg:Agent", _requester),
        _s("030", value("EvidenceProvider"), typed("rim:AnyValueType")),
        _s("042", value("EvidenceProvider"), has("sdg:Agent")),
        _s("043", f"{value('EvidenceProvider')}/sdg:Agent", has("sdg:Identifier", "sdg:Name")),
        _s("031", value("EvidenceProviderClassification"), typed("rim:CollectionValueType")),
        _s("032", f"{value('EvidenceProviderClassification')}/rim:Element", typed("rim:AnyValueType")),
        _s(
            "041",
            f"{value('EvidenceProviderClassification')}/rim:Element",
            has("sdg:EvidenceProviderClassification"),
        ),
        *_query(edition),
    )


def _query(edition: Edition) -> tuple[Rule, ...]:
    evidence = f"{query('EvidenceRequest')}/sdg:DataServiceEvidenceType"
    return (
        _s("015", "query:Query", one_slot("EvidenceRequest")),
        _s("016", "query:Query", one_of_slots("NaturalPerson", "LegalPerson")),
        _s("033", query("EvidenceRequest"), typed("rim:AnyValueType")),
        _s("044", query("EvidenceRequest"), has("sdg:DataServiceEvidenceType")),
        # The official test ends in «or 2» and so always holds; Description is optional (TDD 4.5.1).
        _s(
            "045",
            evidence,
            has("sdg:Identifier", "sdg:EvidenceTypeClassification", "sdg:Title", "sdg:DistributedAs"),
            edition.mended,
        ),
        _s("034", query("LegalPerson"), typed("rim:AnyValueType")),
        _s("047", query("LegalPerson"), has("sdg:LegalPerson")),
        _s("035", query("NaturalPerson"), typed("rim:AnyValueType")),
        _s("046", query("NaturalPerson"), has("sdg:Person")),
        _s("036", query("AuthorizedRepresentative"), typed("rim:AnyValueType")),
        _s("048", query("AuthorizedRepresentative"), has_any(*edition.representatives)),
    )

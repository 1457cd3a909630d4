"""Rules on the slots of the evidence request: which there are, and of which type (EDM-REQ-S)."""

from typing import Final

from intermediary.validation.model import Severity
from intermediary.validation.rules.editions import Edition
from intermediary.validation.rules.model import Check, Kind, Rule
from intermediary.validation.rules.predicates import no_other_slot, one_slot, typed

SLOTS: Final = (
    "SpecificationIdentifier", "IssueDateTime", "Procedure", "PreviewLocation", "PossibilityForPreview",
    "ExplicitRequestGiven", "Requirements", "EvidenceRequester", "EvidenceProvider",
    "EvidenceProviderClassification", "EvidenceRequest", "LegalPerson", "NaturalPerson",
    "AuthorizedRepresentative",
)  # fmt: skip


def slot(name: str) -> str:
    """The context step for a slot of that name."""
    return f"query:QueryRequest/rim:Slot[@name='{name}']"


def rules(edition: Edition) -> tuple[Rule, ...]:
    """The rules of that release."""
    request = "query:QueryRequest"
    info = Severity.INFO

    def s(number: str, context: str, check: Check, severity: Severity = Severity.ERROR) -> Rule:
        return Rule(
            f"R-EDM-REQ-S{number}", Kind.REQUEST, context, check, severity, source="TDD 4.6.1, EDM-REQ-S"
        )

    return (
        s("005", request, one_slot("SpecificationIdentifier")),
        s("008", request, one_slot("PreviewLocation"), info),
        s("009", request, one_slot("PossibilityForPreview")),
        s("019", f"{request}/rim:Slot", no_other_slot(*SLOTS)),
        s("022", f"{slot('Procedure')}/rim:SlotValue", typed(edition.procedure_type)),
    )

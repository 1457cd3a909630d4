"""Rules between the ebMS header and the message: each broken once."""

from dataclasses import replace

import pytest

from intermediary.validation.rules import HeaderFacts, Kind, header_findings

SESSION, EXCHANGE = "3d7c2d0e-8f6e-4f1c-9f57-0c6de6c3a001", "e0a6a5b7-6b2e-4b9c-9a63-000000000001"
CORNERS = {"originalSender": "IT80078750587", "finalRecipient": "DE136752345"}
OLD = HeaderFacts(Kind.REQUEST, "oots-edm:v1.2", "ExecuteQueryRequest", "c", CORNERS, ("edm",))
NEW = HeaderFacts(
    Kind.REQUEST,
    "oots-edm:v2.0",
    "ExecuteQueryRequest",
    SESSION,
    CORNERS | {"ExchangeId": EXCHANGE, "SpecificationId": "oots-edm:v2.0"},
    ("edm",),
    exchange_id=True,
)


@pytest.mark.parametrize("facts", [OLD, NEW, replace(NEW, parts=("edm", "a"), references=("a",))])
def test_a_good_header_breaks_no_rule(facts: HeaderFacts) -> None:
    assert header_findings(facts) == ()


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        (replace(OLD, action="ExecuteQueryResponse"), "EDM-ebMS#action"),
        (replace(OLD, parts=("edm", "surprise")), "EDM-ebMS#parts"),
        (replace(OLD, references=("missing",)), "EDM-ebMS#parts"),
        (replace(OLD, properties={"originalSender": "x"}), "R-EDM-ebMS-018"),
        (replace(NEW, properties={**NEW.properties, "SpecificationId": ""}), "R-EDM-ebMS-019"),
        (replace(NEW, conversation_id="session-1"), "R-EDM-ebMS-017"),
        (replace(NEW, properties={**NEW.properties, "ExchangeId": "e1"}), "R-EDM-ebMS-037"),
        (replace(NEW, properties={**NEW.properties, "SpecificationId": "oots-edm:v1.2"}), "R-EDM-ebMS-038"),
    ],
)
def test_each_rule_is_told_with_remedy_in_two_languages(facts: HeaderFacts, rule: str) -> None:
    (finding,) = header_findings(facts)
    assert (finding.rule, bool(finding.remedy)) == (rule, True)
    assert [language for language, _, _ in finding.translations] == ["de"]

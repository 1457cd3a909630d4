"""The same rules of the Common Services fire as when SaxonC runs the official ones."""

import os

import pytest

from intermediary import xml
from intermediary.validation import Validator
from intermediary.validation.rules.lcm import common_services_rules
from intermediary.validation.rules.published import published_rules
from intermediary.validation.rules.words import LANGUAGES, wording
from tests.oracles import XSD, requires_official
from tests.validation.messages import PLANTED
from tests.validation.rules.common_services import DIFFERENCES, KINDS, compare, official_ids, said, samples

MUTANTS = int(os.environ.get("COMMON_SERVICES_MUTANTS", "120"))
"""Damaged messages per kind beside the aimed ones; set it to 10000 for a night."""

pytestmark = requires_official


@pytest.mark.parametrize("kind", KINDS)
def test_samples_and_damaged_messages_fire_the_same_rules(kind: str) -> None:
    tally = compare(kind, MUTANTS)
    assert tally.unexplained == []
    reached = set(tally.both) | set(tally.ours) | set(tally.theirs)
    assert not set(official_ids(kind)) - reached, "rules that no message made fire"


@pytest.mark.parametrize("kind", KINDS)
def test_every_official_rule_is_there_and_no_other(kind: str) -> None:
    ours = sorted(rule.id for rule in common_services_rules().rules if rule.kind == kind)
    assert ours == sorted(official_ids(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_official_rules_accept_gets_no_warning(kind: str) -> None:
    for data in samples(kind):
        root = xml.parse(data)
        if all(severity == "info" for _, severity in said(kind, root)[0]):
            own = common_services_rules().failures(root, kind)
            assert {rule.id for rule, _ in own if rule.severity != "info"} == set()


def test_every_difference_is_of_a_rule_that_we_have_and_has_a_reason() -> None:
    ours = {(rule.kind, rule.id) for rule in common_services_rules().rules}
    assert set(DIFFERENCES) <= ours
    assert all(difference.reason for difference in DIFFERENCES.values())


def test_every_rule_has_words_in_every_language() -> None:
    for rule in common_services_rules().rules:
        words = wording(rule)
        assert set(words) == set(LANGUAGES)
        assert all(each.text and each.remedy for each in words.values())


@pytest.mark.parametrize("kind", KINDS)
def test_the_validator_asks_them(kind: str) -> None:
    validator = Validator(XSD, published_rules())
    reports = [validator.check(xml.parse(data), "oots-cs:v1.0") for data in samples(kind)]
    assert any(report.ok for report in reports)
    assert {finding.kind for report in reports for finding in report.findings} <= {kind}


def test_no_finding_quotes_names_or_addresses() -> None:
    validator = Validator(XSD, published_rules())
    for kind in KINDS:
        for data in samples(kind):
            root = xml.parse(data)
            for node in root.iter("{http://data.europa.eu/p4s}*"):
                if node.tag.endswith(("}Name", "}Title", "}Description", "}FullAddress", "}Thoroughfare")):
                    node.text = PLANTED
                    node.attrib.clear()
            assert PLANTED not in str(validator.check(root, "oots-cs:v1.0").findings)

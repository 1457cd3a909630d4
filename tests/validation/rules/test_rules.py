"""Rules as data: complete in words and languages, silent about persons, exact about names and values."""

import re
import string
from collections.abc import Iterable

import pytest
from lxml import etree

from intermediary import edm, xml
from intermediary.validation import Severity, Validator
from intermediary.validation.model import Finding
from intermediary.validation.rules import CompiledRules, Kind, Rule, edm_rules
from intermediary.validation.rules.editions import EDITIONS
from intermediary.validation.rules.predicates import attribute, one_slot
from intermediary.validation.rules.words import LANGUAGES, wording
from tests.edm import examples
from tests.oracles import XSD, kind_of
from tests.validation.rules.sources import RELEASE, own

PERSON = re.compile(r"sdg:(Person|NaturalPerson|LegalPerson)(/|\Z)")
LATEST = "oots-edm:v2.0"


def all_rules() -> Iterable[Rule]:
    return (rule for release in EDITIONS for rule in edm_rules(release).rules)


def findings(root: etree._Element, release: str) -> dict[str, Finding]:
    return {finding.rule: finding for finding in edm_rules(release)(root)}


def changed(root: etree._Element, *changes: tuple[str, str]) -> etree._Element:
    """The message with each (old, new) replaced once; a mark that is missing is a fault of the test."""
    text = etree.tostring(root).decode()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return xml.parse(text.encode())


def message(kind: str, release: str = LATEST) -> etree._Element:
    return next(root for root in own(release) if kind_of(root) == kind)


def test_every_rule_speaks_every_language_without_gaps() -> None:
    for rule in all_rules():
        for language, words in wording(rule).items():
            for sentence in (words.text, words.remedy):
                assert sentence.endswith((".", "…")) and "{" not in sentence, (rule.id, language, sentence)


def test_the_languages_have_the_same_sentences_with_the_same_gaps() -> None:
    english = LANGUAGES["en"]
    for language, table in LANGUAGES.items():
        assert table.keys() == english.keys(), language
        for name, sentences in table.items():
            gaps = [{field for _, field, _, _ in string.Formatter().parse(s) if field} for s in sentences]
            assert set.union(*gaps) <= {"context", "expected"} | set.union(
                *({f for _, f, _, _ in string.Formatter().parse(s) if f} for s in english[name])
            ), (language, name)


def test_no_rule_on_a_person_keeps_a_value_but_of_a_technical_attribute() -> None:
    for rule in all_rules():
        if PERSON.search(rule.context) and rule.check.seen is not None:
            assert rule.check.at == "/@schemeID" or rule.context.endswith("LevelOfAssurance"), rule.id


def test_ids_belong_to_their_kind_and_prose_says_so() -> None:
    for rule in all_rules():
        assert rule.id.removeprefix("R-").startswith(str(rule.kind)), rule.id
        assert rule.source.startswith("TDD"), rule.id
    assert not any(rule.prose for rule in edm_rules(RELEASE).rules)
    assert {"R-EDM-REQ-C073", "R-EDM-RESP-S062"} <= {r.id for r in edm_rules(LATEST).rules if r.prose}


@pytest.mark.parametrize("release", list(EDITIONS))
def test_our_own_messages_break_no_rule(release: str) -> None:
    validator = Validator(XSD, [edm_rules(release)])
    for root in own(release):
        told = [f.rule for f in validator.check(root, release).findings if f.severity is not Severity.INFO]
        assert told == []


def test_a_finding_names_place_line_demand_and_remedy() -> None:
    root = changed(message("EDM-REQ", RELEASE), ('name="PossibilityForPreview"', 'name="Possibility"'))
    found = findings(root, RELEASE)
    missing = found["R-EDM-REQ-S009"]
    assert missing.place == "/query:QueryRequest/rim:Slot[@name='PossibilityForPreview']"
    assert "PossibilityForPreview" in missing.text and missing.remedy
    assert [language for language, _, _ in missing.translations] == ["de"]
    assert missing.kind == Kind.REQUEST and missing.line
    assert found["R-EDM-REQ-S019"].severity is Severity.ERROR


def test_a_value_seen_is_told_of_codes_only() -> None:
    root = changed(
        message("EDM-REQ", RELEASE), (">oots-edm:v1.0<", ">oots-edm:v9<"), (">1984-05-07<", ">07.05.1984<")
    )
    found = findings(root, RELEASE)
    assert (found["R-EDM-REQ-C001"].seen, found["R-EDM-REQ-C001"].expected) == ("oots-edm:v9", RELEASE)
    assert found["R-EDM-REQ-C043"].seen is None
    assert all("07.05.1984" not in str(finding) for finding in found.values())


def test_a_prefix_may_be_any_that_is_bound_to_the_namespace() -> None:
    text = etree.tostring(message("EDM-REQ", RELEASE)).decode()
    renamed = re.sub(r"""(</?|"|xmlns:)rim(?=[:=])""", r"\1r", text)
    assert renamed != text
    errors = [f for f in findings(xml.parse(renamed.encode()), RELEASE).values() if f.severity == "error"]
    assert errors == []


def test_a_prefix_bound_elsewhere_is_another_type() -> None:
    old = 'xsi:type="rim:BooleanValueType"'
    root = changed(message("EDM-REQ", RELEASE), (old, 'xmlns:o="urn:o" xsi:type="o:BooleanValueType"'))
    assert "R-EDM-REQ-S024" in findings(root, RELEASE)


def test_contexts_may_begin_anywhere_and_a_condition_selects() -> None:
    rules = CompiledRules(
        "r",
        [
            Rule("A", "k", "rim:Slot[@name='x']/rim:SlotValue", attribute("collectionType")),
            Rule("B", "k", "", one_slot("x")),
            Rule("C", "k", "rim:Slot", attribute("name"), versions=frozenset({"other"})),
        ],
        lambda _: "k",
    )
    root = etree.fromstring(
        '<a xmlns:r="urn:oasis:names:tc:ebxml-regrep:xsd:rim:4.0"><r:Slot name="y"><r:SlotValue/></r:Slot>'
        '<b><r:Slot name="x"><r:SlotValue/><r:SlotValue collectionType="c"/></r:Slot></b></a>'
    )
    assert [(f.rule, f.line) for f in rules(root)] == [("B", 1), ("A", 1)]
    with pytest.raises(ValueError, match="cannot be read"):
        CompiledRules("r", [Rule("A", "k", "rim:Slot[2]", attribute("name"))], lambda _: "k")


@pytest.mark.parametrize(
    ("kind", "rule", "old", "new"),
    [
        ("EDM-REQ", "R-EDM-REQ-C073", "<sdg:AdminUnitLevel1>IT</sdg:AdminUnitLevel1>", ""),
        ("EDM-REQ", "R-EDM-REQ-C026", "2af27699-", "urn:uuid:2af27699-"),
        ("EDM-REQ", "R-EDM-REQ-C027", "/evidencetypeclassifications/DE/", "/evidencetypeclassifications/de/"),
        ("EDM-REQ", "R-EDM-REQ-C028", 'Title lang="EN"', 'Title lang="en"'),
        ("EDM-REQ", "R-EDM-REQ-C010", '<sdg:Name lang="EN">Proof', "<sdg:Name>Proof"),
        ("EDM-RESP", "R-EDM-RESP-S047", '"MainEvidence"', '"Annex"'),
        ("EDM-RESP", "R-EDM-RESP-S049", '"MainEvidence"', '"Evidence"'),
        ("EDM-RESP", "R-EDM-RESP-S050", "sourceObject=", "source="),
        ("EDM-RESP", "R-EDM-RESP-S051", "sourceObject=", "source="),
        ("EDM-RESP", "R-EDM-RESP-S055", "targetObject=", "target="),
        ("EDM-RESP", "R-EDM-RESP-S057", "targetObject=", "target="),
        ("EDM-RESP", "R-EDM-RESP-S061", "AssociationType:Human", "AssociationType:Other"),
        ("EDM-RESP", "R-EDM-RESP-S062", "<sdg:IssuingDate>2025-11-03</sdg:IssuingDate>", ""),
        (
            "EDM-RESP",
            "R-EDM-RESP-S041",
            "<sdg:PlaceOfBirth>Bolzano</sdg:PlaceOfBirth>",
            "<sdg:Gender>F</sdg:Gender>",
        ),
        ("EDM-RESP", "R-EDM-RESP-S066", "rim:RegistryPackageType", "rim:ExtrinsicObjectType"),
        ("EDM-ERR", "R-EDM-ERR-C017", "EDM:ERR:0004", "EDM:ERR:0044"),
    ],
)
def test_rules_of_2_0_that_are_known_from_the_prose(kind: str, rule: str, old: str, new: str) -> None:
    root = message(kind)
    assert rule not in findings(root, LATEST)
    assert findings(changed(root, (old, new)), LATEST)[rule].severity is Severity.ERROR


def test_several_exceptions_are_for_2_0_only() -> None:
    for release in (RELEASE, LATEST):
        error = examples.error(release)
        root = xml.parse(edm.write(error))
        exception = root.find("{*}Exception")
        assert exception is not None
        exception.addnext(xml.parse(etree.tostring(exception, with_tail=False)))
        assert ("R-EDM-ERR-C011" in findings(root, release)) == (release == RELEASE)

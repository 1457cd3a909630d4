"""The same rules fire as when SaxonC runs the official ones: on samples, on our own, on damaged messages."""

import os

import pytest

from intermediary import xml
from intermediary.validation.rules import edm_rules
from tests.oracles import KINDS, OOTS, SAMPLES, kind_of, requires_official
from tests.validation.rules.comparison import Tally, compare, compare_one, official_rules
from tests.validation.rules.differences import DIFFERENCES
from tests.validation.rules.sources import RELEASE, own
from tests.validation.test_equivalence import documents

MUTANTS = int(os.environ.get("RULE_MUTANTS", "200"))
"""Damaged messages per kind beside the aimed ones; set it to 10000 for a night."""

pytestmark = requires_official


@pytest.mark.parametrize("path", documents(SAMPLES), ids=lambda path: path.name)
def test_every_official_sample_fires_the_same_rules(path) -> None:  # type: ignore[no-untyped-def]
    root, tally = xml.parse(path.read_bytes()), Tally()
    compare_one(kind_of(root), root, path.name, tally)
    assert tally.unexplained == []


@pytest.mark.parametrize("release", ["oots-edm:v1.0", "oots-edm:v1.1", "oots-edm:v1.2"])
def test_our_own_messages_fire_the_same_rules_in_every_release(release: str) -> None:
    tally = Tally()
    for number, root in enumerate(own(release)):
        compare_one(kind_of(root), root, f"own {number}", tally, release)
    for path in documents(OOTS / "1.2" / "samples"):
        root = xml.parse(path.read_bytes())
        compare_one(kind_of(root), root, path.name, tally, release)
    assert tally.unexplained == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("release", ["oots-edm:v1.0", "oots-edm:v1.2"])
def test_damaged_messages_fire_the_same_rules(kind: str, release: str) -> None:
    tally = compare(kind, MUTANTS if release == RELEASE else MUTANTS // 4, release)
    assert tally.unexplained == []
    assert len(tally.both) > 30


def test_every_difference_is_of_an_official_rule_that_we_have() -> None:
    ours = {rule.id for rule in edm_rules(RELEASE).rules}
    assert set(DIFFERENCES) <= ours
    assert not official_rules() - ours, "official rules that we lack"

"""Figures on the rules of the Common Services for the conformance report.

`report` is called by `python -m tests.conformance`, which owns the report.
"""

from typing import TypedDict

from intermediary.validation.rules.lcm import common_services_rules
from tests.validation.rules.common_services import DIFFERENCES, KINDS, compare, official_ids


class RuleCounts(TypedDict):
    """How often a rule was fired: by both, by ours alone, by the official one alone; and why alone."""

    both: int
    ours: int
    theirs: int
    reason: str


class KindReport(TypedDict):
    """One kind of message."""

    mutants: int
    rules: int
    never_fired: list[str]
    explained: int
    unexplained: list[str]
    counts: dict[str, RuleCounts]


def report(mutants: int) -> dict[str, KindReport]:
    """Kind to its figures, from samples, aimed damage and that many seeded mutants per kind."""
    return {kind: _kind(kind, mutants) for kind in KINDS}


def share_never_fired(reports: dict[str, KindReport]) -> float:
    """The share of all official rules that no message made fire, in ours or in theirs."""
    rules = sum(each["rules"] for each in reports.values())
    return round(sum(len(each["never_fired"]) for each in reports.values()) / rules, 3)


def _kind(kind: str, mutants: int) -> KindReport:
    tally = compare(kind, mutants)
    official = official_ids(kind)
    ours = [rule.id for rule in common_services_rules().rules if rule.kind == kind]
    rules = list(dict.fromkeys((*official, *ours)))

    def reason(rule: str) -> str:
        return DIFFERENCES[kind, rule].reason if (kind, rule) in DIFFERENCES else ""

    return {
        "mutants": tally.mutants,
        "rules": len(official),
        "never_fired": [r for r in rules if not tally.both[r] + tally.ours[r] + tally.theirs[r]],
        "explained": sum(tally.explained.values()),
        "unexplained": tally.unexplained,
        "counts": {
            r: {"both": tally.both[r], "ours": tally.ours[r], "theirs": tally.theirs[r], "reason": reason(r)}
            for r in rules
        },
    }

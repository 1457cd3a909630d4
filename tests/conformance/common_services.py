"""The rules of the Common Services for the conformance report, which `tests.conformance.__main__` writes."""

from collections.abc import Mapping
from typing import NamedTuple

from tests.validation.rules.common_services import DIFFERENCES, KINDS, compare, official_ids
from tests.validation.rules.comparison import Tally
from tests.validation.rules.differences import Difference


class Comparison(NamedTuple):
    """One kind of message, in the order of `rule_report.Section`: `Section(*comparison)`."""

    title: str
    rules: frozenset[str]
    tally: Tally
    differences: Mapping[str, Difference]


def comparisons(mutants: int) -> list[Comparison]:
    """All kinds of the Common Services: samples, aimed damage, and that many seeded mutants per kind."""
    return [_comparison(kind, mutants) for kind in KINDS]


def _comparison(kind: str, mutants: int) -> Comparison:
    differences = {rule: why for (of, rule), why in DIFFERENCES.items() if of == kind}
    return Comparison(kind, frozenset(official_ids(kind)), compare(kind, mutants), differences)

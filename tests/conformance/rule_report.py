"""docs/conformance-rules.md: with which official rules ours were compared, how often, and what differs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tests.validation.rules.comparison import Tally
from tests.validation.rules.differences import DYNAMIC_ERROR, QNAME, Difference

_HEAD = """# Business rules: ours beside the official ones

Written by `make conformance`; do not edit. Each message below was damaged with a fixed seed (by chance, or
aimed at one rule) and judged twice: by our rule objects (`intermediary/validation/rules`) and by the official
Schematron, compiled and run by SaxonC. A rule *differs* in a message when one side fires it and the other
does not.
"""


@dataclass(frozen=True, slots=True)
class Section:
    """One rule set in the report."""

    title: str
    rules: frozenset[str]
    tally: Tally
    differences: Mapping[str, Difference]

    @property
    def never(self) -> frozenset[str]:
        """Official rules that no message made fire, on either side."""
        return self.rules - {*self.tally.both, *self.tally.ours, *self.tally.theirs}


def render(sections: Iterable[Section]) -> str:
    """The report as Markdown."""
    sections = tuple(sections)
    lines = [
        _HEAD,
        "| rule set | official rules | messages | differences, explained | unexplained | never fired |",
        "|---|---|---|---|---|---|",
    ]
    for each in sections:
        tally = each.tally
        lines.append(
            f"| {each.title} | {len(each.rules)} | {tally.mutants} | {sum(tally.explained.values())} "
            f"| {len(tally.unexplained)} | {len(each.never)} |"
        )
    lines += ["", "## Differences, and why the official rule is wrong", ""]
    reasons = {rule: why.reason for each in sections for rule, why in each.differences.items()}
    reasons |= {"*any rule*, dynamic error": DYNAMIC_ERROR, "*any rule*, xsi:type": QNAME}
    lines += [f"* **{rule}**: {reason}" for rule, reason in reasons.items()]
    for each in sections:
        lines += [
            "",
            f"## {each.title}",
            "",
            "| rule | both | official only | ours only |",
            "|---|---|---|---|",
        ]
        for rule in sorted(each.rules):
            counts = (each.tally.both[rule], each.tally.theirs[rule], each.tally.ours[rule])
            lines.append(f"| {rule} | " + " | ".join(str(count or "–") for count in counts) + " |")
    return "\n".join(lines) + "\n"

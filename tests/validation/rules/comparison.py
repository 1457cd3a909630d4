"""Our rules beside the official ones, on damaged messages: who fires, and what explains a difference."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Final

from lxml import etree

from intermediary import xml
from intermediary.validation.rules import edm_rules
from intermediary.validation.rules.predicates import XSI_TYPE
from intermediary.validation.wording import PREFIXES
from tests.oracles import OOTS, mutants, said
from tests.validation.rules.aimed import aimed
from tests.validation.rules.damages import ALL_DAMAGES
from tests.validation.rules.differences import DIFFERENCES
from tests.validation.rules.sources import RELEASE, sources

Fired = tuple[str, str]
_PER_RULE: Final = 4
_DYNAMIC: Final = "#dynamic-error"


@dataclass
class Tally:
    """What a comparison has seen."""

    mutants: int = 0
    both: Counter[str] = field(default_factory=Counter)
    ours: Counter[str] = field(default_factory=Counter)
    theirs: Counter[str] = field(default_factory=Counter)
    explained: Counter[str] = field(default_factory=Counter)
    unexplained: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Count another comparison in."""
        self.mutants += other.mutants
        for mine, more in (
            (self.both, other.both),
            (self.ours, other.ours),
            (self.theirs, other.theirs),
            (self.explained, other.explained),
        ):
            mine.update(more)
        self.unexplained += other.unexplained


def damaged(kind: str, count: int, release: str = RELEASE) -> Iterator[tuple[str, etree._Element]]:
    """Round and round over the sources of a kind, so that each gets its share of `count`; seeded."""
    found = sources(kind, release)
    each = -(-count // len(found))
    streams = [mutants(root, 7_000 + seed, each, ALL_DAMAGES) for seed, root in enumerate(found)]
    for number in range(count):
        source = number % len(streams)
        damage, mutant = next(streams[source])
        yield (
            f"{kind} source {source}, mutant {number // len(streams)}, {damage}",
            xml.parse(etree.tostring(mutant)),
        )


def aimed_at_all(kind: str, release: str = RELEASE) -> Iterator[tuple[str, etree._Element]]:
    """For each of our rules of a kind, messages in which it fails."""
    roots = sources(kind, release)
    for rule in edm_rules(release).rules:
        if rule.kind == kind:
            for number, mutant in enumerate(islice(aimed(rule, roots), _PER_RULE)):
                yield f"{kind} aimed at {rule.id}, mutant {number}", xml.parse(etree.tostring(mutant))


def compare(kind: str, count: int, release: str = RELEASE) -> Tally:
    """Run both over `count` damaged messages of a kind, after those aimed at each rule."""
    tally = Tally()
    for name, root in chain(aimed_at_all(kind, release), damaged(kind, count, release)):
        compare_one(kind, root, name, tally, release)
    return tally


def compare_one(kind: str, root: etree._Element, name: str, tally: Tally, release: str = RELEASE) -> None:
    """Count one message in."""
    tally.mutants += 1
    entries = said(kind, root, release)
    official = {(rule, role) for rule, role, _ in entries if not rule.endswith(_DYNAMIC)}
    stopped = {message.rpartition(" ")[2] for rule, _, message in entries if rule.endswith(_DYNAMIC)}
    own = {(rule.id, rule.severity.value) for rule, _ in edm_rules(release).failures(root, kind)}
    contexts = {rule.id: rule.context for rule in edm_rules(release).rules}
    for rule in stopped:
        if not any(contexts[rule] == contexts[each] for each, _ in own):
            tally.unexplained.append(f"{name}: {rule} stops with a dynamic error, we find nothing")
    halted = {contexts[rule] for rule in stopped}
    odd = _oddly_typed(root)
    for rule, _ in official & own:
        tally.both[rule] += 1
    for rule, role in official - own:
        tally.theirs[rule] += 1
        if rule in DIFFERENCES and DIFFERENCES[rule].theirs:
            tally.explained[rule] += 1
        elif odd and rule in _typed_rules(release):
            tally.explained["xsi:type"] += 1
        else:
            tally.unexplained.append(f"{name}: {rule} ({role}) is fired by the official rules only")
    for rule, role in own - official:
        tally.ours[rule] += 1
        if rule in DIFFERENCES and DIFFERENCES[rule].ours:
            tally.explained[rule] += 1
        elif contexts[rule] in halted:
            tally.explained["dynamic error"] += 1
        elif odd and rule in _typed_rules(release):
            tally.explained["xsi:type"] += 1
        else:
            tally.unexplained.append(f"{name}: {rule} ({role}) is fired by us only")


def official_rules() -> set[str]:
    """The ids of the official rules; those without are called by their place, as the oracle does."""
    files = (etree.parse(path) for path in (OOTS / "1.0" / "sch").glob("EDM-*.sch"))
    named = {str(test.get("id")) for file in files for test in file.getroot().iterfind(".//*[@test][@id]")}
    return named | {rule.id for rule in edm_rules(RELEASE).rules if "#" in rule.id}


def _oddly_typed(root: etree._Element) -> bool:
    """Whether some xsi:type is not written with the usual prefix, bound to the usual namespace."""
    for node in root.iter("{*}*"):
        value = node.get(XSI_TYPE)
        if value is not None:
            prefix = value.rpartition(":")[0]
            uri = node.nsmap.get(prefix) if prefix else None
            if uri is None or PREFIXES.get(uri) != prefix or value != value.strip():
                return True
    return False


def _typed_rules(release: str) -> set[str]:
    kinds = {"typed", "preview_or_decline", "request_id"}
    return {rule.id for rule in edm_rules(release).rules if rule.check.says in kinds}

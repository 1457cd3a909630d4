"""`make conformance`: samples and seeded mutants, our verdict beside the official one.

mutants                   damaged messages that were compared with the schemas, and with the business rules
unexplained_differences   of these, how many got another verdict from us; of rules, how many fired on one side
                          only without a reason in `tests/validation/rules/differences.py`
rules_never_fired_share   share of the official rules that no damaged message ever made fire: what the
                          comparison cannot speak about
official_samples_failed   official samples whose verdict differs, or that do not survive reading and writing

The rules one by one: docs/conformance-rules.md, which this writes.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from lxml import etree
from rich.progress import track

from intermediary import edm, xml
from intermediary.validation import Validator
from tests.conformance.rule_report import Section, render
from tests.oracles import KINDS, OOTS, SAMPLES, XSD, kind_of, mutants, official_schema
from tests.oracles.official import SUBSTITUTIONS
from tests.validation.rules import common_services
from tests.validation.rules.comparison import Tally, compare, compare_one, official_rules
from tests.validation.rules.differences import DIFFERENCES
from tests.validation.test_equivalence import ALL, documents

RELEASE = "oots-edm:v1.0"


def main() -> int:
    """Compare and report; exit code 1 where anything differs without explanation."""
    options = argparse.ArgumentParser(prog="python -m tests.conformance")
    options.add_argument("--mutants", type=int, default=20_000, help="damaged messages for the schemas")
    options.add_argument("--rule-mutants", type=int, default=10_000, help="for the rules, per message type")
    given = options.parse_args()
    if not OOTS.is_dir():
        sys.stderr.write(f"{OOTS} is not here: there is nothing to compare with\n")
        return 2
    # Saxon writes the dynamic errors of official rules straight to descriptor 2; they are counted, not read.
    ours = os.dup(2)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    sys.stderr = os.fdopen(ours, "w")
    validator, failed = Validator(XSD), 0
    for path in ALL:
        root = xml.parse(path.read_bytes())
        same = validator.check(root, RELEASE).ok == official_schema().validate(root)
        failed += not (same and _survives(root))
    differences = 0
    for mutant in _quietly(_damaged(given.mutants), given.mutants):
        root = xml.parse(etree.tostring(mutant))
        differences += validator.check(root, RELEASE).ok != official_schema().validate(root)
    sections = [
        _edm_rules(kind, given.rule_mutants if release == RELEASE else given.rule_mutants // 5, release)
        for release in SUBSTITUTIONS
        for kind in KINDS
    ]
    sections += [_common_services(kind, given.rule_mutants // 5) for kind in common_services.KINDS]
    on_samples = Tally()
    for path in documents(SAMPLES):
        root = xml.parse(path.read_bytes())
        compare_one(kind_of(root), root, path.name, on_samples)
    unexplained = [line for section in sections for line in section.tally.unexplained]
    result = {
        "mutants": given.mutants + sum(section.tally.mutants for section in sections),
        "unexplained_differences": differences + len(unexplained),
        "rules_never_fired_share": round(
            sum(len(section.never) for section in sections) / sum(len(s.rules) for s in sections), 3
        ),
        "official_samples_failed": failed + len(on_samples.unexplained),
    }
    for line in (*unexplained, *on_samples.unexplained):
        sys.stderr.write(f"{line}\n")
    Path("docs/conformance-rules.md").write_text(render(sections), encoding="utf-8")
    out = Path("build/conformance.json")
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(result, indent=1) + "\n")
    sys.stdout.write(json.dumps(result) + "\n")
    return 1 if result["unexplained_differences"] or result["official_samples_failed"] else 0


def _damaged(count: int) -> Iterator[etree._Element]:
    """Round and round over the samples, so that every one gets its share of `count`."""
    sources = [(seed, xml.parse(path.read_bytes())) for seed, path in enumerate(ALL)]
    each = -(-count // len(sources))
    streams = [mutants(root, seed, each) for seed, root in sources]
    for _ in range(each):
        for stream in streams:
            yield next(stream)[1]


def _survives(root: etree._Element) -> bool:
    """True where an EDM message is read, written and read again as the same value; others are not ours."""
    if not _is_edm(root):
        return True
    message = edm.read(root)
    return edm.read(xml.parse(edm.write(message))) == message


def _is_edm(root: etree._Element) -> bool:
    """True for the messages of an evidence exchange; the Common Services use the same root elements."""
    named = edm.peek(root).specification_identifier or ""
    return named.startswith("oots-edm:")


def _edm_rules(kind: str, count: int, release: str) -> Section:
    rules = {rule for rule in official_rules() if f"{kind}-" in rule}
    return Section(
        f"{kind}, {release}",
        frozenset(rules),
        compare(kind, count, release),
        {rule: why for rule, why in DIFFERENCES.items() if rule in rules},
    )


def _common_services(kind: str, count: int) -> Section:
    return Section(
        f"{kind}, Common Services 1.0",
        frozenset(common_services.official_ids(kind)),
        common_services.compare(kind, count),
        {rule: why for (other, rule), why in common_services.DIFFERENCES.items() if other == kind},
    )


def _quietly(items: Iterator[etree._Element], count: int) -> Iterator[etree._Element]:
    yield from track(items, total=count, description="mutants", disable=not sys.stderr.isatty())


if __name__ == "__main__":
    sys.exit(main())

"""`make conformance`: samples and seeded mutants, our verdict beside the official one.

mutants                   damaged messages that were compared (XSD)
unexplained_differences   of these, how many got another verdict from us
rules_never_fired_share   share of the official EDM rules that no damaged message ever made fire: what the
                          comparison cannot speak about
official_samples_failed   official samples whose verdict differs, or that do not survive reading and writing
"""

import argparse
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from lxml import etree
from rich.progress import track

from intermediary import edm, xml
from intermediary.validation import Validator
from tests.oracles import KINDS, OOTS, XSD, fired, kind_of, mutants, official_schema
from tests.validation.test_equivalence import ALL

RELEASE = "oots-edm:v1.0"


def main() -> int:
    """Compare and report; exit code 1 where anything differs without explanation."""
    options = argparse.ArgumentParser(prog="python -m tests.conformance")
    options.add_argument("--mutants", type=int, default=20_000, help="damaged messages for the schemas")
    options.add_argument("--rule-mutants", type=int, default=6_000, help="of these, for the rules too")
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
    differences, done, seen = 0, 0, set[str]()
    for number, mutant in enumerate(_quietly(_damaged(given.mutants), given.mutants)):
        root = xml.parse(etree.tostring(mutant))
        done += 1
        differences += validator.check(root, RELEASE).ok != official_schema().validate(root)
        if number % max(1, given.mutants // given.rule_mutants) == 0 and _is_edm(root):
            seen |= {rule for rule, _role in fired(kind_of(root), root)}
    rules = _official_rules()
    result = {
        "mutants": done,
        "unexplained_differences": differences,
        "rules_never_fired_share": round(len(rules - seen) / len(rules), 3),
        "official_samples_failed": failed,
    }
    out = Path("build/conformance.json")
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(result, indent=1) + "\n")
    sys.stdout.write(json.dumps(result) + "\n")
    return 1 if differences or failed else 0


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


def _official_rules() -> set[str]:
    texts = (OOTS / "1.0" / "sch" / f"{kind}-{part}.sch" for kind in KINDS for part in "SC")
    return {rule for text in texts for rule in re.findall(r'\bid="(R-EDM-[A-Z0-9-]+)"', text.read_text())}


def _quietly(items: Iterator[etree._Element], count: int) -> Iterator[etree._Element]:
    yield from track(items, total=count, description="mutants", disable=not sys.stderr.isatty())


if __name__ == "__main__":
    sys.exit(main())

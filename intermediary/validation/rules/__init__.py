"""The published business rules as our own rule objects: data tables, compiled per release.

    model.py       Rule and Check: what a rule is
    predicates.py  the checks that rules are made of
    editions.py    what differs between the EDM releases, as data
    words/         what each rule demands and its remedy, one table per language
    compiled.py    the rules of a release made fast: a RuleSet for the Validator
    request_*.py, response_*.py, error_*.py   the EDM rules, grouped by slot
    *_prose.py, response_packages.py          EDM rules known by description only
    ebms.py        rules between the ebMS header and the message
    edm.py         which tables make which release

How to add a rule: declare it in its table; if no predicate fits, `predicates.demand`, with words in every
language; run `python -m tests.conformance`, which compares with the official rules.
"""

from intermediary.validation.rules.compiled import CompiledRules
from intermediary.validation.rules.ebms import HeaderFacts, header_findings
from intermediary.validation.rules.edm import edm_rules
from intermediary.validation.rules.model import Check, Kind, Rule

__all__ = ["Check", "CompiledRules", "HeaderFacts", "Kind", "Rule", "edm_rules", "header_findings"]

"""Rules of one release made fast: their contexts as a tree of steps, walked once beside the message."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Final, cast

from lxml import etree

from intermediary.validation.model import Finding
from intermediary.validation.rules.model import Holds, Rule
from intermediary.validation.rules.predicates import clark
from intermediary.validation.rules.words import wording
from intermediary.validation.wording import xpath_of

_STEP = re.compile(r"([\w-]+:[\w.-]+)(?:\[@([\w:-]+)='([^']*)'\])?(?:/|\Z)")
MAX_FINDINGS: Final = 200
"""Findings of the rules in one report: a list of a thousand equal ones helps nobody."""


class _Step:
    """Where the walk is: what to check here, and which children lead on."""

    __slots__ = ("checks", "children")

    def __init__(self) -> None:
        self.checks: list[tuple[Holds, Rule]] = []
        self.children: dict[str, list[tuple[str | None, dict[str | None, _Step]]]] = {}

    def child(self, tag: str, attribute: str | None, value: str | None) -> "_Step":
        """The step below for that element name and condition, made where missing."""
        branches = self.children.setdefault(tag, [])
        for name, steps in branches:
            if name == attribute:
                return steps.setdefault(value, _Step())
        branches.append((attribute, {value: _Step()}))
        return branches[-1][1][value]


Failure = tuple[Rule, etree._Element]


class CompiledRules:
    """The rules of one release; a `RuleSet` for the Validator. Shared by threads.

    `kind_of` says which kind of message a root is; rules of other kinds are not asked.
    """

    def __init__(
        self, release: str, rules: Iterable[Rule], kind_of: Callable[[etree._Element], str | None]
    ) -> None:
        self.release = release
        self.rules = tuple(rule for rule in rules if rule.holds_in(release))
        self._kind_of = kind_of
        self._trees: dict[str, _Step] = defaultdict(_Step)
        for rule in self.rules:
            _add(self._trees[rule.kind], rule)

    def __call__(self, root: etree._Element) -> Iterator[Finding]:
        """Everything that the rules have to say about the message, in the order of the message."""
        kind = self._kind_of(root)
        if kind is None:
            return
        for rule, element in self.failures(root, kind)[:MAX_FINDINGS]:
            yield finding(rule, element)

    def failures(self, root: etree._Element, kind: str) -> list[Failure]:
        """Each rule of that kind that fails, with the element at which it does."""
        tree, found = self._trees.get(kind), list[Failure]()
        if tree is None:
            return found
        _ask(root, tree, found)
        _descend(root.iter(*tree.children), tree, found)
        return found


def finding(rule: Rule, element: etree._Element) -> Finding:
    """The finding of a rule that fails at an element."""
    check = rule.check
    words = wording(rule)
    return Finding(
        rule.id,
        rule.severity,
        xpath_of(element) + check.at,
        cast("int | None", element.sourceline),
        words["en"].text,
        words["en"].remedy,
        rule.source,
        kind=rule.kind,
        expected=check.expected,
        seen=check.seen(element) if check.seen else None,
        translations=tuple((language, w.text, w.remedy) for language, w in words.items() if language != "en"),
    )


def _add(tree: _Step, rule: Rule) -> None:
    step, position = tree, 0
    while position < len(rule.context):
        match = _STEP.match(rule.context, position)
        if match is None:
            raise ValueError(f"{rule.id}: its context cannot be read from character {position} on")
        attribute = clark(match[2]) if match[2] else None
        step = step.child(clark(match[1]), attribute, match[3])
        position = match.end()
    step.checks.append((rule.check.holds, rule))


def _ask(element: etree._Element, step: _Step, found: list[Failure]) -> None:
    for holds, rule in step.checks:
        if not holds(element):
            blamed = (element,) if rule.check.offenders is None else rule.check.offenders(element)
            found.extend((rule, each) for each in blamed)


def _descend(elements: Iterable[etree._Element], above: _Step, found: list[Failure]) -> None:
    """Ask at each of these what there is to ask at it, and at all below it."""
    children = above.children
    for element in elements:
        for attribute, steps in children.get(element.tag, ()):
            step = steps.get(None if attribute is None else element.get(attribute, ""))
            if step is not None:
                if step.checks:
                    _ask(element, step, found)
                if step.children:
                    _descend(element, step, found)

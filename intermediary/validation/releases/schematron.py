"""A small Schematron compiler: ISO Schematron (query binding xslt2) to one XSLT stylesheet.

Source: ISO/IEC 19757-3 clauses 5 and 6, annex H. Covered: ns, let, pattern (abstract too), rule (abstract
too, extends), assert, report, value-of, name, emph, span, dir, diagnostics; `xsl:key` and `xsl:function` are
taken over. Phases and includes stop the compilation, like everything unknown, so that no rule is lost in
silence. What is easily got wrong:

* rules may have attributes as context, so the walk goes over `@*|*`;
* within a pattern the first rule that matches wins: templates get descending priorities;
* an assert may lack an id: it is then called by its place, `<schema>#p<pattern>r<rule>a<assert>`;
* severity is in `role`, else in `flag`, else it is an error;
* a dynamic error inside a rule is a line of its own: it neither ends the run nor passes for silence.

The stylesheet writes one line for each assert that fails and each report that holds: the number of the test
and the path of the node (XPath 3.1, fn:path), separated by U+241F. For a dynamic error the number is
that of the rule's first test, followed by `!` and the error code. Texts are kept beside the
sheet, with `…` where the schema would quote a value of the message.
"""

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lxml import etree

from intermediary.validation.releases.errors import UnknownSchematron

SEPARATOR: Final = "\u241f"
_NAMESPACE: Final = "http://purl.oclc.org/dsdl/schematron"
_SCH: Final = f"{{{_NAMESPACE}}}"
_XSL: Final = "http://www.w3.org/1999/XSL/Transform"
_ERR: Final = "http://www.w3.org/2005/xqt-errors"
_XML_ID: Final = "{http://www.w3.org/XML/1998/namespace}id"
_DOCUMENTATION: Final = {f"{_SCH}{name}" for name in ("ns", "title", "p", "diagnostics", "properties")}
_INLINE: Final = {f"{_SCH}{name}" for name in ("emph", "span", "dir")}
_QUOTING: Final = {f"{_SCH}{name}" for name in ("value-of", "name")}
_TAKEN_OVER: Final = {f"{{{_XSL}}}{name}" for name in ("key", "function")}
_FUNCTION_PARTS: Final = {
    f"{{{_XSL}}}{name}"
    for name in (
        *("param", "variable", "sequence", "choose", "when", "otherwise", "if", "for-each", "text"),
        *("value-of", "copy-of", "analyze-string", "matching-substring", "non-matching-substring"),
    )
}
_OUTSIDE = re.compile(
    r"\b(?:doc|doc-available|document|collection|uri-collection|unparsed-text(?:-lines|-available)?"
    r"|environment-variable|available-environment-variables|transform|json-doc|system-property)\s*\("
)
"""Functions by which an expression would see more than the message."""


@dataclass(frozen=True, slots=True)
class SchematronTest:
    """One assert or report: published id and role, where it looks, what it demands, its words."""

    id: str
    role: str
    context: str
    test: str
    text: str


@dataclass(frozen=True, slots=True)
class CompiledSchematron:
    """The XSLT text, and the tests in the order of the numbers that the stylesheet writes."""

    sheet: str
    tests: tuple[SchematronTest, ...]


def compile_schematron(schema: etree._Element, name: str) -> CompiledSchematron:
    """Compile a parsed `sch:schema`; `name` stands in for missing ids. Raises UnknownSchematron."""
    if schema.tag != f"{_SCH}schema":
        raise UnknownSchematron(f"{name}: the root element is not schema of ISO Schematron")
    return _Compiler(schema, name).compile()


@dataclass(slots=True)
class _Rule:
    """The rule that is being written: where to, its context, and the count of its tests."""

    body: etree._Element
    context: str
    unnamed: str
    count: int = 0


class _Compiler:
    def __init__(self, schema: etree._Element, name: str) -> None:
        self._schema, self._name = schema, name
        self._tests: list[SchematronTest] = []
        namespaces = {_must(ns, "prefix"): _must(ns, "uri") for ns in schema.iterfind(f"{_SCH}ns")}
        namespaces = {p: uri for p, uri in namespaces.items() if p not in ("xml", "xsl", "err")}
        self._sheet = etree.Element(
            f"{{{_XSL}}}stylesheet",
            {"version": "3.0", "exclude-result-prefixes": "#all"},
            {"xsl": _XSL, "err": _ERR} | namespaces,
        )
        self._abstract_patterns = {
            _must(p, "id"): p for p in schema.iterfind(f"{_SCH}pattern[@abstract='true']")
        }
        self._abstract_rules = {
            _must(r, "id"): r for r in schema.iterfind(f"{_SCH}pattern/{_SCH}rule[@abstract='true']")
        }

    def compile(self) -> CompiledSchematron:
        _add(self._sheet, "output", method="text", encoding="UTF-8")
        start = _add(self._sheet, "template", match="/")
        number = 0
        for child in _parts(self._schema, "let", "pattern", also=_TAKEN_OVER):
            if child.tag == f"{_SCH}let":
                _variable(self._sheet, child)
            elif child.tag in _TAKEN_OVER:
                self._sheet.append(_harmless(copy.deepcopy(child)))
            elif child.get("abstract") != "true":
                number += 1
                _add(start, "apply-templates", select="/", mode=f"p{number}")
                self._pattern(self._concrete(child), number)
        return CompiledSchematron(etree.tostring(self._sheet, encoding="unicode"), tuple(self._tests))

    def _concrete(self, pattern: etree._Element) -> etree._Element:
        """An instance of an abstract pattern with its parameters put in; else the pattern itself."""
        kind = pattern.get("is-a")
        if kind is None:
            return pattern
        if kind not in self._abstract_patterns:
            raise UnknownSchematron(f"{self._name}: there is no abstract pattern {kind}")
        parameters = {_must(p, "name"): _must(p, "value") for p in _parts(pattern, "param")}
        if not parameters:
            return self._abstract_patterns[kind]
        longest_first = "|".join(sorted(map(re.escape, parameters), key=len, reverse=True))
        marks = re.compile(rf"\$({longest_first})(?![\w.-])")
        instance = copy.deepcopy(self._abstract_patterns[kind])
        for element in instance.iter(f"{_SCH}*"):
            for attribute in ("context", "test", "value", "select", "path"):
                if text := element.get(attribute):
                    element.set(attribute, marks.sub(lambda found: parameters[found[1]], text))
        return instance

    def _pattern(self, pattern: etree._Element, number: int) -> None:
        mode = f"p{number}"
        children = list(_parts(pattern, "rule", "let", "param"))
        rules = [r for r in children if r.tag == f"{_SCH}rule" and r.get("abstract") != "true"]
        contexts = [_must(rule, "context") for rule in rules]
        walk = _walk(contexts)
        through = _add(self._sheet, "template", match="/|*", mode=mode, priority="0")
        _add(through, "apply-templates", select=walk, mode=mode)
        _add(
            self._sheet,
            "template",
            match="@*|text()|comment()|processing-instruction()",
            mode=mode,
            priority="0",
        )
        shared = [child for child in children if child.tag == f"{_SCH}let"]
        for place, (rule, context) in enumerate(zip(rules, contexts, strict=True), 1):
            template = _add(self._sheet, "template", match=context, mode=mode)
            template.set("priority", str(1 + len(rules) - place))
            first = len(self._tests)
            guarded = _add(template, "try")
            for let in shared:
                _variable(guarded, let)
            self._rule(_Rule(guarded, context, f"{self._name}#p{number}r{place}a"), rule, ())
            caught = _add(guarded, "catch", errors="*")
            _say(caught, f"{first}!")
            _add(caught, "value-of", select="local-name-from-QName($err:code)")
            _place(caught)
            _add(template, "apply-templates", select=walk, mode=mode)

    def _rule(self, target: "_Rule", rule: etree._Element, within: tuple[str, ...]) -> None:
        for child in _parts(rule, "let", "assert", "report", "extends"):
            if child.tag == f"{_SCH}let":
                _variable(target.body, child)
            elif child.tag == f"{_SCH}extends":
                other = _must(child, "rule")
                if other in within or other not in self._abstract_rules:
                    raise UnknownSchematron(f"{self._name}: there is no abstract rule {other} to extend")
                self._rule(target, self._abstract_rules[other], (*within, other))
            else:
                target.count += 1
                self._test(target, child)

    def _test(self, target: "_Rule", test: etree._Element) -> None:
        condition = _must(test, "test")
        fired = _add(
            target.body,
            "if",
            test=f"not({condition})" if test.tag == f"{_SCH}assert" else f"boolean({condition})",
        )
        _say(fired, str(len(self._tests)))
        _place(fired)
        role = (test.get("role") or test.get("flag") or "error").lower()
        name = test.get("id") or test.get(_XML_ID) or f"{target.unnamed}{target.count}"
        text = re.sub(r"\s+", " ", "".join(_words(test))).strip()
        kind = "" if test.tag == f"{_SCH}assert" else "report "
        self._tests.append(SchematronTest(name, role, target.context, f"{kind}{condition.strip()}", text))


def _words(element: etree._Element) -> Iterator[str]:
    """The words of a test; a value of the message would be personal data, so `…` stands for it."""
    yield element.text or ""
    for part in element:
        if isinstance(part.tag, str):
            if part.tag in _QUOTING:
                yield "…"
            elif part.tag in _INLINE:
                yield from _words(part)
            else:
                raise UnknownSchematron(f"{part.tag} in {element.tag}")
        yield part.tail or ""


def _walk(contexts: list[str]) -> str:
    """Which children to visit: attributes and text only where a context may be one."""
    bare = [_without_predicates(context) for context in contexts]
    steps = ["*"]
    if any("@" in context or "attribute" in context or "(" in context for context in bare):
        steps.insert(0, "@*")
    if any("text(" in c or "comment(" in c or "processing-instruction(" in c for c in bare):
        steps[-1] = "node()"
    return "|".join(steps)


def _without_predicates(expression: str) -> str:
    depth, kept = 0, []
    for character in expression:
        depth -= character == "]"
        if not depth:
            kept.append(character)
        depth += character == "["
    return "".join(kept)


def _harmless(element: etree._Element) -> etree._Element:
    """A function or key of XSLT that only computes. Raises UnknownSchematron."""
    for part in element.iter():
        if not isinstance(part.tag, str):
            continue
        if part is not element and part.tag not in _FUNCTION_PARTS:
            raise UnknownSchematron(f"{part.tag} inside {element.tag}")
        for value in part.attrib.values():
            _inside(str(value))
    return element


def _inside(expression: str) -> str:
    if _OUTSIDE.search(expression):
        raise UnknownSchematron(f"an expression that looks outside the message: {expression[:80]}")
    return expression


def _say(parent: etree._Element, text: str) -> None:
    _add(parent, "text").text = text


def _place(parent: etree._Element) -> None:
    _add(parent, "value-of", select=f"concat('{SEPARATOR}', path(.), codepoints-to-string(10))")


def _variable(parent: etree._Element, let: etree._Element) -> None:
    value = let.get("value")
    if value is None or len(let):
        raise UnknownSchematron(f"{let.tag} without value")
    _add(parent, "variable", name=_must(let, "name"), select=_inside(value))


def _add(parent: etree._Element, name: str, /, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{_XSL}}}{name}", attributes)


def _must(element: etree._Element, attribute: str) -> str:
    value = element.get(attribute)
    if value is None:
        raise UnknownSchematron(f"{element.tag} without {attribute}")
    return _inside(value) if attribute in ("test", "context", "select", "value") else value


def _parts(
    parent: etree._Element, *known: str, also: set[str] | frozenset[str] = frozenset()
) -> Iterator[etree._Element]:
    for child in parent:
        if not isinstance(child.tag, str) or child.tag in _DOCUMENTATION:
            continue
        if child.tag not in also and child.tag not in [f"{_SCH}{name}" for name in known]:
            raise UnknownSchematron(f"{child.tag} in {parent.tag}")
        yield child

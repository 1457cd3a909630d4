"""A small Schematron compiler: ISO Schematron (xslt2 binding) to one XSLT 2.0 stylesheet. Test side only.

Covered: ns, let, pattern, rule, assert, report, value-of. Anything else stops the compilation, so that no
rule is lost in silence. What is easily got wrong (stack page, pitfall 7):

* rules may have attributes as context, so the walk goes over `@*|*`;
* within a pattern the first rule that matches wins: templates get descending priorities;
* an assert may lack an id: it is then called by its place, `<schema>#p<pattern>r<rule>a<assert>`;
* severity is in `role`, else in `flag`, else it is an error.

The stylesheet writes one line for each assert that fails and each report that holds:
id, role and message, separated by U+241F.
"""

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

SEPARATOR: Final = "\u241f"
_SCH: Final = "{http://purl.oclc.org/dsdl/schematron}"
_XSL: Final = "http://www.w3.org/1999/XSL/Transform"


class UnknownSchematron(ValueError):  # noqa: N818
    """The schema uses something that this compiler does not know."""


def compile_schematron(schema: etree._Element, name: str) -> str:
    """The XSLT text for a parsed `sch:schema`; `name` stands in for missing ids. Raises UnknownSchematron."""
    namespaces = {_must(ns, "prefix"): _must(ns, "uri") for ns in schema.iterfind(f"{_SCH}ns")}
    sheet = etree.Element(f"{{{_XSL}}}stylesheet", {"version": "2.0"}, {"xsl": _XSL} | namespaces)
    _add(sheet, "output", method="text", encoding="UTF-8")
    start = _add(sheet, "template", match="/")
    number = 0
    for child in _parts(schema, "let", "pattern"):
        if child.tag == f"{_SCH}let":
            _variable(sheet, child)
            continue
        number += 1
        _add(start, "apply-templates", select="/", mode=f"p{number}")
        _pattern(sheet, child, name, number)
    return etree.tostring(sheet, encoding="unicode")


def _pattern(sheet: etree._Element, pattern: etree._Element, name: str, number: int) -> None:
    mode = f"p{number}"
    through = _add(sheet, "template", match="/|*", mode=mode, priority="0")
    _add(through, "apply-templates", select="@*|*", mode=mode)
    _add(sheet, "template", match="@*|text()|comment()|processing-instruction()", mode=mode, priority="0")
    rules = list(_parts(pattern, "rule"))
    for place, rule in enumerate(rules, 1):
        template = _add(sheet, "template", match=_must(rule, "context"), mode=mode)
        template.set("priority", str(1 + len(rules) - place))
        tests = 0
        for child in _parts(rule, "let", "assert", "report"):
            if child.tag == f"{_SCH}let":
                _variable(template, child)
                continue
            tests += 1
            _test(template, child, f"{name}#p{number}r{place}a{tests}")
        _add(template, "apply-templates", select="@*|*", mode=mode)


def _test(template: etree._Element, test: etree._Element, unnamed: str) -> None:
    condition = _must(test, "test")
    fired = _add(template, "if", test=f"not({condition})" if test.tag == f"{_SCH}assert" else condition)
    role = (test.get("role") or test.get("flag") or "error").lower()
    _say(fired, SEPARATOR.join((test.get("id") or unnamed, role, test.text or "")))
    for part in _parts(test, "value-of"):
        _add(fired, "value-of", select=f"normalize-space(string-join({_must(part, 'select')}, ' '))")
        _say(fired, part.tail)
    _add(fired, "value-of", select="codepoints-to-string(10)")


def _say(parent: etree._Element, text: str | None) -> None:
    if text:
        _add(parent, "text").text = re.sub(r"\s+", " ", text)


def _variable(parent: etree._Element, let: etree._Element) -> None:
    _add(parent, "variable", name=_must(let, "name"), select=_must(let, "value"))


def _add(parent: etree._Element, name: str, /, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{_XSL}}}{name}", attributes)


def _must(element: etree._Element, attribute: str) -> str:
    value = element.get(attribute)
    if value is None:
        raise UnknownSchematron(f"{element.tag} without {attribute}")
    return value


def _parts(parent: etree._Element, *known: str) -> Iterator[etree._Element]:
    for child in parent:
        if not isinstance(child.tag, str) or child.tag in (f"{_SCH}ns", f"{_SCH}title", f"{_SCH}p"):
            continue
        if child.tag not in [f"{_SCH}{name}" for name in known]:
            raise UnknownSchematron(f"{child.tag} in {parent.tag}")
        yield child

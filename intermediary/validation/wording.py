"""From one libxml2 schema error to a finding that a person can act on and that quotes no value.

libxml2's own sentences quote the values of the message, which are personal data. So nothing of them is
kept but the error's type and the names of elements, attributes and types, which are the schema's.
Source: libxml2 error codes xmlSchemaValidError (XML Schema 1.0 part 1, validation rules cvc-*).
"""

import re
from dataclasses import dataclass
from typing import Final, cast

from lxml import etree

from intermediary.validation.explaining import UNASKED, Errors, Expectation, expectation, listed
from intermediary.validation.model import Finding, Severity
from intermediary.validation.sentences import LANGUAGES, Pair, Sentences

PREFIXES: Final = {
    "urn:oasis:names:tc:ebxml-regrep:xsd:query:4.0": "query",
    "urn:oasis:names:tc:ebxml-regrep:xsd:rim:4.0": "rim",
    "urn:oasis:names:tc:ebxml-regrep:xsd:rs:4.0": "rs",
    "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:4.0": "lcm",
    "http://data.europa.eu/p4s": "sdg",
    "http://docs.oasis-open.org/ebxml-msg/ebms/v3.0/ns/core/200704/": "eb",
    "http://docs.oasis-open.org/ebxml-bp/ebbp-signals-2.0": "ebbp",
    "http://www.w3.org/2000/09/xmldsig#": "ds",
    "http://www.w3.org/2003/05/soap-envelope": "env",
    "http://www.w3.org/2001/XMLSchema": "xs",
    "http://www.w3.org/2001/XMLSchema-instance": "xsi",
    "http://www.w3.org/1999/xlink": "xlink",
    "http://www.w3.org/XML/1998/namespace": "xml",
}
"""Namespace to the prefix that findings use, whatever the message itself uses."""

_DATATYPE: Final = "SCHEMAV_CVC_DATATYPE_VALID_"
_CONSEQUENCES: Final = {
    "SCHEMAV_CVC_TYPE_2": ("SCHEMAV_CVC_ELT_4_",),
    _DATATYPE: tuple(kind for kind in LANGUAGES[0][1].words if kind.endswith("_VALID")),
}
"""Errors that libxml2 reports only because it has just reported another one at the same node."""

_WHOLE: Final = 50_000
"""libxml2 cuts its messages at 64,000 characters; what ends a cut one may be the message's own text."""
_SUBJECT = re.compile(r"Element '([^']*)'(?:, attribute '([^']*)')?: ")
_TYPE = re.compile(r"type '(xs:[A-Za-z]+)'\.\s*\Z")
_MISSING: Final = "Missing child element"
_MANY: Final = 10
"""Expected elements that libxml2 names at most."""
_REQUIRED = re.compile(r"The attribute '([^']*)' is required but missing\.\s*\Z")
_EXPECTED = re.compile(r"Expected is (?:one of )?\( ([^()]*) \)\.\s*\Z")


def follows(entry: etree._LogEntry, previous: etree._LogEntry) -> bool:
    """Whether an entry of the error log says nothing that the previous one has not said better."""
    if (entry.path or "").partition("/@")[0] != (previous.path or "").partition("/@")[0]:
        return False
    return any(
        entry.type_name.startswith(kind) and previous.type_name.startswith(causes)
        for kind, causes in _CONSEQUENCES.items()
    )


def explain(entry: etree._LogEntry, root: etree._Element, source: str, errors: Errors = UNASKED) -> Finding:
    """The finding for one entry of a schema's error log on `root`.

    `errors` is what `Explainer.ask` found, for sentences that say more.
    """
    node = place_of(entry, root)
    subject = _SUBJECT.match(entry.message)
    attribute = _short(subject[2]) if subject and subject[2] else None
    rest = entry.message[subject.end() :] if subject and len(entry.message) < _WHOLE else ""
    better = None
    if node is not None and rest:
        missing = rest.startswith(_MISSING)
        better = expectation(entry.type_name, node, attribute, errors, missing=missing)
    fault = _Fault(entry.type_name, subject and _short(subject[1]), attribute, rest, better or Expectation())
    told = [(language, *_sentence(fault, say)) for language, say in LANGUAGES]
    place = xpath_of(root if node is None else node)
    if attribute and subject:
        unknown = subject[2].startswith("{") and ":" not in attribute
        place += f"/@*[local-name()='{attribute}']" if unknown else f"/@{attribute}"
    line = cast("int | None", entry.line if node is None else node.sourceline)
    (_, text, remedy), *others = told
    return Finding(
        f"XSD:{entry.type_name}",
        Severity.ERROR,
        place,
        line,
        text,
        remedy,
        source,
        expected=_expected(fault),
        translations=tuple(others),
    )


@dataclass(frozen=True, slots=True)
class _Fault:
    """What libxml2 said (`rest` is its sentence without the subject), and what `xmlschema` adds."""

    kind: str
    element: str | None
    attribute: str | None
    rest: str
    better: Expectation

    @property
    def children(self) -> tuple[str, ...]:
        """The elements that may stand there: libxml2 names them all, but no more than ten."""
        match = _EXPECTED.search(self.rest)
        names = [_short(name.strip()) for name in match[1].split(",")] if match else []
        # A wildcard reads "##other{…}*": no name to tell.
        told = tuple(name for name in names if not name.startswith("##"))
        needed = tuple(map(_short, self.better.names))
        if self.rest.startswith(_MISSING):
            return needed or told
        return told if told and len(names) < _MANY else tuple(dict.fromkeys((*told, *needed)))


def _expected(fault: _Fault) -> str | None:
    """The same in every language: names, values, a bound or a type."""
    better = fault.better
    if fault.kind == "SCHEMAV_ELEMENT_CONTENT":
        return ", ".join(fault.children) if better.parent and fault.children else None
    named = sorted(map(_short, better.names))
    return ", ".join(named or better.values) or better.limit or _short(better.type) or None


def _sentence(fault: _Fault, say: Sentences) -> Pair:
    """What is demanded and what to do."""
    kind, attribute, better = fault.kind, fault.attribute, fault.better
    gaps = {"element": fault.element or say.the_element, "attribute": attribute or ""}
    gaps["what"] = (say.attribute_value if attribute else say.value).format_map(gaps)
    gaps["listed"] = listed(sorted(map(_short, better.names)) or better.values, say.or_)
    gaps["limit"] = better.limit
    pair = say.words.get(kind, say.other)
    if kind == "SCHEMAV_ELEMENT_CONTENT":
        pair = _content(gaps, fault, say)
    elif kind == "SCHEMAV_CVC_COMPLEX_TYPE_4":
        missing = _REQUIRED.search(fault.rest)
        named = {"attribute": _short(missing[1])} if missing else {}
        gaps["attribute"] = say.the_attribute.format_map(named) if named else say.some_attribute
        pair = say.missing_attribute
    elif kind.startswith(_DATATYPE):
        found = _TYPE.search(fault.rest)
        form = say.forms.get(found[1]) if found else None
        gaps["form"] = form or ""
        pair = say.datatype if form else say.some_datatype
    elif better.limit:
        pair = (say.bounds.get(kind, pair[0]), pair[1])
    elif better.values:
        pair = say.one_of
    elif better.names:
        pair = (pair[0], say.choices.get(kind, pair[1]))
    text, remedy = pair
    return text.format_map(gaps), remedy.format_map(gaps)


def _content(gaps: dict[str, str], fault: _Fault, say: Sentences) -> Pair:
    better = fault.better
    gaps["listed"] = listed(fault.children, say.or_)
    gaps |= {"parent": _short(better.parent), "previous": _short(better.previous)}
    if fault.rest.startswith(_MISSING):
        text, remedy = say.incomplete if gaps["listed"] else say.incomplete_somehow
        if better.names:
            text = say.needs_after if better.previous else say.needs
        return text, remedy
    text, remedy = say.unexpected if gaps["listed"] else say.unexpected_somehow
    if better.most:
        gaps["times"] = say.once if better.most == 1 else say.times.format(number=better.most)
        return say.too_many
    if better.previous:
        text = say.after if gaps["listed"] else say.after_all
    elif better.first and gaps["listed"]:
        text = say.begins
    return text, say.stranger if better.stranger else remedy


def _short(name: str) -> str:
    """`{namespace}local` as prefix:local; an unknown namespace is left out."""
    if not name.startswith("{"):
        return name
    namespace, _, local = name[1:].rpartition("}")
    prefix = PREFIXES.get(namespace)
    return f"{prefix}:{local}" if prefix else local


def place_of(entry: etree._LogEntry, root: etree._Element) -> etree._Element | None:
    """The element that an entry of the error log is about; None where its path leads nowhere."""
    return _find(root, entry.path or "")


def _find(root: etree._Element, path: str) -> etree._Element | None:
    """The element at a libxml2 node path, whose prefixes are those of the message, one by one."""
    steps = [step for step in path.split("/") if step]
    node: etree._Element | None = root
    for step in steps[1:]:
        if step.startswith(("@", "text()")):
            break
        name, _, rest = step.partition("[")
        position = int(rest.rstrip("]") or 1)
        prefix, _, local = name.rpartition(":")
        children = (
            child
            for child in (node if node is not None else ())
            if isinstance(child.tag, str)
            and (name == "*" or ((child.prefix or "") == prefix and etree.QName(child).localname == local))
        )
        node = next((child for number, child in enumerate(children, 1) if number == position), None)
        if node is None:
            return None
    return node


def xpath_of(node: etree._Element) -> str:
    """An XPath with the prefixes of PREFIXES; a position wherever an element of that name has siblings."""
    steps = []
    current: etree._Element | None = node
    while current is not None:
        name = etree.QName(current)
        prefix = PREFIXES.get(name.namespace or "") or current.prefix
        step = f"{prefix}:{name.localname}" if prefix else f"*[local-name()='{name.localname}']"
        before = sum(1 for _ in current.itersiblings(current.tag, preceding=True))
        if before or next(current.itersiblings(current.tag), None) is not None:
            step += f"[{before + 1}]"
        steps.append(step)
        current = current.getparent()
    return "/" + "/".join(reversed(steps))

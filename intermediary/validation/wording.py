"""From one libxml2 schema error to a finding that a person can act on and that quotes no value.

libxml2's own sentences quote the values of the message, which are personal data. So nothing of them is
kept but the error's type and the names of elements, attributes and types, which are the schema's.
Source: libxml2 error codes xmlSchemaValidError (XML Schema 1.0 part 1, validation rules cvc-*).
"""

import re
from typing import Final, cast

from lxml import etree

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


def explain(entry: etree._LogEntry, root: etree._Element, source: str) -> Finding:
    """The finding for one entry of a schema's error log on `root`."""
    subject = _SUBJECT.match(entry.message)
    attribute = _short(subject[2]) if subject and subject[2] else None
    rest = entry.message[subject.end() :] if subject and len(entry.message) < _WHOLE else ""
    told = [
        (language, *_sentence(entry.type_name, subject and _short(subject[1]), attribute, rest, say))
        for language, say in LANGUAGES
    ]
    node = _find(root, entry.path or "")
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
        translations=tuple(others),
    )


def _sentence(kind: str, element: str | None, attribute: str | None, rest: str, say: Sentences) -> Pair:
    """What is demanded and what to do; `rest` is libxml2's sentence without its subject."""
    gaps = {"element": element or say.the_element, "attribute": attribute or ""}
    gaps["what"] = (say.attribute_value if attribute else say.value).format_map(gaps)
    pair = say.words.get(kind, say.other)
    if kind == "SCHEMAV_ELEMENT_CONTENT":
        pair = _content(gaps, rest, say)
    elif kind == "SCHEMAV_CVC_COMPLEX_TYPE_4":
        missing = _REQUIRED.search(rest)
        named = {"attribute": _short(missing[1])} if missing else {}
        gaps["attribute"] = say.the_attribute.format_map(named) if named else say.some_attribute
        pair = say.missing_attribute
    elif kind.startswith(_DATATYPE):
        found = _TYPE.search(rest)
        form = say.forms.get(found[1]) if found else None
        gaps["form"] = form or ""
        pair = say.datatype if form else say.some_datatype
    text, remedy = pair
    return text.format_map(gaps), remedy.format_map(gaps)


def _content(gaps: dict[str, str], rest: str, say: Sentences) -> Pair:
    match = _EXPECTED.search(rest)
    names = [_short(name.strip()) for name in match[1].split(",")] if match else []
    # A wildcard reads "##other{…}*": no name to tell.
    gaps["listed"] = say.or_.join(name for name in names if not name.startswith("##"))
    if rest.startswith("Missing child element"):
        return say.incomplete if gaps["listed"] else say.incomplete_somehow
    return say.unexpected if gaps["listed"] else say.unexpected_somehow


def _short(name: str) -> str:
    """`{namespace}local` as prefix:local; an unknown namespace is left out."""
    if not name.startswith("{"):
        return name
    namespace, _, local = name[1:].rpartition("}")
    prefix = PREFIXES.get(namespace)
    return f"{prefix}:{local}" if prefix else local


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

"""From one libxml2 schema error to a finding that a person can act on and that quotes no value.

libxml2's own sentences quote the values of the message, which are personal data. So nothing of them is
kept but the error's type and the names of elements, attributes and types, which are the schema's.
Source: libxml2 error codes xmlSchemaValidError (XML Schema 1.0 part 1, validation rules cvc-*).
"""

import re
from typing import Final, cast

from lxml import etree

from intermediary.validation.model import Finding, Severity

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

_FORMS: Final = {
    "xs:date": "a date, such as 2026-05-31",
    "xs:dateTime": "a date and time with zone, such as 2026-05-31T12:00:00Z",
    "xs:duration": "a duration, such as P1D",
    "xs:boolean": "true or false",
    "xs:integer": "a whole number",
    "xs:nonNegativeInteger": "a whole number, zero or more",
    "xs:float": "a number",
    "xs:anyURI": "a URI",
    "xs:base64Binary": "base64",
    "xs:language": "a language tag",
    "xs:NCName": "a name without colon",
    "xs:ID": "an identifier that is unique in the document",
    "xs:token": "a text without line breaks",
}
_WORDS: Final = {
    "SCHEMAV_CVC_MAXLENGTH_VALID": ("{what} is longer than allowed.", "Shorten it."),
    "SCHEMAV_CVC_MINLENGTH_VALID": ("{what} is shorter than allowed.", "Fill it in or leave it out."),
    "SCHEMAV_CVC_LENGTH_VALID": ("{what} has not the length required.", "Correct its length."),
    "SCHEMAV_CVC_PATTERN_VALID": (
        "{what} has not the form required.",
        "Write it as the schema's pattern says.",
    ),
    "SCHEMAV_CVC_ENUMERATION_VALID": (
        "{what} is none of those allowed.",
        "Use a value that the schema lists.",
    ),
    "SCHEMAV_CVC_MININCLUSIVE_VALID": ("{what} is below the least one allowed.", "Correct it."),
    "SCHEMAV_CVC_MAXINCLUSIVE_VALID": ("{what} is above the greatest one allowed.", "Correct it."),
    "SCHEMAV_CVC_MINEXCLUSIVE_VALID": ("{what} is below the least one allowed.", "Correct it."),
    "SCHEMAV_CVC_MAXEXCLUSIVE_VALID": ("{what} is above the greatest one allowed.", "Correct it."),
    "SCHEMAV_CVC_TOTALDIGITS_VALID": ("{what} has too many digits.", "Correct it."),
    "SCHEMAV_CVC_FRACTIONDIGITS_VALID": ("{what} has too many digits after the point.", "Correct it."),
    "SCHEMAV_CVC_AU": ("{what} is fixed by the schema.", "Use the fixed value, or leave it out."),
    "SCHEMAV_CVC_COMPLEX_TYPE_2_1": ("{element} must be empty.", "Remove everything inside {element}."),
    "SCHEMAV_CVC_COMPLEX_TYPE_2_2": (
        "{element} must hold text only, no elements.",
        "Remove the elements inside {element}.",
    ),
    "SCHEMAV_CVC_COMPLEX_TYPE_2_3": (
        "{element} must hold elements only, no text.",
        "Remove the text directly inside {element}.",
    ),
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_1": (
        "{element} must not have the attribute {attribute}.",
        "Remove the attribute {attribute}.",
    ),
    "SCHEMAV_CVC_TYPE_3_1_1": ("{element} must have no attributes.", "Remove the attributes of {element}."),
    "SCHEMAV_CVC_TYPE_3_1_2": (
        "{element} must hold text only, no elements.",
        "Remove the elements inside {element}.",
    ),
    "SCHEMAV_CVC_TYPE_2": (
        "{element} must say with xsi:type which kind of value it holds.",
        "Add xsi:type to {element}, such as rim:StringValueType.",
    ),
    "SCHEMAV_CVC_ELT_1": (
        "{element} is not known to this release, or not as the root of a message.",
        "Check the element's name, its namespace and the release that the message names.",
    ),
    "SCHEMAV_CVC_ELT_2": ("{element} is abstract.", "Use one of the elements that stand for it."),
} | dict.fromkeys(
    ("SCHEMAV_CVC_ELT_4_1", "SCHEMAV_CVC_ELT_4_2", "SCHEMAV_CVC_ELT_4_3"),
    (
        "The attribute xsi:type of {element} must name a type of the schema that fits here.",
        "Use a type of the schema; declare the prefix used in the attribute's value.",
    ),
)
"""Error type to what is demanded and what to do."""
_OTHER: Final = ("{element} does not agree with the schema.", "Compare it with the schema of this release.")
_DATATYPE: Final = "SCHEMAV_CVC_DATATYPE_VALID_"
_CONSEQUENCES: Final = {
    "SCHEMAV_CVC_TYPE_2": ("SCHEMAV_CVC_ELT_4_",),
    _DATATYPE: tuple(kind for kind in _WORDS if kind.endswith("_VALID")),
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
    element = _short(subject[1]) if subject else "the element"
    attribute = _short(subject[2]) if subject and subject[2] else None
    rest = entry.message[subject.end() :] if subject and len(entry.message) < _WHOLE else ""
    text, remedy = _sentence(entry.type_name, element, attribute, rest)
    node = _find(root, entry.path or "")
    place = xpath_of(root if node is None else node)
    if attribute and subject:
        unknown = subject[2].startswith("{") and ":" not in attribute
        place += f"/@*[local-name()='{attribute}']" if unknown else f"/@{attribute}"
    line = cast("int | None", entry.line if node is None else node.sourceline)
    return Finding(f"XSD:{entry.type_name}", Severity.ERROR, place, line, text, remedy, source)


def _sentence(kind: str, element: str, attribute: str | None, rest: str) -> tuple[str, str]:
    """What is demanded and what to do; `rest` is libxml2's sentence without its subject."""
    what = f"The value of the attribute {attribute} of {element}" if attribute else f"The value of {element}"
    if kind == "SCHEMAV_ELEMENT_CONTENT":
        return _content(element, rest)
    if kind == "SCHEMAV_CVC_COMPLEX_TYPE_4":
        missing = _REQUIRED.search(rest)
        name = f"the attribute {_short(missing[1])}" if missing else "an attribute that the schema requires"
        return f"{element} must have {name}.", f"Add {name} to {element}."
    if kind.startswith(_DATATYPE):
        named = _TYPE.search(rest)
        form = _FORMS.get(named[1]) if named else None
        if form:
            return f"{what} must be {form}.", f"Write {form}."
        return f"{what} is not of the type required.", "Write it as the schema's type demands."
    text, remedy = _WORDS.get(kind, _OTHER)
    words = {"what": what, "element": element, "attribute": attribute}
    return text.format(**words), remedy.format(**words)


def _content(element: str, rest: str) -> tuple[str, str]:
    match = _EXPECTED.search(rest)
    names = [_short(name.strip()) for name in match[1].split(",")] if match else []
    # A wildcard reads "##other{…}*": no name to tell.
    listed = " or ".join(name for name in names if not name.startswith("##"))
    if rest.startswith("Missing child element"):
        return f"{element} is incomplete.", f"Add {listed} inside {element}." if listed else "Complete it."
    text = f"{element} is not expected here."
    if listed:
        return text, f"Write {listed} here, or move {element} to its place in the order of the schema."
    return text, f"Remove {element}, or move it to its place in the order of the schema."


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

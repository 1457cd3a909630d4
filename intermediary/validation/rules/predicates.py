"""The checks that rules are made of: small, total, without state. Each returns a `Check`.

XPath 2.0 decides what they do, since the official rules are written in it: a comparison with several nodes
holds if one of them fits; `matches` searches, it is not anchored; white space is that of XML only. Where the
official expression ends in a dynamic error (several nodes where one is expected), the check says no.
"""

import re
from collections.abc import Callable, Container, Iterable
from typing import Final

from lxml import etree

from intermediary.validation.rules.model import Check, Holds, Offenders
from intermediary.validation.wording import PREFIXES

_URIS: Final = {prefix: uri for uri, prefix in PREFIXES.items()}
WHITE: Final = " \t\r\n"
SLOT: Final = f"{{{_URIS['rim']}}}Slot"
VALUE: Final = f"{{{_URIS['rim']}}}Value"
XSI_TYPE: Final = f"{{{_URIS['xsi']}}}type"


def clark(name: str) -> str:
    """`rim:Slot` as `{namespace}Slot`; a name without prefix stays as it is."""
    prefix, colon, local = name.rpartition(":")
    return f"{{{_URIS[prefix]}}}{local}" if colon else name


def string(element: etree._Element) -> str:
    """The string value of an element: all text in it, in order."""
    if not len(element):
        return element.text or ""
    return str(element.xpath("string()"))


def own_text(element: etree._Element) -> str | None:
    """The element's one text node, trimmed; empty without any, None where comments or elements split it."""
    if not len(element):
        return (element.text or "").strip(WHITE)
    nodes = [text for text in (element.text, *(child.tail for child in element)) if text]
    return None if len(nodes) > 1 else "".join(nodes).strip(WHITE)


def _children(element: etree._Element, name: str) -> list[etree._Element]:
    return list(element.iterchildren(name))


# --- slots and children


def slots(element: etree._Element, name: str) -> int:
    """How many slots of that name the element has."""
    return [child.get("name") for child in element.iterchildren(SLOT)].count(name)


def one_slot(name: str) -> Check:
    """Exactly one slot of that name."""
    return Check("one_slot", lambda e: slots(e, name) == 1, {"slot": name}, f"/rim:Slot[@name='{name}']")


def at_most_one_slot(name: str) -> Check:
    """No second slot of that name."""
    return Check("at_most_one_slot", lambda e: slots(e, name) < 2, {"slot": name})


def one_of_slots(*names: str) -> Check:
    """Exactly one slot among those named."""
    return Check(
        "one_of_slots", lambda e: sum(slots(e, name) for name in names) == 1, {"slots": " / ".join(names)}
    )


def no_other_slot(*names: str) -> Check:
    """The slot (not its parent) bears one of the names."""
    known = frozenset(names)
    return Check("no_other_slot", lambda e: e.get("name") in known, expected=", ".join(names))


def has(*names: str) -> Check:
    """At least one child of each name."""
    wanted = [clark(name) for name in names]

    def holds(element: etree._Element) -> bool:
        return all(next(element.iterchildren(name), None) is not None for name in wanted)

    return Check("has", holds, {"children": ", ".join(names)})


def has_any(*names: str) -> Check:
    """A child of one of the names."""
    wanted = [clark(name) for name in names]
    return Check(
        "has_any", lambda e: next(e.iterchildren(*wanted), None) is not None, {"children": " / ".join(names)}
    )


def has_not(name: str) -> Check:
    """No child of that name."""
    wanted = clark(name)
    return Check("has_not", lambda e: next(e.iterchildren(wanted), None) is None, {"child": name}, f"/{name}")


def count(name: str, least: int = 0, most: int | None = None) -> Check:
    """Between `least` and `most` children of that name."""
    wanted = clark(name)

    def holds(element: etree._Element) -> bool:
        number = len(_children(element, wanted))
        return least <= number and (most is None or number <= most)

    bounds = f"{least}" if least == most else f"{least}..{'*' if most is None else most}"
    return Check("count", holds, {"child": name, "bounds": bounds}, expected=bounds)


def filled(name: str) -> Check:
    """Exactly one child of that name, with text in it: `not(normalize-space(x)='')`."""
    wanted = clark(name)

    def holds(element: etree._Element) -> bool:
        found = _children(element, wanted)
        return len(found) == 1 and bool(string(found[0]).strip(WHITE))

    return Check("filled", holds, {"child": name}, f"/{name}")


# --- attributes


def attribute(name: str) -> Check:
    """The attribute is there (it may be empty)."""
    wanted = clark(name)
    return Check("attribute", lambda e: wanted in e.attrib, {"attribute": name}, f"/@{name}")


def attribute_filled(name: str) -> Check:
    """The attribute is there and not blank."""
    wanted = clark(name)
    return Check("attribute_filled", lambda e: bool((e.get(wanted) or "").strip(WHITE)), {"attribute": name})


def attribute_is(name: str, *values: str) -> Check:
    """The attribute has one of the values, to the letter."""
    wanted, allowed = clark(name), frozenset(values)
    return Check(
        "attribute_is",
        lambda e: e.get(wanted) in allowed,
        {"attribute": name},
        f"/@{name}",
        " | ".join(values),
        lambda e: e.get(wanted),
    )


def attribute_in(name: str, codes: Container[str], listed: str) -> Check:
    """The attribute, where there is one, is a code of the list."""
    wanted = clark(name)

    def holds(element: etree._Element) -> bool:
        value = element.get(wanted)
        return value is None or value in codes

    return Check(
        "attribute_in",
        holds,
        {"attribute": name, "list": listed},
        f"/@{name}",
        listed,
        lambda e: e.get(wanted),
    )


def attribute_matches(name: str, pattern: str, form: str) -> Check:
    """The attribute, where there is one, holds the pattern; `form` describes it."""
    wanted, search = clark(name), re.compile(pattern).search

    def holds(element: etree._Element) -> bool:
        value = element.get(wanted)
        return value is None or search(value.strip(WHITE)) is not None

    return Check("attribute_matches", holds, {"attribute": name, "form": form}, f"/@{name}", form)


def required_attribute_matches(name: str, pattern: str, form: str) -> Check:
    """The attribute (without one, the empty text) holds the pattern, untrimmed: `matches(@x, …)`."""
    wanted, search = clark(name), re.compile(pattern).search
    return Check(
        "attribute_matches",
        lambda e: search(e.get(wanted, "")) is not None,
        {"attribute": name, "form": form},
        f"/@{name}",
        form,
    )


def typed(*types: str) -> Check:
    """`xsi:type` names one of the types; the prefix is resolved, not compared."""
    allowed = frozenset(clark(name) for name in types)
    return Check(
        "typed", lambda e: type_of(e) in allowed, {"type": " / ".join(types)}, "/@xsi:type", " | ".join(types)
    )


def type_of(element: etree._Element) -> str | None:
    """The type that `xsi:type` names, as `{namespace}local`; None where it names none."""
    value = element.get(XSI_TYPE)
    if value is None:
        return None
    prefix, _, local = value.strip(WHITE).rpartition(":")
    # An element's own prefix is bound to its own namespace: no look at all the declarations in scope.
    if prefix and prefix == element.prefix:
        return element.tag[: element.tag.index("}") + 1] + local
    uri = element.nsmap.get(prefix or None)
    return f"{{{uri}}}{local}" if uri else local


# --- values


def value_in(codes: Container[str], listed: str, *, technical: bool = True) -> Check:
    """The element's string is a code of the list, to the letter."""
    seen = string if technical else None
    return Check("value_in", lambda e: string(e) in codes, {"list": listed}, "", listed, seen)


def value_matches(pattern: str, form: str, *, technical: bool = False) -> Check:
    """The element's string, trimmed, holds the pattern; `form` describes it for a reader."""
    search = re.compile(pattern).search
    return Check(
        "value_matches",
        lambda e: search(string(e).strip(WHITE)) is not None,
        {"form": form},
        "",
        form,
        string if technical else None,
    )


def text_matches(pattern: str, form: str, *, technical: bool = False) -> Check:
    """As `value_matches`, but for the element's one text node: `matches(normalize-space(text()), …)`."""
    search = re.compile(pattern).search

    def holds(element: etree._Element) -> bool:
        text = own_text(element)
        return text is not None and search(text) is not None

    return Check("value_matches", holds, {"form": form}, "", form, string if technical else None)


def child_matches(name: str, pattern: str, form: str, *, technical: bool = False) -> Check:
    """The one child of that name (without one, the empty text) holds the pattern: `matches(x, …)`."""
    wanted, search = clark(name), re.compile(pattern).search

    def holds(element: etree._Element) -> bool:
        found = _children(element, wanted)
        return len(found) < 2 and search(string(found[0]) if found else "") is not None

    def seen(element: etree._Element) -> str | None:
        return next((string(child) for child in element.iterchildren(wanted)), None)

    return Check("value_matches", holds, {"form": form}, f"/{name}", form, seen if technical else None)


def child_is(name: str, *values: str) -> Check:
    """One child of that name has one of the values, to the letter."""
    wanted, allowed = clark(name), frozenset(values)

    def seen(element: etree._Element) -> str | None:
        return next((string(child) for child in element.iterchildren(wanted)), None)

    return Check(
        "child_is",
        lambda e: any(string(child) in allowed for child in element_children(e, wanted)),
        {"child": name},
        f"/{name}",
        " | ".join(values),
        seen,
    )


def element_children(element: etree._Element, name: str) -> Iterable[etree._Element]:
    """Children of that Clark name."""
    return element.iterchildren(name)


# --- putting together


def when(condition: Holds, check: Check) -> Check:
    """The check, asked only of elements for which the condition is true."""

    def holds(element: etree._Element) -> bool:
        return not condition(element) or check.holds(element)

    return Check(check.says, holds, check.words, check.at, check.expected, check.seen)


def none_of(
    says: str, offenders: Offenders, at: str = "", expected: str | None = None, **words: str
) -> Check:
    """A check on how the parts of an element relate: it names those to blame, best in linear time."""
    return Check(says, lambda e: not any(True for _ in offenders(e)), words, at, expected, None, offenders)


def demand(
    says: str,
    holds: Callable[[etree._Element], bool],
    at: str = "",
    expected: str | None = None,
    **words: str,
) -> Check:
    """A check of its own, with an entry `says` in the tables of words."""
    return Check(says, holds, words, at, expected)

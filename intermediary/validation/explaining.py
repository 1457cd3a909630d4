"""What the schema expects at a place that libxml2 has refused, asked of the `xmlschema` package.

libxml2 decides, and fast; it says little of why. So after a refusal the same schema, compiled once more by
`xmlschema` at its first use, is asked about the refused places only. All that is told is the schema's own:
names, listed values, bounds, types; the errors of `xmlschema` quote the message and go no further than here.
Where it accepts what libxml2 refuses, breaks, or the message is too large, there is nothing to tell.
Source: XML Schema 1.1 part 1 (class XMLSchema11: the 1.0 class drops schemas marked vc:minVersion="1.1").
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import Any, Final, cast

import xmlschema
from lxml import etree
from xmlschema.validators import (
    XMLSchemaChildrenValidationError,
    XMLSchemaDecodeError,
    XMLSchemaValidationError,
    XsdAttributeGroup,
    XsdElement,
    XsdEnumerationFacets,
    XsdGroup,
    XsdPatternFacets,
    XsdType,
)

from intermediary.validation.errors import SchemaUnusable

MOST: Final = 512 * 1024
"""Bytes of a message that is explained; a larger one is refused in libxml2's words alone."""
NODES: Final = 2_000
"""Children and attributes that are looked at in one refusal; `xmlschema` makes an error of each wrong one."""
_ATTRIBUTES: Final = 32
"""Attributes of an element that is looked into: an error of one costs a millisecond."""
_LISTED: Final = 16
"""Names or values in one sentence."""
_SDG: Final = "{http://data.europa.eu/p4s}"
_LOG = logging.getLogger(__name__)

Errors = Mapping[etree._Element, Sequence[XMLSchemaValidationError]]
UNASKED: Final[Errors] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the schema expects at one place, names as `{namespace}local`; nothing comes from the message."""

    names: tuple[str, ...] = ()
    """Elements that must follow, or attributes or types that are allowed."""
    values: tuple[str, ...] = ()
    """The values of an enumeration."""
    limit: str = ""
    """The bound of a facet: a number, or a pattern."""
    type: str = ""
    """The type demanded, where it has a name."""
    parent: str = ""
    previous: str = ""
    """The last child in its place, where the schema knows it."""
    most: int | None = None
    """How often the element may occur, where it has been there that often."""
    first: bool = False
    """True where nothing stands before it."""
    stranger: bool = False
    """True where the parent has no such child at all."""


class Explainer:
    """Explains refusals by the schemas in a folder; threads may share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._schemas: dict[str, xmlschema.XMLSchema11 | None] = {}
        # An `xmlschema` schema learns of xsi:types while it validates, so one question at a time.
        self._lock = Lock()

    def ask(self, root: etree._Element, path: str, places: Iterable[etree._Element]) -> Errors:
        """What `xmlschema` has against `places` under `root` by the schema at `path`; empty: nothing to tell.

        Only the ways from the root to the places are looked into: the time does not grow with the rest.
        """
        if len(etree.tostring(root)) > MOST:
            return UNASKED
        ways = {step for place in places for step in (place, *place.iterancestors())}

        left = NODES

        def passed_over(element: Any, _: XsdElement) -> bool:
            nonlocal left
            cost = 1 + len(element) + len(element.attrib)
            if element not in ways or cost > left or len(element.attrib) > _ATTRIBUTES:
                return True
            left -= cost
            return False

        found: dict[etree._Element, list[XMLSchemaValidationError]] = {}
        try:
            with self._lock:
                schema = self._schema(path)
                if schema is None:
                    return UNASKED
                # Nothing that a message says of where schemas lie is followed.
                errors = schema.iter_errors(
                    cast("Any", root), validation_hook=passed_over, use_location_hints=False
                )
                for error in errors:
                    if error.elem is not None:
                        found.setdefault(cast("etree._Element", error.elem), []).append(error)
        except Exception:
            # It breaks on some messages, such as by an unknown xsi:type. Its words may quote them: no log.
            return UNASKED
        return found

    def _schema(self, path: str) -> xmlschema.XMLSchema11 | None:
        if path not in self._schemas:
            self._schemas[path] = None
            try:
                self._schemas[path] = load(self._folder / path)
            except (xmlschema.XMLSchemaException, SchemaUnusable, OSError) as error:
                _LOG.warning("refusals by %s are not explained: %s", path, type(error).__name__)
        return self._schemas[path]


def load(path: Path) -> xmlschema.XMLSchema11:
    """The schema as `xmlschema` compiles it, from local files alone.

    Raises XMLSchemaException, and SchemaUnusable where a release of the EDM comes without the SDG's names:
    RegRep's lax wildcards would then accept anything in their place.
    """
    schema = xmlschema.XMLSchema11(str(path), allow="local")
    if path.parent.parent.name == "oots-edm" and not any(
        name.startswith(_SDG) for name in schema.maps.elements
    ):
        raise SchemaUnusable(f"The schema {path.name} has lost the namespace {_SDG}")
    return schema


def expectation(
    kind: str, node: etree._Element, attribute: str | None, errors: Errors, *, missing: bool
) -> Expectation | None:
    """What is expected where libxml2 says `kind` of `node` or its attribute; None: nothing better to say.

    `missing`: `node` lacks children, rather than standing in the wrong place itself.
    """
    if kind == "SCHEMAV_ELEMENT_CONTENT":
        return _incomplete(node, errors) if missing else _unexpected(node, errors)
    of_node = errors.get(node, ())
    if kind == "SCHEMAV_CVC_TYPE_2":
        return next((found for error in of_node if (found := _types(error.validator))), None)
    if kind == "SCHEMAV_CVC_COMPLEX_TYPE_3_2_1":
        return next((found for error in of_node if (found := _attributes(error.validator))), None)
    # `xmlschema` begins so whatever the value; a value cannot imitate it, since it comes behind.
    about = f"attribute {attribute}=" if attribute else ""
    for error in of_node:
        reason = error.reason or ""
        if reason.startswith(about) if attribute else not reason.startswith("attribute "):
            found = _facet(kind, error)
            if found is not None:
                return found
    return None


def _incomplete(node: etree._Element, errors: Errors) -> Expectation | None:
    for error in errors.get(node, ()):
        if isinstance(error, XMLSchemaChildrenValidationError) and error.invalid_tag is None:
            return _follow(error, node, len(node))
    return None


def _unexpected(node: etree._Element, errors: Errors) -> Expectation | None:
    parent = node.getparent()
    if parent is None:
        return None
    for error in errors.get(parent, ()):
        if (
            isinstance(error, XMLSchemaChildrenValidationError)
            and error.invalid_tag is not None
            and parent[error.index] is node
        ):
            return _follow(error, parent, error.index)
    return None


def _follow(
    error: XMLSchemaChildrenValidationError, parent: etree._Element, index: int
) -> Expectation | None:
    group = error.validator
    if not isinstance(group, XsdGroup):
        return None
    known = {each.name: each for each in group.iter_elements() if isinstance(each, XsdElement) and each.name}
    before = [str(child.tag) for child in islice(parent, index) if isinstance(child.tag, str)]
    tag = error.invalid_tag
    most = known[tag].max_occurs if tag in known else None
    spent = most is not None and before[-most:] == [tag] * most
    return Expectation(
        names=tuple(each.name for each in error.expected or () if each.name in known),
        parent=str(parent.tag),
        previous=before[-1] if before and before[-1] in known else "",
        most=most if spent else None,
        first=not before,
        stranger=tag is not None and not any(each.is_matching(tag) for each in group.iter_elements()),
    )


def _types(validator: object) -> Expectation | None:
    """Types that xsi:type may name where the declared one is abstract."""
    if not isinstance(validator, XsdElement) or not validator.type.is_complex():
        return None
    fitting = (
        each
        for each in validator.maps.types.values()
        if isinstance(each, XsdType) and each.is_complex() and not _abstract(each)
    )
    names = tuple(each.name for each in fitting if each.name and each.is_derived(validator.type))
    return Expectation(names=names) if names else None


def _abstract(each: XsdType) -> bool:
    return bool(getattr(each, "abstract", False))


def _attributes(validator: object) -> Expectation | None:
    if not isinstance(validator, XsdAttributeGroup):
        return None
    return Expectation(names=tuple(name for name in validator if name))


def _facet(kind: str, error: XMLSchemaValidationError) -> Expectation | None:
    """The allowed values, the bound or the type that a value misses."""
    rule = error.validator
    if kind == "SCHEMAV_CVC_ENUMERATION_VALID" and isinstance(rule, XsdEnumerationFacets):
        return Expectation(values=tuple(str(value) for value in rule.enumeration))
    if kind == "SCHEMAV_CVC_PATTERN_VALID" and isinstance(rule, XsdPatternFacets):
        return Expectation(limit=" | ".join(str(pattern) for pattern in rule.regexps))
    if kind.startswith("SCHEMAV_CVC_DATATYPE_VALID_") and isinstance(error, XMLSchemaDecodeError):
        name = getattr(rule, "name", None)
        return Expectation(type=name) if name else None
    facet = kind.removeprefix("SCHEMAV_CVC_").removesuffix("_VALID").lower()
    # XsdMaxLengthFacet and its like are many small classes; each knows the name of its facet.
    value = getattr(rule, "value", None)
    if value is not None and type(rule).__name__.lower() == f"xsd{facet}facet":
        return Expectation(limit=str(value))
    return None


def listed(names: Sequence[str], last: str) -> str:
    """`a, b or c`, with an end; `last` is the language's «or» with its spaces."""
    if len(names) > _LISTED:
        return f"{', '.join(names[:_LISTED])}, …"
    return last.join(filter(None, (", ".join(names[:-1]), names[-1] if names else "")))

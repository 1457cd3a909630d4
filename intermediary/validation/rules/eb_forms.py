"""What the rules of the Common Services share: forms, lists, checks across a whole submission."""

import re
from contextvars import ContextVar
from typing import Final

from lxml import etree

from intermediary.validation.codelists import code_list
from intermediary.validation.model import Severity
from intermediary.validation.rules import forms
from intermediary.validation.rules.compiled import CompiledRules, Failure
from intermediary.validation.rules.model import Check, Rule
from intermediary.validation.rules.predicates import (
    WHITE,
    attribute_matches,
    clark,
    demand,
    slots,
    string,
    type_of,
)

RELEASE: Final = "oots-cs:v1.0"
NEVER: Final = Severity.WARNING
"""For official rules that can never fail as they are written: told, but they refuse nothing."""

_UUID: Final = "[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}"
_HOST: Final = "https://sr.oots.tech.europa.eu"
UUID: Final = (rf"(?i){_UUID}\Z", "UUID (RFC 4122)")
BARE_UUID: Final = (rf"(?i)\A{_UUID}\Z", "UUID (RFC 4122)")
URN_UUID: Final = (rf"(?i)urn:uuid:{_UUID}\Z", "urn:uuid:UUID (RFC 4122)")
REQUIREMENT: Final = (rf"(?i){_HOST}/requirements/{_UUID}\Z", f"{_HOST}/requirements/UUID")
CLASSIFICATION: Final = (
    rf"(?i){_HOST}/evidencetypeclassifications/[a-z]{{2}}/{_UUID}\Z",
    f"{_HOST}/evidencetypeclassifications/XX/UUID",
)
DATA_MODEL: Final = (rf"\A{_HOST}/distributions/", f"{_HOST}/distributions/…")

SUCCESS: Final = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"
FAILURE: Final = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure"
ERROR: Final = "urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Error"
QUERY, RS, LCM = (f"urn:oasis:names:tc:ebxml-regrep:xsd:{name}:4.0" for name in ("query", "rs", "lcm"))
TYPES: Final = ("rs:ObjectNotFoundExceptionType", "rs:InvalidRequestExceptionType")
PROCEDURES: Final = code_list("procedures").codes
SEVERITIES: Final = code_list("error-severity").codes
LEVELS_OF_JURISDICTION: Final = code_list("jurisdiction-level").codes
PROCEDURE_LIST, SEVERITY_LIST, JURISDICTION_LIST = "Procedures", "ErrorSeverity", "JurisdictionLevel"

ANSWER: Final = "query:QueryResponse"
OBJECTS: Final = f"{ANSWER}/rim:RegistryObjectList/rim:RegistryObject"
EXCEPTION: Final = f"{ANSWER}/rs:Exception"
SUBMISSION: Final = "lcm:SubmitObjectsRequest"
SUBMITTED: Final = f"{SUBMISSION}/rim:RegistryObjectList/rim:RegistryObject"
ASSOCIATION: Final = "urn:oasis:names:tc:ebxml-regrep:AssociationType:"
_ASSOCIATION_TYPE: Final = clark("rim:AssociationType")


def typed_rules(context: str, number: str, kind: str, source: str, *exception_types: str) -> Rule:
    """`xsi:type` of an exception is one of those that the list of error codes names."""
    allowed = frozenset(map(clark, exception_types))
    check = demand(
        "typed",
        lambda e: type_of(e) is None or type_of(e) in allowed,
        "/@xsi:type",
        " | ".join(exception_types),
        type=" / ".join(exception_types),
    )
    return Rule(number, kind, context, check, source=source)


def document_element(name: str) -> Check:
    """The local name of the root element."""
    return demand(
        "document_element", lambda e: etree.QName(e).localname == name.partition(":")[2], expected=name
    )


def document_namespace(uri: str) -> Check:
    """The namespace of the root element."""
    return demand("document_namespace", lambda e: etree.QName(e).namespace == uri, expected=uri)


def some(path: str) -> Check:
    """At least one element at the path below."""
    wanted = _clark_path(path)
    return demand("has", lambda e: e.find(wanted) is not None, f"/{path}", children=path)


def some_slot(name: str) -> Check:
    """At least one object with a slot of that name."""
    wanted = f"{clark('rim:RegistryObject')}/{clark('rim:Slot')}"
    return demand(
        "some_slot", lambda e: any(slot.get("name") == name for slot in e.iterfind(wanted)), slot=name
    )


def has_slot(name: str) -> Check:
    """The slot is there, once or more."""
    return demand("one_slot_at_least", lambda e: slots(e, name) > 0, slot=name)


def exactly(path: str, number: int) -> Check:
    """That many elements at the path below."""
    wanted = _clark_path(path)
    bounds = str(number)
    return demand(
        "count", lambda e: len(e.findall(wanted)) == number, f"/{path}", bounds, child=path, bounds=bounds
    )


def none_empty(name: str) -> Check:
    """No child of that name whose string is empty: `not(x='')`."""
    wanted = clark(name)
    return demand(
        "none_empty", lambda e: all(string(c) for c in e.iterchildren(wanted)), f"/{name}", child=name
    )


def some_filled(name: str) -> Check:
    """At least one child of that name, and none of them blank."""
    wanted = clark(name)

    def holds(element: etree._Element) -> bool:
        found = [string(child).strip(WHITE) for child in element.iterchildren(wanted)]
        return bool(found) and all(found)

    return demand("some_filled", holds, f"/{name}", child=name)


def given(name: str) -> Check:
    """The attribute has at least one character: `string-length(@x)>0`."""
    return demand("attribute_filled", lambda e: bool(e.get(name)), f"/@{name}", attribute=name)


def own_id(pattern: str, form: str) -> Check:
    """The attribute `id`, empty where there is none, trimmed, holds the pattern."""
    search = re.compile(pattern).search
    return demand(
        "attribute_matches",
        lambda e: search(e.get("id", "").strip(WHITE)) is not None,
        "/@id", form, attribute="id", form=form,
    )  # fmt: skip


def object_id() -> Check:
    """`id` of an object, where there is one, is a urn:uuid."""
    return attribute_matches("id", *URN_UUID)


def country() -> tuple[frozenset[str], str]:
    """The list of countries and its name."""
    return forms.COUNTRIES, forms.COUNTRY_LIST


def is_association(element: etree._Element) -> bool:
    """Whether `xsi:type` says rim:AssociationType."""
    return type_of(element) == _ASSOCIATION_TYPE


def classified() -> Check:
    """An object has a classification, or is an association."""
    wanted = clark("rim:Classification")

    def holds(element: etree._Element) -> bool:
        return is_association(element) or next(element.iterchildren(wanted), None) is not None

    return demand("classified", holds)


class _Objects:
    """The objects of a submission by id, each as the set of its classification nodes; found at first use."""

    def __init__(self, root: etree._Element) -> None:
        self._root = root
        self._by_id: dict[str | None, list[frozenset[str]]] | None = None

    def count(self, id_: str | None, node: str) -> int:
        """How many objects have that id and are classified as `node`."""
        if self._by_id is None:
            self._by_id = {}
            for each in self._root.iter(_OBJECT):
                nodes = (c.get("classificationNode", "") for c in each.iterchildren(_CLASSIFICATION))
                self._by_id.setdefault(each.get("id"), []).append(frozenset(nodes))
        return sum(node in nodes for nodes in self._by_id.get(id_, ())) if id_ is not None else 0


_objects: ContextVar[_Objects | None] = ContextVar("objects", default=None)
_OBJECT, _CLASSIFICATION = clark("rim:RegistryObject"), clark("rim:Classification")


class SubmissionRules(CompiledRules):
    """Rules some of which ask which object an id means: looked up once per message, not once per question."""

    def failures(self, root: etree._Element, kind: str) -> list[Failure]:
        """Each rule of that kind that fails, with the element at which it does."""
        token = _objects.set(_Objects(root))
        try:
            return super().failures(root, kind)
        finally:
            _objects.reset(token)


def _count(element: etree._Element, end: str, node: str) -> int:
    known = _objects.get() or _Objects(element.getroottree().getroot())
    return known.count(element.get(end), node)


def _has_both_ends(element: etree._Element) -> bool:
    return element.get("sourceObject") is not None and element.get("targetObject") is not None


def end_is(end: str, node: str) -> Check:
    """`sourceObject` or `targetObject` is the id of an object classified as `node`."""
    return demand("end_is", lambda e: _count(e, end, node) > 0, f"/@{end}", node, end=end, node=node)


def association_end_is(end: str, node: str) -> Check:
    """As `end_is`, asked of objects that are associations by their type."""
    check = end_is(end, node)
    return demand(
        "end_is", lambda e: not is_association(e) or check.holds(e), f"/@{end}", node, end=end, node=node
    )


def association_has(name: str) -> Check:
    """An association has that attribute."""
    return demand(
        "attribute", lambda e: not is_association(e) or name in e.attrib, f"/@{name}", attribute=name
    )


def ends_are(source: str, target: str) -> Check:
    """An object with both ends leads from one kind of object to another."""

    def holds(element: etree._Element) -> bool:
        if not _has_both_ends(element):
            return True
        return _count(element, "sourceObject", source) + _count(element, "targetObject", target) == 2

    return demand("ends_are", holds, source=source, target=target)


def link_type(source: str, target: str, kind: str) -> Check:
    """What leads from one kind of object to another bears the type made for it."""

    def holds(element: etree._Element) -> bool:
        if not _has_both_ends(element) or element.get("type") == ASSOCIATION + kind:
            return True
        return _count(element, "sourceObject", source) + _count(element, "targetObject", target) != 2

    return demand("link_type", holds, "/@type", ASSOCIATION + kind, source=source, target=target)


def some_association() -> Check:
    """At least one object is an association."""
    wanted = clark("rim:RegistryObject")
    return demand("some_association", lambda e: any(map(is_association, e.iterchildren(wanted))))


def with_model(part: str) -> Check:
    """Where the format names `part`, there is a ConformsTo."""
    formats, model = clark("sdg:Format"), clark("sdg:ConformsTo")

    def holds(element: etree._Element) -> bool:
        if element.find(model) is not None:
            return True
        found = list(element.iterchildren(formats))
        return not found or (len(found) == 1 and part not in string(found[0]))

    return demand("with_model", holds, "/sdg:ConformsTo", format=part)


def transformed_from_model() -> Check:
    """One Transformation goes with a ConformsTo."""
    transformation, model = clark("sdg:Transformation"), clark("sdg:ConformsTo")
    return demand(
        "transformed",
        lambda e: len(e.findall(transformation)) != 1 or e.find(model) is not None,
        "/sdg:ConformsTo",
    )


def _clark_path(path: str) -> str:
    return "/".join(map(clark, path.split("/")))

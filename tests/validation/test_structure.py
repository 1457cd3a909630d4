"""Our schemas and the published ones say the same, fact by fact, wherever the samples do not reach.

Every type and every global element is brought to one canonical form (groups unfolded, order of enumerations
and of attributes forgotten, references replaced by what they refer to) and compared.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from tests.oracles import OOTS, XSD, requires_official

pytestmark = requires_official

XS = "{http://www.w3.org/2001/XMLSchema}"
PUBLISHED = OOTS / "1.0" / "xsd"
PAIRS = {
    "rim": ((PUBLISHED / "regrep4" / "rim.xsd",), (XSD / "regrep" / "4.0" / "rim.xsd",)),
    "rs": ((PUBLISHED / "regrep4" / "rs.xsd",), (XSD / "regrep" / "4.0" / "rs.xsd",)),
    "query": ((PUBLISHED / "regrep4" / "query.xsd",), (XSD / "regrep" / "4.0" / "query.xsd",)),
    "lcm": ((PUBLISHED / "regrep4" / "lcm.xsd",), (XSD / "regrep" / "4.0" / "lcm.xsd",)),
    "sdg": (
        (PUBLISHED / "sdg" / "SDG-GenericMetadataProfile-v1.0.0.xsd",),
        (XSD / "sdg" / "stable.xsd", XSD / "sdg" / "1.0" / "sdg.xsd"),
    ),
}
Form = tuple[object, ...]


class Schema:
    """The components of one namespace, spread over some files."""

    def __init__(self, *paths: Path) -> None:
        roots = [etree.parse(path).getroot() for path in paths]
        self.target = roots[0].get("targetNamespace")
        self.top = {(self.kind(each), each.get("name")): each for root in roots for each in self.parts(root)}

    @staticmethod
    def kind(node: etree._Element) -> str:
        return etree.QName(node).localname

    @staticmethod
    def parts(node: etree._Element) -> Iterator[etree._Element]:
        return (each for each in node if isinstance(each.tag, str) and each.tag != f"{XS}annotation")

    def forms(self) -> dict[tuple[str, str | None], Form]:
        kinds = ("element", "complexType", "simpleType")
        return {key: self.form(node) for key, node in self.top.items() if key[0] in kinds}

    def form(self, node: etree._Element) -> Form:
        kind = self.kind(node)
        if kind == "element":
            return self.element(node)
        if kind == "simpleType":
            return ("simple", *(self.simple(each) for each in self.parts(node)))
        flags = (node.get("abstract", "false"), node.get("mixed", "false"))
        base, holder = "", node
        for content in node.iterfind(f"{XS}complexContent"):
            (holder,) = self.parts(content)
            base = self.name(holder, "base")
        for content in node.iterfind(f"{XS}simpleContent"):
            (holder,) = self.parts(content)
            base = f"text {self.name(holder, 'base')}"
        return ("complex", flags, base, self.particles(holder), frozenset(self.attributes(holder)))

    def element(self, node: etree._Element) -> Form:
        if node.get("ref") and self.name(node, "ref").startswith(f"{{{self.target}}}"):
            name = self.name(node, "ref").rpartition("}")[2]
            return self.element(self.top["element", name])
        inner = [self.form(each) for each in self.parts(node)]
        named = self.name(node, "type") or self.name(node, "ref")
        return ("element", node.get("name"), named, *inner)

    def particles(self, node: etree._Element) -> Form:
        """What may stand inside, in order; a plain sequence within a sequence is no fact of its own."""
        found: list[object] = []
        for part in self.parts(node):
            kind = self.kind(part)
            count = (part.get("minOccurs", "1"), part.get("maxOccurs", "1"))
            if kind == "element":
                found.append((self.element(part), count))
            elif kind == "any":
                found.append(("any", part.get("namespace", "##any"), part.get("processContents"), count))
            elif kind == "group":
                found.extend(self.particles(self.top["group", part.get("ref")]))
            elif kind == "sequence":
                assert count == ("1", "1")
                found.extend(self.particles(part))
            elif kind == "choice":
                found.append(("choice", frozenset(self.particles(part)), count))
        return tuple(found)

    def attributes(self, node: etree._Element) -> Iterator[Form]:
        for part in self.parts(node):
            if self.kind(part) == "attributeGroup" and (self.target or "") in self.name(part, "ref"):
                yield from self.attributes(self.top["attributeGroup", part.get("ref")])
            elif self.kind(part) == "attributeGroup":
                yield ("attributes of another namespace",)
            elif self.kind(part) == "attribute":
                name = part.get("name") or self.name(part, "ref")
                use = part.get("use", "optional")
                kinds = tuple(self.form(each) for each in self.parts(part))
                yield (name, self.name(part, "type"), use, part.get("default"), part.get("fixed"), kinds)

    def simple(self, node: etree._Element) -> Form:
        facets = frozenset((self.kind(each), each.get("value")) for each in self.parts(node))
        return (self.kind(node), self.name(node, "base"), facets)

    @staticmethod
    def name(node: etree._Element, attribute: str) -> str:
        value = node.get(attribute)
        if not value:
            return ""
        prefix, _, local = value.rpartition(":")
        if prefix == "xml":
            return f"{{http://www.w3.org/XML/1998/namespace}}{local}"
        return f"{{{node.nsmap.get(prefix or None)}}}{local}"


@pytest.mark.parametrize("namespace", PAIRS)
def test_every_type_and_element_says_what_the_published_one_says(namespace: str) -> None:
    published, ours = (Schema(*paths).forms() for paths in PAIRS[namespace])
    assert len(published) > 3
    assert set(ours) == set(published)
    assert {key: form for key, form in ours.items() if form != published[key]} == {}

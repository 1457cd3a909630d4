"""RegRep slots: which ones each message has, of which type, under which rule; reading and writing them."""

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lxml import etree

from intermediary.edm import names as n
from intermediary.edm.elements import SPACE, STRUCTURE, Reading, Struct, label, read_text
from intermediary.edm.extras import Kept, attributes, canonical, qname, resolve
from intermediary.edm.model import Text

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_TRUE, _FALSE = ("true", "1"), ("false", "0")


@dataclass(frozen=True, slots=True)
class SlotRule:
    """What a slot must be: accepted value types and the published rules on absence and type."""

    types: tuple[str, ...]
    missing: str | None = None
    """Rule that demands the slot; None where it may be absent."""
    type_rule: str = STRUCTURE
    content_rule: str = STRUCTURE
    alias: str | None = None
    """Another name that readers accept."""


REQUEST: Mapping[str, SlotRule] = {
    "SpecificationIdentifier": SlotRule((n.STRING,), "R-EDM-REQ-S005", "R-EDM-REQ-S020", "R-EDM-REQ-C001"),
    "IssueDateTime": SlotRule((n.DATE_TIME,), "R-EDM-REQ-S006", "R-EDM-REQ-S021", "R-EDM-REQ-C002"),
    "Procedure": SlotRule((n.INTERNATIONAL, n.STRING), None, "R-EDM-REQ-S022"),
    "PreviewLocation": SlotRule((n.STRING,), None, "R-EDM-REQ-S023"),
    "ReturnLocation": SlotRule((n.STRING,)),
    "PossibilityForPreview": SlotRule((n.BOOLEAN,), "R-EDM-REQ-S009", "R-EDM-REQ-S024"),
    "ExplicitRequestGiven": SlotRule((n.BOOLEAN,), "R-EDM-REQ-S010", "R-EDM-REQ-S025"),
    "Requirements": SlotRule((n.COLLECTION,), None, "R-EDM-REQ-S026", "R-EDM-REQ-S037", alias="Requirement"),
    "EvidenceRequester": SlotRule(
        (n.COLLECTION, n.ANY), "R-EDM-REQ-S012", "R-EDM-REQ-S028", "R-EDM-REQ-S039"
    ),
    "EvidenceProvider": SlotRule((n.ANY, n.COLLECTION), "R-EDM-REQ-S013", "R-EDM-REQ-S030", "R-EDM-REQ-S042"),
    "EvidenceProviderClassification": SlotRule((n.COLLECTION,), None, "R-EDM-REQ-S031", "R-EDM-REQ-S041"),
}
"""Slots of query:QueryRequest, in the order in which they are written."""

QUERY: Mapping[str, SlotRule] = {
    "NaturalPerson": SlotRule((n.ANY,), None, "R-EDM-REQ-S035", "R-EDM-REQ-S046"),
    "LegalPerson": SlotRule((n.ANY,), None, "R-EDM-REQ-S034", "R-EDM-REQ-S047"),
    "AuthorizedRepresentative": SlotRule((n.ANY,), None, "R-EDM-REQ-S036", "R-EDM-REQ-S048"),
    "AuthorizedRepresentativeLegalPerson": SlotRule((n.ANY,), None, STRUCTURE, "R-EDM-REQ-S056"),
    "EvidenceRequest": SlotRule((n.ANY,), "R-EDM-REQ-S015", "R-EDM-REQ-S033", "R-EDM-REQ-S044"),
}
"""Slots of query:Query."""

RESPONSE: Mapping[str, SlotRule] = {
    "SpecificationIdentifier": SlotRule((n.STRING,), "R-EDM-RESP-S009", "R-EDM-RESP-S017", "R-EDM-RESP-C002"),
    "EvidenceResponseIdentifier": SlotRule((n.STRING,), "R-EDM-RESP-S010", "R-EDM-RESP-S018"),
    "IssueDateTime": SlotRule((n.DATE_TIME,), "R-EDM-RESP-S011", "R-EDM-RESP-S019", "R-EDM-RESP-C004"),
    "ResponseAvailableDateTime": SlotRule((n.DATE_TIME,), None, "R-EDM-RESP-S023", "R-EDM-RESP-C005"),
    "EvidenceProvider": SlotRule(
        (n.COLLECTION, n.ANY), "R-EDM-RESP-S012", "R-EDM-RESP-S020", "R-EDM-RESP-S025"
    ),
    "EvidenceRequester": SlotRule(
        (n.ANY, n.COLLECTION), "R-EDM-RESP-S013", "R-EDM-RESP-S022", "R-EDM-RESP-S027"
    ),
}
"""Slots of a successful or deferred query:QueryResponse."""

ERROR: Mapping[str, SlotRule] = {
    "SpecificationIdentifier": SlotRule((n.STRING,), "R-EDM-ERR-S09", "R-EDM-ERR-S18", "R-EDM-ERR-C001"),
    "EvidenceResponseIdentifier": SlotRule((n.STRING,), "R-EDM-ERR-S10", "R-EDM-ERR-S19"),
    "ErrorProvider": SlotRule((n.ANY, n.COLLECTION), "R-EDM-ERR-S11", "R-EDM-ERR-S020", "R-EDM-ERR-S026"),
    "EvidenceRequester": SlotRule((n.ANY, n.COLLECTION), None, "R-EDM-ERR-S021"),
}
"""Slots of a failed query:QueryResponse."""

EXCEPTION: Mapping[str, SlotRule] = {
    "Timestamp": SlotRule((n.DATE_TIME,), "R-EDM-ERR-S12", STRUCTURE, "R-EDM-ERR-C018"),
    "PreviewLocation": SlotRule((n.STRING,), None, "R-EDM-ERR-S23"),
    "PreviewDescription": SlotRule((n.INTERNATIONAL,), None, "R-EDM-ERR-S24"),
    "PreviewMethod": SlotRule((n.STRING,), None, "R-EDM-ERR-S25"),
}
"""Slots of rs:Exception."""

ORDER: Mapping[str, int] = {
    n.SLOT: 0,
    n.EXCEPTION: 1,
    n.OBJECT_LIST: 2,
    f"{{{n.RIM}}}ObjectRefList": 3,
    n.RESPONSE_OPTION: 4,
    n.QUERY_ELEMENT: 5,
}
"""Rank of the children of messages, queries and exceptions."""

METADATA: Mapping[str, SlotRule] = {
    "EvidenceMetadata": SlotRule((n.ANY,), None, "R-EDM-RESP-S024", "R-EDM-RESP-S029"),
}
"""Slot of rim:ExtrinsicObject."""


class Slots:
    """The slots of one element, read by name."""

    def __init__(
        self,
        element: etree._Element,
        rules: Mapping[str, SlotRule],
        reading: Reading,
        sets: frozenset[str] = frozenset(),
    ) -> None:
        """Sort the element's children; `sets` are collections whose type goes without saying."""
        self.element, self.rules, self.reading = element, rules, reading
        self.slot: dict[str, etree._Element] = {}
        self.found: dict[str, tuple[etree._Element, str]] = {}
        self.unknown: list[Kept] = []
        self.empty: list[str] = []
        self.strange: dict[str, list[tuple[str, str]]] = {}
        self.others: list[etree._Element] = []
        """Children that are no slots."""
        aliases = {rule.alias: name for name, rule in rules.items() if rule.alias}
        for child in element:
            if child.tag != n.SLOT:
                if isinstance(child.tag, str):
                    self.others.append(child)
                continue
            name = (child.get("name") or "").strip(SPACE)
            name = aliases.get(name, name)
            rule = rules.get(name)
            if rule is None:
                self.unknown.append(canonical(child))
            elif name in self.found:
                reading.problem(
                    rule.missing or STRUCTURE,
                    child,
                    "A slot may occur only once.",
                    "Keep the one that holds.",
                )
            else:
                self._value(child, name, rule, sets)

    def _value(self, slot: etree._Element, name: str, rule: SlotRule, sets: frozenset[str]) -> None:
        self.slot[name] = slot
        content: etree._Element | None = None
        for child in slot.iterchildren("*"):
            if content is None and child.tag == n.SLOT_VALUE:
                content = child
            else:
                self.reading.problem(
                    rule.type_rule, child, "A slot has one value and nothing else.", "Keep one rim:SlotValue."
                )
        if content is None:
            self.reading.problem(rule.type_rule, slot, "The slot has no value.", "Add rim:SlotValue.")
            self.found[name] = (slot, "")
            return
        kind = resolve(content, content.get(n.XSI_TYPE) or "")
        if kind not in rule.types:
            expected = " or ".join(qname(t) for t in rule.types)
            self.reading.problem(
                rule.type_rule,
                content,
                f"The value must be of type {expected}.",
                f"Set xsi:type to {expected}.",
            )
            kind = ""
        self.found[name] = (content, kind)
        strange: list[tuple[str, str]] = []
        if len(slot.attrib) != 1:
            strange.extend(attributes(slot, ("name",), f"Slot[{name}]"))
        usual = n.SET if name in sets and kind == n.COLLECTION else None
        stated = content.get("collectionType")
        if stated != usual:
            strange.append((f"Slot[{name}]/SlotValue/@collectionType", stated or ""))
        if len(content.attrib) > 2:
            strange.extend(attributes(content, (n.XSI_TYPE, "collectionType"), f"Slot[{name}]/SlotValue"))
        if strange:
            self.strange[name] = strange

    def rest(self, *also: str) -> tuple[list[tuple[str, str]], list[Kept]]:
        """Unknown attributes and elements, to be asked for last.

        Slots that were found empty, and those named in `also`, are kept entirely, as if they were unknown.
        """
        whole = tuple(dict.fromkeys((*self.empty, *also)))
        strange = [a for name, found in self.strange.items() if name not in whole for a in found]
        return strange, self.unknown + [canonical(self.slot[name]) for name in whole]

    def __contains__(self, name: str) -> bool:
        return name in self.found

    def _get(self, name: str) -> tuple[etree._Element, str] | None:
        found = self.found.get(name)
        if found is None:
            rule = self.rules[name]
            if rule.missing is not None:
                self.reading.problem(
                    rule.missing, self.element, f"Slot {name} is missing.", f"Add the slot {name}."
                )
            return None
        return found if found[1] else None  # a value of the wrong type was reported

    def string(self, name: str) -> str | None:
        """The trimmed rim:Value of a String slot."""
        found = self._get(name)
        return None if found is None else self._plain(name, found[0])

    def _plain(self, name: str, content: etree._Element) -> str | None:
        node = next(content.iterchildren(n.VALUE), None)
        if node is None:
            self.reading.problem(
                self.rules[name].type_rule, content, "The slot has no value.", "Add rim:Value."
            )
            return None
        return read_text(node, self.reading)

    def moment(self, name: str) -> datetime | None:
        """A DateTime slot; without zone where it has none."""
        found = self.string(name)
        if found is None:
            return None
        if _DATE_TIME.fullmatch(found):
            with contextlib.suppress(ValueError):
                return datetime.fromisoformat(found)
        self.reading.problem(
            self.rules[name].content_rule,
            self.found[name][0],
            "The value is no xs:dateTime.",
            "Write YYYY-MM-DDThh:mm:ss with a time zone.",
        )
        return None

    def flag(self, name: str) -> bool | None:
        """A Boolean slot."""
        found = self.string(name)
        if found is None:
            return None
        if found not in _TRUE + _FALSE:
            self.reading.problem(
                self.rules[name].type_rule,
                self.found[name][0],
                "The value is no xs:boolean.",
                "Write true or false.",
            )
        return found in _TRUE

    def texts(self, name: str) -> tuple[Text, ...]:
        """An InternationalString slot, or a String slot as one text without language."""
        found = self._get(name)
        if found is None:
            return ()
        content, kind = found
        if kind == n.STRING:
            plain = self._plain(name, content)
            return () if plain is None else (Text(plain),)
        texts = []
        for node in content.iterchildren(n.VALUE):
            for item in node.iterchildren(n.LOCALIZED_STRING):
                lang = next((item.get(a) for a in reversed(n.LANGS) if item.get(a) is not None), None)
                texts.append(
                    Text((item.get("value") or "").strip(SPACE), None if lang is None else lang.strip(SPACE))
                )
        if not texts:
            self.empty.append(name)
        return tuple(texts)

    def values(self, name: str, kinds: Mapping[str, Struct]) -> tuple[Any, ...]:
        """The sdg values of an Any slot or of a collection of them; `kinds` by Clark name."""
        found = self._get(name)
        if found is None:
            return ()
        content, kind = found
        holders = content.iterchildren(n.ELEMENT) if kind == n.COLLECTION else (content,)
        values = []
        rule = self.rules[name]
        for holder in holders:
            nodes = list(holder.iterchildren("*"))
            struct = kinds.get(str(nodes[0].tag)) if len(nodes) == 1 else None
            if struct is None:
                expected = " or ".join(label(tag) for tag in kinds)
                self.reading.problem(
                    rule.content_rule,
                    holder,
                    f"Exactly one {expected} is expected.",
                    f"Put one {expected} here.",
                )
            else:
                values.append(struct.read(nodes[0], self.reading))
        if not values and rule.missing is not None and kind == n.COLLECTION:
            self.reading.problem(
                rule.content_rule, content, "The collection is empty.", "Add what it is for."
            )
        if not values:
            self.empty.append(name)
        return tuple(values)

    def one(self, name: str, kinds: Mapping[str, Struct]) -> Any:
        """The one sdg value of a slot; a second one is a problem."""
        found = self.values(name, kinds)
        if len(found) > 1:
            self.reading.problem(
                self.rules[name].type_rule, self.found[name][0], "Only one is expected here.", "Keep one."
            )
        return found[0] if found else None


# --- writing ----------------------------------------------------------------------------------------------


def moment(value: datetime) -> str:
    """xs:dateTime, to the millisecond where that is exact, UTC as Z."""
    offset = value.utcoffset()
    if offset is not None and offset.total_seconds() % 60:
        value = value.astimezone(UTC)
    spec = "auto" if value.microsecond % 1000 or not value.microsecond else "milliseconds"
    text = value.isoformat(timespec=spec)
    return text[:-6] + "Z" if text.endswith("+00:00") else text


def _slot(parent: etree._Element, name: str, kind: str) -> etree._Element:
    slot = etree.SubElement(parent, n.SLOT)
    slot.set("name", name)
    content = etree.SubElement(slot, n.SLOT_VALUE)
    content.set(n.XSI_TYPE, kind)
    return content


def add_string(parent: etree._Element, name: str, value: str | None) -> None:
    """A String slot, unless None."""
    if value is not None:
        etree.SubElement(_slot(parent, name, "rim:StringValueType"), n.VALUE).text = value


def add_moment(parent: etree._Element, name: str, value: datetime | None) -> None:
    """A DateTime slot, unless None."""
    if value is not None:
        etree.SubElement(_slot(parent, name, "rim:DateTimeValueType"), n.VALUE).text = moment(value)


def add_flag(parent: etree._Element, name: str, value: bool) -> None:
    """A Boolean slot."""
    text = "true" if value else "false"
    etree.SubElement(_slot(parent, name, "rim:BooleanValueType"), n.VALUE).text = text


def add_texts(parent: etree._Element, name: str, texts: tuple[Text, ...]) -> None:
    """An InternationalString slot, unless empty."""
    if not texts:
        return
    value = etree.SubElement(_slot(parent, name, "rim:InternationalStringValueType"), n.VALUE)
    for text in texts:
        item = etree.SubElement(value, n.LOCALIZED_STRING)
        if text.lang is not None:
            item.set(n.XML_LANG, text.lang)
        item.set("value", text.value)


def add_value(parent: etree._Element, name: str, struct: Struct, tag: str, value: Any) -> None:
    """An Any slot with one sdg value, unless None."""
    if value is not None:
        struct.write(_slot(parent, name, "rim:AnyValueType"), tag, value)


def add_values(
    parent: etree._Element,
    name: str,
    struct: Struct,
    tag: str,
    values: tuple[Any, ...],
    *,
    sets: frozenset[str] = frozenset(),
) -> None:
    """A Collection slot of Any, unless empty; a Set where the profile says so."""
    if not values:
        return
    content = _slot(parent, name, "rim:CollectionValueType")
    if name in sets:
        content.set("collectionType", n.SET)
    for value in values:
        element = etree.SubElement(content, n.ELEMENT)
        element.set(n.XSI_TYPE, "rim:AnyValueType")
        struct.write(element, tag, value)

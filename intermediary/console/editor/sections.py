"""A form as a person reads it: sections with a heading, and the parts that they hold. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from intermediary.console.editor.nodes import Group, Leaf, Node, Table
from intermediary.console.pages import _N


@dataclass(frozen=True, slots=True)
class Section:
    """Parts under one heading."""

    key: str
    title: str
    intro: str
    parts: tuple[Node, ...]
    folded: bool = False
    """Shown closed while nothing is said there."""


@dataclass(frozen=True, slots=True)
class Form:
    """All of one kind of entry."""

    kind: str
    sections: tuple[Section, ...]

    @property
    def root(self) -> Node:
        """The document as one part."""
        parts = tuple(part for section in self.sections for part in section.parts)
        return parts[0] if parts[0].name == "" else Group("", "", parts=parts)


def texts(
    name: str,
    label: str,
    explained: str,
    *,
    long: bool = False,
    required: bool = False,
    always: bool = False,
) -> Table:
    """Texts by language."""
    return Table(
        name,
        label,
        explained,
        required=required,
        key=Leaf("key", _N("Language"), required=True, kind="choice", words="languages"),
        value=Leaf("value", _N("Text"), required=True, kind="area" if long else "text"),
        by_language=True,
        always=always,
    )


COMMON: Mapping[str, Node] = {
    "valid_from": Leaf(
        "valid_from",
        _N("Valid from"),
        _N("The first day on which this version is in force. Empty: from the day on which it goes live."),
        kind="date",
    ),
    "valid_until": Leaf(
        "valid_until",
        _N("Valid until"),
        _N("The last day, inclusive. Empty: until another version takes its place."),
        kind="date",
    ),
}
"""Parts that several forms have."""
VALIDITY = Section(
    "validity",
    _N("Validity"),
    _N("Takes effect by the clock, days in UTC. A version that begins later waits until its day comes."),
    (COMMON["valid_from"], COMMON["valid_until"]),
)

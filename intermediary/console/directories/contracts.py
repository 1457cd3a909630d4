"""What the area needs of the directories; `operators_directories.py` gives it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


class DirectorySilent(Exception):  # noqa: N818
    """A directory did not answer, or not as it should; the text says which and how."""


@dataclass(frozen=True, slots=True)
class Gap:
    """One difference; `kind` and `field` are codes of `words.py`."""

    kind: str
    service: str
    """eb or dsd."""
    title: str
    subject: str
    field: str
    here: str = ""
    there: str = ""


@dataclass(frozen=True, slots=True)
class HandIn:
    """A submission that would close the gap; the tuples hold titles."""

    service: str
    body: bytes = field(repr=False)
    adds: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    withdraws: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    flaws: tuple[str, ...] = ()
    """What the published rules have against it."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The store beside the directories."""

    at: datetime
    country: str
    gaps: tuple[Gap, ...]
    hand_ins: tuple[HandIn, ...]
    unseen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that a directory told; `facts` are pairs of a code of `words.py` and a value."""

    title: str
    identifier: str
    facts: tuple[tuple[str, str], ...] = ()
    parts: tuple["Record", ...] = ()
    follow: Mapping[str, str] = field(default_factory=dict)
    """Parameters of the question that comes next."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a directory needs before it names a provider."""

    name: str
    """Of the parameter."""
    text: str
    hint: str = ""
    fixed: str = ""
    """The value, where there is nothing to choose."""


@dataclass(frozen=True, slots=True)
class Told:
    """One answer of a directory."""

    url: str
    at: datetime
    source: str
    """network, cache or stale."""
    signer: str
    """Empty: not signed."""
    body: bytes = field(repr=False)
    records: tuple[Record, ...] = ()
    questions: tuple[Question, ...] = ()
    refusals: tuple[str, ...] = ()


class DirectoriesDesk(Protocol):
    """The directories as the platform sees them."""

    @property
    def reachable(self) -> bool:
        """True where the settings say how to ask."""

    def compare(self, *, anew: bool, language: str) -> Comparison:
        """Titles are in that language. Raises DirectorySilent."""

    def ask(self, what: str, fields: Mapping[str, str], said: Mapping[str, str], language: str) -> Told:
        """`what`: requirements, evidence-types or services. Raises DirectorySilent."""

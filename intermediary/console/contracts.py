"""What the console needs from other rooms, as small protocols; `app.py` gives it the real ones."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from intermediary.console.access import Operator


class Journal(Protocol):
    """The append-only log of what operators did."""

    def __call__(self, operator: Operator, action: str, **data: object) -> None:
        """Record one action, e.g. `mapping-approved`, with identifiers only: no personal data."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that needs somebody's attention, on the home page."""

    kind: str
    """danger, warning or info."""
    text: str
    """A message of the catalogue with `%(name)s` places."""
    path: str
    """Where to deal with it, below the console's base path."""
    values: Mapping[str, object] = field(default_factory=dict)


class Attention(Protocol):
    """One area's view of what needs attention."""

    def __call__(self, operator: Operator) -> Iterable[Notice]: ...

"""The evidence-type mapping: its model, its rules, its store with life cycle, import and export.

A mapping is data: a new evidence type is a new file, never new code. `load` reads a folder of YAML files
strictly, `dump` writes one; `parse` and `render` do so for one entry. `MappingStore` keeps every version of
every entry with its author, reviewer and state, and changes them; `StoredMappings` gives the exchange what is
in force. The store is loaded on first use only: the pure rooms need the model alone.
"""

from typing import TYPE_CHECKING

from intermediary.mapping.diff import Difference, Kind, diff
from intermediary.mapping.documents import Document
from intermediary.mapping.documents import encode as documents_of
from intermediary.mapping.errors import (
    FourEyes,
    MappingConflict,
    MappingError,
    MappingInvalid,
    MappingMissing,
)
from intermediary.mapping.files import dump, lint, load, parse, render
from intermediary.mapping.life import PENDING, Action, Ref, State, Step, Version
from intermediary.mapping.model import EvidenceMapping, LintFinding, MappingSet, Provider, Severity

if TYPE_CHECKING:
    from intermediary.mapping.linting import Found, lint_store
    from intermediary.mapping.listing import Entry, Usage, needed_by
    from intermediary.mapping.store import MappingStore, StoredMappings

__all__ = [
    "PENDING",
    "Action",
    "Difference",
    "Document",
    "Entry",
    "EvidenceMapping",
    "Found",
    "FourEyes",
    "Kind",
    "LintFinding",
    "MappingConflict",
    "MappingError",
    "MappingInvalid",
    "MappingMissing",
    "MappingSet",
    "MappingStore",
    "Provider",
    "Ref",
    "Severity",
    "State",
    "Step",
    "StoredMappings",
    "Usage",
    "Version",
    "diff",
    "documents_of",
    "dump",
    "lint",
    "lint_store",
    "load",
    "needed_by",
    "parse",
    "render",
]


def __getattr__(name: str) -> object:
    if name in ("MappingStore", "StoredMappings"):
        from intermediary.mapping import store

        return getattr(store, name)
    if name in ("Found", "lint_store"):
        from intermediary.mapping import linting

        return getattr(linting, name)
    if name in ("Entry", "Usage", "needed_by"):
        from intermediary.mapping import listing

        return getattr(listing, name)
    raise AttributeError(name)

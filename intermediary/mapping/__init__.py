"""The evidence-type mapping: its model, its rules, its store, import and export.

A mapping is data: a new evidence type is a new file, never new code. `load` reads a folder of YAML files
strictly, `dump` writes one; `MappingStore` keeps every version in the database and `StoredMappings` gives
the live one to the exchange. The store is loaded on first use only: the pure rooms need the model alone.
"""

from typing import TYPE_CHECKING

from intermediary.mapping.errors import MappingError, MappingInvalid, MappingMissing
from intermediary.mapping.files import dump, lint, load
from intermediary.mapping.model import EvidenceMapping, LintFinding, MappingSet, Provider, Severity

if TYPE_CHECKING:
    from intermediary.mapping.store import MappingStore, Revision, StoredMappings

__all__ = [
    "EvidenceMapping",
    "LintFinding",
    "MappingError",
    "MappingInvalid",
    "MappingMissing",
    "MappingSet",
    "MappingStore",
    "Provider",
    "Revision",
    "Severity",
    "StoredMappings",
    "dump",
    "lint",
    "load",
]


def __getattr__(name: str) -> object:
    if name in ("MappingStore", "Revision", "StoredMappings"):
        from intermediary.mapping import store

        return getattr(store, name)
    raise AttributeError(name)

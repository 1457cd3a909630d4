"""The evidence-type mapping: its model, its rules, its store, import and export.

A mapping is data: a new evidence type is a new file, never new code. `load` reads a folder of YAML files
strictly, `dump` writes one; `MappingStore` keeps every version in the database and `StoredMappings` gives
the live one to the exchange.
"""

from intermediary.mapping.errors import MappingError, MappingInvalid, MappingMissing
from intermediary.mapping.files import dump, lint, load
from intermediary.mapping.model import EvidenceMapping, LintFinding, MappingSet, Provider, Severity

__all__ = [
    "EvidenceMapping",
    "LintFinding",
    "MappingError",
    "MappingInvalid",
    "MappingMissing",
    "MappingSet",
    "Provider",
    "Severity",
    "dump",
    "lint",
    "load",
]

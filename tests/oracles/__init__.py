"""What our work is compared with: official schemas and rules, and damaged copies of real messages."""

from tests.oracles.mutants import mutants
from tests.oracles.official import (
    KINDS,
    OOTS,
    SAMPLES,
    XSD,
    fired,
    kind_of,
    official_problems,
    official_schema,
    release_of,
    requires_official,
    said,
)

__all__ = [
    "KINDS",
    "OOTS",
    "SAMPLES",
    "XSD",
    "fired",
    "kind_of",
    "mutants",
    "official_problems",
    "official_schema",
    "release_of",
    "requires_official",
    "said",
]

"""Is this message what its release says it must be? Schemas and business rules; findings as data. Pure.

What may live here: compiled schemas, business rules, code lists, findings and their words. What may not:
rendering for terminal or browser, reading bytes, knowing what happens to a refused message.
"""

from intermediary.validation.errors import SchemaUnusable, UnknownRelease, ValidationError
from intermediary.validation.model import Finding, Report, Severity
from intermediary.validation.releases import RELEASES
from intermediary.validation.validator import RuleSet, Validator

__all__ = [
    "RELEASES",
    "Finding",
    "Report",
    "RuleSet",
    "SchemaUnusable",
    "Severity",
    "UnknownRelease",
    "ValidationError",
    "Validator",
]

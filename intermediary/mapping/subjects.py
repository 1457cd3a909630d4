"""By which fields which kind of person is identified."""

import re
from typing import Final

from intermediary.mapping.model import IdentificationRule, SubjectKind

NATURAL_FIELDS: Final = frozenset(
    (
        "family_name",
        "given_name",
        "date_of_birth",
        "identifier",
        "birth_name",
        "place_of_birth",
        "current_address",
        "gender",
    )
)
LEGAL_FIELDS: Final = frozenset(("legal_name", "identifier", "registered_address"))
"""Besides `identifier:<scheme>`."""
NATURAL_BASE: Final = frozenset(("family_name", "given_name", "date_of_birth"))
"""What every rule for natural persons names."""
_LEGAL_IDENTIFIER = re.compile(r"identifier:[A-Za-z0-9_-]+")


def kinds_of(rule: IdentificationRule) -> set[SubjectKind]:
    """The kinds of persons that have the fields of a rule."""
    names = (*rule.fields, *rule.optional)
    kinds = set()
    if all(name in NATURAL_FIELDS for name in names):
        kinds.add(SubjectKind.NATURAL)
    if all(name in LEGAL_FIELDS or _LEGAL_IDENTIFIER.fullmatch(name) for name in names):
        kinds.add(SubjectKind.LEGAL)
    return kinds


def applies_to(rule: IdentificationRule) -> SubjectKind:
    """The kind for which a rule is tried (`translation.persons`): natural persons have a family name."""
    return SubjectKind.NATURAL if "family_name" in rule.fields else SubjectKind.LEGAL

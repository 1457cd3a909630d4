"""All rule sets that ship: what a Validator is given."""

from functools import cache

from intermediary.validation.rules.compiled import CompiledRules
from intermediary.validation.rules.editions import EDITIONS
from intermediary.validation.rules.edm import edm_rules
from intermediary.validation.rules.lcm import common_services_rules


@cache
def published_rules() -> tuple[CompiledRules, ...]:
    """The rules of every release of the Exchange Data Model and of the Common Services."""
    return (*(edm_rules(release) for release in EDITIONS), common_services_rules())

"""What a language has to say about schema errors."""

from collections.abc import Mapping
from dataclasses import dataclass

Pair = tuple[str, str]
"""What is demanded, and what to do; both with gaps in braces."""


@dataclass(frozen=True, slots=True)
class Sentences:
    """One language. `forms` names datatypes, `words` has a pair for each type of libxml2 error.

    From `needs` on: what can be said only where `xmlschema` has explained the refusal. `bounds` has what is
    demanded and `choices` what to do, by type of libxml2 error.
    """

    forms: Mapping[str, str]
    words: Mapping[str, Pair]
    other: Pair
    value: str
    attribute_value: str
    missing_attribute: Pair
    the_attribute: str
    some_attribute: str
    datatype: Pair
    some_datatype: Pair
    incomplete: Pair
    incomplete_somehow: Pair
    unexpected: Pair
    unexpected_somehow: Pair
    needs: str
    needs_after: str
    after: str
    after_all: str
    begins: str
    stranger: str
    too_many: Pair
    once: str
    times: str
    one_of: Pair
    bounds: Mapping[str, str]
    choices: Mapping[str, str]
    or_: str
    the_element: str

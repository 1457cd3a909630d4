"""English: check or rule id to what is demanded and what to do."""

from typing import Final

SENTENCES: Final[dict[str, tuple[str, str]]] = {
    "one_slot": (
        "{context} must have the slot {slot} exactly once.",
        "Add the slot {slot} where it is missing; keep one where there are several.",
    ),
    "at_most_one_slot": ("{context} may have the slot {slot} once at most.", "Keep one slot {slot}."),
    "one_of_slots": (
        "{context} must have exactly one of the slots {slots}.",
        "Send one of {slots}, not several.",
    ),
    "no_other_slot": (
        "This slot is not part of the message.",
        "Remove the slot, or correct its name; known are {expected}.",
    ),
    "has": ("{context} must contain {children}.", "Add what is missing of {children}."),
    "has_any": ("{context} must contain {children}.", "Add {children}."),
    "has_not": ("{context} must not contain {child}.", "Remove {child}."),
    "count": (
        "{context} must contain {child} as often as {bounds}.",
        "Correct the number of {child} to {bounds}.",
    ),
    "filled": ("{context} must contain one {child} that is not empty.", "Fill in {child}, once."),
    "attribute": ("{context} must have the attribute {attribute}.", "Add the attribute {attribute}."),
    "attribute_filled": (
        "{context} must have the attribute {attribute} with a value.",
        "Fill in the attribute {attribute}.",
    ),
    "attribute_is": (
        "The attribute {attribute} of {context} must be {expected}.",
        "Set {attribute} to {expected}.",
    ),
    "attribute_in": (
        "The attribute {attribute} of {context} must be a code of the list {list}.",
        "Use a code of {list}, spelt exactly as in the list.",
    ),
    "attribute_matches": (
        "The attribute {attribute} of {context} must be {form}.",
        "Write {attribute} as {form}.",
    ),
    "typed": (
        "{context} must be of the type {type}.",
        'Set xsi:type="{type}" and send a value of that type.',
    ),
    "value_in": (
        "{context} must be a code of the list {list}.",
        "Use a code of {list}, spelt exactly as in the list, without blanks around it.",
    ),
    "value_matches": ("{context} must be {form}.", "Write {form}."),
    "child_is": ("{child} of {context} must be {expected}.", "Set {child} to {expected}."),
}

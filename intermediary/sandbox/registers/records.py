"""What a register holds, and who fits a question. Pure."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from intermediary.national.model import NationalLegalPerson, NationalNaturalPerson
from intermediary.sandbox.documents import Sheet
from intermediary.sandbox.people import Company, Person

DISCLOSURE_BARRED = "Auskunftssperre"


class Behaviour(StrEnum):
    """How a register behaves when it is asked for a record."""

    AT_ONCE = "at-once"
    SOON = "soon"
    """After three seconds."""
    TOMORROW = "tomorrow"
    """In 24 hours."""
    REFUSED = "refused"
    """There is a bar on disclosure."""


DELAYS = {Behaviour.AT_ONCE: 0.0, Behaviour.SOON: 3.0, Behaviour.TOMORROW: 86400.0, Behaviour.REFUSED: 0.0}
"""Seconds until the answer is there."""

USUAL: Mapping[str, Behaviour] = {
    "marco": Behaviour.SOON,
    "lucia": Behaviour.TOMORROW,
    "elena": Behaviour.REFUSED,
    "nebelhorn": Behaviour.SOON,
}
"""Key of a person or company to the behaviour of their records; all others: at once."""


@dataclass(frozen=True, slots=True)
class Record:
    """One entry: whom it is about, the evidence type it serves, its documents, what it is further found by.

    `keys` are further inputs (as `zusatzangaben` name them): one that was given must fit the record.
    """

    subject: Person | Company
    evidence_type: str
    sheets: tuple[Sheet, ...]
    keys: Mapping[str, str] = field(default_factory=dict)
    behaviour: Behaviour = Behaviour.AT_ONCE


Subject = NationalNaturalPerson | NationalLegalPerson


def find(
    records: Iterable[Record], evidence_type: str, subject: Subject, given: Iterable[tuple[str, str]]
) -> tuple[Record, ...]:
    """All records of that type that fit the person and the further inputs."""
    wanted = dict(given)
    return tuple(
        record
        for record in records
        if record.evidence_type == evidence_type
        and _same(record.subject, subject)
        and all(fold(wanted[key]) == fold(value) for key, value in record.keys.items() if key in wanted)
    )


def fold(text: str) -> str:
    """Letters and digits only, without case and diacritics: «B-GR 1990» is «bgr1990»."""
    plain = text.casefold().translate({ord("đ"): "d", ord("ø"): "o", ord("ł"): "l"})
    return "".join(letter for letter in unicodedata.normalize("NFKD", plain) if letter.isalnum())


def _same(held: Person | Company, asked: Subject) -> bool:
    if isinstance(held, Person):
        return (
            isinstance(asked, NationalNaturalPerson)
            and fold(held.family_name) == fold(asked.family_name)
            and fold(held.given_names) == fold(asked.given_names)
            and held.date_of_birth == asked.date_of_birth
        )
    if not isinstance(asked, NationalLegalPerson):
        return False
    held_by = {"register": held.register_number, "euid": held.euid, "vat": held.vat}
    return fold(held.name) == fold(asked.name) and all(
        fold(held_by[scheme]) == fold(value) for scheme, value in asked.identifiers if scheme in held_by
    )

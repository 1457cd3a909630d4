"""Values whose German word differs from the platform's."""

from intermediary.national.model import Outcome

LEVELS = {"Low": "niedrig", "Substantial": "substanziell", "High": "hoch"}
"""eIDAS levels of assurance."""

SCHEMES = {"register": "registernummer", "euid": "euid", "lei": "lei", "vat": "vatId"}
"""Identifier schemes with an element of their own; any other is `weitereKennung art="<scheme>"`."""

OUTCOMES = {
    Outcome.DELIVERED: "geliefert",
    Outcome.NOT_FOUND: "nichtGefunden",
    Outcome.AMBIGUOUS: "nichtEindeutig",
    Outcome.LATER: "spaeter",
    Outcome.REJECTED: "abgelehnt",
    Outcome.FAILED: "fehler",
}

ADDRESS = {
    "street": "strasse",
    "house_number": "hausnummer",
    "post_code": "postleitzahl",
    "city": "ort",
    "country": "staat",
    "full": "vollstaendig",
}
"""Fields of an address in the order of the schema."""

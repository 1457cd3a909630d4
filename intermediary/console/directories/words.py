"""Codes of the area and what they are called; the texts are messages of the catalogue."""

from intermediary.console.pages import _N

KINDS = {
    "missing-there": ("warning", _N("Missing there")),
    "missing-here": ("info", _N("Missing here")),
    "stale": ("danger", _N("No longer in force")),
    "different": ("warning", _N("Different")),
}
"""Kind of a gap to badge and name."""

REMEDIES = {
    "missing-there": _N("Publish it: the submission adds it."),
    "missing-here": _N(
        "Make a mapping for it, or ask whoever published it to withdraw it. The submission keeps it."
    ),
    "stale": _N("Withdraw it: the submission leaves it out. Or put the mapping in force again."),
    "different": _N(
        "Submit where the store is right; draft a new version of the mapping where the directory is."
    ),
}

SERVICES = {"eb": _N("Evidence Broker"), "dsd": _N("Data Service Directory")}

FIELDS = {
    "evidence-type": _N("Evidence type"),
    "requirement": _N("Requirement"),
    "title": _N("Title"),
    "level-of-assurance": _N("Level of assurance"),
    "formats": _N("Formats"),
    "jurisdiction": _N("Level of jurisdiction"),
    "questions": _N("Questions to the user"),
    "provider": _N("Provider"),
    "provider-name": _N("Name of the provider"),
    "provider-jurisdiction": _N("Place of the provider"),
    "access-point": _N("Access point"),
    "edm-versions": _N("Versions of the data model"),
    "procedure": _N("Procedure"),
    "place": _N("Place"),
}

SOURCES = {
    "network": _N("answered just now"),
    "cache": _N("kept from before"),
    "stale": _N("kept from before; the directory does not answer now"),
}

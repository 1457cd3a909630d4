"""What states, actions and codes are called on the pages. Messages of the catalogue."""

from collections.abc import Mapping
from typing import Final

from intermediary.console.pages import _N
from intermediary.mapping import Action, State, rulebook

STATES: Final[Mapping[str, tuple[str, str]]] = {
    State.DRAFT: ("info", _N("draft")),
    State.IN_REVIEW: ("warning", _N("in review")),
    State.APPROVED: ("info", _N("approved")),
    State.LIVE: ("success", _N("live")),
    State.RETIRED: ("info", _N("retired")),
    "in-force": ("success", _N("in force")),
    "to-follow": ("info", _N("to follow")),
    "replaced": ("info", _N("replaced by a newer one")),
}
"""How a version stands → kind of badge, name."""

STANDINGS: Final[Mapping[str, tuple[str, str]]] = {
    "in-force": ("success", _N("in force")),
    "ending": ("warning", _N("ends soon")),
    "to-follow": ("info", _N("to follow")),
    "over": ("danger", _N("ended")),
    "new": ("info", _N("not yet in force")),
    "retired": ("danger", _N("not in force any more")),
}
"""How an entry stands today → kind of badge, name."""

ACTIONS: Final[Mapping[str, str]] = {
    Action.DRAFT: _N("Drafted"),
    Action.SUBMIT: _N("Handed in for review"),
    Action.APPROVE: _N("Approved"),
    Action.REJECT: _N("Sent back"),
    Action.GO_LIVE: _N("Taken into force"),
    Action.RETIRE: _N("Retired"),
    Action.ROLL_BACK: _N("Rolled back"),
    Action.ADOPT: _N("First set of the platform"),
}
"""What somebody did, in the history."""

FIELDS: Final[Mapping[str, str]] = {
    "family_name": _N("family name"),
    "given_name": _N("given names"),
    "date_of_birth": _N("date of birth"),
    "birth_name": _N("name at birth"),
    "place_of_birth": _N("place of birth"),
    "current_address": _N("current address"),
    "gender": _N("gender"),
    "identifier": _N("eIDAS identifier"),
    "legal_name": _N("legal name"),
    "registered_address": _N("registered address"),
    "identifier:VAT": _N("VAT registration number"),
    "identifier:TAX": _N("tax reference number"),
    "identifier:BusinessCode": _N("European unique identifier (EUID)"),
    "identifier:LEI": _N("Legal Entity Identifier (LEI)"),
    "identifier:EORI": _N("EORI number"),
    "identifier:SEED": _N("excise number (SEED)"),
    "identifier:SIC": _N("standard industrial classification (SIC)"),
}
"""Fields of the EDM person."""

SUBJECTS: Final[Mapping[str, str]] = {"natural": _N("natural persons"), "legal": _N("legal persons")}
LEVELS: Final[Mapping[str, str]] = {
    "country": _N("the whole country"),
    "nuts1": _N("region of level NUTS 1"),
    "nuts2": _N("region of level NUTS 2"),
    "nuts3": _N("region of level NUTS 3"),
    "lau": _N("municipality (LAU)"),
}
ASSURANCE: Final[Mapping[str, str]] = {
    "Low": _N("low"),
    "Substantial": _N("substantial"),
    "High": _N("high"),
}
CONVERSIONS: Final[Mapping[str, str]] = {
    "identity": _N("passed on unchanged"),
    "xml-to-pdf": _N("XML made readable as PDF"),
    "image-to-pdf": _N("scan put into a PDF"),
}
PROTOCOLS: Final[Mapping[str, str]] = {
    "xnachweis": _N("national protocol"),
    "rest": _N("interface of its own (REST)"),
}

PROCEDURES: Final[Mapping[str, str]] = {
    "R1": _N("Requesting proof of registration of birth"),
    "S1": _N("Requesting proof of residence"),
    "T1": _N("Applying for a study grant or loan"),
    "T2": _N("Applying for admission to a public university or college"),
    "T3": _N("Requesting academic recognition of diplomas or proof of studies"),
    "U1": _N("Determining the applicable social security legislation"),
    "U2": _N("Notifying changes relevant for social security benefits"),
    "U3": _N("Applying for a European Health Insurance Card"),
    "U4": _N("Submitting an income tax declaration"),
    "V1": _N("Registering a change of address"),
    "V2": _N("Registering a motor vehicle"),
    "V3": _N("Obtaining stickers for the use of roads"),
    "V4": _N("Obtaining emission stickers"),
    "W1": _N("Claiming pension and pre-retirement benefits"),
    "W2": _N("Requesting information on pension data"),
    "X1": _N("Notifying, permitting, changing or ending a business activity"),
    "X2": _N("Registering an employer with compulsory pension and insurance schemes"),
    "X3": _N("Registering employees with compulsory pension and insurance schemes"),
    "X4": _N("Submitting a corporate tax declaration"),
    "X5": _N("Notifying the end of an employee's contract to social security"),
    "X6": _N("Paying social contributions for employees"),
    "00": _N("System check"),
}
"""Procedures of Annex II of Regulation (EU) 2018/1724, by their code."""

LABELS: Final[Mapping[str, str]] = {
    "evidence_type_classifications": _N("EU evidence type"),
    "requirements": _N("Requirements"),
    "procedures": _N("Procedures"),
    "national_id": _N("National identifier"),
    "national_version": _N("Version of the national evidence type"),
    "national_service": _N("National administrative service"),
    "titles": _N("Title"),
    "names": _N("Name"),
    "descriptions": _N("Description"),
    "jurisdiction_level": _N("Level of jurisdiction"),
    "routing": _N("Provider"),
    "subjects": _N("About whom"),
    "identification": _N("How the person is identified"),
    "formats": _N("Formats"),
    "additional_inputs": _N("Additional inputs"),
    "level_of_assurance": _N("Level of assurance"),
    "legal_basis": _N("Legal basis"),
    "preview": _N("Preview"),
    "preview_legal_basis": _N("Legal basis for leaving out the preview"),
    "valid_from": _N("In force from"),
    "valid_until": _N("In force until"),
    "retention_days": _N("Days for which evidence is kept"),
    "agent_scheme": _N("Scheme of the identifier in EU messages"),
    "agent_id": _N("Identifier in EU messages"),
    "country": _N("Country"),
    "protocol": _N("Protocol"),
    "url": _N("Address"),
    "component": _N("Component"),
    "audience": _N("Audience of the access token"),
    "nuts": _N("NUTS code"),
    "lau": _N("LAU code"),
    "options": _N("Interface"),
    "national_component": _N("National component"),
    "language": _N("Language of the national side"),
    "identifiers_without_meaning": _N("Countries whose identifier says nothing here"),
}
"""Fields of the documents, by the first step of their path."""

REPORT: Final[Mapping[str, str]] = {
    "error": _N("error"),
    "warning": _N("warning"),
}

RULES: Final = rulebook.RULES
"""What the rules say, by their id: messages of the catalogue."""

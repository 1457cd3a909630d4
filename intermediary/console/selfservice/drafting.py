"""From a provider's forms to drafts in the mapping store, and what is its own there."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from intermediary.console.pages import _N
from intermediary.console.selfservice.invitations import Invitation
from intermediary.console.selfservice.runs import Endpoint
from intermediary.mapping import Document, Entry, LintFinding, MappingStore, State, Version
from intermediary.mapping import MappingConflict as Conflict

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,19}")
_URL = re.compile(r"https://[^\s/?#@]+(/[^\s?#@]*)?")
_LONGEST = 1000
REASON = "described by the provider on its own pages"
_NATURAL = {
    "fields": ["family_name", "given_name", "date_of_birth"],
    "optional": ["birth_name", "place_of_birth", "gender", "current_address"],
}
_LEGAL = {
    "fields": ["legal_name"],
    "optional": ["identifier", "identifier:BusinessCode", "identifier:VAT", "registered_address"],
}

Given = Mapping[str, str]
"""What a form holds; ticks are `yes`."""

SERVICE_FIELDS = (
    "name_en",
    "name_de",
    "national_id",
    "agent_scheme",
    "agent_id",
    "country",
    "url",
    "component",
)
EVIDENCE_FIELDS = (
    "name",
    "title_en",
    "title_de",
    "description_en",
    "description_de",
    "national_type",
    "national_version",
    "national_service",
    "legal_basis",
    "classification",
    "requirement",
    "procedures",
    "natural",
    "legal",
    "level",
    "xml",
    "data_model",
    "conforms_to",
    "pdf",
    "input_key",
    "input_en",
    "input_de",
    "input_hint",
    "input_pattern",
)

_SERVICE_NEEDS = {
    "name_de": _N("Write the name in German."),
    "name_en": _N("Write the name in English."),
    "national_id": _N("Write the identifier in the national network."),
    "agent_scheme": _N("Write the scheme of the European identifier."),
    "agent_id": _N("Write the European identifier."),
}
_EVIDENCE_NEEDS = {
    "title_de": _N("Write the title in German."),
    "title_en": _N("Write the title in English."),
    "national_type": _N("Write the national identifier of the evidence type."),
    "national_service": _N("Write the key of the administrative service."),
    "legal_basis": _N("Write the legal basis."),
}


class NotYours(Exception):  # noqa: N818
    """Operators are working on the entry: it cannot be changed from here now."""


@dataclass(frozen=True, slots=True)
class Own:
    """An entry of the provider: as it is in force, and as it is being made."""

    entry: Entry
    drafted: bool
    """Whether the provider may go on drafting it here."""


def own_entries(store: MappingStore, invitation: Invitation, now: datetime) -> tuple[Own, ...]:
    """What is about this provider: itself, what is asked of it, what it drafted."""
    found = []
    for entry in store.entries(now.date()):
        if entry.kind == "provider":
            mine = entry.name == invitation.entry
        elif entry.kind == "evidence":
            mine = invitation.owns(entry.name) or _asks(entry.document, invitation.provider)
        else:
            mine = False
        if mine:
            found.append(Own(entry, invitation.owns(entry.name)))
    return tuple(sorted(found, key=lambda own: (own.entry.kind != "provider", own.entry.name)))


def _asks(document: Document, provider: str) -> bool:
    routing = document.get("routing")
    if not isinstance(routing, dict):
        return False
    table = routing.get("table")
    return routing.get("provider") == provider or (isinstance(table, dict) and provider in table.values())


def entry_of(store: MappingStore, name: str, now: datetime) -> Entry | None:
    """An entry by its name, or None."""
    return next((entry for entry in store.entries(now.date()) if entry.name == name), None)


def latest(store: MappingStore, entry: Entry | None) -> Document:
    """What the version says that one would go on from."""
    if entry is None:
        return {}
    version = entry.pending or entry.in_force or entry.newest
    return store.document(entry.name, version.number)


def draft(  # noqa: PLR0917
    store: MappingStore, invitation: Invitation, name: str, document: Document, expected: int, now: datetime
) -> Version:
    """Keep a draft. Raises NotYours, and what `MappingStore.draft` raises."""
    if not invitation.owns(name):
        raise NotYours
    entry = entry_of(store, name, now)
    if entry is not None and (pending := entry.pending) is not None:
        ours = all(author == invitation.actor for author in pending.authors)
        if pending.state is State.APPROVED or not ours:
            raise NotYours
    return store.draft(name, document, expected=expected, actor=invitation.actor, reason=REASON, at=now)


def follow_endpoint(store: MappingStore, invitation: Invitation, endpoint: Endpoint, now: datetime) -> None:
    """Let the provider's own draft say how its test system is asked, where there is such a draft."""
    entry = entry_of(store, invitation.entry, now)
    if entry is None or entry.pending is None:
        return
    said = store.document(entry.name, entry.pending.number)
    asked = (endpoint.protocol, endpoint.said_options())
    if (said.get("protocol"), said.get("options") or {}) == asked:
        return
    document = {**said, "protocol": asked[0], "options": asked[1]}
    with suppress(NotYours, Conflict):
        draft(store, invitation, entry.name, document, entry.newest.number, now)


def to_hand_in(store: MappingStore, invitation: Invitation, now: datetime) -> tuple[Version, ...]:
    """The provider's drafts."""
    versions = (own.entry.pending for own in own_entries(store, invitation, now) if own.drafted)
    return tuple(
        v for v in versions if v is not None and v.state is State.DRAFT and v.author == invitation.actor
    )


def findings(store: MappingStore, drafts: tuple[Version, ...], now: datetime) -> tuple[LintFinding, ...]:
    """What the rules say of the drafts together."""
    return store.findings(*(v.ref for v in drafts), day=now.date()) if drafts else ()


def hand_in(
    store: MappingStore, invitation: Invitation, drafts: tuple[Version, ...], now: datetime
) -> tuple[Version, ...]:
    """Give drafts to the operators. Raises MappingInvalid, MappingConflict."""
    if not drafts:
        raise Conflict("There is no draft")
    refs = (v.ref for v in drafts)
    return store.submit(*refs, actor=invitation.actor, reason="handed in by the provider", at=now)


def waiting(store: MappingStore, invitation: Invitation, now: datetime) -> tuple[Version, ...]:
    """What was handed in and is not decided yet."""
    handed = (State.IN_REVIEW, State.APPROVED)
    pending = (own.entry.pending for own in own_entries(store, invitation, now) if own.drafted)
    return tuple(v for v in pending if v is not None and v.state in handed and v.author == invitation.actor)


# ---------------------------------------------------------------------------------------------------- forms


def service_form(document: Document) -> dict[str, str]:
    """The form of the service, filled from what is there."""
    names = document.get("names") or {}
    given = {name: str(document.get(name) or "") for name in SERVICE_FIELDS}
    given |= {"name_en": names.get("en", ""), "name_de": names.get("de", "")}
    given["agent_scheme"] = given["agent_scheme"] or "urn:cef.eu:names:identifier:EAS:0204"
    return given


def service_errors(given: Given) -> dict[str, str]:
    """What is wrong with the form, by field; messages of the catalogue."""
    errors = _too_long(given)
    errors |= {name: text for name, text in _SERVICE_NEEDS.items() if not given[name]}
    if not re.fullmatch(r"[A-Z]{2}", given["country"]):
        errors["country"] = _N("Two capital letters, such as DE.")
    if (wrong := url_error(given["url"])) is not None:
        errors["url"] = wrong
    return errors


def url_error(url: str) -> str | None:
    """Why a URL of a provider cannot be used, or None."""
    if not _URL.fullmatch(url) or len(url) > 500:
        return _N("An address that begins with https://, without user name, question mark and fragment.")
    return None


def service_document(
    given: Given, before: Document, endpoint: Endpoint | None, invitation: Invitation
) -> Document:
    """The provider as the store holds it; what the form does not know stays."""
    said: Document = {
        **before,
        "national_id": given["national_id"],
        "names": {**(before.get("names") or {}), "en": given["name_en"], "de": given["name_de"]},
        "agent_scheme": given["agent_scheme"],
        "agent_id": given["agent_id"],
        "country": given["country"],
        "url": given["url"],
        "component": given["component"] or None,
    }
    if invitation.audience is not None:
        said["audience"] = invitation.audience
    if endpoint is not None:
        said["protocol"], said["options"] = endpoint.protocol, endpoint.said_options()
    else:
        said.setdefault("protocol", "xnachweis")
    return {name: value for name, value in said.items() if value not in (None, {}, "")}


def evidence_name(invitation: Invitation, name: str) -> str | None:
    """The entry of an evidence mapping of this provider, or None where it may not be called so."""
    return f"evidence/{invitation.provider}--{name}" if _NAME.fullmatch(name) else None


def evidence_form(document: Document, name: str) -> dict[str, str]:
    """The form of an evidence mapping, filled from what is there."""
    titles, descriptions = document.get("titles") or {}, document.get("descriptions") or {}
    forms = {f.get("media_type"): f for f in document.get("formats") or () if isinstance(f, dict)}
    structured = forms.get("application/xml", {})
    asked: Mapping[str, Any] = next(iter(document.get("additional_inputs") or ()), {})
    subjects = document.get("subjects") or ([] if document else ["natural"])
    return {
        "name": name,
        "title_en": titles.get("en", ""),
        "title_de": titles.get("de", ""),
        "description_en": descriptions.get("en", ""),
        "description_de": descriptions.get("de", ""),
        "national_type": document.get("national_id", ""),
        "national_version": document.get("national_version", "1.0"),
        "national_service": document.get("national_service", ""),
        "legal_basis": document.get("legal_basis", ""),
        "classification": "\n".join(document.get("evidence_type_classifications") or ()),
        "requirement": "\n".join(document.get("requirements") or ()),
        "procedures": ", ".join(document.get("procedures") or ()),
        "natural": "yes" if "natural" in subjects else "",
        "legal": "yes" if "legal" in subjects else "",
        "level": document.get("level_of_assurance", "Substantial"),
        "xml": "yes" if structured or not document else "",
        "data_model": structured.get("national_data_model", ""),
        "conforms_to": structured.get("conforms_to", ""),
        "pdf": "yes" if "application/pdf" in forms else "",
        "input_key": asked.get("key", ""),
        "input_en": (asked.get("titles") or {}).get("en", ""),
        "input_de": (asked.get("titles") or {}).get("de", ""),
        "input_hint": (asked.get("hints") or {}).get("en", ""),
        "input_pattern": asked.get("pattern", ""),
    }


def evidence_errors(given: Given) -> dict[str, str]:
    """What is wrong with the form, by field; messages of the catalogue."""
    errors = _too_long(given)
    errors |= {name: text for name, text in _EVIDENCE_NEEDS.items() if not given[name]}
    if not _NAME.fullmatch(given["name"]):
        errors["name"] = _N("Up to 20 lower-case letters, digits, _ and -, beginning with a letter or digit.")
    if not given["natural"] and not given["legal"]:
        errors["natural"] = _N("Tick at least one.")
    if not given["xml"] and not given["pdf"]:
        errors["xml"] = _N("Tick at least one.")
    if given["input_key"] and not given["input_en"]:
        errors["input_en"] = _N("Write the question in English.")
    return errors


def evidence_document(given: Given, before: Document, invitation: Invitation) -> Document:
    """The evidence mapping as the store holds it; what the form does not know stays."""
    subjects = [kind for kind in ("natural", "legal") if given[kind]]
    formats: list[dict[str, Any]] = []
    if given["xml"]:
        structured = {
            "media_type": "application/xml",
            "national_media_type": "application/xml",
            "national_data_model": given["data_model"],
            "conforms_to": given["conforms_to"],
        }
        formats.append({name: value for name, value in structured.items() if value})
    if given["pdf"]:
        formats.append({"media_type": "application/pdf", "national_media_type": "application/pdf"})
    said: Document = {
        **before,
        "evidence_type_classifications": given["classification"].split(),
        "requirements": given["requirement"].split(),
        "procedures": [p.upper() for p in re.split(r"[\s,;]+", given["procedures"]) if p],
        "national_id": given["national_type"],
        "national_version": given["national_version"] or "1.0",
        "national_service": given["national_service"],
        "titles": {**(before.get("titles") or {}), "en": given["title_en"], "de": given["title_de"]},
        "descriptions": _texts(given, "description"),
        "jurisdiction_level": before.get("jurisdiction_level", "country"),
        "routing": before.get("routing") or {"provider": invitation.provider},
        "subjects": subjects,
        "identification": [{"natural": _NATURAL, "legal": _LEGAL}[kind] for kind in subjects],
        "formats": formats,
        "level_of_assurance": given["level"],
        "legal_basis": given["legal_basis"],
    }
    said.pop("additional_inputs", None)
    if given["input_key"]:
        asked: dict[str, Any] = {"key": given["input_key"], "titles": _texts(given, "input")}
        if given["input_hint"]:
            asked["hints"] = {"en": given["input_hint"]}
        if given["input_pattern"]:
            asked["pattern"] = given["input_pattern"]
        said["additional_inputs"] = [asked]
    return said


def _texts(given: Given, name: str) -> dict[str, str]:
    both = {"de": given[f"{name}_de"], "en": given[f"{name}_en"]}
    return {language: text for language, text in both.items() if text}


def _too_long(given: Given) -> dict[str, str]:
    return {name: _N("This is too long.") for name, text in given.items() if len(text) > _LONGEST}

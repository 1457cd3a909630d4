"""What an operator wants to try: which mapping, with which versions, which request, which answer."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lxml import etree

from intermediary import xml
from intermediary.console.dryrun.contracts import Trials
from intermediary.exchange.dryrun import MOST
from intermediary.mapping import PENDING, Entry, MappingMissing, MappingStore, Ref, Version
from intermediary.mapping.model import EvidenceMapping

EVIDENCE = "evidence/"
_REF = re.compile(r"([a-z]+(?:/[a-z0-9][a-z0-9_-]{0,63})?)@([1-9][0-9]{0,8})")
_FEW_LINES = 5


def ref_of(text: str) -> Ref | None:
    """`evidence/x@3` as a version; None where it is none."""
    found = _REF.fullmatch(text)
    return (found[1], int(found[2])) if found else None


def name_of(ref: Ref) -> str:
    """A version as `evidence/x@3`."""
    return f"{ref[0]}@{ref[1]}"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is tried: a mapping, and the versions that are not live yet."""

    entry: Entry
    refs: tuple[Ref, ...]
    mapping: EvidenceMapping
    pending: tuple[Version, ...] = field(default=())
    """Every version that is being made, also those that are not tried."""

    @property
    def version(self) -> int | None:
        """The version of the mapping that is tried; None: what is live."""
        return dict(self.refs).get(self.entry.name)


def subject_of(
    store: MappingStore, trials: Trials, entry: str, version: int | None, others: Iterable[Ref]
) -> Subject:
    """The mapping and its versions; of a provider, the first mapping that leads to it.

    Providers that it leads to and that are only being made come with it. Raises MappingInvalid,
    MappingMissing.
    """
    today = trials.day_of()
    refs = tuple(dict.fromkeys([*([(entry, version)] if version else []), *others]))
    live = {e.name: e.in_force.number for e in store.entries(today) if e.in_force is not None}
    refs = tuple(ref for ref in refs if live.get(ref[0]) != ref[1])
    day = trials.day_of(*refs)
    held = trials.held(*refs, day=day)
    name = entry if entry.startswith(EVIDENCE) else _leading_to(held.mappings, entry)
    mapping = held.by_key(name.removeprefix(EVIDENCE))
    if mapping is None:
        raise MappingMissing(f"There is no mapping {name} on {day}; try one of its versions")
    entries = store.entries(today)
    shown = next(e for e in entries if e.name == name)
    pending = tuple(e.pending for e in entries if e.pending is not None)
    routing = mapping.routing
    unknown = {
        key for key in (routing.provider, *routing.table.values()) if key and key not in held.providers
    }
    made = (v.ref for v in pending if v.entry.removeprefix("provider/") in unknown)
    return Subject(shown, (*refs, *made), mapping, pending)


def _leading_to(mappings: Sequence[EvidenceMapping], entry: str) -> str:
    key = entry.partition("/")[2]
    for mapping in mappings:
        if key in (mapping.routing.provider, *mapping.routing.table.values()):
            return EVIDENCE + mapping.key
    if entry.startswith("provider/") or not mappings:
        raise MappingMissing(f"No mapping leads to {entry}; draft one first")
    return EVIDENCE + mappings[0].key  # platform and references are part of every request


def choices(entries: Iterable[Entry]) -> list[tuple[str, Entry, Version | None]]:
    """What can be tried: each mapping as it is live, and each version that is being made."""
    found: list[tuple[str, Entry, Version | None]] = []
    for entry in entries:
        if entry.kind != "evidence":
            continue
        if entry.in_force is not None:
            found.append((entry.name, entry, None))
        for version in (*entry.scheduled, *([entry.pending] if entry.pending else [])):
            found.append((name_of(version.ref), entry, version))
    return found


def pending(version: Version) -> bool:
    """Whether a version is still being made."""
    return version.state in PENDING


def legible(body: bytes) -> bytes:
    """XML with line breaks where it has hardly any, so that findings have lines; else as it is."""
    if body.count(b"\n") >= _FEW_LINES or len(body) > MOST:
        return body
    try:
        root = xml.parse(body)
    except xml.XmlRefused:
        return body
    etree.indent(root)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)

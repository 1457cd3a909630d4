"""How `intermediary mappings` speaks: versions, entries, differences and findings."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING

from intermediary.cli_output import out, print_json
from intermediary.mapping import MappingError, MappingSet, State

if TYPE_CHECKING:
    from intermediary.mapping import Difference, Entry, LintFinding, MappingStore, Ref, Version


def tell(versions: "Iterable[Version]", as_json: bool) -> None:
    """What became of versions."""
    if as_json:
        print_json([life_of(version) for version in versions])
        return
    for v in versions:
        when = f" from {v.valid_from}" if v.valid_from and v.state is State.LIVE else ""
        until = f" until {v.valid_until}" if v.valid_until and v.state is State.LIVE else ""
        out.print(f"{ref_of(v)} is {v.state}{when}{until}", markup=False)


def tell_live(held: MappingSet, revision: int, as_json: bool) -> None:
    """What is live now."""
    if as_json:
        print_json({"versions": [], "absent": [], "revision": revision})
        return
    out.print(f"Revision {revision} is live: {len(held.mappings)} mappings, {len(held.providers)} providers.")


def ref_of(version: "Version") -> str:
    """`ENTRY@VERSION`, as commands take it."""
    return f"{version.entry}@{version.number}"


def life_of(version: "Version") -> dict[str, object]:
    """A version for machines."""
    return {**asdict(version), "ref": ref_of(version)}


def row_of(entry: "Entry") -> dict[str, object]:
    """An entry for machines."""
    return {
        "entry": entry.name,
        "key": entry.key,
        "title": entry.titles.get("en", ""),
        "in_force": entry.in_force and life_of(entry.in_force),
        "scheduled": [life_of(v) for v in entry.scheduled],
        "pending": entry.pending and life_of(entry.pending),
        "newest": life_of(entry.newest),
    }


def print_entry(entry: "Entry") -> None:
    """A line for what is in force, and one for each version that is to follow or being made."""
    now, title = entry.in_force, entry.titles.get("en", "")
    if now is not None:
        dates = (
            f"  {now.valid_from or ''} – {now.valid_until or ''}" if now.valid_from or now.valid_until else ""
        )
        out.print(f"{ref_of(now)}  {title}{dates}", markup=False)
    else:
        out.print(f"{entry.name}  {title}  not in force", style="dim", markup=False)
    for follows in entry.scheduled:
        out.print(f"  @{follows.number} follows on {follows.valid_from}", markup=False)
    if entry.pending is not None:
        made = entry.pending
        out.print(
            f"  @{made.number} {made.state}, by {made.author}: {made.reason}", style="yellow", markup=False
        )


def full(store: "MappingStore", ref: "Ref", day: date) -> dict[str, object] | None:
    """What a version says with all defaults and references resolved; None where it cannot be read yet."""
    kind, _, key = ref[0].partition("/")
    try:
        held = store.would_be(ref, day=day)
    except MappingError:
        return None
    match kind:
        case "evidence":
            found = held.by_key(key)
            return asdict(found) if found else None
        case "provider":
            return asdict(held.providers[key])
        case "platform":
            return asdict(held.platform)
    return {**held.references}


def print_differences(name: str, differences: "tuple[Difference, ...]") -> None:
    """The differences of one entry."""
    out.print(name, style="bold", markup=False)
    colours = {"added": "green", "removed": "red", "changed": "yellow"}
    for difference in differences:
        out.print(f"  {difference}", style=colours[difference.kind], markup=False)


def line_of(f: "LintFinding") -> str:
    """A finding in a line: file and line, or the way to the field."""
    where = ".".join(str(step) for step in f.path) if not f.line else ""
    return f"{f.file}:{f.line or 1}: {f.severity}: {where and f'{where}: '}{f.text} → {f.remedy}"

"""How `intermediary mappings` speaks: versions, entries, differences and findings."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from intermediary.cli_output import err, out, print_json
from intermediary.mapping import MappingError, MappingSet, State
from intermediary.settings import load_settings

if TYPE_CHECKING:
    from intermediary.mapping import Difference, Entry, Found, LintFinding, MappingStore, Ref, Version
    from intermediary.mapping.rulebook import Problem


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
    return lint_line(finding_row(f))


def finding_row(f: "LintFinding", folder: Path | None = None) -> dict[str, object]:
    """A finding for machines; file names from where the command runs if the folder is given."""
    said = {**asdict(f), "values": dict(f.values)}
    return {**said, "file": str(folder / f.file)} if folder else said


def found_row(found: "Found") -> dict[str, object]:
    """A finding of the store for machines; its file is the entry with its version."""
    f = found.finding
    name = f"{f.entry or f.file}@{found.version}" if found.version else f.entry or f.file
    return {**finding_row(f), "file": name, "state": found.state, "version": found.version}


def lint_line(row: "Mapping[str, object]") -> str:
    """`file:line: severity: RULE: text → remedy`; the way to the field where there is no line."""
    path = row["path"] if not row["line"] else ()
    where = ".".join(str(step) for step in path) if isinstance(path, tuple) else ""
    said = f"{where and f'{where}: '}{row['text']} → {row['remedy']}"
    return f"{row['file']}:{row['line'] or 1}: {row['severity']}: {row['rule']}: {said}"


def beyond(
    answers: list[Path], *, online: bool, now: datetime
) -> "Callable[[MappingSet], Iterable[Problem]]":
    """What lint is to find beyond the rules: by answers of the directory, by calling providers.

    A file that is missing or unreadable ends the command with 2.
    """
    from intermediary import reaching
    from intermediary.directory import DirectoryError
    from intermediary.mapping.reach import published

    try:
        levels = reaching.levels_of({str(path): path.read_bytes() for path in answers}) if answers else {}
    except (OSError, DirectoryError) as error:
        err.print(f"This is no answer of the Data Service Directory: {error}", markup=False)
        raise typer.Exit(2) from None
    national = load_settings().national if online else None

    def more(mapping_set: MappingSet) -> "Iterator[Problem]":
        yield from published(mapping_set, levels)
        if national is not None:
            doors = reaching.Doors(national.ca, national.client_certificate, national.client_key)
            try:
                yield from reaching.check_online(mapping_set, doors, now)
            except OSError as error:  # ssl.SSLError, too
                err.print(f"Our own certificate or key cannot be used: {error}", markup=False)
                raise typer.Exit(2) from None

    return more

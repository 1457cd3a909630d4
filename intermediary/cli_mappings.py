"""`intermediary mappings`: check, compare, import, review and publish what is mapped."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from intermediary import cli_dryrun
from intermediary import cli_mappings_output as telling
from intermediary.cli_output import Json, err, out, print_json
from intermediary.mapping import (
    PENDING,
    MappingError,
    MappingInvalid,
    State,
    diff,
    documents_of,
    dump,
    load,
    render,
)
from intermediary.settings import load_settings
from intermediary.shipped import shipped

if TYPE_CHECKING:
    from intermediary.mapping import MappingStore, Ref

app = typer.Typer(
    help="Evidence type mappings, providers, and what else `mappings/` holds.\n\n"
    "A version is drafted, handed in (`submit`), approved by somebody else, and goes live on the days of its "
    "validity. ENTRY is evidence/<key> (or just <key>), provider/<key>, platform, references; ENTRY@3 is its "
    "version 3. To work by pull request: `lint`, `diff` and `import` a folder.",
    no_args_is_help=True,
)

Reason = Annotated[str, typer.Option(help="Why: kept for ever.")]
Actor = Annotated[
    str | None,
    typer.Option(help="Who does it; default: the user of this machine, who is recorded in any case."),
]
Names = Annotated[list[str], typer.Argument(metavar="ENTRY[@VERSION]...")]


@app.command("lint")
def lint_(
    *,
    folder: Annotated[
        Path | None, typer.Argument(help="Folder of YAML files; default: the shipped set.")
    ] = None,
    stored: Annotated[
        bool, typer.Option("--store", help="Not a folder: what is live and what is pending in the store.")
    ] = False,
    dsd: Annotated[
        list[Path] | None,
        typer.Option(help="An answer of the Data Service Directory (XML): compare levels of assurance."),
    ] = None,
    online: Annotated[
        bool, typer.Option("--online", help="Also call every provider: TLS, certificate, HTTP status.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings, too, end with 1.")] = False,
    as_json: Json = False,
) -> None:
    """Check mappings without importing them: `file:line: severity: RULE: text → remedy`, one a line.

    The rules: docs/mapping-rules.md. The console (Lint) and its API find the same by the same code.

    \b
    Exit codes:
      0  no error (warnings may be there)
      1  errors; with --strict warnings, too
      2  wrong call: no such folder or file, settings that cannot be used
    """
    more = telling.beyond(dsd or [], online=online, now=_now())
    if stored and folder is not None:
        err.print("Name a folder or --store, not both")
        raise typer.Exit(2)
    if stored:
        from intermediary.mapping import lint_store

        with _telling():
            rows = [telling.found_row(f) for f in lint_store(_store(), _now().date(), more)]
    else:
        from intermediary.mapping import lint

        place = folder or shipped("mappings")
        if not place.is_dir():
            err.print(f"{place} is no folder", markup=False)
            raise typer.Exit(2)
        rows = [telling.finding_row(f, place if folder else None) for f in lint(place, more)]
    errors = sum(row["severity"] == "error" for row in rows)
    if as_json:
        print_json(rows)
    else:
        for row in rows:
            out.print(telling.lint_line(row), markup=False)
        out.print(f"{errors} errors, {len(rows) - errors} warnings")
    raise typer.Exit(1 if errors or (strict and rows) else 0)


@app.command("list")
def list_(
    text: Annotated[str, typer.Argument(help="Words to look for in names, titles, identifiers.")] = "",
    kind: Annotated[
        str, typer.Option(metavar="evidence|provider|platform|references|all", help="What to list.")
    ] = "evidence",
    state: Annotated[State | None, typer.Option(help="Only entries with a version in this state.")] = None,
    refs: Annotated[
        bool, typer.Option("--refs", help="Only ENTRY@VERSION of the pending versions, for other commands.")
    ] = False,
    as_json: Json = False,
) -> None:
    """The entries: what is in force today, what follows, what is being made.

    intermediary mappings approve $(intermediary mappings list --kind all --state in-review --refs)
    """
    store = _store()
    found = store.entries(_now().date(), text=text, kind=None if kind == "all" else kind, state=state)
    if refs:
        for entry in found:
            if entry.pending is not None and state in (None, entry.pending.state):
                typer.echo(telling.ref_of(entry.pending))
    elif as_json:
        print_json([telling.row_of(entry) for entry in found])
    else:
        for entry in found:
            telling.print_entry(entry)
        if not found:
            out.print("none")


@app.command()
def show(
    entry: Annotated[str, typer.Argument(metavar="ENTRY[@VERSION]")],
    as_json: Json = False,
) -> None:
    """One version in full, as YAML, with its life; by default the one in force (else the newest)."""
    store = _store()
    with _telling():
        name, number = _parsed(entry)
        versions = store.versions(name)
        if number is None:
            live = store.live(_now().date()) if store.revision() else None
            number = (live.versions.get(name) if live else None) or versions[0].number
        version = store.version(name, number)
        said = store.document(name, number)
        steps = [step for step in reversed(store.history(name)) if step.version == number]
    if as_json:
        full = telling.full(store, version.ref, _now().date()) or said
        print_json({**full, **telling.life_of(version), "steps": [asdict(step) for step in steps]})
        return
    out.print(f"# {telling.ref_of(version)}: {version.state}, by {', '.join(version.authors)}", markup=False)
    for step in steps:
        out.print(
            f"# {step.at:%Y-%m-%d %H:%M:%S} {step.action} → {step.state} by {step.actor}: {step.reason}",
            markup=False,
        )
    out.print(render(said), markup=False)


@app.command()
def history(
    entry: Annotated[str | None, typer.Argument(metavar="ENTRY", help="Default: all entries.")] = None,
    limit: Annotated[int, typer.Option(help="How many steps, newest first.")] = 50,
    as_json: Json = False,
) -> None:
    """Who did what when and why, the newest first. The log (`exchanges verify`) proves it."""
    store = _store()
    with _telling():
        name = _parsed(entry)[0] if entry else None
        if name is not None:
            store.versions(name)
        steps = store.history(name, limit)
    if as_json:
        print_json([asdict(step) for step in steps])
        return
    for step in steps:
        out.print(
            f"{step.at:%Y-%m-%d %H:%M:%S}  #{step.change}  {step.entry}@{step.version}  {step.action} → "
            f"{step.state}  {step.actor} ({step.via}): {step.reason}",
            markup=False,
        )


@app.command("diff")
def diff_(
    what: Annotated[str, typer.Argument(metavar="FOLDER|ENTRY", help="A folder, or one entry.")],
    old: Annotated[
        int | None, typer.Option("--from", help="Version of the entry; default: what is in force.")
    ] = None,
    new: Annotated[int | None, typer.Option("--to", help="Version; default: the newest.")] = None,
    as_json: Json = False,
) -> None:
    """What a folder would change in what is in force, or what differs between two versions of an entry.

    Exit code 1 where something differs.
    """
    store = _store()
    with _telling():
        live = store.live(_now().date()) if store.revision() else None
        if Path(what).is_dir():
            was, will = documents_of(live) if live else {}, documents_of(load(Path(what)))
            found = {name: diff(was.get(name), will.get(name)) for name in sorted({*was, *will})}
        else:
            name = _parsed(what)[0]
            newest = store.versions(name)[0].number
            before = old if old is not None else (live.versions.get(name, 0) if live else 0)
            found = {name: store.diff(name, before, new if new is not None else newest)}
    found = {name: differences for name, differences in found.items() if differences}
    if as_json:
        print_json([{"entry": name, **asdict(d)} for name, all_ in found.items() for d in all_])
    else:
        for name, differences in found.items():
            telling.print_differences(name, differences)
        if not found:
            out.print("no difference")
    raise typer.Exit(1 if found else 0)


@app.command("import")
def import_(
    *,
    folder: Annotated[Path, typer.Argument(help="Folder of YAML files.")],
    reason: Reason,
    author: Annotated[
        str | None, typer.Option(help="Who wrote it (of a pull request: its author); default: the actor.")
    ] = None,
    approved_by: Annotated[
        str | None,
        typer.Option(
            help="Who approved it (of a pull request: its reviewer), not the author: goes live now."
        ),
    ] = None,
    actor: Actor = None,
    as_json: Json = False,
) -> None:
    """Hand in what a folder says otherwise than the store, as versions in review.

    With --approved-by they are approved in that name and go live at once. An empty store takes its first
    set without review. Entries that are not in the folder stay; `retire` them.
    """
    store, at, who = _store(), _now(), actor or _user()
    with _telling():
        wanted = load(folder)
        if store.revision() == 0:
            revision = store.adopt(wanted, actor=author or who, reason=reason, at=at)
            telling.tell_live(wanted, revision, as_json)
            return
        found = store.propose(documents_of(wanted), actor=author or who, reason=reason, at=at)
        if approved_by and found:
            unread = [v.ref for v in found if v.state is State.IN_REVIEW]
            store.approve(*unread, actor=approved_by, reason=reason, at=at)
            found = store.go_live(*(v.ref for v in found), actor=who, reason=reason, at=at)
        live = store.live(at.date())
    absent = sorted(set(live.versions) - set(documents_of(wanted)))
    if as_json:
        print_json(
            {"versions": [telling.life_of(v) for v in found], "absent": absent, "revision": store.revision()}
        )
        return
    for version in found:
        out.print(f"{telling.ref_of(version)} is {version.state}", markup=False)
    for name in absent:
        out.print(
            f"{name} is not in the folder and stays; `intermediary mappings retire {name}`", markup=False
        )
    if approved_by or not found:
        telling.tell_live(live, store.revision(), as_json)
    else:
        names = " ".join(map(telling.ref_of, found))
        out.print(f"To be approved by somebody else: intermediary mappings approve {names}", markup=False)


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="Where to write; made if it is not there.")],
    revision: Annotated[int | None, typer.Option(help="As it was at a revision; default: now.")] = None,
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="As in force on a day; default: today.")
    ] = None,
) -> None:
    """Write what is in force as YAML, in a fixed order, so that git shows what changed and nothing else.

    The same set always gives the same bytes. Comments are not kept: they are not in the store.
    """
    store = _store()
    with _telling():
        on = day.date() if day else _now().date()
        held = store.live(on) if revision is None else store.as_of(revision, on)
    files = dump(held)
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    for path in sorted(folder.rglob("*.y*ml")):
        if path.relative_to(folder).as_posix() not in files:
            out.print(f"{path} is of no entry in force; remove it", markup=False)
    out.print(f"Revision {held.revision}: {len(files)} files in {folder}", markup=False)


@app.command()
def submit(names: Names, reason: Reason, actor: Actor = None, as_json: Json = False) -> None:
    """Hand drafts in for review, together what depends on each other; the rules have to be content."""
    _act("submit", names, reason, actor, as_json)


@app.command()
def approve(names: Names, reason: Reason, actor: Actor = None, as_json: Json = False) -> None:
    """Say that versions are right: ENTRY@VERSION, by somebody who wrote nothing of them."""
    if unclear := [name for name in names if "@" not in name]:
        err.print(f"Which version of {unclear[0]} have you read? Write {unclear[0]}@VERSION", markup=False)
        raise typer.Exit(2)
    _act("approve", names, reason, actor, as_json)


@app.command()
def reject(names: Names, reason: Reason, actor: Actor = None, as_json: Json = False) -> None:
    """Send versions back to their authors, with the reason."""
    _act("reject", names, reason, actor, as_json)


@app.command("go-live")
def go_live(names: Names, reason: Reason, actor: Actor = None, as_json: Json = False) -> None:
    """Put approved versions in force, all at once, from the first day of their validity."""
    _act("go_live", names, reason, actor, as_json)


@app.command()
def retire(names: Names, reason: Reason, actor: Actor = None, as_json: Json = False) -> None:
    """Take versions out of force at once, or give up pending ones. One person may: it is the way to stop.

    Without a version it is all that is live of the entry.
    """
    _act("retire", names, reason, actor, as_json)


@app.command()
def rollback(
    entry: Annotated[str, typer.Argument(metavar="ENTRY")],
    reason: Reason,
    to: Annotated[
        int | None, typer.Option(help="The version to return to; default: what was live before.")
    ] = None,
    actor: Actor = None,
    as_json: Json = False,
) -> None:
    """Put in force again what an earlier version said: at once, as a new version.

    It was approved when it went live, so nobody needs to approve it again.
    """
    store = _store()
    with _telling():
        name = _parsed(entry)[0]
        back = to if to is not None else store.before(name, _now().date()).number
        version = store.roll_back(name, back, actor=actor or _user(), reason=reason, at=_now())
    telling.tell([version], as_json)


app.command("dry-run")(cli_dryrun.dry_run)
app.command("would-change")(cli_dryrun.would_change)


# ------------------------------------------------------------------------------------------------- inside


def _now() -> datetime:
    from intermediary.app import now

    return now()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without an entry for its user
        return "unknown"


def _store() -> "MappingStore":
    from intermediary import store
    from intermediary.mapping import MappingStore

    engine = store.open_engine(load_settings().database_url)
    store.migrate(engine)
    return MappingStore(engine, via=f"cli:{_user()}")


@contextmanager
def _telling() -> Iterator[None]:
    """What the store refuses is told, and ends the command with 1."""
    try:
        yield
    except MappingInvalid as invalid:
        for f in invalid.findings:
            err.print(telling.line_of(f), markup=False)
    except MappingError as refused:
        err.print(str(refused), markup=False)
    else:
        return
    raise typer.Exit(1)


def _parsed(text: str) -> tuple[str, int | None]:
    name, at, number = text.partition("@")
    if at and not number.isdecimal():
        err.print(f"«{text}»: a version is a number, as in {name}@3", markup=False)
        raise typer.Exit(2)
    if "/" not in name and name not in ("platform", "references"):
        name = f"evidence/{name}"
    return name, int(number) if at else None


def _act(action: str, names: list[str], reason: str, actor: str | None, as_json: bool) -> None:
    store = _store()
    with _telling():
        refs: list[Ref] = [ref for name in names for ref in _refs(store, action, *_parsed(name))]
        done = getattr(store, action)(*refs, actor=actor or _user(), reason=reason, at=_now())
    telling.tell(done, as_json)


def _refs(store: "MappingStore", action: str, name: str, number: int | None) -> "list[Ref]":
    """The version that is named, or that is meant: the pending one; to retire, those that are live."""
    if number is not None:
        return [(name, number)]
    versions = store.versions(name)
    live = [v.ref for v in versions if v.state is State.LIVE]
    pending = next((v.ref for v in versions if v.state in PENDING), versions[0].ref)
    return live if action == "retire" and live else [pending]

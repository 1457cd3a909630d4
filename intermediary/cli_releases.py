"""`intermediary releases`: official sets of schemas and rules, usable on the day they are published."""

import os
import tomllib
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from intermediary.cli_output import Json, err, out, print_json

if TYPE_CHECKING:
    from intermediary.validation.releases import Change, ReleaseStore, RuleFacts

BUILT_IN = "built-in"
DEFAULT = Path("var/releases")
app = typer.Typer(
    help="Official releases (XSD, Schematron, code lists), run beside the built-in rules.\n\n"
    "They lie in the folder that the setting `releases` names (INTERMEDIARY_RELEASES), else in var/releases. "
    "A running platform that has the setting uses a new one at once.",
    no_args_is_help=True,
)


def releases_folder() -> Path:
    """Where installed releases lie: the environment, else the settings file, else `var/releases`.

    Reads this one setting only, since a partner who checks a file has no platform to configure.
    """
    if named := os.environ.get("INTERMEDIARY_RELEASES"):
        return Path(named)
    if file := os.environ.get("INTERMEDIARY_SETTINGS"):
        try:
            told = tomllib.loads(Path(file).read_text(encoding="utf-8")).get("releases")
        except (OSError, ValueError):
            told = None
        if isinstance(told, str):
            return Path(told)
    return DEFAULT


def open_releases(processes: int = 1) -> "ReleaseStore":
    """The installed releases."""
    from intermediary.validation.releases import ReleaseStore

    return ReleaseStore(releases_folder(), processes)


@app.command()
def add(
    source: Annotated[
        Path, typer.Argument(metavar="FILE-OR-FOLDER", help="The set as published: zip or folder.")
    ],
    name: Annotated[
        str | None, typer.Option(help="What to call it; default: the name of file or folder.")
    ] = None,
) -> None:
    """Compile an official set and use it from now on, beside the built-in rules.

    Which versions and messages it is for is read from its rules and file names.
    """
    with _telling():
        release, remarks = open_releases().add(source, name, datetime.now(UTC))
    for remark in remarks:
        out.print(f"  {remark}", markup=False)
    tests = sum(len(file.tests) for file in release.rules)
    out.print(
        f"{release.name} is installed for {', '.join(release.versions)}: {tests} rules in "
        f"{len(release.rules)} files, {'schemas' if release.schema else 'no schemas'}, "
        f"{len(release.codes)} code lists.",
        markup=False,
    )


@app.command("list")
def list_(as_json: Json = False) -> None:
    """The installed releases."""
    with _telling():
        rows = [
            {
                "name": r.name,
                "versions": list(r.versions),
                "kinds": list(r.kinds),
                "rules": sum(len(file.tests) for file in r.rules),
                "schemas": r.schema,
                "code_lists": len(r.codes),
                "added": r.added,
                "digest": r.digest,
            }
            for r in (installed.release for installed in open_releases().installed())
        ]
    if as_json:
        print_json(rows)
        return
    if not rows:
        out.print("none; intermediary releases add FILE-OR-FOLDER")
        return
    table = Table("name", "versions", "messages", "rules", "schemas", "code lists", "added")
    for row in rows:
        table.add_row(
            str(row["name"]), ", ".join(map(str, row["versions"])), ", ".join(map(str, row["kinds"])),  # type: ignore[call-overload]
            str(row["rules"]), "yes" if row["schemas"] else "no", str(row["code_lists"]), str(row["added"]),
        )  # fmt: skip
    out.print(table)


@app.command()
def diff(
    before: Annotated[str, typer.Argument(help="A release, or built-in.")],
    after: Annotated[str, typer.Argument(help="Another release, or built-in.")],
    as_json: Json = False,
) -> None:
    """What changed between two releases: rules added, removed, worded or tested otherwise; codes.

    Against `built-in` the rules are compared by id and severity, for the versions that the other one is for.
    Exit code 1 where there are differences.
    """
    with _telling():
        changes = _changes(before, after)
    if as_json:
        print_json([asdict(change) for change in changes])
    else:
        table = Table("kind", "rule or list", "what", before, after)
        for c in changes:
            table.add_row(c.kind, c.rule, c.what, _short(c.before), _short(c.after))
        if changes:
            out.print(table, markup=False)
        out.print(f"{len(changes)} differences")
    raise typer.Exit(1 if changes else 0)


@app.command()
def remove(name: Annotated[str, typer.Argument(help="The release.")]) -> None:
    """Take a release away; messages are no longer judged by it."""
    with _telling():
        open_releases().remove(name)
    out.print(f"{name} is removed.", markup=False)


class _telling:  # noqa: N801 - reads as a statement
    """A release that cannot be used ends the command with exit code 2 and the reason."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        from intermediary.validation import ValidationError

        if isinstance(error, ValidationError):
            err.print(str(error), markup=False)
            raise typer.Exit(2) from None


def _changes(before: str, after: str) -> "tuple[Change, ...]":
    from intermediary.validation.releases import code_differences, differences, facts_of

    store = open_releases()
    releases = {name: store.get(name).release for name in (before, after) if name != BUILT_IN}
    if len(releases) < 2 and before != after:
        (known,) = releases.values()
        sides = [
            _built_in(known.versions, known.kinds)
            if name == BUILT_IN
            else [replace(f, test=None, text=None) for f in facts_of(known)]
            for name in (before, after)
        ]
        return differences(*sides)
    if not releases:
        return ()
    one, two = releases[before], releases[after]
    return (*differences(facts_of(one), facts_of(two)), *code_differences(one.codes, two.codes))


def _built_in(versions: tuple[str, ...], kinds: tuple[str, ...]) -> "list[RuleFacts]":
    from intermediary.validation.releases import RuleFacts
    from intermediary.validation.rules.published import published_rules

    return [
        RuleFacts(rule.id, rule.kind, rule.severity.value)
        for rules in published_rules()
        if rules.release.partition(":")[2] in versions
        for rule in rules.rules
        if rule.kind in kinds
    ]


def _short(text: str) -> str:
    return text if len(text) <= 200 else text[:200] + "…"

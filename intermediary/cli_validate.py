"""`intermediary validate`: files, folders, standard input, MIME messages. Exit codes: see its help."""

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table

from intermediary.cli_output import err, out, print_json
from intermediary.cli_releases import open_releases

if TYPE_CHECKING:
    from intermediary.console import Checked, CheckedPart, Checker

MAX_FILE_BYTES = 512 * 1024 * 1024
_SUFFIXES = (".xml", ".mime", ".as4", ".eml", ".mht")


class Language(StrEnum):
    """Languages of findings."""

    EN = "en"
    DE = "de"


def validate(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE|FOLDER|-…", help="Messages; folders with all below; - for standard input."
        ),
    ],
    release: Annotated[
        str | None,
        typer.Option(help="Check against this release, e.g. oots-edm:v1.2; default: what the message says."),
    ] = None,
    as_json_: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
    language: Annotated[Language, typer.Option("--lang", help="Language of the findings.")] = Language.EN,
) -> None:
    """Check messages against schemas and rules, built-in ones and those of installed releases.

    Takes EDM and Common Services messages (XML), ebMS headers, and recorded AS4 messages:
    of these the header is checked, and each part that is not encrypted.
    Findings name rule, place, line and remedy; a folder gets a table, with --json a list.

    \b
    Exit codes:
      0  everything is valid (warnings and notes may be there)
      1  something is not valid
      2  wrong call: no such file, unknown release, nothing to check
    """
    from intermediary.console.checking import Checker, as_json, known_releases
    from intermediary.shipped import shipped
    from intermediary.validation import UnknownRelease, ValidationError, Validator
    from intermediary.validation.rules.published import published_rules

    files = list(_files(paths))
    if not files:
        err.print("Nothing to check: no message (" + ", ".join(_SUFFIXES) + ") lies there")
        raise typer.Exit(2)
    several = len(files) > 1 or any(path.is_dir() for path in paths)
    processes = min(os.cpu_count() or 1, len(files))
    store = open_releases(processes)
    checker = Checker(Validator(shipped("xsd"), published_rules(), store.installed))
    try:
        results = _check_all(checker, files, release, processes, quiet=as_json_ or not several)
    except UnknownRelease:
        err.print(
            f"{release} is no release known here; use one of {', '.join(known_releases())}", markup=False
        )
        raise typer.Exit(2) from None
    except ValidationError as broken:
        err.print(str(broken), markup=False)
        raise typer.Exit(2) from None
    finally:
        store.close()
    if as_json_:
        told = [as_json(checked, language) for checked in results]
        print_json(told if several else told[0])
    elif several:
        _print_table(results)
    else:
        _print(results[0], language)
    raise typer.Exit(0 if all(checked.valid for checked in results) else 1)


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.is_file() and p.suffix.lower() in _SUFFIXES)
        else:
            yield path


def _check_all(
    checker: "Checker", files: list[Path], release: str | None, threads: int, *, quiet: bool
) -> "list[Checked]":
    def one(path: Path) -> "Checked":
        return checker.check(_bytes(path), str(path), release)

    progress = Progress(
        SpinnerColumn(), TextColumn("{task.completed}/{task.total} {task.description}"),
        console=err, transient=True, disable=quiet or not err.is_terminal,
    )  # fmt: skip
    with progress, ThreadPoolExecutor(threads) as pool:
        task = progress.add_task("", total=len(files))
        results = []
        for path, checked in zip(files, pool.map(one, files), strict=True):
            progress.update(task, advance=1, description=escape(path.name))
            results.append(checked)
    return results


def _bytes(path: Path) -> bytes:
    if str(path) == "-":
        return sys.stdin.buffer.read(MAX_FILE_BYTES)
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES)
    except OSError as error:
        err.print(f"{path}: {error.strerror}", markup=False)
        raise typer.Exit(2) from None


def _print(checked: "Checked", language: str) -> None:
    for part in checked.parts:
        if len(checked.parts) > 1:
            state = "" if part.state == "checked" else f" – {part.state}"
            out.print(f"[bold]{escape(part.what)}[/] {escape(part.name)}{state}")
        _print_findings(part, language)
    verdict = "[green]valid[/]" if checked.valid else "[red]not valid[/]"
    out.print(f"{escape(checked.name)}: {verdict} ({escape(checked.release)})")


def _print_findings(part: "CheckedPart", language: str) -> None:
    from intermediary.console.checking import words

    for finding in part.findings:
        text, remedy = words(finding, language)
        line = f" line {finding.line}" if finding.line else ""
        by = f" ({finding.release})" if finding.release else ""
        head = f"{finding.severity.value} at {finding.place}{line}{by}"
        out.print(f"[bold]{escape(finding.rule)}[/] {escape(head)}")
        expected = f" ({finding.expected})" if finding.expected and finding.expected not in text else ""
        out.print(f"  {text}{expected}\n  → {remedy}", markup=False)


def _print_table(results: "list[Checked]") -> None:
    table = Table(box=SIMPLE_HEAD)
    table.add_column("message", overflow="fold", ratio=3)
    table.add_column("kind", no_wrap=True)
    table.add_column("release", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("refused by", overflow="fold", ratio=2)
    for checked in results:
        rules = dict.fromkeys(f.rule for f in checked.findings if f.severity == "error")
        told = ", ".join([*list(rules)[:3], *([f"and {len(rules) - 3} more"] if len(rules) > 3 else [])])
        table.add_row(
            escape(_relative(checked.name)), escape(checked.parts[0].what), escape(checked.release),
            "[green]valid[/]" if checked.valid else "[red]not valid[/]", escape(told),
        )  # fmt: skip
    out.print(table)
    refused = sum(not checked.valid for checked in results)
    warnings = sum(f.severity == "warning" for checked in results for f in checked.findings)
    out.print(f"{len(results)} messages: {len(results) - refused} valid, {refused} not; {warnings} warnings")


def _relative(name: str) -> str:
    here = str(Path.cwd()) + "/"
    return name.removeprefix(here)

"""`intermediary pmodes`: partners as files, checked before a partner finds the mistake."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from intermediary.cli_output import Json, out, print_json
from intermediary.settings import load_settings

app = typer.Typer(help="P-Modes: one file for each partner.", no_args_is_help=True)


@app.command("lint")
def lint(
    folder: Annotated[
        Path | None, typer.Argument(help="Folder of YAML files; default: that of the settings.")
    ] = None,
    gateway: Annotated[
        bool, typer.Option("--gateway", help="With FOLDER: a gateway does the messaging, only names count.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check P-Mode files and the certificates that they name; exit code 1 where messages would be refused."""
    from intermediary.app import now
    from intermediary.transport.as4 import lint_partners

    if folder is None:
        settings = load_settings()
        folder, gateway = settings.pmodes, settings.gateway is not None
    findings = lint_partners(folder, now(), gateway=gateway)
    errors = sum(f.severity == "error" for f in findings)
    if as_json:
        print_json([asdict(f) for f in findings])
    else:
        for f in findings:
            out.print(f"{f.place}: {f.severity}: {f.text} → {f.remedy}", markup=False)
        out.print(f"{errors} errors, {len(findings) - errors} warnings")
    raise typer.Exit(1 if errors else 0)

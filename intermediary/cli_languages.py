"""`intermediary languages`: which languages the pages have, what is missing, and how to begin another one."""

from typing import Annotated

import typer
from rich.table import Table

from intermediary.cli_output import Json, err, out, print_json

app = typer.Typer(
    help="Languages of the citizen's pages and of the console.\n\n"
    "Without a command: what is there and what is missing, each with file and line. Exit code 1 where a "
    "language that the pages offer is not complete.",
    invoke_without_command=True,
)


@app.callback()
def languages(context: typer.Context, as_json: Json = False) -> None:
    """List languages, how much of each is there, and the texts that are missing."""
    if context.invoked_subcommand is not None:
        return
    from intermediary.languages import offered, report

    covered = [(c, c.language in offered(c.surface)) for c in report()]
    incomplete = any(shown and not c.complete for c, shown in covered)
    if as_json:
        print_json(
            [
                {
                    "surface": c.surface,
                    "language": c.language,
                    "offered": shown,
                    "texts": c.texts,
                    "percent": c.percent,
                    "missing": [
                        {"text": m.text, "why": m.why, "places": [str(p) for p in m.places]}
                        for m in c.missing
                    ],
                    "left_over": list(c.left_over),
                }
                for c, shown in covered
            ]
        )
        raise typer.Exit(1 if incomplete else 0)
    table = Table("pages", "language", "texts", "there", "offered")
    for c, shown in covered:
        table.add_row(c.surface, c.language, str(c.texts), f"{c.percent} %", "yes" if shown else "no")
    out.print(table)
    for c, _ in covered:
        for m in c.missing:
            place = m.places[0] if m.places else c.surface
            out.print(f"{place}: {c.language}: {m.why}: {m.text}", markup=False)
        for text in c.left_over:
            out.print(f"{c.surface}: {c.language}: left over: {text}", markup=False)
    raise typer.Exit(1 if incomplete else 0)


@app.command()
def new(language: Annotated[str, typer.Argument(metavar="CODE", help="ISO 639-1, e.g. fr.")]) -> None:
    """Make catalogues with every text and no translation, or add to them what they lack.

    Then translate the `msgstr` of each, and add the language to `languages` in the settings.
    """
    from intermediary.languages import begin

    try:
        made = begin(language)
    except ValueError as no_language:
        err.print(str(no_language), markup=False)
        raise typer.Exit(2) from None
    for path in made:
        out.print(str(path), markup=False)

"""The command line. Exit codes: 0 well, 1 findings or not found, 2 wrong call or settings."""

import signal
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from sqlalchemy.exc import OperationalError

from intermediary.audit import AuditLog, Story
from intermediary.cli_directory import app as directory_app
from intermediary.cli_keys import app as keys_app
from intermediary.cli_languages import app as languages_app
from intermediary.cli_mappings import app as mappings_app
from intermediary.cli_output import Json, err, out, print_json
from intermediary.cli_pmodes import app as pmodes_app
from intermediary.cli_provider import app as provider_app
from intermediary.cli_purge import purge
from intermediary.cli_releases import app as releases_app
from intermediary.cli_trust import app as trust_app
from intermediary.cli_validate import validate
from intermediary.cli_worker import worker
from intermediary.exchange import TRANSITIONS, SettingsInvalid
from intermediary.observing import configure_logging
from intermediary.settings import Settings, load_settings

app = typer.Typer(
    help="The intermediary platform between a national once-only system and EU-OOTS.\n\n"
    "Start with `intermediary demo`. The other commands read the file that INTERMEDIARY_SETTINGS names.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
exchanges_app = typer.Typer(help="Exchanges: list them, read the story of one.", no_args_is_help=True)
app.add_typer(mappings_app, name="mappings")
app.add_typer(exchanges_app, name="exchanges")
app.add_typer(directory_app, name="directory")
app.add_typer(releases_app, name="releases")
app.add_typer(pmodes_app, name="pmodes")
app.add_typer(trust_app, name="trust")
app.add_typer(keys_app, name="keys")
app.add_typer(languages_app, name="languages")
app.add_typer(provider_app, name="provider")
app.command("validate")(validate)
app.command("worker")(worker)
app.command("purge")(purge)


def main() -> None:
    """Entry point: settings that cannot be used end the program with exit code 2 and the reason.

    A database that does not answer ends it with exit code 1, and whoever supervises it may start it anew.
    """
    configure_logging()
    try:
        app()
    except OperationalError as away:
        err.print(
            f"[red]Database:[/] {type(away.orig).__name__}: it does not answer as it should; see database_url"
        )
        sys.exit(1)
    except SettingsInvalid as invalid:
        err.print(f"[red]Settings:[/] {invalid}")
        sys.exit(2)


@app.command()
def demo(
    *,
    auto: Annotated[bool, typer.Option("--auto", help="No browser: run all stories and check them.")] = False,
    version: Annotated[
        str | None, typer.Option("--edm", metavar="2.0|1.2", help="Only this version of the data model.")
    ] = None,
    root: Annotated[Path, typer.Option(help="Where keys, databases and logs of the sandbox live.")] = Path(
        "var/demo"
    ),
    port: Annotated[int, typer.Option(help="First of the ports used.")] = 8440,
    security: Annotated[
        str,
        typer.Option(
            metavar="edelivery-1.15|edelivery-2.0-eddsa|edelivery-2.0-ecdsa",
            help="AS4 security profile between portal and platform.",
        ),
    ] = "edelivery-1.15",
    gateway: Annotated[
        bool,
        typer.Option("--gateway", help="The platform sits behind a Domibus gateway (our double of one)."),
    ] = False,
) -> None:
    """A whole once-only system on this machine: a foreign portal, registers, a login, and this platform.

    Prints the address at which the exchange begins and runs until Ctrl-C.
    """
    from intermediary.sandbox import demo as sandbox_demo

    raise typer.Exit(sandbox_demo.run(auto, version, root, port, security, gateway=gateway))


@app.command()
def serve() -> None:
    """Run the platform: AS4 endpoint, preview pages, national callback, and workers beside them.

    SIGTERM: requests in progress get their answers, steps in work end, and the exit code is 0.
    """
    import uvicorn

    from intermediary.app import build, create_app

    settings = load_settings()
    # What uvicorn does in the end with the signal that it was told to stop by.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    uvicorn.run(
        create_app(build(settings)),
        host=settings.host,
        port=settings.port,
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=settings.tls_key,
        log_config=None,
        access_log=False,
        server_header=False,
        # idle TLS connections of partners use all of it; containers are killed after ten seconds
        timeout_graceful_shutdown=6,
    )


@app.command()
def migrate() -> None:
    """Bring the database to the newest schema and make the platform key if there is none."""
    from intermediary import store
    from intermediary.at_rest import open_vault

    settings = load_settings()
    open_vault(settings)
    engine = store.open_engine(settings.database_url)
    store.migrate(engine)
    out.print("The database has the newest schema.")


@exchanges_app.command("list")
def exchanges_list(
    limit: Annotated[int, typer.Option(help="How many, newest first.")] = 50, as_json: Json = False
) -> None:
    """The newest exchanges."""
    rows = [asdict(summary) for summary in _audit_log().exchanges(limit)]
    if not as_json:
        keep = ("id", "created_at", "state", "outcome", "edm_version", "partner", "mapping")
        rows = [{key: row[key] for key in keep} for row in rows]
    _print_rows(rows, as_json)


@exchanges_app.command("show")
def exchanges_show(
    exchange_id: Annotated[
        str, typer.Argument(help="The id, or its beginning; `platform` for events of none.")
    ],
    as_json: Json = False,
) -> None:
    """The story of one exchange as a timeline."""
    log = _audit_log()
    if exchange_id == "platform":
        events = log.platform()
        if as_json:
            print_json([{"at": e.at, "fact": e.fact, "data": dict(e.data)} for e in events])
        else:
            for e in events:
                out.print(f"{e.at:%Y-%m-%d %H:%M:%S} {e.fact}  {_data(e.data)}", markup=False)
        return
    story = log.story(exchange_id)
    if story is None:
        err.print(f"There is no exchange {exchange_id}, or several begin so; see `exchanges list`")
        raise typer.Exit(1)
    if as_json:
        events_json = [{"at": e.at, "fact": e.fact, "data": dict(e.data)} for e in story.events]
        print_json({**asdict(story.summary), "events": events_json, "intact": story.intact})
    else:
        _print_story(story)


@exchanges_app.command("states")
def exchanges_states() -> None:
    """The state machine of an exchange as a table."""
    table = Table("from", "what happens", "to")
    for t in TRANSITIONS:
        table.add_row(str(t.source or "—"), t.trigger, str(t.target))
    out.print(table)


@exchanges_app.command("verify")
def exchanges_verify() -> None:
    """Check the chain of digests of the whole log: has anybody changed or removed an entry?"""
    broken = _audit_log().broken_streams()
    for stream in broken:
        out.print(f"[red]changed:[/] {stream}")
    out.print(f"{len(broken)} broken streams")
    raise typer.Exit(1 if broken else 0)


def _print_story(story: Story) -> None:
    s = story.summary
    out.print(f"[bold]{s.id}[/]  {s.state}  {s.outcome or ''}  {s.edm_version}  partner {s.partner}")
    begin = story.events[0].at if story.events else s.created_at
    for e in story.events:
        seconds = (e.at - begin).total_seconds()
        out.print(f"  {e.at:%H:%M:%S}  +{seconds:8.3f} s  [cyan]{e.fact:<24}[/] ", end="")
        out.print(_data(e.data), markup=False)
    if not story.intact:
        out.print("[red]The log of this exchange was changed: its digests do not hold.[/]")


def _data(data: tuple[tuple[str, str], ...]) -> str:
    return "  ".join(f"{key}={value}" for key, value in data)


def _settings() -> Settings:
    return load_settings()


def _audit_log() -> AuditLog:
    from intermediary.store import open_engine

    return AuditLog(open_engine(_settings().database_url))


def _print_rows(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print_json(rows)
        return
    if not rows:
        out.print("none")
        return
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    out.print(table)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


if __name__ == "__main__":
    main()

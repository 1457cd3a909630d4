"""`intermediary provider`: the conformance kit for data providers. Needs no database and no settings file."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
import yaml
from rich.progress import Progress
from rich.table import Table

from intermediary.cli_output import Json, err, out, print_json
from intermediary.exchange import SettingsInvalid
from intermediary.mapping.model import Provider
from intermediary.national.rest.options import options_problems
from intermediary.provider_kit import PlanInvalid, Report, Verdict, as_html, read_plan, run_kit, template

if TYPE_CHECKING:
    from intermediary.transport.national import KitLine

app = typer.Typer(
    help="Providers: try every case of the national protocol on a test system.", no_args_is_help=True
)
_PEM = "PEM file"
_COLOURS = {
    Verdict.PASS: "green",
    Verdict.FAIL: "red",
    Verdict.SKIPPED: "yellow",
    Verdict.NOT_APPLICABLE: "dim",
}


@dataclass(frozen=True, slots=True)
class _Keys:
    """How the kit presents itself; from the options, else from the platform's settings."""

    ca: Path
    certificate: Path
    key: Path
    token_url: str | None
    client_id: str
    token_key: Path | None


@app.command("template")
def write_template(
    file: Annotated[Path | None, typer.Argument(help="Where to write it; default: print it.")] = None,
) -> None:
    """Test data to fill in: which person of the test system shows which case."""
    if file is None:
        typer.echo(template(), nl=False)
    elif file.exists():
        err.print(f"{file} is there already; name another file", markup=False)
        raise typer.Exit(2)
    else:
        file.write_text(template(), encoding="utf-8")
        out.print(f"Fill in {file}, then: intermediary provider check URL --data {file}", markup=False)


@app.command("check")
def check(
    url: Annotated[str, typer.Argument(help="https URL of the test system, without /v1/nachweisabrufe.")],
    *,
    data: Annotated[Path, typer.Option(help="Test data; see `provider template`.")],
    protocol: Annotated[
        Literal["xnachweis", "rest"], typer.Option(help="What the provider speaks.")
    ] = "xnachweis",
    options: Annotated[
        Path | None, typer.Option(help="With rest: YAML with `request` and `answer`, as in a mapping.")
    ] = None,
    audience: Annotated[
        str | None, typer.Option(help="Service id that access tokens are for; left out: no token.")
    ] = None,
    ca: Annotated[Path | None, typer.Option(help=f"Trusted for the provider and the IAM: {_PEM}.")] = None,
    certificate: Annotated[Path | None, typer.Option(help=f"Our client certificate: {_PEM}.")] = None,
    key: Annotated[Path | None, typer.Option(help=f"Its key: {_PEM}.")] = None,
    token_url: Annotated[str | None, typer.Option(help="Token endpoint of the IAM.")] = None,
    client_id: Annotated[str, typer.Option(help="Our client id there.")] = "",
    token_key: Annotated[Path | None, typer.Option(help=f"Signs client assertions: {_PEM} (P-256).")] = None,
    listen: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT", help="Take pushed answers here, over TLS with --listen-certificate."
        ),
    ] = None,
    listen_certificate: Annotated[Path | None, typer.Option(help=f"Server certificate: {_PEM}.")] = None,
    listen_key: Annotated[Path | None, typer.Option(help=f"Its key: {_PEM}.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write the report as an HTML file.")] = None,
    as_json: Json = False,
) -> None:
    """Try every case of the protocol; exit code 1 where a case fails.

    What is left out of --ca, --certificate, --key and the token is taken from INTERMEDIARY_SETTINGS.
    """
    from intermediary.app import now
    from intermediary.national.xnachweis import RELEASE
    from intermediary.shipped import shipped
    from intermediary.transport.national import KitLine, NationalSettings, Reach
    from intermediary.validation import Validator

    try:
        plan = read_plan(data.read_text(encoding="utf-8"))
    except (PlanInvalid, OSError, UnicodeDecodeError) as invalid:
        raise SettingsInvalid(f"{data}: {invalid}") from None
    provider = _provider(url, protocol, options, audience)
    keys = _keys(ca, certificate, key, token_url, client_id, token_key)
    national = NationalSettings(
        ca=keys.ca,
        client_certificate=keys.certificate,
        client_key=keys.key,
        token_url=keys.token_url,
        client_id=keys.client_id,
        token_key=keys.token_key,
        read_seconds=plan.answer_seconds,
        total_seconds=plan.answer_seconds * 2,
    )
    validator = Validator(shipped("xsd"))
    try:
        line = KitLine(
            national,
            lambda root: validator.check(root, RELEASE),
            now,
            reach=Reach(anywhere=True),
            takes_callbacks=listen is not None,
        )
    except (OSError, ValueError) as unreadable:
        raise SettingsInvalid(f"key, certificate or CA cannot be read: {unreadable}") from None
    with (
        line,
        _listening(line, listen, listen_certificate, listen_key),
        Progress(console=err, transient=True, disable=as_json) as bar,
    ):
        task = bar.add_task("cases")
        made = run_kit(
            provider, plan, line, now, progress=lambda done, of: bar.update(task, completed=done, total=of)
        )
    if report is not None:
        report.write_text(as_html(made), encoding="utf-8")
    if as_json:
        print_json(made.plain())
    else:
        _print(made, report)
    raise typer.Exit(0 if made.passed else 1)


def _provider(url: str, protocol: str, options: Path | None, audience: str | None) -> Provider:
    if not url.startswith("https://"):
        raise SettingsInvalid(f"{url}: providers are called over TLS only: write https://…")
    said: dict[str, object] = {}
    if (options is not None) != (protocol == "rest"):
        raise SettingsInvalid("--options belongs to --protocol rest, and rest needs it")
    if options is not None:
        try:
            loaded = yaml.safe_load(options.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as broken:
            raise SettingsInvalid(f"{options}: {type(broken).__name__}: give readable YAML") from None
        said = loaded.get("options", loaded) if isinstance(loaded, dict) else {}
        problems = options_problems(said)
        if problems:
            lines = "\n".join(f"{options}: {p.place}: {p.text}. {p.remedy}" for p in problems)
            raise SettingsInvalid(lines)
    return Provider(
        key="under-test",
        national_id="urn:intermediary:conformance:provider",
        names={"en": "Provider under test"},
        agent_scheme="urn:intermediary:conformance",
        agent_id="provider",
        country="XX",
        protocol=protocol,
        url=url,
        audience=audience,
        options=said,
    )


def _keys(  # noqa: PLR0917
    ca: Path | None,
    certificate: Path | None,
    key: Path | None,
    token_url: str | None,
    client_id: str,
    token_key: Path | None,
) -> _Keys:
    if ca is not None and certificate is not None and key is not None:
        return _Keys(ca, certificate, key, token_url, client_id, token_key)
    from intermediary.settings import load_settings

    try:
        group = load_settings().national
    except SettingsInvalid as invalid:
        raise SettingsInvalid(
            f"Give --ca, --certificate and --key, or settings that name them.\n{invalid}"
        ) from None
    return _Keys(
        ca or group.ca,
        certificate or group.client_certificate,
        key or group.client_key,
        token_url or group.token_url,
        client_id or group.client_id,
        token_key or group.token_key,
    )


@contextmanager
def _listening(
    line: "KitLine",
    listen: str | None,
    certificate: Path | None,
    key: Path | None,
) -> Iterator[None]:
    """Takes pushed answers until the block ends."""
    if listen is None:
        yield
        return
    if certificate is None or key is None:
        raise SettingsInvalid("--listen needs --listen-certificate and --listen-key")
    import uvicorn
    from fastapi import FastAPI

    from intermediary.transport.national import callback_router

    host, _, port = listen.rpartition(":")
    receiver = FastAPI(openapi_url=None)
    receiver.include_router(callback_router(line.push, line.check))
    config = uvicorn.Config(
        receiver, log_level="error", ssl_certfile=certificate, ssl_keyfile=key, lifespan="off"
    )
    try:
        bound = socket.create_server((host.strip("[]"), int(port)))
    except (OSError, ValueError) as failed:
        raise SettingsInvalid(f"--listen {listen}: {failed}") from None
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
    with bound:
        thread.start()
        try:
            yield
        finally:
            server.should_exit = True
            thread.join(10)


def _print(made: Report, report: Path | None) -> None:
    table = Table("case", "verdict", "what came")
    for result in made.results:
        colour = _COLOURS[result.verdict]
        came = "\n".join(str(text) for text in result.came)
        table.add_row(result.case.title, f"[{colour}]{result.verdict.value}[/]", came.replace("[", "\\["))
    out.print(table)
    for result in made.results:
        if result.verdict is Verdict.FAIL:
            out.print(f"{result.case.title}: {result.case.remedy} ({result.case.source})", markup=False)
    counts = ", ".join(f"{made.count(verdict)} {verdict.value}" for verdict in Verdict)
    out.print(counts + (f"; {report}" if report else ""), markup=False)

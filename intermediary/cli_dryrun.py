"""`intermediary mappings dry-run` and `would-change`: try before it is live."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from intermediary import edm
from intermediary.cli_output import Json, err, out, print_json

if TYPE_CHECKING:
    from intermediary.dryruns import DryRuns
    from intermediary.exchange.dryrun import DryRun, Expected, Recorded, Replay
    from intermediary.mapping import MappingStore, Ref

With = Annotated[
    list[str] | None, typer.Option("--with", metavar="ENTRY@VERSION", help="A further version; repeatable.")
]
_TYPES = {".json": "application/json", ".xml": "application/xml"}


def dry_run(
    entry: Annotated[str, typer.Argument(metavar="ENTRY[@VERSION]")],
    request: Annotated[
        Path | None, typer.Option(help="An evidence request (XML; - for standard input); default: made up.")
    ] = None,
    answer: Annotated[Path | None, typer.Option(help="The provider's answer, XML or JSON.")] = None,
    *,
    answer_type: Annotated[str, typer.Option(help="Its media type; default: by the file's name.")] = "",
    expect: Annotated[
        str,
        typer.Option(
            help="What the provider does without --answer: delivered, not-found, ambiguous, "
            "rejected, later, unreachable."
        ),
    ] = "delivered",
    version: Annotated[
        str, typer.Option("--edm", help="EDM version of a request that is made up.")
    ] = edm.LATEST,
    subject: Annotated[str, typer.Option(help="Of it: natural or legal.")] = "",
    inputs: Annotated[
        list[str] | None, typer.Option("--input", metavar="KEY=VALUE", help="What the citizen adds.")
    ] = None,
    others: With = None,
    as_json: Json = False,
) -> None:
    """What would become of a request: nobody is asked, nothing is stored.

    Shows mapping, provider, the national request, what is lost, and what would be sent back. Exit code 1
    where no evidence would be sent. --json has all messages in full.
    """
    from intermediary import cli_mappings as mappings
    from intermediary.console.dryrun import run_out, subject_of
    from intermediary.exchange.dryrun import Plan
    from intermediary.mapping.model import SubjectKind

    if version not in edm.PROFILES:
        err.print(
            f"{version} is no EDM version known here; use one of {', '.join(edm.PROFILES)}", markup=False
        )
        raise typer.Exit(2)
    if subject and subject not in tuple(SubjectKind):
        err.print("--subject is natural or legal", markup=False)
        raise typer.Exit(2)
    given = [text.partition("=") for text in inputs or ()]
    told = _answer(answer, answer_type, expect)
    store = mappings._store()
    trials = _trials(store)
    with mappings._telling():
        name, number = mappings._parsed(entry)
        tried = subject_of(store, trials, name, number, _refs(others))
        body = (
            _bytes(request)
            if request
            else trials.sample(
                tried.mapping.key,
                *tried.refs,
                version=version,
                subject=SubjectKind(subject) if subject else None,
            )
        )
        plan = Plan(body, inputs={key: value for key, _, value in given}, answer=told)
        run = trials.run(plan, *tried.refs)
    if as_json:
        print_json(run_out(run).model_dump(mode="json"))
    else:
        _print(run)
    raise typer.Exit(0 if run.answered else 1)


def would_change(
    entry: Annotated[str, typer.Argument(metavar="ENTRY@VERSION")],
    last: Annotated[int, typer.Option(min=1, max=100_000, help="How many of the last requests.")] = 500,
    others: With = None,
    as_json: Json = False,
) -> None:
    """What a version would have changed for the last requests: who would get another answer.

    Of past requests only the shape is known (what was asked, which fields were there), never a value. Exit
    code 1 where requests that are answered now would be refused.
    """
    from intermediary import cli_mappings as mappings
    from intermediary.console.dryrun import replay_out

    store = mappings._store()
    with mappings._telling():
        name, number = mappings._parsed(entry)
        if number is None:
            number = store.versions(name)[0].number
        found = _trials(store).replay((name, number), *_refs(others), last=last)
    if as_json:
        print_json(replay_out(found).model_dump(mode="json"))
    else:
        _print_replay(found)
    raise typer.Exit(1 if found.refused else 0)


def _trials(store: "MappingStore") -> "DryRuns":
    from intermediary.app import now
    from intermediary.dryruns import DryRuns
    from intermediary.settings import load_settings
    from intermediary.shipped import shipped
    from intermediary.store import open_engine
    from intermediary.validation import Validator
    from intermediary.validation.rules.published import published_rules

    engine = open_engine(load_settings().database_url)
    return DryRuns(engine, store, Validator(shipped("xsd"), published_rules()), now)


def _refs(others: list[str] | None) -> "list[Ref]":
    from intermediary import cli_mappings as mappings

    found = []
    for text in others or ():
        name, number = mappings._parsed(text)
        if number is None:
            err.print(f"Which version of {text}? Write {text}@VERSION", markup=False)
            raise typer.Exit(2)
        found.append((name, number))
    return found


def _answer(path: Path | None, kind: str, expect: str) -> "Expected | Recorded":
    from intermediary.exchange.dryrun import Expected, Recorded

    if path is not None:
        return Recorded(_bytes(path), kind or _TYPES.get(path.suffix.lower(), "application/xml"))
    try:
        return Expected(expect)
    except ValueError:
        err.print(f"--expect is one of {', '.join(Expected)}", markup=False)
        raise typer.Exit(2) from None


def _bytes(path: Path) -> bytes:
    from intermediary.exchange.dryrun import MOST

    try:
        data = sys.stdin.buffer.read(MOST + 1) if str(path) == "-" else path.read_bytes()
    except OSError as broken:
        err.print(f"{path}: {broken.strerror}", markup=False)
        raise typer.Exit(2) from None
    if len(data) > MOST:
        err.print(f"{path} has more than {MOST} bytes", markup=False)
        raise typer.Exit(2)
    return data


def _print(run: "DryRun") -> None:
    colour = "green" if run.answered else "red"
    if run.missing:
        out.print(f"needs values: --input {' --input '.join(f'{k}=…' for k in run.missing)}", style="red")
    else:
        outcome = "no request" if run.outcome is None else run.outcome.value
        out.print(f"{outcome}{': ' if run.reason else ''}{run.reason}", style=colour, markup=False)
    for note in run.notes:
        out.print(f"note: {note}", markup=False)
    for p in run.problems:
        out.print(f"  {p.rule} at {p.place}: {p.text} {p.remedy}", style="red", markup=False)
    for f in (*run.findings, *(f for sent in run.sent for f in sent.findings)):
        if f.severity != "info":
            out.print(f"  {f.rule} at {f.place}: {f.text} {f.remedy}", style="yellow", markup=False)
    if run.mapping is not None:
        by = ", ".join(run.rule.fields) if run.rule else "no rule fits"
        out.print(f"mapping   {run.mapping.key}, person found by {by}", markup=False)
    if run.provider is not None:
        out.print(f"provider  {run.provider.key}", markup=False)
    for key, value in run.inputs.items():
        out.print(f"input     {key} = {value}", markup=False)
    for call in run.calls:
        out.print(f"asked     {call.method} {call.url}", markup=False)
        out.print(call.body.decode("utf-8", "replace"), markup=False)
    for loss in (*run.request_losses, *run.answer_losses):
        out.print(f"lost      {loss.place}: {loss.reason}", markup=False)
    for sent in run.sent:
        out.print(f"sent      {sent.action}, {len(sent.documents)} documents", markup=False)


def _print_replay(found: "Replay") -> None:
    for change in found.changes:
        kind = " (refused)" if change.refused else " (answered)" if change.answered else ""
        out.print(f"{len(change.exchanges)} requests{kind}", style="red" if change.refused else "bold")
        for aspect in change.aspects:
            out.print(f"  {aspect.name}: {aspect.was or '–'} → {aspect.will or '–'}", markup=False)
        out.print(f"  e.g. {', '.join(change.exchanges[:3])}", markup=False)
    out.print(
        f"On {found.day}: {found.changed} otherwise ({found.refused} refused), {found.same} the same, "
        f"{found.unknown} of unknown shape"
    )

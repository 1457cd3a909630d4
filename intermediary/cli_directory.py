"""`intermediary directory`: ask Evidence Broker and Data Service Directory, compare them with the store."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from intermediary.cli_output import Json, err, out, print_json
from intermediary.directory import (
    DirectoryError,
    Query,
    QueryInvalid,
    data_services_query,
    evidence_types_query,
    in_words,
    requirements_query,
    text_in,
)
from intermediary.mapping import MappingError
from intermediary.settings import load_settings

if TYPE_CHECKING:
    from intermediary.directories import Compared, Directories
    from intermediary.directory import Reply
    from intermediary.directory.model import AdditionalInput, DataServiceEvidenceType, Requirement

app = typer.Typer(
    help="The Commission's directories: what they publish, and whether it is what the store says.\n\n"
    "From a procedure to a provider: `requirements`, `evidence-types`, `services`. Nothing but queries is "
    "ever sent; a submission that `compare` writes is handed in by people.",
    no_args_is_help=True,
)

Raw = Annotated[bool, typer.Option("--raw", help="The answer as it came, byte for byte.")]
Anew = Annotated[bool, typer.Option("--anew", help="Ask again, whatever the cache holds.")]
Country = Annotated[str, typer.Option(metavar="DE|IT|…", help="ISO 3166-1 code.")]


@app.command()
def compare(
    *,
    eb: Annotated[list[Path] | None, typer.Option(help="Answers of the Evidence Broker in files.")] = None,
    dsd: Annotated[
        list[Path] | None, typer.Option(help="Answers of the Data Service Directory in files.")
    ] = None,
    submissions: Annotated[
        Path | None, typer.Option(help="Folder to write the submissions (LCM) to that would close the gap.")
    ] = None,
    anew: Anew = False,
    as_json: Json = False,
) -> None:
    """What EB and DSD publish about our country beside the store: missing there or here, stale, different.

    Without files the services of the settings are asked. Exit code 1 where something differs.
    """
    directories = _directories()
    with _telling():
        if eb or dsd:
            found = directories.compare_files(_read(eb), _read(dsd))
        else:
            found = directories.compare(anew=anew)
    if submissions is not None:
        submissions.mkdir(parents=True, exist_ok=True)
        for each in found.submissions:
            (submissions / f"{each.service.value}-submission.xml").write_bytes(each.body)
    if as_json:
        print_json(as_plain(found))
    else:
        _tell(found, submissions)
    raise typer.Exit(1 if found.findings else 0)


@app.command()
def requirements(
    procedure: Annotated[str, typer.Option(metavar="R1|T2|…", help="Code of Annex II; default: all.")] = "",
    country: Country = "",
    raw: Raw = False,
    anew: Anew = False,
    as_json: Json = False,
) -> None:
    """What procedures ask for. Of one procedure all requirements have to be met."""
    reply = _asked(
        lambda: requirements_query(procedure, country), country, raw=raw, anew=anew, as_json=as_json
    )
    for each in reply.answer.requirements:
        out.print(f"[bold]{escape(text_in(each.names))}[/]  {escape(each.identifier)}")
        for framework in each.reference_frameworks:
            title = text_in(framework.titles)
            out.print(
                f"  {', '.join(framework.procedures)} in {framework.jurisdiction or '–'} {title}",
                markup=False,
            )


@app.command("evidence-types")
def evidence_types(
    requirement: Annotated[str, typer.Argument(help="URI of a requirement.")],
    country: Country = "",
    raw: Raw = False,
    anew: Anew = False,
    as_json: Json = False,
) -> None:
    """What proves a requirement in a country, or in all: lists are alternatives, members go together."""
    reply = _asked(
        lambda: evidence_types_query(requirement, country), country, raw=raw, anew=anew, as_json=as_json
    )
    for each in reply.answer.requirements:
        _tell_proofs(each)


@app.command()
def services(
    *,
    evidence_type: Annotated[str, typer.Argument(help="URI of an evidence type (classification).")],
    country: Annotated[str, typer.Argument(metavar="COUNTRY", help="ISO 3166-1 code.")],
    edm: Annotated[
        str, typer.Option(metavar="oots-edm:v2.0", help="Only access services of this version.")
    ] = "",
    say: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="What the directory asked for, as `services` shows it."),
    ] = None,
    provider: Annotated[str, typer.Option(help="Only providers whose name or identifier has this.")] = "",
    raw: Raw = False,
    anew: Anew = False,
    as_json: Json = False,
) -> None:
    """Who issues an evidence type in a country, and by which access point."""
    said = dict(each.partition("=")[::2] for each in say or ())
    reply = _asked(
        lambda: data_services_query(evidence_type, country, specification=edm, said=said),
        country,
        raw=raw,
        anew=anew,
        as_json=as_json,
        asking=True,
    )
    for asked in reply.answer.inputs:
        _tell_questions(asked)
    for each in reply.answer.services:
        _tell_service(each, provider.casefold())
    raise typer.Exit(1 if reply.answer.refused else 0)


# ------------------------------------------------------------------------------------------------- inside


def _directories() -> "Directories":
    from intermediary import store
    from intermediary.app import now
    from intermediary.directories import Directories
    from intermediary.mapping import MappingStore
    from intermediary.transport.as4 import load_partners

    # A survey asks dozens of questions: people see its outcome, the platform's log each of them.
    logging.getLogger("intermediary.directory").setLevel(logging.WARNING)
    settings = load_settings()
    engine = store.open_engine(settings.database_url)
    store.migrate(engine)
    partners = load_partners(settings.pmodes, gateway=settings.gateway is not None)
    return Directories(settings, MappingStore(engine), now, [partner.pmode for partner in partners])


@contextmanager
def _telling() -> Iterator[None]:
    """What a directory or the store refuses is told, and ends the command with 1; a wrong call with 2."""
    try:
        yield
    except QueryInvalid as wrong:
        err.print(str(wrong), markup=False)
        raise typer.Exit(2) from None
    except (DirectoryError, MappingError) as refused:
        err.print(f"{type(refused).__name__}: {refused}", markup=False)
        raise typer.Exit(1) from None


def _read(files: list[Path] | None) -> list[bytes]:
    try:
        return [path.read_bytes() for path in files or ()]
    except OSError as error:
        err.print(f"{error.filename}: {error.strerror}", markup=False)
        raise typer.Exit(2) from None


def _asked(
    make: Callable[[], Query],
    country: str,
    *,
    raw: bool,
    anew: bool,
    as_json: bool,
    asking: bool = False,
) -> "Reply":
    """One query; refusals are told and end with 1, but for questions where `asking`."""
    directories = _directories()
    with _telling():
        reply = directories.ask(make(), country, anew=anew)
    if raw:
        typer.echo(reply.body.decode("utf-8", "replace"))
    elif as_json:
        print_json({"url": reply.url, "at": reply.at, "source": reply.source, "signer": reply.verified.signer,
                    "sha256": reply.digest, **asdict(reply.answer)})  # fmt: skip
    else:
        err.print(
            f"{reply.url} {reply.at:%Y-%m-%d %H:%M:%S}Z, {reply.source}, "
            f"{f'signed by {reply.verified.signer}' if reply.verified.signed else 'not signed'}",
            markup=False,
        )
        for refusal in reply.answer.refusals:
            if refusal.input is None:
                err.print(f"{refusal.code}: {refusal.message} {refusal.detail or ''}", markup=False)
    if raw or as_json or (reply.answer.refused and not asking):
        raise typer.Exit(1 if reply.answer.refused else 0)
    return reply


def as_plain(found: "Compared") -> dict[str, object]:
    """A comparison as plain data."""
    return {
        "country": found.country,
        "at": found.at,
        "findings": [{**asdict(each), "remedy": each.remedy} for each in found.findings],
        "submissions": [
            {
                "service": each.service,
                "adds": each.adds,
                "changes": each.changes,
                "withdraws": each.withdraws,
                "keeps": each.keeps,
                "unsure": each.unsure,
                "flaws": found.flaws.get(each.service, ()),
            }
            for each in found.submissions
        ],
        "unseen": found.unseen,
    }


def _tell(found: "Compared", folder: Path | None) -> None:
    remedies: dict[str, None] = {}
    for each in found.findings:
        values = f": here «{each.here}», there «{each.there}»" if each.here or each.there else ""
        out.print(
            f"{each.service.value.upper()}  {each.gap}  {each.title}  {each.field}{values}", markup=False
        )
        remedies[f"{each.gap}: {each.remedy}"] = None
    for remedy in remedies:
        out.print(remedy, markup=False)
    for title in found.unseen:
        out.print(f"DSD  providers not readable  {title}: the directory asks for more", markup=False)
    if not found.findings:
        out.print("no difference")
        return
    for submission in found.submissions:
        where = f" in {folder}" if folder else "; --submissions FOLDER writes it"
        out.print(f"\nSubmission to {submission.service.value.upper()}{where}", markup=False)
        for line in (*in_words(submission), *found.flaws.get(submission.service, ())):
            out.print(f"  {line}", markup=False)


def _tell_proofs(requirement: "Requirement") -> None:
    out.print(f"[bold]{escape(text_in(requirement.names))}[/]")
    for number, held in enumerate(requirement.evidence_type_lists):
        where = held.jurisdiction or next((j for e in held.evidence_types for j in e.jurisdictions), "–")
        out.print(
            f"{'or ' if number else ''}{text_in(held.names) or held.identifier} ({where})", markup=False
        )
        if held.no_match:
            out.print("  cannot be proved there")
        for position, each in enumerate(held.evidence_types):
            joined = "and " if position else ""
            out.print(f"  {joined}{text_in(each.titles)}  {each.classification}", markup=False)


def _tell_questions(asked: "AdditionalInput") -> None:
    out.print(f"More is needed for {text_in(asked.evidence_type.titles)}:", markup=False)
    out.print(f"  --say evidence-type-id={asked.evidence_type.identifier}  (before 1.2)", markup=False)
    if asked.determination is not None:
        level = asked.determination.level
        out.print(
            f"  {text_in(asked.determination.contexts)}: --say jurisdiction-context-id="
            f"{asked.determination.context_id} --say {level.parameter}=<{level} code>",
            markup=False,
        )
    for concept in asked.classifications:
        out.print(
            f"  {text_in(concept.descriptions)}: --say {concept.identifier}=<value of "
            f"{concept.value_expression or concept.type}>",
            markup=False,
        )


def _tell_service(service: "DataServiceEvidenceType", wanted: str) -> None:
    out.print(f"[bold]{escape(text_in(service.titles))}[/]  {escape(service.identifier)}")
    forms = ", ".join(f"{form.media_type} {form.conforms_to or ''}".strip() for form in service.distributions)
    out.print(f"  {forms}; level of assurance {service.level_of_assurance or '–'}", markup=False)
    for access in service.access_services:
        names = " ".join(text.value for text in access.provider.names)
        if wanted and wanted not in f"{names} {access.provider.identifier}".casefold():
            continue
        out.print(
            f"  {text_in(access.provider.names)} ({access.provider.jurisdiction})  "
            f"{access.provider.identifier}\n    by {access.identifier}, {', '.join(access.conforms_to)}",
            markup=False,
        )

"""The pages: choose, try, look; and what a draft would change. Nothing of it is stored."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from intermediary import edm
from intermediary.console.access import Operator, Role
from intermediary.console.checking import words as words_of
from intermediary.console.desk import Desk, Submitted
from intermediary.console.dryrun import words
from intermediary.console.dryrun.asked import Subject, choices, legible, name_of, pending, ref_of, subject_of
from intermediary.console.dryrun.contracts import Trials
from intermediary.console.dryrun.lines import sheet
from intermediary.console.dryrun.summary import LAST, path_of
from intermediary.console.errors import NotThere
from intermediary.console.languages import catalogue
from intermediary.console.pages import _N
from intermediary.exchange.dryrun import MOST, DryRun, Expected, Plan, Recorded
from intermediary.mapping import MappingInvalid, MappingMissing, MappingStore, Ref
from intermediary.mapping.model import SubjectKind

_SHARED: Mapping[str, Any] = {"words": words, "versions": tuple(edm.PROFILES), "Expected": Expected}
_NUMBER = 999_999_999
Entry = Annotated[str, Query(pattern=r"^[a-z]*(?:/[a-z0-9][a-z0-9_-]*)?(?:@[0-9]{1,9})?$", max_length=100)]
Number = Annotated[int | None, Query(ge=1, le=_NUMBER)]
With = Annotated[list[str], Query(alias="with", max_length=50)]


def dryrun_pages(desk: Desk, store: MappingStore, trials: Trials) -> APIRouter:
    """`/dry-run` and `/dry-run/changes`."""
    router = APIRouter(include_in_schema=False)
    Sees = Annotated[Operator, Depends(desk.may(Role.VIEWER))]  # noqa: N806 - a type

    @router.get("/dry-run")
    def begin(
        request: Request,
        operator: Sees,
        entry: Entry = "",
        version: Number = None,
        others: With = [],  # noqa: B006 - never changed
    ) -> Response:
        if not entry:
            entries = store.entries(desk.clock().date())
            return desk.page(
                request, operator, "dryrun/choose.html", choices=choices(entries), pending=pending
            )
        subject = _subject(
            desk, store, trials, request, operator=operator, named=_named(entry, version), others=others
        )
        if isinstance(subject, Response):
            return subject
        return _form(desk, request, operator, subject)

    @router.post("/dry-run")
    def tried(request: Request, sent: Annotated[Submitted, Depends(desk.form(Role.VIEWER))]) -> Response:
        named = _named(sent.text("entry"), None)
        subject = _subject(
            desk, store, trials, request, operator=sent.operator, named=named, others=sent.texts("with")
        )
        if isinstance(subject, Response):
            return subject
        body, source, errors = _request(desk, trials, request, sent, subject)
        told = {"entry": subject.entry.name, "version": subject.version, "source": source}
        sent.record("dry-run", **told)
        if errors:
            return _form(desk, request, sent.operator, subject, errors=errors, sent=sent)
        inputs = {
            asked.key: value
            for asked in subject.mapping.additional_inputs
            if (value := sent.text(f"input-{asked.key}")[:200])
        }
        plan = Plan(body, inputs=inputs, answer=_answer(sent), decline=bool(sent.text("decline")))
        run = trials.run(plan, *subject.refs)
        return _result(desk, trials, request, sent.operator, subject=subject, run=run, source=source)

    @router.get("/dry-run/changes")
    def changes(
        request: Request,
        operator: Sees,
        entry: Entry,
        *,
        version: Number = None,
        others: With = [],  # noqa: B006 - never changed
        last: Annotated[int, Query(ge=1, le=5000)] = LAST,
    ) -> Response:
        name, number = _named(entry, version)
        more = [ref for text in others if (ref := ref_of(text)) is not None]
        refs: tuple[Ref, ...] = tuple(dict.fromkeys([*([(name, number)] if number else []), *more]))
        if not refs:
            raise NotThere("Say which version")
        try:
            found = trials.replay(*refs, last=last)
        except MappingMissing as missing:
            raise NotThere(str(missing)) from None
        except MappingInvalid as invalid:
            return _unreadable(desk, request, operator, invalid)
        return desk.page(
            request,
            operator,
            "dryrun/changes.html",
            **_SHARED,
            refs=refs,
            name_of=name_of,
            found=found,
            last=last,
            trial="/dry-run?" + path_of(refs).partition("?")[2],
        )

    return router


def _named(entry: str, version: int | None) -> tuple[str, int | None]:
    name, at, number = entry.partition("@")
    return name, int(number) if at and number.isdecimal() else version


def _subject(
    desk: Desk,
    store: MappingStore,
    trials: Trials,
    request: Request,
    *,
    operator: Operator,
    named: tuple[str, int | None],
    others: list[str] | tuple[str, ...],
) -> Subject | Response:
    more = [ref for text in others if (ref := ref_of(text)) is not None]
    try:
        return subject_of(store, trials, *named, more)
    except MappingMissing as missing:
        raise NotThere(str(missing)) from None
    except MappingInvalid as invalid:
        return _unreadable(desk, request, operator, invalid)


def _unreadable(desk: Desk, request: Request, operator: Operator, invalid: MappingInvalid) -> Response:
    return desk.page(request, operator, "dryrun/unreadable.html", status=422, findings=invalid.findings)


def _form(
    desk: Desk,
    request: Request,
    operator: Operator,
    subject: Subject,
    *,
    errors: Mapping[str, str] | None = None,
    sent: Submitted | None = None,
) -> Response:
    return desk.page(
        request,
        operator,
        "dryrun/form.html",
        status=422 if errors else 200,
        **_SHARED,
        subject=subject,
        name_of=name_of,
        latest=edm.LATEST,
        given=sent.text if sent else lambda _name, default="": default,
        ticked={name_of(ref) for ref in subject.refs},
        changes=path_of(subject.refs) if subject.refs else "",
        errors=errors or {},
    )


def _request(
    desk: Desk, trials: Trials, request: Request, sent: Submitted, subject: Subject
) -> tuple[bytes, str, dict[str, str]]:
    """The request, where it comes from, and what is wrong with the form."""
    _ = catalogue(desk.tongue(request).language).gettext
    file = sent.fields.get("file")
    if isinstance(file, UploadFile) and (data := file.file.read(MOST + 1)):
        if len(data) > MOST:
            return b"", "upload", {"file": _(_N("The file is too large: a request has at most 8 MB."))}
        return legible(data), "upload", {}
    if text := sent.text("text"):
        return legible(text.encode("utf-8", "replace")), "upload", {}
    if exchange := sent.text("exchange")[:100]:
        sent.operator.need(Role.AUDITOR)
        sent.record("request-opened", exchange=exchange, purpose="dry-run")
        stored = trials.disclose(exchange, sent.operator.subject)
        if stored is None:
            text = _N("There is no such exchange, or it is over: then its request is not shown any more.")
            return b"", "exchange", {"exchange": _(text)}
        return legible(stored), "exchange", {}
    version = sent.text("edm")
    if version not in edm.PROFILES:
        return b"", "sample", {"edm": _(_N("Choose one of the versions."))}
    kind = next((k for k in subject.mapping.subjects if k == sent.text("subject")), None)
    media_type = sent.text("form")
    sample = trials.sample(
        subject.mapping.key, *subject.refs, version=version, subject=kind, media_type=media_type
    )
    return legible(sample), "sample", {}


def _answer(sent: Submitted) -> Expected | Recorded:
    if text := sent.text("answer_text"):
        kind = sent.text("answer_type")
        known = kind if kind in words.ANSWER_TYPES else "application/xml"
        return Recorded(text.encode("utf-8", "replace"), known)
    try:
        return Expected(sent.text("answer"))
    except ValueError:
        return Expected.DELIVERED


def _result(
    desk: Desk,
    trials: Trials,
    request: Request,
    operator: Operator,
    *,
    subject: Subject,
    run: DryRun,
    source: str,
) -> Response:
    language = desk.tongue(request).language
    told = [(finding, *words_of(finding, language)) for finding in run.findings if finding.severity != "info"]
    return desk.page(
        request,
        operator,
        "dryrun/result.html",
        **_SHARED,
        subject=subject,
        source=source,
        run=run,
        name_of=name_of,
        day=trials.day_of(*subject.refs),
        findings=told,
        hints=len(run.findings) - len(told),
        asked=sheet(run.request, [(f, text) for f, text, _ in told], run.request_losses),
        calls=[(call, sheet(legible(call.body))) for call in run.calls],
        pictures=[(page.view.step, trials.picture(page, language)) for page in run.pages],
        sent=[
            (
                message,
                sheet(legible(message.body)),
                [
                    (finding, *words_of(finding, language))
                    for finding in message.findings
                    if finding.severity != "info"
                ],
            )
            for message in run.sent
        ],
        kinds=SubjectKind,
        changes=path_of(subject.refs) if subject.refs else "",
    )

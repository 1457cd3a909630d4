"""The provider's own pages, `/providers/…`: a session of their own, bound to one invitation."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from intermediary.console.errors import FormForged, NotSignedIn, NotThere
from intermediary.console.pages import _N
from intermediary.console.selfservice import drafting
from intermediary.console.selfservice.connecting import connection_errors, example_options
from intermediary.console.selfservice.contracts import Counts
from intermediary.console.selfservice.invitations import Invitation, Invitations
from intermediary.console.selfservice.runs import Endpoint, Runs, TooManyRuns
from intermediary.console.selfservice.visiting import (
    COOKIE,
    LARGEST_FIELD,
    ProviderDesk,
    Sent,
    Visitor,
    same_site,
)
from intermediary.console.settings import ConsoleSettings
from intermediary.mapping import Document, MappingConflict, MappingInvalid, MappingStore
from intermediary.provider_kit import as_html, template
from intermediary.web import SecurityHeaders

_STATIC = Path(__file__).parents[1] / "static"


def provider_app(  # noqa: PLR0917
    settings: ConsoleSettings,
    invitations: Invitations,
    runs: Runs,
    store: MappingStore,
    counts: Counts,
    clock: Callable[[], datetime],
) -> ASGIApp:
    """The pages as an application. Mount it under `/providers`."""
    desk = ProviderDesk(settings, invitations, runs, store, counts, clock)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    # Of their own: the operators' pages may be closed to the world.
    app.mount("/static", GZipMiddleware(StaticFiles(directory=_STATIC)))
    for router in (_overview(desk), _describing(desk), _testing(desk), _coming(desk)):
        app.include_router(router)

    def problem(request: Request, error: Exception) -> Response:
        status, kind = _kind(error)
        shown = desk.page(request, None, "problem.html", status=status, kind=kind)
        shown.headers.update(getattr(error, "headers", None) or {})
        return shown

    for kind in (NotSignedIn, FormForged, NotThere, HTTPException, Exception):
        app.add_exception_handler(kind, problem)
    return SecurityHeaders(app)


def _kind(error: Exception) -> tuple[int, str]:
    if isinstance(error, NotSignedIn):
        return 401, "over"
    if isinstance(error, FormForged):
        return 403, "forged"
    if isinstance(error, NotThere):
        return 404, "not-there"
    status = error.status_code if isinstance(error, HTTPException) else 500
    return status, {404: "not-there", 429: "slow"}.get(status, "refused" if status < 500 else "broken")


def _coming(desk: ProviderDesk) -> APIRouter:
    """By the link into a session."""
    router = APIRouter()

    def invited(request: Request, token: str) -> Invitation:
        address = request.client.host if request.client else "?"
        wait = desk.throttle.wait(address)
        if wait:
            raise HTTPException(429, headers={"Retry-After": str(wait)})
        found = desk.invitations.by_token(token)
        if found is None:
            desk.throttle.failed(address)
            raise NotThere
        return found

    @router.get("/{token}", include_in_schema=False)
    def come(request: Request, token: str) -> Response:
        # A session begins by the button only: programs that look at links in e-mails must not use them.
        found = invited(request, token)
        return desk.page(request, None, "come.html", invited=found, token=token)

    @router.post("/{token}", include_in_schema=False)
    def begin(request: Request, token: str) -> Response:
        same_site(request)
        found = invited(request, token)
        desk.invitations.end(request.cookies.get(COOKIE))
        answer = desk.to("/")
        answer.set_cookie(
            COOKIE, desk.invitations.begin(found), path="/", secure=True, httponly=True, samesite="lax"
        )
        return answer

    return router


def _overview(desk: ProviderDesk) -> APIRouter:
    router = APIRouter()
    Here = Annotated[Visitor, Depends(desk.visitor)]  # noqa: N806 - a type
    Form = Annotated[Sent, Depends(desk.form)]  # noqa: N806

    @router.get("/", include_in_schema=False)
    def overview(request: Request, visitor: Here) -> Response:
        mine, now = visitor.invitation, desk.clock()
        return desk.page(
            request,
            visitor,
            "overview.html",
            own_entries=drafting.own_entries(desk.store, mine, now),
            endpoint=desk.runs.endpoint(mine),
            runs=desk.runs.of(mine),
            drafts=drafting.to_hand_in(desk.store, mine, now),
            waiting=drafting.waiting(desk.store, mine, now),
        )

    @router.get("/mappings", include_in_schema=False)
    def mappings(request: Request, visitor: Here) -> Response:
        mine = visitor.invitation
        return desk.page(
            request,
            visitor,
            "own.html",
            own_entries=drafting.own_entries(desk.store, mine, desk.clock()),
            counts=desk.counts(mine.provider),
        )

    @router.get("/hand-in", include_in_schema=False)
    def ready(request: Request, visitor: Here) -> Response:
        return _ready(request, visitor, 200)

    def _ready(request: Request, visitor: Visitor, status: int) -> Response:
        mine, now = visitor.invitation, desk.clock()
        drafts = drafting.to_hand_in(desk.store, mine, now)
        found = drafting.findings(desk.store, drafts, now)
        return desk.page(
            request,
            visitor,
            "hand_in.html",
            status=status,
            drafts=drafts,
            findings=found,
            waiting=drafting.waiting(desk.store, mine, now),
            endpoint=desk.runs.endpoint(mine),
            runs=desk.runs.of(mine),
        )

    @router.post("/hand-in", include_in_schema=False)
    def hand_in(request: Request, sent: Form) -> Response:
        mine, now = sent.visitor.invitation, desk.clock()
        try:
            drafting.hand_in(desk.store, mine, drafting.to_hand_in(desk.store, mine, now), now)
        except MappingInvalid:
            return _ready(request, sent.visitor, 422)
        except MappingConflict:
            return desk.to("/hand-in", "warning", _N("It changed meanwhile: look at it once more."))
        desk.invitations.handed_in(mine)
        return desk.to("/", "success", _N("Handed in: the operators will look at it."))

    @router.post("/leave", include_in_schema=False)
    def leave(request: Request, _sent: Form) -> Response:
        desk.invitations.end(request.cookies.get(COOKIE))
        answer = desk.page(request, None, "problem.html", kind="left")
        answer.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
        return answer

    return router


def _describing(desk: ProviderDesk) -> APIRouter:
    """The service and its evidence, as drafts."""
    router = APIRouter()
    Here = Annotated[Visitor, Depends(desk.visitor)]  # noqa: N806 - a type
    Form = Annotated[Sent, Depends(desk.form)]  # noqa: N806

    def current(name: str) -> tuple[Document, int]:
        entry = drafting.entry_of(desk.store, name, desk.clock())
        return drafting.latest(desk.store, entry), entry.newest.number if entry else 0

    def kept(sent: Sent, name: str, document: Document, back: str) -> Response:
        expected = sent.text("expected")
        try:
            drafting.draft(
                desk.store,
                sent.visitor.invitation,
                name,
                document,
                int(expected) if expected.isascii() and expected.isdigit() else 0,
                desk.clock(),
            )
        except (drafting.NotYours, MappingConflict):
            text = _N("The operators are working on this entry, or it changed meanwhile: look at it again.")
            return desk.to(back, "warning", text)
        except MappingInvalid:
            return desk.to(back, "danger", _N("This cannot be kept: a field is not readable."))
        return desk.to("/", "success", _N("Kept as a draft."))

    @router.get("/service", include_in_schema=False)
    def service(request: Request, visitor: Here) -> Response:
        document, newest = current(visitor.invitation.entry)
        values = drafting.service_form(document)
        return desk.page(request, visitor, "service.html", values=values, expected=newest)

    @router.post("/service", include_in_schema=False)
    def keep_service(request: Request, sent: Form) -> Response:
        mine, given = sent.visitor.invitation, sent.given(drafting.SERVICE_FIELDS)
        errors = drafting.service_errors(given)
        if errors:
            return desk.page(
                request,
                sent.visitor,
                "service.html",
                status=422,
                values=given,
                expected=sent.text("expected"),
                errors=errors,
            )
        before, _ = current(mine.entry)
        document = drafting.service_document(given, before, desk.runs.endpoint(mine), mine)
        return kept(sent, mine.entry, document, "/service")

    def evidence_page(
        request: Request, visitor: Visitor, values: drafting.Given, expected: object, **more: Any
    ) -> Response:
        return desk.page(request, visitor, "evidence.html", values=values, expected=expected, **more)

    @router.get("/evidence", include_in_schema=False)
    def new_evidence(request: Request, visitor: Here) -> Response:
        return evidence_page(request, visitor, drafting.evidence_form({}, ""), 0, new=True)

    @router.get("/evidence/{name}", include_in_schema=False)
    def evidence(request: Request, visitor: Here, name: str) -> Response:
        entry = drafting.evidence_name(visitor.invitation, name)
        document, newest = current(entry) if entry else ({}, 0)
        if not newest:
            raise NotThere
        return evidence_page(request, visitor, drafting.evidence_form(document, name), newest, new=False)

    @router.post("/evidence", include_in_schema=False)
    def keep_evidence(request: Request, sent: Form) -> Response:
        mine, given = sent.visitor.invitation, sent.given(drafting.EVIDENCE_FIELDS)
        expected = sent.text("expected")
        errors = drafting.evidence_errors(given)
        entry = drafting.evidence_name(mine, given["name"])
        if errors or entry is None:
            return evidence_page(
                request, sent.visitor, given, expected, new=expected == "0", errors=errors, status=422
            )
        before, _ = current(entry)
        document = drafting.evidence_document(given, before, mine)
        return kept(sent, entry, document, f"/evidence/{given['name']}" if before else "/evidence")

    return router


def _testing(desk: ProviderDesk) -> APIRouter:
    """The test system and the runs of the conformance kit."""
    router = APIRouter()
    Here = Annotated[Visitor, Depends(desk.visitor)]  # noqa: N806 - a type
    Form = Annotated[Sent, Depends(desk.form)]  # noqa: N806

    @router.get("/endpoint", include_in_schema=False)
    def endpoint(request: Request, visitor: Here) -> Response:
        held = desk.runs.endpoint(visitor.invitation)
        shown = held or Endpoint(options=example_options(), test_data=template())
        return desk.page(request, visitor, "endpoint.html", endpoint=shown)

    @router.post("/endpoint", include_in_schema=False)
    def connect(request: Request, sent: Form) -> Response:
        upload = sent.fields.get("ca_file")
        ca = sent.text("ca")
        if isinstance(upload, UploadFile) and upload.size:
            ca = upload.file.read(LARGEST_FIELD).decode("ascii", "replace")
        protocol = sent.text("protocol")
        options = sent.text("options") if protocol == "rest" else ""
        given = Endpoint(sent.text("url"), protocol, options, ca, sent.text("test_data"))
        errors, details = connection_errors(given)
        if errors:
            return desk.page(
                request,
                sent.visitor,
                "endpoint.html",
                status=422,
                endpoint=given,
                errors=errors,
                details=details,
            )
        mine = sent.visitor.invitation
        desk.runs.connect(mine, given)
        drafting.follow_endpoint(desk.store, mine, given, desk.clock())
        return desk.to("/", "success", _N("The test system is connected; now run the conformance kit."))

    @router.post("/runs", include_in_schema=False)
    def start(sent: Form) -> Response:
        mine = sent.visitor.invitation
        held = desk.runs.endpoint(mine)
        if held is None:
            return desk.to("/endpoint", "info", _N("Connect a test system first."))
        try:
            run_id = desk.runs.start(mine, held)
        except TooManyRuns:
            text = _N("A run is going on, or there were 20 within a day already.")
            return desk.to("/", "warning", text)
        return desk.to(f"/runs/{run_id}")

    def one(visitor: Visitor, run_id: str) -> Any:
        found = desk.runs.one(visitor.invitation, run_id)
        if found is None:
            raise NotThere
        return found

    @router.get("/runs/{run_id}", include_in_schema=False)
    def run(request: Request, visitor: Here, run_id: str) -> Response:
        return desk.page(request, visitor, "own_run.html", run=one(visitor, run_id))

    @router.get("/runs/{run_id}/progress", include_in_schema=False)
    def progress(visitor: Here, run_id: str) -> Response:
        found = one(visitor, run_id)
        return JSONResponse({"state": found.state, "done": found.done, "total": found.total})

    @router.get("/runs/{run_id}/report.html", include_in_schema=False)
    def report(visitor: Here, run_id: str) -> Response:
        found = one(visitor, run_id)
        if found.report is None:
            raise NotThere
        name = f"conformance-{found.started_at:%Y-%m-%d}.html"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return HTMLResponse(as_html(found.report), headers=headers)

    return router

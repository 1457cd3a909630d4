"""The citizen's pages as an application of its own, to be mounted under `settings.base_path`.

GET never changes anything but where the portal wants the user back: a robot that follows a link consumes
nothing. Every POST carries a token bound to visitor and link. Without a login on the link nobody sees more
than the question.
"""

import logging
import re
from pathlib import Path
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, FastAPI
from starlette.datastructures import FormData, QueryParams
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from intermediary.exchange.preview import (
    PreviewDesk,
    PreviewDocument,
    PreviewStep,
    PreviewUnknown,
    PreviewView,
)
from intermediary.preview import documents
from intermediary.preview.contracts import Login
from intermediary.preview.cookies import Cookies
from intermediary.preview.pages import Pages, template_of
from intermediary.preview.policies import DOCUMENT_POLICY, PDF_POLICY
from intermediary.preview.settings import PreviewSettings
from intermediary.web import LoginCancelled, LoginFailed, ReleaseFiles, SecurityHeaders

_LOG = logging.getLogger(__name__)
_STATIC = Path(__file__).parent / "static"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,200}")
_READ = ["GET", "HEAD"]
_LOOKS = 5
"""How often the last page looks whether the way back has come, pausing 1, 2, 4, … seconds: half a minute."""
_PASSING_SECONDS = 60
"""When to come back where the desk cannot be reached."""
_CANCELLED, _FAILED = "login-cancelled", "login-failed"
_NOTICES = {
    _CANCELLED: "login_cancelled.html",
    _FAILED: "login_failed.html",
    PreviewStep.UNKNOWN_PERSON: "unknown_person.html",
    PreviewStep.TAKEN: "taken.html",
}


def _token(token: str) -> str:
    if not _TOKEN.fullmatch(token):
        raise PreviewUnknown
    return token


async def _form(request: Request) -> FormData:
    return await request.form(max_files=0, max_fields=200)


Token = Annotated[str, Depends(_token)]
Form = Annotated[FormData, Depends(_form)]


def create_app(
    desk: PreviewDesk,
    login: Login,
    settings: PreviewSettings,
    passing: tuple[type[Exception], ...] = (),
) -> FastAPI:
    """The pages, with their headers, static files and error pages. Mount it under `settings.base_path`.

    `passing` are the exceptions of the desk that mean «come back in a minute»: its database is away.
    """
    pages = Pages(settings)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.mount("/static", GZipMiddleware(ReleaseFiles(directory=_STATIC)))
    app.include_router(_router(desk, login, settings, pages))
    app.add_middleware(SecurityHeaders)

    def unknown(request: Request, _error: Exception) -> Response:
        return pages.page(request, "unknown_link.html", status=404, here=settings.base_path)

    def refused(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        headers = error.headers if isinstance(error, HTTPException) else None
        if status == 404:
            return unknown(request, error)
        return pages.page(request, "problem.html", status=status, here=settings.base_path, headers=headers)

    def away(request: Request, error: Exception) -> Response:
        _LOG.error("the desk cannot be reached: %s", type(error).__name__)
        token = request.path_params.get("token")
        here = f"{settings.base_path}/{token}" if token else request.url.path
        headers = {"Retry-After": str(_PASSING_SECONDS)}
        return pages.page(request, "unavailable.html", status=503, here=here, headers=headers)

    for kind in passing:
        app.add_exception_handler(kind, away)
    app.add_exception_handler(PreviewUnknown, unknown)
    app.add_exception_handler(HTTPException, refused)
    app.add_exception_handler(Exception, refused)
    return app


def _router(  # noqa: PLR0915 - one closure per route
    desk: PreviewDesk, login: Login, settings: PreviewSettings, pages: Pages
) -> APIRouter:
    router = APIRouter()
    cookies = Cookies(settings)

    def home(token: str) -> str:
        return f"{settings.base_path}/{token}"

    def to(path: str) -> RedirectResponse:
        return RedirectResponse(path, 303)

    def shown(
        request: Request,
        token: str,
        view: PreviewView,
        visitor: str | None,
        *,
        errors: dict[str, str] | None = None,
        values: dict[str, str] | None = None,
        ticked: frozenset[str] = frozenset(),
    ) -> HTMLResponse:
        """The page of the step where the citizen stands."""
        template, step = template_of(view.step), view.step.value
        retry = view.step is PreviewStep.TAKEN
        if view.step is PreviewStep.LOGIN and (notice := cookies.notice(request, token)) in _NOTICES:
            template, step = _NOTICES[notice], notice
            retry = True
        headers = {"X-Preview-Step": step, "X-Preview-Way-Back": "yes" if view.return_location else "no"}
        if request.method == "HEAD":
            # Pages that wait ask this way: nothing is shown, so nothing may be read.
            return HTMLResponse("", headers=headers)
        readable = {}
        if view.step is PreviewStep.DECIDE and visitor:
            try:
                readable = {document.id: read(token, visitor, document) for document in view.documents}
            except PreviewUnknown:
                # Between the two looks the time was over, or another tab decided.
                again = desk.view(token, visitor)
                if again.step is PreviewStep.DECIDE:
                    raise
                return shown(request, token, again, visitor)
        return pages.page(
            request,
            template,
            status=422 if errors else 200,
            here=home(token),
            return_location=view.return_location,
            return_method=view.return_method,
            headers=headers,
            looked=looked(request),
            looks=_LOOKS,
            token=token,
            step=step,
            view=view,
            retry=retry,
            readable=readable,
            csrf=cookies.csrf(token, visitor) if visitor else "",
            errors=errors or {},
            values=values or {},
            ticked=ticked,
        )

    def looked(request: Request) -> int:
        """How often the last page has looked for the way back; the page itself counts, in its address."""
        said = request.query_params.get("look", "0")
        return min(int(said), _LOOKS) if re.fullmatch(r"[0-9]", said) else _LOOKS

    def read(token: str, visitor: str, document: PreviewDocument) -> documents.Shown:
        # PDF and images are fetched by the browser, if at all: no need to decrypt them here.
        if documents.kind(document.media_type) not in ("xml", "text"):
            return documents.show(document.media_type, b"")
        media_type, content = desk.document(token, visitor, document.id)
        return documents.show(media_type, content.head(documents.MOST))

    def own(token: str, visitor: str | None, document_id: str) -> tuple[str, PreviewDocument]:
        if visitor is not None:
            for document in desk.view(token, visitor).documents:
                if document.id == document_id:
                    return visitor, document
        raise PreviewUnknown

    def checked(token: str, visitor: str, form: FormData) -> None:
        if not cookies.csrf_fits(token, visitor, str(form.get("csrf", ""))):
            raise HTTPException(403)

    @router.api_route("/login/callback", methods=_READ)
    def callback(request: Request) -> Response:
        answer = dict(request.query_params)
        state = answer.get("state", "")
        remembered = cookies.login(request, state) if state else None
        if remembered is None or request.method == "HEAD":
            return pages.page(
                request, "login_lost.html", status=400, here=f"{settings.base_path}/login/callback"
            )
        token, memory = remembered
        response = to(home(token))
        cookies.forget_login(response, state)
        try:
            identity = login.finish(memory, answer)
        except LoginFailed as failure:
            _LOG.warning("login not finished: %s", failure)
            cookies.keep_notice(
                response, token, _CANCELLED if isinstance(failure, LoginCancelled) else _FAILED
            )
            return response
        visitor = cookies.new_visitor()
        step = desk.identify(token, visitor, identity).step
        if step is not PreviewStep.TAKEN:
            cookies.keep_visitor(response, token, visitor)
        if step in _NOTICES:
            cookies.keep_notice(response, token, step.value)
        else:
            cookies.forget_notice(response, token)
        return response

    @router.api_route("/{token}", methods=_READ)
    def page(request: Request, token: Token) -> Response:
        query = request.query_params
        visitor = cookies.visitor(request, token)
        if "lang" in query:
            return switched(request, home(token), query)
        if "returnurl" in query or "returnmethod" in query:
            if request.method == "GET":
                desk.remember_return(token, query.get("returnurl"), query.get("returnmethod"))
            return to(home(token))
        return shown(request, token, desk.view(token, visitor), visitor)

    def switched(request: Request, path: str, query: QueryParams) -> Response:
        rest = urlencode([(name, value) for name, value in query.multi_items() if name != "lang"])
        response = to(f"{path}?{rest}" if rest else path)
        if query["lang"] in settings.languages:
            response.set_cookie(
                pages.language_cookie,
                query["lang"],
                path=settings.base_path,
                secure=True,
                httponly=True,
                samesite="lax",
            )
        return response

    @router.get("/{token}/login")
    def begin(request: Request, token: Token) -> Response:
        step = desk.view(token, cookies.visitor(request, token)).step
        if step not in (PreviewStep.LOGIN, PreviewStep.TAKEN):
            return to(home(token))
        response = to(home(token))
        try:
            start = login.begin(pages.tongue(request).language)
        except LoginFailed as failure:
            _LOG.warning("login not begun: %s", failure)
            cookies.keep_notice(response, token, _FAILED)
            return response
        response = to(start.url)
        cookies.keep_login(response, start.state, token, start.memory)
        cookies.forget_notice(response, token)
        return response

    @router.post("/{token}/inputs")
    def inputs(request: Request, token: Token, form: Form) -> Response:
        visitor = cookies.visitor(request, token)
        if visitor is None:
            return to(home(token))
        checked(token, visitor, form)
        view = desk.view(token, visitor)
        if view.step is not PreviewStep.INPUT:
            return to(home(token))
        values = {wanted.key: str(form.get(f"input-{wanted.key}", "")).strip() for wanted in view.inputs}
        wrong = desk.supply(token, visitor, {key: value for key, value in values.items() if value})
        if not wrong:
            return to(home(token))
        errors = {key: "malformed" if values.get(key) else "missing" for key in wrong}
        return shown(request, token, view, visitor, errors=errors, values=values)

    @router.post("/{token}/decision")
    def decision(request: Request, token: Token, form: Form) -> Response:
        visitor = cookies.visitor(request, token)
        if visitor is None:
            return to(home(token))
        checked(token, visitor, form)
        view = desk.view(token, visitor)
        if view.step is not PreviewStep.DECIDE:
            return to(home(token))
        known = {document.id for document in view.documents}
        ticked = frozenset(str(value) for value in form.getlist("document")) & known
        answer = form.get("decision")
        if answer == "decline":
            desk.decide(token, visitor, frozenset())
        elif answer == "approve" and ticked:
            desk.decide(token, visitor, ticked)
        else:
            return shown(request, token, view, visitor, errors={"documents": "missing"}, ticked=ticked)
        return to(home(token))

    @router.get("/{token}/documents/{document_id}")
    def raw(request: Request, token: Token, document_id: str) -> Response:
        visitor, document = own(token, cookies.visitor(request, token), document_id)
        media_type, content = desk.document(token, visitor, document_id)
        title = pages.tongue(request).pick(document.title).text
        pdf = documents.kind(media_type) == "pdf"
        headers = {
            "Content-Length": str(content.size),
            "Content-Disposition": documents.disposition(
                media_type, title, "download" in request.query_params
            ),
            "Content-Security-Policy": PDF_POLICY if pdf else DOCUMENT_POLICY,
        }
        return StreamingResponse(content.chunks(), headers=headers, media_type=documents.raw_type(media_type))

    @router.get("/{token}/documents/{document_id}/view")
    def view_document(request: Request, token: Token, document_id: str) -> Response:
        here = f"{home(token)}/documents/{quote(document_id, safe='')}/view"
        if "lang" in request.query_params:
            return switched(request, here, request.query_params)
        visitor, document = own(token, cookies.visitor(request, token), document_id)
        return pages.page(
            request,
            "document.html",
            here=here,
            token=token,
            step="document",
            document=document,
            title=pages.tongue(request).pick(document.title or desk.view(token, visitor).evidence_title),
            readable=read(token, visitor, document),
        )

    return router

"""The console as an application of its own: login, home, the areas, the HTTP API."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp

from intermediary.console.access import Operator, Role
from intermediary.console.contracts import Attention
from intermediary.console.desk import Desk
from intermediary.console.errors import Forbidden, FormForged, NotSignedIn, NotThere
from intermediary.console.login import login_path, login_router
from intermediary.console.pages import Area
from intermediary.console.refusals import ALWAYS, of_mappings, of_shape, problem_details
from intermediary.console.tokens import Tokens
from intermediary.mapping import MappingError
from intermediary.web import OidcClient, ReleaseFiles, SecurityHeaders

_STATIC = Path(__file__).parent / "static"
API = "/api/v1"


@dataclass(frozen=True, slots=True)
class Part:
    """What one area adds: its pages and its calls of the API."""

    pages: Callable[[Desk], APIRouter]
    api: Callable[[Desk], APIRouter] | None = None
    areas: tuple[Area, ...] = ()
    """Its entries in the navigation."""
    attention: tuple[Attention, ...] = ()
    """What it says on the home page."""


def create_app(desk: Desk, tokens: Tokens, client: OidcClient | None, parts: tuple[Part, ...]) -> ASGIApp:
    """The console. Mount it under `desk.settings.base_path`."""
    base = desk.settings.base_path
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.mount("/static", GZipMiddleware(ReleaseFiles(directory=_STATIC)))
    app.mount(API, _api(desk, parts))
    app.include_router(login_router(desk, tokens, client))
    app.include_router(_home(desk))
    for part in parts:
        app.include_router(part.pages(desk))

    def sign_in(request: Request, _error: Exception) -> Response:
        return RedirectResponse(login_path(base, request), 303)

    def problem(request: Request, error: Exception) -> Response:
        kind, status = _kind(error)
        headers = getattr(error, "headers", None) or {}
        shown = desk.page(request, desk.operator(request), "problem.html", status=status, kind=kind)
        shown.headers.update(headers)
        return shown

    app.add_exception_handler(NotSignedIn, sign_in)
    for kind in (Forbidden, FormForged, NotThere, HTTPException, Exception):
        app.add_exception_handler(kind, problem)
    return SecurityHeaders(app)  # around the page for what broke, too


def _kind(error: Exception) -> tuple[str, int]:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if isinstance(error, NotThere) or status == 404:
        return "not-there", 404
    if isinstance(error, Forbidden):
        return "forbidden", 403
    if isinstance(error, FormForged):
        return "forged", 403
    return ("refused" if status < 500 else "broken"), status


def _home(desk: Desk) -> APIRouter:
    router = APIRouter()

    @router.get("/", include_in_schema=False)
    def home(request: Request, operator: Annotated[Operator, Depends(desk.may(Role.VIEWER))]) -> Response:
        return desk.page(request, operator, "home.html", notices=desk.notices(operator))

    return router


def _api(desk: Desk, parts: tuple[Part, ...]) -> FastAPI:
    """The HTTP API; described at `openapi.json`. Refusals are problem details (RFC 9457)."""
    api = FastAPI(
        title="Intermediary platform: operators' API",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        root_path_in_servers=True,
        responses=ALWAYS,
        # Says in the description that a token is needed; who may do what is each call's own business.
        dependencies=[Depends(HTTPBearer(auto_error=False, description="Access token (RFC 9068)"))],
    )
    for part in parts:
        if part.api is not None:
            api.include_router(part.api(desk))

    def refusal(_request: Request, error: Exception) -> Response:
        if isinstance(error, NotSignedIn):
            headers = {"WWW-Authenticate": "Bearer"}
            return problem_details(401, "Send a bearer token of the operators' identity provider", headers)
        if isinstance(error, Forbidden):
            return problem_details(403, f"This needs one of the roles: {error}")
        if isinstance(error, NotThere):
            return problem_details(404, str(error) or "There is nothing of that name")
        if isinstance(error, HTTPException):
            return problem_details(error.status_code, str(error.detail), error.headers)
        if isinstance(error, MappingError):
            return of_mappings(error)
        if isinstance(error, RequestValidationError):
            return of_shape(error)
        return problem_details(500, "Something broke here; the log says what")

    for kind in (
        *(NotSignedIn, Forbidden, NotThere, HTTPException),
        *(MappingError, RequestValidationError, Exception),
    ):
        api.add_exception_handler(kind, refusal)
    return api

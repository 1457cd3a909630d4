"""Signing in and out: OpenID Connect, and in the sandbox a choice of who to be."""

import hashlib
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends
from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from intermediary.console.access import Operator, Role
from intermediary.console.desk import SESSION_COOKIE, Desk, Submitted
from intermediary.console.errors import FormForged, NotThere
from intermediary.console.tokens import Tokens
from intermediary.web import LoginCancelled, LoginFailed, OidcClient

_LOGIN_SECONDS = 1800
_ALL = (Role.VIEWER, Role.EDITOR, Role.APPROVER, Role.AUDITOR, Role.ADMINISTRATOR)
TEST_OPERATORS = {
    "vera": Operator("vera", "Vera Viewer", frozenset({Role.VIEWER})),
    "erik": Operator("erik", "Erik Editor", frozenset({Role.EDITOR})),
    "anna": Operator("anna", "Anna Approver", frozenset({Role.APPROVER, Role.EDITOR})),
    "otto": Operator("otto", "Otto Auditor", frozenset({Role.AUDITOR})),
    "ada": Operator("ada", "Ada Administrator", frozenset({Role.ADMINISTRATOR})),
}
"""Whom the development login lets one be."""


def login_router(desk: Desk, tokens: Tokens, client: OidcClient | None) -> APIRouter:  # noqa: PLR0915
    """`/login…` and `/logout`."""
    router = APIRouter()
    settings = desk.settings
    seal = URLSafeTimedSerializer(
        settings.session_secret, salt="console.login", signer_kwargs={"digest_method": hashlib.sha256}
    )

    def after(path: str) -> str:
        """Where to go after the login: a page of ours, below the base path."""
        return path if path.startswith("/") and not path.startswith("//") and "\\" not in path else "/"

    def signed_in(operator: Operator, path: str, how: str) -> Response:
        answer = RedirectResponse(f"{settings.base_path}{after(path)}", 303)
        answer.set_cookie(
            SESSION_COOKIE,
            desk.sessions.begin(operator),
            path="/",
            secure=True,
            httponly=True,
            samesite="lax",
        )
        desk.did(operator, "signed-in", how=how, roles=" ".join(sorted(operator.roles)))
        return answer

    @router.get("/login", include_in_schema=False)
    def login(request: Request, to: str = "/") -> Response:
        if desk.operator(request) is not None:
            return desk.to(after(to))
        return shown(request, after(to), None, 200)

    @router.get("/login/provider", include_in_schema=False)
    async def begin(request: Request, to: str = "/") -> Response:
        if client is None:
            raise NotThere
        try:
            start = await run_in_threadpool(client.begin, request.headers.get("accept-language", "en")[:2])
        except LoginFailed:
            return failed(request, "unreachable", 503)
        answer = RedirectResponse(start.url, 303)
        text = seal.dumps({"memory": dict(start.memory), "to": after(to)})
        answer.set_cookie(
            _cookie(start.state), text if isinstance(text, str) else text.decode(), max_age=_LOGIN_SECONDS,
            path=f"{settings.base_path}/login", secure=True, httponly=True, samesite="lax",
        )  # fmt: skip
        return answer

    @router.get("/login/callback", include_in_schema=False)
    async def back(request: Request) -> Response:
        if client is None:
            raise NotThere
        answer = dict(request.query_params)
        name = _cookie(answer.get("state", ""))
        try:
            kept: dict[str, Any] = seal.loads(request.cookies.get(name, ""), max_age=_LOGIN_SECONDS)
            claims = await run_in_threadpool(client.finish, kept["memory"], answer)
        except BadData:
            return failed(request, "lost", 400)
        except LoginCancelled:
            return failed(request, "cancelled", 200)
        except LoginFailed:
            return failed(request, "failed", 400)
        operator = tokens.from_claims(claims)
        if operator is None:
            return failed(request, "no-role", 403)
        done = signed_in(operator, kept["to"], "provider")
        done.delete_cookie(
            name, path=f"{settings.base_path}/login", secure=True, httponly=True, samesite="lax"
        )
        return done

    def failed(request: Request, problem: str, status: int) -> Response:
        return shown(request, "/", problem, status)

    def shown(request: Request, to: str, problem: str | None, status: int) -> Response:
        people = TEST_OPERATORS if settings.development_login else {}
        known = {"people": people, "provider": settings.oidc is not None}
        return desk.page(request, None, "login.html", status=status, to=to, problem=problem, **known)

    @router.post("/login/development", include_in_schema=False)
    async def development(request: Request) -> Response:
        """Be somebody. With `Accept: application/json`: a token for the HTTP API."""
        if not settings.development_login:
            raise NotThere
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            raise FormForged
        async with request.form(max_files=0, max_fields=5) as form:
            who, to = form.get("who"), form.get("to", "/")
        operator = TEST_OPERATORS.get(who) if isinstance(who, str) else None
        if operator is None:
            raise NotThere
        if "application/json" in request.headers.get("accept", ""):
            return JSONResponse({"access_token": tokens.issue_development(operator), "token_type": "Bearer"})
        return signed_in(operator, to if isinstance(to, str) else "/", "development")

    @router.post("/logout", include_in_schema=False)
    def logout(request: Request, sent: Annotated[Submitted, Depends(desk.form(*_ALL))]) -> Response:
        sent.record("signed-out")
        desk.sessions.end(request.cookies.get(SESSION_COOKIE))
        answer = desk.to("/login")
        answer.delete_cookie(SESSION_COOKIE, path="/", secure=True, httponly=True, samesite="lax")
        return answer

    return router


def login_path(base: str, request: Request) -> str:
    """Address of the login that leads back to the page that was asked for."""
    path = request.url.path.removeprefix(base) or "/"
    asked = f"{path}?{request.url.query}" if request.url.query else path
    return f"{base}/login" + (
        f"?{urlencode({'to': asked})}" if asked != "/" and request.method == "GET" else ""
    )


def _cookie(state: str) -> str:
    # The state comes from outside: only characters that may stand in a cookie's name.
    return "__Secure-console-login-" + "".join(c for c in state[:10] if c.isascii() and c.isalnum())

"""What every page and every call of the API uses: who asks, may they, the answer, the record of a change.

@router.get("/mappings")
def index(request: Request, operator: Annotated[Operator, Depends(desk.may(Role.VIEWER))]) -> Response:
    return desk.page(request, operator, "mappings.html", mappings=...)

@router.post("/mappings/{key}/approve")
def approve(key: str, sent: Annotated[Submitted, Depends(desk.form(Role.APPROVER))]) -> Response:
    ...
    sent.record("mapping-approved", mapping=key)
    return desk.to("/mappings", "success", _N("The mapping is approved."))
"""

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from intermediary.console.access import Operator, Role
from intermediary.console.contracts import Attention, Journal, Notice
from intermediary.console.errors import FormForged, NotSignedIn
from intermediary.console.pages import Area, Flash, Pages
from intermediary.console.sessions import Sessions
from intermediary.console.settings import ConsoleSettings
from intermediary.console.tokens import Tokens
from intermediary.web import Tongue

SESSION_COOKIE = "__Host-console"
_MOST_FIELDS, _MOST_FILES = 500, 1
_MOST_BYTES = 8 * 1024 * 1024


@dataclass(slots=True)
class Change:
    """Something that an operator is about to change; what they did is recorded whatever the page forgets."""

    operator: Operator
    _journal: Journal = field(repr=False)
    recorded: bool = False

    def record(self, action: str, **data: object) -> None:
        """Say in the operators' log what was done. Identifiers only: no personal data."""
        self._journal(self.operator, action, **data)
        self.recorded = True


@dataclass(slots=True)
class Submitted(Change):
    """A form that this session was given, sent by somebody who may do that."""

    fields: FormData = field(default_factory=FormData, repr=False)

    def text(self, name: str, default: str = "") -> str:
        """A text field without space around it."""
        value = self.fields.get(name, default)
        return value.strip() if isinstance(value, str) else default

    def texts(self, name: str) -> tuple[str, ...]:
        """All values of a field, e.g. ticked boxes."""
        return tuple(value for value in self.fields.getlist(name) if isinstance(value, str))


class Desk:
    """Handed to every area; safe to share between threads."""

    def __init__(
        self,
        *,
        settings: ConsoleSettings,
        sessions: Sessions,
        tokens: Tokens,
        journal: Journal,
        clock: Callable[[], datetime],
        areas: tuple[Area, ...] = (),
        attention: tuple[Attention, ...] = (),
    ) -> None:
        self.settings, self.sessions, self.clock = settings, sessions, clock
        self.areas = areas
        self._tokens, self._journal, self._attention = tokens, journal, attention
        self._pages = Pages(settings, areas)

    def operator(self, request: Request) -> Operator | None:
        """Who is signed in with this browser."""
        return self.sessions.operator(request.cookies.get(SESSION_COOKIE))

    def may(self, *roles: Role) -> Callable[[Request], Operator]:
        """Dependency of a page: the operator, who has one of the roles. Raises NotSignedIn, Forbidden."""

        def signed_in(request: Request) -> Operator:
            operator = self.operator(request)
            if operator is None:
                raise NotSignedIn
            operator.need(*roles)
            return operator

        return signed_in

    def form(self, *roles: Role) -> Callable[[Request], AsyncIterator[Submitted]]:
        """Dependency of a POST: the fields, if session, role and the form's own value fit.

        Raises NotSignedIn, Forbidden, FormForged.
        """
        may = self.may(*roles)

        async def submitted(request: Request) -> AsyncIterator[Submitted]:
            if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
                raise FormForged
            operator = may(request)
            async with request.form(
                max_files=_MOST_FILES, max_fields=_MOST_FIELDS, max_part_size=_MOST_BYTES
            ) as fields:
                given = fields.get("csrf")
                session = request.cookies.get(SESSION_COOKIE, "")
                if not isinstance(given, str) or not self.sessions.csrf_fits(session, given):
                    raise FormForged
                sent = Submitted(operator, self._journal, fields=fields)
                yield sent
                self._record(request, sent)

        return submitted

    def caller(self, *roles: Role) -> Callable[[Request], Operator]:
        """Dependency of an API call that reads: whom the bearer token vouches for."""

        def vouched(request: Request) -> Operator:
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            operator = self._tokens.operator(token.strip()) if scheme.lower() == "bearer" else None
            if operator is None:
                raise NotSignedIn
            operator.need(*roles)
            return operator

        return vouched

    def change(self, *roles: Role) -> Callable[[Request], AsyncIterator[Change]]:
        """Dependency of an API call that changes something."""
        vouched = self.caller(*roles)

        async def change(request: Request) -> AsyncIterator[Change]:
            made = Change(vouched(request), self._journal)
            yield made
            self._record(request, made)

        return change

    def tongue(self, request: Request) -> Tongue:
        """The language in which a page will answer: for what is sorted or picked by language before it."""
        return self._pages.tongue(request)

    def page(
        self,
        request: Request,
        operator: Operator | None,
        template: str,
        *,
        status: int = 200,
        **context: Any,
    ) -> HTMLResponse:
        """Answer with a page of the console; `operator` None: a page for those who are not signed in."""
        session = request.cookies.get(SESSION_COOKIE, "")
        csrf = self.sessions.csrf(session) if operator is not None else ""
        return self._pages.page(request, operator, template, csrf=csrf, status=status, **context)

    def to(self, path: str, kind: str = "", text: str = "", **values: object) -> RedirectResponse:
        """Lead on to a page (below the base path), which says `text` once; `kind`: success, info, warning."""
        answer = RedirectResponse(f"{self.settings.base_path}{path}", 303)
        if text:
            self._pages.keep_flash(answer, Flash(kind, text, values))
        return answer

    def notices(self, operator: Operator) -> tuple[Notice, ...]:
        """What needs this operator's attention, the worst first."""
        order = {"danger": 0, "warning": 1, "info": 2}
        found: Iterable[Notice] = (notice for area in self._attention for notice in area(operator))
        return tuple(sorted(found, key=lambda notice: order.get(notice.kind, 3)))

    def did(self, operator: Operator, action: str, **data: object) -> None:
        """Record an action that came by no form, such as signing in."""
        self._journal(operator, action, **data)

    def _record(self, request: Request, made: Change) -> None:
        if not made.recorded:
            route = request.scope.get("route")
            made.record("changed", by=f"{request.method} {getattr(route, 'path', '?')}")

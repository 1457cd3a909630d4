"""What looks after the console itself: the log of what operators did, and who is signed in."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from intermediary.console.access import Operator, Role
from intermediary.console.desk import Desk, Submitted
from intermediary.console.pages import _N, Area
from intermediary.console.service import Part

LastPage = Annotated[int, Query(ge=1, le=1_000_000)]


@dataclass(frozen=True, slots=True)
class Act:
    """Something that an operator did."""

    at: datetime
    actor: str
    action: str
    data: tuple[tuple[str, str], ...] = ()


class Acts(Protocol):
    """The log of what operators did (audit)."""

    def page(self, number: int, actor: str = "") -> tuple[tuple[Act, ...], int]:
        """One page (from 1), newest first, and how many there are."""

    def intact(self) -> bool:
        """Nobody changed or removed an entry."""


class ActOut(BaseModel):
    """Something that an operator did."""

    at: datetime
    actor: str
    action: str
    data: dict[str, str]


class ActsOut(BaseModel):
    """A page of the operators' log."""

    page: int
    pages: int
    acts: list[ActOut]


def log_part(acts: Acts) -> Part:
    """The operators' log: for auditors."""

    def pages(desk: Desk) -> APIRouter:
        router = APIRouter()

        @router.get("/log", include_in_schema=False)
        def log(
            request: Request,
            operator: Annotated[Operator, Depends(desk.may(Role.AUDITOR))],
            page: LastPage = 1,
            actor: Annotated[str, Query(max_length=200)] = "",
        ) -> Response:
            found, last = acts.page(page, actor.strip())
            return desk.page(request, operator, "log.html", acts=found, page=page, pages=last, actor=actor)

        @router.post("/log/check", include_in_schema=False)
        def check(sent: Annotated[Submitted, Depends(desk.form(Role.AUDITOR))]) -> Response:
            intact = acts.intact()
            sent.record("log-checked", intact=intact)
            if intact:
                return desk.to(
                    "/log", "success", _N("The chain of the log holds: no entry was changed or removed.")
                )
            return desk.to(
                "/log", "danger", _N("The chain of the log is broken: an entry was changed or removed.")
            )

        return router

    def api(desk: Desk) -> APIRouter:
        router = APIRouter(tags=["log"])

        @router.get("/acts", summary="What operators did, newest first")
        def log(
            _caller: Annotated[Operator, Depends(desk.caller(Role.AUDITOR))],
            page: LastPage = 1,
            actor: Annotated[str, Query(max_length=200)] = "",
        ) -> ActsOut:
            found, last = acts.page(page, actor)
            listed = [ActOut(at=a.at, actor=a.actor, action=a.action, data=dict(a.data)) for a in found]
            return ActsOut(page=page, pages=last, acts=listed)

        return router

    area = Area(
        "/log", _N("Operators' log"), "draft", (Role.AUDITOR,), _N("Who did what in this console, and when.")
    )
    return Part(pages, api, (area,))


def sessions_part() -> Part:
    """Who is signed in; administrators may end sessions."""

    def pages(desk: Desk) -> APIRouter:
        router = APIRouter()

        @router.get("/sessions", include_in_schema=False)
        def sessions(
            request: Request, operator: Annotated[Operator, Depends(desk.may(Role.ADMINISTRATOR))]
        ) -> Response:
            return desk.page(request, operator, "sessions.html", sessions=desk.sessions.active())

        @router.post("/sessions/{key}/end", include_in_schema=False)
        def end(key: str, sent: Annotated[Submitted, Depends(desk.form(Role.ADMINISTRATOR))]) -> Response:
            ended = next((s for s in desk.sessions.active() if s.key == key), None)
            if ended is not None:
                desk.sessions.end_key(key)
                sent.record("session-ended", of=ended.operator.subject)
            return desk.to("/sessions", "success", _N("The session is ended."))

        return router

    area = Area(
        "/sessions",
        _N("Sessions"),
        "account-circle",
        (Role.ADMINISTRATOR,),
        _N("Who is signed in; end a session that should not be."),
    )
    return Part(pages, None, (area,))

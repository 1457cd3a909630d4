"""HTTP API: the comparison, and submissions as files."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from starlette.responses import Response

from intermediary.console.access import Operator, Role
from intermediary.console.desk import Desk
from intermediary.console.directories.contracts import Comparison, DirectoriesDesk, DirectorySilent
from intermediary.console.directories.words import REMEDIES
from intermediary.console.errors import NotThere
from intermediary.console.refusals import problem_details, refusals


class GapOut(BaseModel):
    """One difference between the store and a directory."""

    kind: Literal["missing-there", "missing-here", "stale", "different"]
    service: Literal["eb", "dsd"]
    title: str
    subject: str
    field: str
    here: str
    there: str
    remedy: str


class SubmissionOut(BaseModel):
    """What a submission would do, by titles; the file itself is at `/directories/submissions/{service}`."""

    service: Literal["eb", "dsd"]
    adds: list[str]
    changes: list[str]
    withdraws: list[str]
    keeps: list[str]
    unsure: list[str]
    flaws: list[str]


class ComparisonOut(BaseModel):
    """The store beside the directories."""

    at: datetime
    country: str
    gaps: list[GapOut]
    submissions: list[SubmissionOut]
    unseen: list[str]


def api(desk: Desk, directories: DirectoriesDesk) -> APIRouter:
    """`/directories/comparison` and `/directories/submissions/{service}`."""
    router = APIRouter(tags=["directories"])
    Caller = Annotated[Operator, Depends(desk.caller(Role.VIEWER))]  # noqa: N806 - a type
    silent = refusals(s503="a directory does not answer, or not as it should")

    @router.get(
        "/directories/comparison",
        summary="The store beside what EB and DSD publish of us",
        response_model=ComparisonOut,
        responses=silent,
    )
    def comparison(_caller: Caller, anew: bool = False) -> ComparisonOut | Response:
        try:
            return _out(directories.compare(anew=anew, language="en"))
        except DirectorySilent as error:
            return problem_details(503, str(error))

    @router.get(
        "/directories/submissions/{service}",
        summary="The life-cycle submission that would close the gap; it is never sent by the platform",
        response_class=Response,
        responses={200: {"content": {"application/xml": {}}}, **silent},
    )
    def submission(service: Literal["eb", "dsd"], _caller: Caller) -> Response:
        try:
            found = directories.compare(anew=False, language="en")
        except DirectorySilent as error:
            return problem_details(503, str(error))
        for each in found.hand_ins:
            if each.service == service:
                return Response(each.body, media_type="application/xml")
        raise NotThere(f"There is nothing to hand in to {service}")

    return router


def _out(found: Comparison) -> ComparisonOut:
    return ComparisonOut(
        at=found.at,
        country=found.country,
        gaps=[
            GapOut.model_validate(
                {
                    "kind": gap.kind, "service": gap.service, "title": gap.title, "subject": gap.subject,
                    "field": gap.field, "here": gap.here, "there": gap.there, "remedy": REMEDIES[gap.kind],
                }
            )
            for gap in found.gaps
        ],
        submissions=[
            SubmissionOut.model_validate(
                {
                    "service": each.service, "adds": each.adds, "changes": each.changes,
                    "withdraws": each.withdraws, "keeps": each.keeps, "unsure": each.unsure,
                    "flaws": each.flaws,
                }
            )
            for each in found.hand_ins
        ],
        unseen=list(found.unseen),
    )  # fmt: skip

"""Pages: the comparison with its submissions, and questions to the directories."""

from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from intermediary.console.access import Operator, Role
from intermediary.console.desk import Desk, Submitted
from intermediary.console.directories import words
from intermediary.console.directories.api import api
from intermediary.console.directories.contracts import DirectoriesDesk, DirectorySilent
from intermediary.console.errors import NotThere
from intermediary.console.languages import catalogue
from intermediary.console.pages import _N, Area
from intermediary.console.service import Part

_READS: Final = Role.VIEWER
_FIELDS: Final = {
    "requirements": ("procedure", "country"),
    "evidence-types": ("requirement", "country"),
    "services": ("evidence_type", "country", "provider"),
}
_BLANK: Final = {what: dict.fromkeys(names, "") for what, names in _FIELDS.items()}
_NEEDED: Final = {
    "requirements": (),
    "evidence-types": ("requirement",),
    "services": ("evidence_type", "country"),
}
_MISSING: Final = {
    "requirement": _N("Give the identifier of a requirement."),
    "evidence_type": _N("Give the identifier of an evidence type."),
    "country": _N("Give a country."),
}
_SHOWN: Final = 200_000
_SAID: Final = "say:"
"""Prefix of form fields that answer a directory's questions."""


def directories_part(directories: DirectoriesDesk) -> Part:
    """The area; answers are only read, and submissions downloaded: nothing is sent."""
    areas = (
        Area(
            "/directories", _N("Directories"), "search", (_READS,),
            _N("What Evidence Broker and Data Service Directory publish of us, and of others."),
        ),
    )  # fmt: skip
    return Part(lambda desk: _pages(desk, directories), lambda desk: api(desk, directories), areas)


def _pages(desk: Desk, directories: DirectoriesDesk) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    Viewer = Annotated[Operator, Depends(desk.may(_READS))]  # noqa: N806 - a type

    @router.get("/directories")
    def index(request: Request, operator: Viewer) -> Response:
        return desk.page(
            request, operator, "directories/index.html", reachable=directories.reachable, values=_BLANK
        )

    @router.get("/directories/comparison")
    def comparison(request: Request, operator: Viewer, anew: str = "") -> Response:
        try:
            found, silent = directories.compare(anew=bool(anew), language=desk.tongue(request).language), ""
        except DirectorySilent as error:
            found, silent = None, str(error)
        return desk.page(
            request, operator, "directories/comparison.html", found=found, silent=silent, words=words,
            status=503 if silent else 200,
        )  # fmt: skip

    @router.get("/directories/submissions/{service}.xml")
    def submission(request: Request, service: str, operator: Viewer) -> Response:
        try:
            found = directories.compare(anew=False, language="en")
        except DirectorySilent as error:
            return desk.page(
                request, operator, "directories/comparison.html", found=None, silent=str(error), words=words,
                status=503,
            )  # fmt: skip
        for each in found.hand_ins:
            if each.service == service:
                name = f"{service}-submission-{found.at:%Y-%m-%d}.xml"
                headers = {
                    "Content-Disposition": f'attachment; filename="{name}"',
                    "Cache-Control": "no-store",
                }
                return Response(each.body, headers=headers, media_type="application/xml")
        raise NotThere

    @router.get("/directories/answers")
    def answers(request: Request, operator: Viewer, what: str = "") -> Response:
        return asked(request, operator, what, dict(request.query_params), {})

    @router.post("/directories/answers")
    async def answered(sent: Annotated[Submitted, Depends(desk.form(_READS))], request: Request) -> Response:
        # What is said to a directory may be about a person: by POST, and in no record.
        said = {name.removeprefix(_SAID): sent.text(name) for name in sent.fields if name.startswith(_SAID)}
        fields = {name: sent.text(name) for name in _FIELDS["services"]}
        sent.record(
            "ask-directory", evidence_type=fields["evidence_type"][:200], country=fields["country"][:2]
        )
        return await run_in_threadpool(asked, request, sent.operator, "services", fields, said)

    def asked(
        request: Request, operator: Operator, what: str, given: Mapping[str, str], said: Mapping[str, str]
    ) -> Response:
        if what not in _FIELDS:
            raise NotThere
        values = {name: given.get(name, "").strip()[:500] for name in _FIELDS[what]}
        values["country"] = values["country"].upper()
        language = desk.tongue(request).language
        say = catalogue(language).gettext
        errors = {f"{what}-{name}": say(_MISSING[name]) for name in _NEEDED[what] if not values[name]}
        if errors:
            return desk.page(
                request, operator, "directories/index.html", status=422, errors=errors,
                reachable=directories.reachable, values={**_BLANK, what: values},
            )  # fmt: skip
        told, silent = None, ""
        try:
            told = directories.ask(what, values, said, language)
        except DirectorySilent as error:
            silent = str(error)
        body = told.body[:_SHOWN].decode("utf-8", "replace") if told else ""
        return desk.page(
            request, operator, "directories/answer.html", what=what, values=values, given=said, told=told,
            silent=silent, words=words, body=body, cut=bool(told and len(told.body) > _SHOWN), prefix=_SAID,
            status=503 if silent else 200,
        )  # fmt: skip

    return router

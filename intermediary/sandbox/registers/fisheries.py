"""The fishing authority: a REST interface that no shipped mapping knows, beside the residents' register.

Whoever tries the console connects it: provider URL `https://localhost:<residents-register>`, audience
`fischereibehoerde`; the answer is a document of number, date and PDF, or 404.
"""

import base64
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Header, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from intermediary.national.model import NationalNaturalPerson, Outcome
from intermediary.sandbox import documents
from intermediary.sandbox.documents import Fact, Section, Sheet
from intermediary.sandbox.people import PEOPLE, Person
from intermediary.sandbox.registers.access import Unauthorised, problem, unauthorised
from intermediary.sandbox.registers.records import Record, find
from intermediary.sandbox.registers.service import Desk

AUDIENCE = "fischereibehoerde"
EVIDENCE_TYPE = "urn:de:nachweistyp:fischereischein"
PATH = "/fischerei/v1/scheine"


class Question(BaseModel):
    """Who is meant."""

    familienname: Annotated[str, Field(min_length=1)]
    vornamen: Annotated[str, Field(min_length=1)]
    geburtsdatum: date


def records() -> tuple[Record, ...]:
    """Everybody may fish."""
    return tuple(Record(who, EVIDENCE_TYPE, (_sheet(number, who),)) for number, who in enumerate(PEOPLE, 1))


def router(desk: Desk) -> APIRouter:
    """The interface; `desk` holds `records()`."""
    routes = APIRouter()

    @routes.post(PATH)
    def ask(
        question: Question,
        idempotency_key: Annotated[str, Header(min_length=1)],
        authorization: Annotated[str, Header()] = "",
    ) -> Response:
        try:
            desk.tokens.check(authorization)
        except Unauthorised as refusal:
            return unauthorised(refusal)
        who = NationalNaturalPerson(question.familienname, question.vornamen, question.geburtsdatum)
        case = desk.cases.ask(idempotency_key, lambda: find(desk.records, EVIDENCE_TYPE, who, ()))
        if case.outcome is not Outcome.DELIVERED or case.record is None:
            return problem(404, "about:blank", "Kein Fischereischein")
        (sheet,) = case.record.sheets
        pdf = base64.b64encode(documents.pdf(sheet)).decode()
        return JSONResponse(
            {"schein": {"nummer": sheet.number, "datum": documents.ISSUED.isoformat(), "pdf": pdf}}
        )

    return routes


def _sheet(number: int, who: Person) -> Sheet:
    name = f"{who.given_names} {who.family_name}"
    facts = (Fact("name", "Name", name), Fact("geburtsdatum", "Geburtsdatum", who.date_of_birth.isoformat()))
    return Sheet(
        number=f"FS-2026-{number:05}",
        title="Fischereischein",
        authority="Fischereibehörde",
        data_model="urn:de:fischerei:schein:1",
        root="fischereischein",
        sections=(Section("inhaber", "Inhaberin oder Inhaber", facts),),
    )

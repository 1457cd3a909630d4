"""A register that speaks the XNachweis-shaped protocol (`intermediary/national/xnachweis/README.md`)."""

import uuid
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Annotated

from fastapi import FastAPI, Header, Request, Response
from starlette.concurrency import run_in_threadpool

from intermediary import xml
from intermediary.national import xnachweis
from intermediary.national.errors import NationalUnreadable
from intermediary.national.model import (
    Authority,
    Format,
    NationalAnswer,
    NationalEvidence,
    NationalRequest,
    Outcome,
    Representation,
)
from intermediary.sandbox import documents
from intermediary.sandbox.registers.access import (
    TokenCheck,
    Unauthorised,
    add_switches,
    problem,
    unauthorised,
)
from intermediary.sandbox.registers.cases import Case, Cases
from intermediary.sandbox.registers.records import Record, find
from intermediary.sandbox.world import World

_PROBLEM = "urn:intermediary:national:problem:"
_PATH = "/v1/nachweisabrufe"
_NUMBERS = uuid.UUID("6f1f3c0e-5a41-4d6c-9d5e-2b7f0a9f6c11")


class Desk:
    """What a register works with, in whatever protocol: records, cases, and who may ask."""

    def __init__(self, world: World, audiences: Collection[str], records: Iterable[Record]) -> None:
        """Tokens must be for one of the audiences."""
        self.records = tuple(records)
        self.cases = Cases()
        self.tokens = TokenCheck(world, audiences)


def create_register(title: str, desk: Desk) -> FastAPI:
    """The register as a service, with the switches of the sandbox."""
    app = FastAPI(title=title, docs_url=None, redoc_url=None, openapi_url=None)
    add_switches(app, desk.cases)

    @app.post(_PATH)
    async def ask(
        request: Request,
        authorization: Annotated[str, Header()] = "",
        idempotency_key: Annotated[str, Header()] = "",
    ) -> Response:
        body = await request.body()
        return await run_in_threadpool(_asked, desk, body, authorization, idempotency_key)

    @app.get(_PATH + "/{case_id}")
    def poll(case_id: str, authorization: Annotated[str, Header()] = "") -> Response:
        try:
            desk.tokens.check(authorization)
        except Unauthorised as refusal:
            return unauthorised(refusal)
        case = desk.cases.poll(case_id)
        if case is None:
            return problem(404, f"{_PROBLEM}unknown-request", "This abrufId was not asked here")
        return _answered(case)

    return app


def _asked(desk: Desk, body: bytes, authorization: str, idempotency_key: str) -> Response:
    try:
        desk.tokens.check(authorization)
        asked = xnachweis.read_request(xml.parse(body))
    except Unauthorised as refusal:
        return unauthorised(refusal)
    except (xml.XmlRefused, NationalUnreadable) as refusal:
        return problem(422, f"{_PROBLEM}rejected", f"Not readable: {type(refusal).__name__}")
    if idempotency_key != asked.request_id:
        return problem(422, f"{_PROBLEM}rejected", "Idempotency-Key must be the abrufId")

    def search() -> tuple[Record, ...]:
        return find(desk.records, asked.evidence_type.id, asked.subject, asked.additional)

    case = desk.cases.ask(asked.request_id, search)
    case.request = asked
    return _answered(case)


def _answered(case: Case) -> Response:
    asked = case.request
    if asked is None:
        raise RuntimeError("a case has no request")
    if case.ready:
        return _message(asked, _answer(case, asked), 200)
    wait = (case.available_at - datetime.now(UTC)).total_seconds()
    later = {"Location": f"{_PATH}/{case.id}", "Retry-After": "1" if wait < 60 else "3600"}
    if wait < 60:
        return Response(status_code=202, headers=later)
    return _message(asked, NationalAnswer(case.id, Outcome.LATER, available_at=case.available_at), 202, later)


def _answer(case: Case, asked: NationalRequest) -> NationalAnswer:
    if case.record is None:
        return NationalAnswer(case.id, case.outcome, reason=case.reason)
    evidences = tuple(_evidence(sheet, asked) for sheet in case.record.sheets)
    if not all(evidence.representations for evidence in evidences):
        return NationalAnswer(case.id, Outcome.REJECTED, reason="Format wird nicht angeboten")
    return NationalAnswer(case.id, Outcome.DELIVERED, evidences)


def _evidence(sheet: documents.Sheet, asked: NationalRequest) -> NationalEvidence:
    """The document in the forms that were asked for; in all where none is named."""
    forms = (
        Representation(Format("application/pdf", language="de"), documents.pdf(sheet)),
        Representation(Format("application/xml", sheet.data_model, "de"), documents.xml(sheet)),
    )
    wanted = {form.media_type for form in asked.formats} or {form.format.media_type for form in forms}
    return NationalEvidence(
        evidence_id=str(uuid.uuid5(_NUMBERS, sheet.number)),
        evidence_type=asked.evidence_type,
        issuing_authority=Authority(asked.recipient.id, sheet.authority, asked.recipient.component),
        issuing_date=documents.ISSUED,
        representations=tuple(form for form in forms if form.format.media_type in wanted),
    )


def _message(
    asked: NationalRequest, answer: NationalAnswer, status: int, headers: dict[str, str] | None = None
) -> Response:
    written = xnachweis.write_answer(
        answer, xnachweis.reply_head(asked, str(uuid.uuid4()), datetime.now(UTC))
    )
    content_type, body = xnachweis.pack(written.xml, written.attachments)
    return Response(body, status, {**(headers or {}), "Content-Type": content_type})

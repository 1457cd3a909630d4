"""POST /national/v1/nachweislieferungen: a register pushes an answer that it could not give at once.

Who may call it is the business of the TLS edge (client certificates); beyond that an answer is only taken
for a request id that we gave away.
"""

from collections.abc import Callable, Sequence
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from intermediary.national import NationalUnreadable
from intermediary.national.model import NationalAnswer
from intermediary.transport.national.answers import PROBLEM, Check, read_message

LARGEST_CALLBACK = 128 * 1024 * 1024
"""Bytes of one pushed answer, attachments included."""


def callback_router(
    receive: Callable[[NationalAnswer], bool], check: Check, max_bytes: int = LARGEST_CALLBACK
) -> APIRouter:
    """The route; `receive` stores the answer and is False for a request id that is not known."""
    router = APIRouter()

    def handle(content_type: str, body: bytes) -> Response:
        try:
            answer = read_message(check, content_type, body)
        except NationalUnreadable as unreadable:
            problems = unreadable.problems
            if any(p.rule == "XN-CONTENT-TYPE" for p in problems):
                return _problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported", problems[0].remedy)
            findings = [
                {"rule": p.rule, "place": p.place, "line": p.line, "text": p.text, "remedy": p.remedy}
                for p in problems
            ]
            return _problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", "The message is not valid.", findings)
        if not receive(answer):
            return _problem(HTTPStatus.NOT_FOUND, "unknown-request", "This abrufId was not asked for.")
        return Response(status_code=HTTPStatus.ACCEPTED)

    @router.post("/national/v1/nachweislieferungen", summary="Push a later answer", response_class=Response)
    async def deliver(request: Request) -> Response:
        """202 once the answer is taken, also for a repeat."""
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > max_bytes:
                return _problem(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                    "too-large",
                    f"At most {max_bytes} bytes are accepted.",
                )
        return await run_in_threadpool(handle, request.headers.get("content-type", ""), bytes(body))

    return router


def _problem(status: HTTPStatus, kind: str, detail: str, findings: Sequence[object] = ()) -> Response:
    """Problem details (RFC 9457)."""
    content = {"type": PROBLEM + kind, "title": status.phrase, "status": status, "detail": detail}
    if findings:
        content["findings"] = list(findings)
    return JSONResponse(content, status, media_type="application/problem+json")

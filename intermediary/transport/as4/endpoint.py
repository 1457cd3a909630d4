"""POST /as4: the HTTP side of the access point (ebMS 3.0 Core §5, HTTP binding)."""

import asyncio
from collections.abc import Callable

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from intermediary.content import Content, Spool
from intermediary.exchange import HttpAnswer

Receive = Callable[[str, Content], HttpAnswer]

GRACE_SECONDS = 30.0
SLOWEST = 64 * 1024
"""Bytes per second that a sender has to reach on average, after the grace."""


def endpoint_router(
    receive: Receive, max_bytes: int, grace_seconds: float = GRACE_SECONDS, slowest: int = SLOWEST
) -> APIRouter:
    """The endpoint; a body over `max_bytes` is refused with 413 before it is read to its end.

    A sender slower than `slowest` bytes a second on average, after the grace, is cut off with 408, so that
    nobody holds connections for ever.
    """
    router = APIRouter()

    @router.post("/as4", summary="Push an AS4 message", response_class=Response)
    async def push(request: Request) -> Response:
        """Any body gets an ebMS answer: a signed receipt or an error signal."""
        declared = request.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > max_bytes:
            return _too_large(max_bytes)
        begin = asyncio.get_running_loop().time()
        with Spool() as body:
            try:
                async with asyncio.timeout(grace_seconds) as limit:
                    async for chunk in request.stream():
                        body.write(chunk)
                        if body.size > max_bytes:
                            return _too_large(max_bytes)
                        limit.reschedule(begin + grace_seconds + body.size / slowest)
            except TimeoutError:
                return _refusal(408, f"The message came slower than {slowest} bytes a second; send it again.")
            answer = await run_in_threadpool(receive, request.headers.get("content-type", ""), body)
        return Response(
            answer.body, answer.status, media_type=None, headers={"Content-Type": answer.content_type}
        )

    return router


def _too_large(max_bytes: int) -> Response:
    return _refusal(413, f"The message has more than {max_bytes} bytes; send less evidence at once.")


def _refusal(status: int, text: str) -> Response:
    return Response(f"{text}\n", status, media_type="text/plain", headers={"Connection": "close"})

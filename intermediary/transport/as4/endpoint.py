"""POST /as4: the HTTP side of the access point (ebMS 3.0 Core §5, HTTP binding)."""

from collections.abc import Callable

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from intermediary.exchange import HttpAnswer

Receive = Callable[[str, bytes], HttpAnswer]


def endpoint_router(receive: Receive, max_bytes: int) -> APIRouter:
    """The endpoint; a body over `max_bytes` is refused with 413 before it is read to its end."""
    router = APIRouter()

    @router.post("/as4", summary="Push an AS4 message", response_class=Response)
    async def push(request: Request) -> Response:
        """Any body gets an ebMS answer: a signed receipt or an error signal."""
        declared = request.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > max_bytes:
            return _too_large(max_bytes)
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > max_bytes:
                return _too_large(max_bytes)
        answer = await run_in_threadpool(receive, request.headers.get("content-type", ""), bytes(body))
        return Response(
            answer.body, answer.status, media_type=None, headers={"Content-Type": answer.content_type}
        )

    return router


def _too_large(max_bytes: int) -> Response:
    text = f"The message has more than {max_bytes} bytes; send less evidence at once.\n"
    return Response(text, 413, media_type="text/plain", headers={"Connection": "close"})

"""POST /domibus/backend: what the plugin's push rules call. Answered at once; the work is done by others.

Source: digest domibus-backend, «push to back end»; SOAP 1.2, HTTP Basic (wsplugin.push.auth.*).
"""

import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from intermediary.transport.domibus import envelopes
from intermediary.transport.domibus.errors import NotificationUnreadable

_LOG = structlog.get_logger(__name__)
_LARGEST = 1024 * 1024
"""Bytes of a notification; a rule that pushes whole messages (SUBMIT_MESSAGE) is not meant for us."""


@dataclass(frozen=True, slots=True)
class Backend:
    """Who is told what: `look` about a message that we sent, `hint` that something waits at the gateway,
    `turn_away` that the gateway could not receive a message for us."""

    look: Callable[[str], None]
    hint: Callable[[], None]
    turn_away: Callable[[str, str], None]
    user: str
    password: str = field(repr=False)


def backend_router(backend: Backend) -> APIRouter:
    """The endpoint: 200 and an empty SOAP body; 401 without credentials, 400 for what is no notification."""
    router = APIRouter()

    @router.post("/domibus/backend", summary="Notification of the gateway", response_class=Response)
    async def notified(request: Request) -> Response:
        """The plugin repeats what is answered with an error, so only what may succeed later gets 5xx."""
        if not _known(request.headers.get("authorization", ""), backend):
            return Response("Say who you are.\n", 401, {"WWW-Authenticate": 'Basic realm="domibus backend"'})
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > _LARGEST:
                text = "Push notifications only (RECEIVE_SUCCESS, SEND_SUCCESS …), not SUBMIT_MESSAGE.\n"
                return Response(text, 413, {"Connection": "close"})
        try:
            told = envelopes.notification(bytes(body))
        except NotificationUnreadable as unreadable:
            _LOG.warning("notification refused", reason=str(unreadable))
            return Response(f"{unreadable}\n", 400)
        await run_in_threadpool(_pass_on, told, backend)
        return Response(envelopes.ACCEPTED, media_type="application/soap+xml")

    return router


def _pass_on(told: envelopes.Notification, backend: Backend) -> None:
    if told.operation in ("receiveSuccess", "submitMessage", "messageStatusChange"):
        backend.hint()
    for message_id in told.message_ids:
        if told.operation in ("sendSuccess", "sendFailure", "messageStatusChange"):
            backend.look(message_id)
        elif told.operation == "receiveFailure":
            backend.turn_away(message_id, "the gateway could not receive it; its message log says why")


def _known(authorization: str, backend: Backend) -> bool:
    kind, _, credentials = authorization.partition(" ")
    try:
        given = base64.b64decode(credentials, validate=True) if kind.lower() == "basic" else b""
    except ValueError:
        given = b""
    return secrets.compare_digest(given, f"{backend.user}:{backend.password}".encode())

"""`GET /validate`, `POST /validate`: a partner checks a message before a Projectathon. Nothing is kept.

POST takes the message itself (any Content-Type; multipart/related is an AS4 message) and answers with JSON,
or a form upload and answers with the page. Query: `release`, `lang`. What a caller may cost is bounded:
bytes, seconds to send them, checks at a time; who comes when all are busy is told to come again (503).
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from intermediary.console.checking import Checked, Checker, as_json, known_releases, words
from intermediary.console.languages import catalogue
from intermediary.console.pages import _N, environment
from intermediary.validation import UnknownRelease, ValidationError
from intermediary.web import Tongue, wanted

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
    "Strict-Transport-Security": "max-age=63072000",
    # KERN draws its icons with masks from data: URLs.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self' data:; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
}


@dataclass(frozen=True, slots=True)
class SelfCheckSettings:
    """What a caller may cost, and where the design files are served."""

    max_bytes: int = 8 * 1024 * 1024
    seconds_to_send: float = 30.0
    at_a_time: int = 2
    """Checks that run at the same time; more wait `seconds_to_wait`, then get 503."""
    seconds_to_wait: float = 5.0
    static: str = "/preview/static"
    languages: tuple[str, ...] = ("en", "de")
    """Those of the console's catalogues that are offered; the first is the default."""


STATES: Final[Mapping[str, str]] = {
    "checked": _N("checked"),
    "encrypted": _N("encrypted, so not looked into"),
    "compressed": _N("compressed, but not readable"),
    "unread": _N("too large to be looked into"),
    "missing": _N("missing"),
    "other": _N("present; not a message of the data model, so not judged"),
}
"""What became of a part."""

REFUSALS: Final[Mapping[str, str]] = {
    "large": _N("The message has more than %(megabytes)s MB. Send it without its large attachments."),
    "slow": _N("The message did not arrive in time. Send it again."),
    "empty": _N("There is no message. Choose a file, or paste the text."),
    "form": _N("The form could not be read. Send it again."),
    "busy": _N("Too many messages are being checked. Try again in ten seconds."),
    "broken": _N("The checks of this installation are incomplete. Tell the operator."),
    "release": _N("This version is not known here. Known are %(releases)s."),
}
"""Why a call is refused before anything is checked."""


class _Refused(Exception):  # noqa: N818
    """The call is refused before anything is checked."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


def self_check_router(checker: Checker, settings: SelfCheckSettings = SelfCheckSettings()) -> APIRouter:
    """The two routes; mount them beside the preview pages, whose design files they use."""
    router = APIRouter()
    gate = asyncio.Semaphore(settings.at_a_time)
    tongues = [(code, Tongue(code, UTC).own_name()) for code in settings.languages]

    async def check(data: bytes, name: str, release: str | None, content_type: str | None) -> Checked:
        try:
            async with asyncio.timeout(settings.seconds_to_wait):
                await gate.acquire()
        except TimeoutError:
            raise _Refused(503, "busy") from None
        try:
            return await run_in_threadpool(checker.check, data, name, release, content_type)
        except UnknownRelease:
            raise _Refused(400, "release") from None
        except ValidationError:
            raise _Refused(503, "broken") from None
        finally:
            gate.release()

    def page(language: str, *, status: int = 200, **context: Any) -> HTMLResponse:
        shown: dict[str, Any] = {"checked": None, "problem": None, "release": ""}
        text = environment(language).get_template("validate.html").render(
            language=language, languages=tongues, releases=known_releases(), states=STATES,
            static=settings.static, megabytes=settings.max_bytes // 1024 // 1024, words=words,
            **{**shown, **context},
        )  # fmt: skip
        return HTMLResponse(text, status, {**_HEADERS, "Content-Language": language})

    def language_of(request: Request) -> str:
        asked = request.query_params.get("lang", "")
        return asked if asked in settings.languages else wanted(request, settings.languages, "")

    @router.get("/validate", include_in_schema=False)
    def form(request: Request) -> Response:
        return page(language_of(request))

    @router.post("/validate", include_in_schema=False)
    async def submit(request: Request) -> Response:
        language = language_of(request)
        content_type = request.headers.get("content-type", "")
        as_page = content_type.lower().startswith("multipart/form-data")
        retry = {"Retry-After": "10"}
        try:
            body = await _body(request, settings)
            release = request.query_params.get("release") or None
            if not as_page:
                checked = await check(body, "message", release, content_type)
                return JSONResponse(as_json(checked, language), headers=_HEADERS)
            data, name, release = await _upload(request, body, settings)
            checked = await check(data, name, release, None)
            return page(language, checked=checked, release=release or "")
        except _Refused as refused:
            headers = retry if refused.status == 503 else {}
            reason = catalogue(language).gettext(REFUSALS[refused.reason]) % {
                "megabytes": settings.max_bytes // 1024 // 1024,
                "releases": ", ".join(known_releases()),
            }
            if as_page:
                shown = page(language, status=refused.status, problem=reason)
                shown.headers.update(headers)
                return shown
            return JSONResponse({"error": reason}, refused.status, {**_HEADERS, **headers})

    return router


async def _body(request: Request, settings: SelfCheckSettings) -> bytes:
    """The whole body, bounded in bytes and seconds."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > settings.max_bytes:
        raise _Refused(413, "large")
    body = bytearray()
    try:
        async with asyncio.timeout(settings.seconds_to_send):
            async for chunk in request.stream():
                body += chunk
                if len(body) > settings.max_bytes:
                    raise _Refused(413, "large")
    except TimeoutError:
        raise _Refused(408, "slow") from None
    if not body:
        raise _Refused(400, "empty")
    return bytes(body)


async def _upload(
    request: Request, body: bytes, settings: SelfCheckSettings
) -> tuple[bytes, str, str | None]:
    """Message, file name and release of the form. A file that was chosen comes before pasted text."""

    class InMemory(MultiPartParser):
        # Nothing that a partner sends may lie on the disk, not even for a moment.
        spool_max_size = settings.max_bytes + 1

    async def stream() -> AsyncGenerator[bytes, None]:
        yield body
        yield b""

    parser = InMemory(request.headers, stream(), max_files=1, max_fields=5, max_part_size=settings.max_bytes)
    try:
        fields = await parser.parse()
    except (MultiPartException, KeyError, ValueError):
        raise _Refused(400, "form") from None
    try:
        release = str(fields.get("release") or "") or None
        file = fields.get("file")
        if isinstance(file, UploadFile) and (data := await file.read()):
            return data, (file.filename or "message")[:200], release
        text = str(fields.get("text") or "").encode()
    finally:
        await fields.close()
    if not text.strip():
        raise _Refused(400, "empty")
    return text, "message", release

"""The portal over HTTP: pages for people, a JSON API for scripts, the AS4 endpoint.

GET  /                                  start page; POST /exchanges begins, GET /exchanges/{id} shows
GET  /exchanges/{id}/return             where the preview sends the user back to
POST /as4                               AS4 messages from the platform
GET  /api/catalogue                     keys of evidence types, test persons, versions
POST /api/exchanges                     NewExchange as JSON; 201 and the exchange
GET  /api/exchanges[/{id}]              `exchanges.as_json`
GET  /api/exchanges/{id}/documents/{n}  a received document, counted from 1
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, FastAPI, Form, HTTPException, Request
from fastapi.responses import FileResponse, RedirectResponse, Response
from fastapi.templating import Jinja2Templates
from lxml import etree
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool

from intermediary import edm, xml
from intermediary.sandbox import people
from intermediary.sandbox.portal.catalogue import load_catalogue
from intermediary.sandbox.portal.exchanges import Exchange, ReceivedDocument, as_json
from intermediary.sandbox.portal.requester import EvidenceRequester
from intermediary.sandbox.portal.wording import plain_words
from intermediary.sandbox.world import World

VERSIONS = ("oots-edm:v2.0", "oots-edm:v1.2", "oots-edm:v1.0")
"""Offered on the start page; the API takes any that the codec speaks."""

_HERE = Path(__file__).parent
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; object-src 'self'; frame-src 'self'; "
    "form-action 'self' https://localhost:*; base-uri 'none'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class NewExchange(BaseModel):
    """Body of `POST /api/exchanges`; `version` may be short (`2.0`)."""

    model_config = ConfigDict(extra="forbid")

    evidence: str
    person: str
    version: str = VERSIONS[0]
    preview_possible: bool = True
    explicit_request: bool = True
    media_type: str | None = None
    conversation_id: str | None = None


class UnknownChoice(ValueError):  # noqa: N818
    """The form or the API named something that the portal does not have."""


def create_app(world: World) -> FastAPI:
    """The portal of a world; it sends in background threads until the application ends."""
    requester = EvidenceRequester(world, load_catalogue())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(requester.close)

    app = FastAPI(title="Sandbox portal", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.include_router(_as4(requester))
    app.include_router(_api(requester))
    app.include_router(_pages(requester))
    return app


def _begin(requester: EvidenceRequester, new: NewExchange) -> Exchange:
    version = new.version if new.version.startswith("oots-edm:") else f"oots-edm:v{new.version}"
    if new.evidence not in requester.offers:
        raise UnknownChoice(
            f"There is no evidence {new.evidence}; choose one of {', '.join(requester.offers)}."
        )
    try:
        person = people.person(new.person)
    except KeyError:
        known = ", ".join(p.key for p in people.PEOPLE)
        raise UnknownChoice(f"There is no test person {new.person}; choose one of {known}.") from None
    try:
        return requester.begin(
            new.evidence,
            person,
            version,
            conversation_id=new.conversation_id,
            preview_possible=new.preview_possible,
            explicit_request=new.explicit_request,
            media_type=new.media_type,
        )
    except edm.UnsupportedVersion:
        raise UnknownChoice(
            f"Version {new.version} is not spoken here; choose one of {', '.join(VERSIONS)}."
        ) from None


def _as4(requester: EvidenceRequester) -> APIRouter:
    router = APIRouter()

    @router.post("/as4")
    async def receive(request: Request) -> Response:
        body = await request.body()
        content_type = request.headers.get("content-type", "")
        answer = await run_in_threadpool(requester.access_point.receive, content_type, body)
        return Response(answer.body, answer.status, {"Content-Type": answer.content_type})

    return router


def _api(requester: EvidenceRequester) -> APIRouter:
    router = APIRouter(prefix="/api")

    @router.get("/catalogue")
    def catalogue() -> dict[str, object]:
        return {
            "evidence": {key: offer.titles for key, offer in requester.offers.items()},
            "people": [person.key for person in people.PEOPLE],
            "versions": VERSIONS,
        }

    @router.post("/exchanges", status_code=201)
    def begin(new: NewExchange) -> dict[str, object]:
        try:
            return as_json(_begin(requester, new))
        except UnknownChoice as unknown:
            raise HTTPException(422, str(unknown)) from None

    @router.get("/exchanges")
    def exchanges() -> list[dict[str, object]]:
        return [as_json(exchange) for exchange in requester.exchanges.all()]

    @router.get("/exchanges/{exchange_id}")
    def exchange(exchange_id: str) -> dict[str, object]:
        return as_json(_found(requester, exchange_id))

    @router.get("/exchanges/{exchange_id}/documents/{n}")
    def document(exchange_id: str, n: int) -> Response:
        found = _document(_found(requester, exchange_id), n)
        return Response(found.content, media_type=found.media_type)

    return router


def _pages(requester: EvidenceRequester) -> APIRouter:
    router = APIRouter(default_response_class=Response)
    templates = Jinja2Templates(_HERE / "templates")
    templates.env.trim_blocks = templates.env.lstrip_blocks = True

    def page(request: Request, name: str, status: int = 200, **context: object) -> Response:
        return templates.TemplateResponse(request, name, context, status, _HEADERS)

    def start(request: Request, chosen: dict[str, str], problem: str = "", status: int = 200) -> Response:
        return page(
            request,
            "start.html",
            status,
            people=people.PEOPLE,
            offers=list(requester.offers.values()),
            titles={key: offer.titles["en"] for key, offer in requester.offers.items()},
            versions=VERSIONS,
            exchanges=requester.exchanges.all()[:20],
            chosen=chosen,
            problem=problem,
        )

    def show(request: Request, exchange_id: str, *, returned: bool) -> Response:
        exchange = requester.exchanges.get(exchange_id)
        if exchange is None:
            return page(request, "unknown.html", 404)
        if returned:
            exchange = requester.returned(exchange_id)
        return page(
            request,
            "exchange.html",
            exchange=exchange,
            offer=requester.offers[exchange.evidence],
            returned=returned,
            texts={n: _readable(d) for n, d in enumerate(exchange.documents, 1)},
            plain=plain_words(exchange.error.code) if exchange.error else None,
        )

    @router.get("/")
    def index(request: Request) -> Response:
        return start(request, {})

    @router.post("/exchanges")
    def begin(
        request: Request,
        evidence: Annotated[str, Form()] = "",
        person: Annotated[str, Form()] = "",
        version: Annotated[str, Form()] = VERSIONS[0],
        explicit: Annotated[str, Form()] = "",
    ) -> Response:
        chosen = {"evidence": evidence, "person": person, "version": version}
        if not explicit:
            wanted = "Please confirm that you ask us to fetch the evidence; without it we may not ask for it."
            return start(request, chosen, wanted, 422)
        try:
            exchange = _begin(requester, NewExchange(evidence=evidence, person=person, version=version))
        except UnknownChoice as unknown:
            return start(request, chosen, str(unknown), 422)
        return RedirectResponse(f"/exchanges/{exchange.id}", 303)

    @router.get("/exchanges/{exchange_id}")
    def exchange(request: Request, exchange_id: str) -> Response:
        return show(request, exchange_id, returned=False)

    @router.api_route("/exchanges/{exchange_id}/return", methods=["GET", "POST"])
    def returned(request: Request, exchange_id: str) -> Response:
        return show(request, exchange_id, returned=True)

    @router.get("/exchanges/{exchange_id}/documents/{n}")
    def document(exchange_id: str, n: int, download: bool = False) -> Response:
        found = _document(_found(requester, exchange_id), n)
        way = "attachment" if download else "inline"
        suffix = found.media_type.rpartition("/")[2].rpartition("+")[2]
        headers = {
            "Content-Disposition": f'{way}; filename="evidence-{n}.{suffix}"',
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
            "X-Content-Type-Options": "nosniff",
        }
        if found.media_type == "application/pdf":
            del headers["Content-Security-Policy"]  # browsers show no PDF in a sandbox
        return Response(found.content, media_type=found.media_type, headers=headers)

    @router.get("/portal.css")
    def style() -> Response:
        return FileResponse(_HERE / "static" / "portal.css", media_type="text/css")

    return router


def _found(requester: EvidenceRequester, exchange_id: str) -> Exchange:
    exchange = requester.exchanges.get(exchange_id)
    if exchange is None:
        raise HTTPException(404, "There is no such exchange.")
    return exchange


def _document(exchange: Exchange, n: int) -> ReceivedDocument:
    if not 1 <= n <= len(exchange.documents):
        raise HTTPException(404, f"The exchange has {len(exchange.documents)} documents.")
    return exchange.documents[n - 1]


def _readable(document: ReceivedDocument) -> str | None:
    """An XML or text document as indented text, else None."""
    if document.media_type.endswith("xml"):
        try:
            root = xml.parse(document.content)
        except xml.XmlRefused:
            return None
        etree.indent(root)
        return etree.tostring(root, encoding="unicode")
    if document.media_type in ("application/json", "text/plain"):
        return document.content.decode("utf-8", "replace")
    return None

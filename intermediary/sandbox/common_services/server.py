"""The double on HTTP: `/eb/rest/search` and `/dsd/rest/search`. Faults are set in `app.state`."""

import asyncio
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from uuid import uuid4

from cryptography import x509
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from intermediary.directory import write_answer
from intermediary.directory.codes import MEDIA_TYPE, Service
from intermediary.directory.model import PartyId, Publication
from intermediary.mapping import load
from intermediary.sandbox.common_services.answering import answer
from intermediary.sandbox.common_services.data import load_publications, own_publication
from intermediary.sandbox.common_services.signing import Signer
from intermediary.sandbox.pki import load_key, new_key
from intermediary.sandbox.world import PARTY_ID_TYPE, World
from intermediary.shipped import shipped

SYSTEM = "common-services"
HUGE = 20 * 1024 * 1024


class Fault(StrEnum):
    """What the double does wrong with every answer."""

    NO_SIGNATURE = "no-signature"
    WRONG_DIGEST = "wrong-digest"
    WRONG_KEY = "wrong-key"
    ALGORITHM = "algorithm"
    IGNORE_VERSION = "ignore-version"
    SLOW = "slow"
    UNAVAILABLE = "unavailable"
    REDIRECT = "redirect"
    MALFORMED = "malformed"
    WRONG_ROOT = "wrong-root"
    EMPTY_SUCCESS = "empty-success"
    HUGE = "huge"
    DOCTYPE = "doctype"


_EMPTY = (
    b'<q:QueryResponse xmlns:q="urn:oasis:names:tc:ebxml-regrep:xsd:query:4.0" '
    b'status="urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success">'
    b'<r:RegistryObjectList xmlns:r="urn:oasis:names:tc:ebxml-regrep:xsd:rim:4.0"/></q:QueryResponse>'
)
_BODIES = {
    Fault.MALFORMED: b"<query:QueryResponse",
    Fault.WRONG_ROOT: b'<QueryResponse xmlns="urn:example"/>',
    Fault.EMPTY_SUCCESS: _EMPTY,
    Fault.DOCTYPE: b"<!DOCTYPE x [<!ENTITY e 'e'>]>" + _EMPTY,
}


def create_app(world: World) -> FastAPI:
    """The double in a sandbox: its own data, and our country as the shipped mappings say."""
    authority = x509.load_pem_x509_certificate(world.authority.read_bytes())
    leaf = x509.load_pem_x509_certificate(world.certificate(SYSTEM, "token").read_bytes())
    point = PartyId(world.party_id("platform"), PARTY_ID_TYPE)
    own = own_publication(load(shipped("mappings")), datetime.now(UTC).date(), point)
    signer = Signer(load_key(world.key(SYSTEM, "token")), (leaf, authority))
    return directory_app((own, *load_publications()), signer)


def directory_app(publications: Sequence[Publication], signer: Signer) -> FastAPI:
    """EB and DSD over some countries' data. `state.fault` (Fault or None), `state.asked` (how many calls)."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.state.fault, app.state.asked, app.state.publications = None, 0, tuple(publications)

    async def search(request: Request) -> Response:
        app.state.asked += 1
        fault = app.state.fault
        if fault is Fault.SLOW:
            await asyncio.sleep(30)
        if fault is Fault.UNAVAILABLE:
            return Response(status_code=503)
        if fault is Fault.REDIRECT:
            return Response(status_code=302, headers={"Location": str(request.url)})
        service = Service(request.url.path.split("/")[-3])
        version = None if fault is Fault.IGNORE_VERSION else request.headers.get("accept-version")
        parameters = request.query_params.multi_items()
        body, headers = await run_in_threadpool(_answered, service, parameters, version, fault)
        return Response(body, headers=headers, media_type=MEDIA_TYPE)

    def _answered(
        service: Service, parameters: list[tuple[str, str]], version: str | None, fault: Fault | None
    ) -> tuple[bytes, dict[str, str]]:
        said = answer(app.state.publications, service, parameters, version)
        count = len(said.requirements) + len(said.services)
        # Another prefix than in the samples: readers go by namespace.
        plain = write_answer(said, (uuid4() for _ in range(count)))
        body = re.sub(rb"(</?|xmlns:)sdg\b", rb"\1oots", plain)
        if fault is not None:
            body = b" " * HUGE if fault is Fault.HUGE else _BODIES.get(fault, body)
        if said.version is None or fault is Fault.NO_SIGNATURE:
            return body, {}
        by = Signer(new_key("token"), signer.chain) if fault is Fault.WRONG_KEY else signer
        over = {"alg": "HS256"} if fault is Fault.ALGORITHM else None
        signed = body + b" " if fault is Fault.WRONG_DIGEST else body
        return body, by.headers(signed, datetime.now(UTC), over)

    for name in Service:
        # HEAD comes with GET; everything else is 405.
        app.router.routes.append(Route(f"/{name.value}/rest/search", search, methods=["GET"]))
    return app

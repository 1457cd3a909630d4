"""The area as a part of the console."""

from collections.abc import Callable, Iterable
from datetime import datetime

from fastapi import APIRouter

from intermediary.console.access import Operator, Role
from intermediary.console.contracts import Notice
from intermediary.console.desk import Desk
from intermediary.console.mappings.api import changing_api, reading_api
from intermediary.console.mappings.attention import notices
from intermediary.console.mappings.deciding import WouldChange, deciding_pages
from intermediary.console.mappings.pages import reading_pages
from intermediary.console.mappings.reading import Reader
from intermediary.console.pages import _N, Area
from intermediary.console.service import Part
from intermediary.mapping import MappingStore

_AREAS = (
    Area(
        "/mappings",
        _N("Mappings"),
        "autorenew",
        (Role.VIEWER,),
        _N("Which EU evidence type is which national one, and how it is answered."),
    ),
    Area(
        "/evidence-types",
        _N("Evidence types"),
        "checklist",
        (Role.VIEWER,),
        _N("From the EU evidence type to the national one; what is not mapped."),
    ),
    Area("/providers", _N("Providers"), "account-circle", (Role.VIEWER,), _N("Who is asked, and how.")),
)


def mappings_part(
    store: MappingStore,
    clock: Callable[[], datetime],
    would_change: WouldChange = lambda _refs: None,
) -> Part:
    """Mappings, providers, evidence types and requirements.

    `would_change` tells approvers what versions would have changed for the requests that came, as
    `dryrun/summary.html` shows it.
    """
    reader = Reader(store)

    def pages(desk: Desk) -> APIRouter:
        router = APIRouter()
        router.include_router(reading_pages(desk, reader))
        router.include_router(deciding_pages(desk, reader, would_change))
        return router

    def api(desk: Desk) -> APIRouter:
        router = APIRouter()
        router.include_router(reading_api(desk, reader))
        router.include_router(changing_api(desk, reader))
        return router

    def attention(operator: Operator) -> Iterable[Notice]:
        return notices(reader, operator, clock())

    return Part(pages, api, _AREAS, (attention,))

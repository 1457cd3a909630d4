"""The area as a part of the console."""

from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter

from intermediary.console.access import Role
from intermediary.console.desk import Desk
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
    Area("/providers", _N("Providers"), "account-circle", (Role.VIEWER,), _N("Who is asked, and how.")),
)


def mappings_part(store: MappingStore, clock: Callable[[], datetime]) -> Part:
    """Mappings, providers, evidence types and requirements."""
    reader = Reader(store)

    def pages(desk: Desk) -> APIRouter:
        router = APIRouter()
        router.include_router(reading_pages(desk, reader))
        return router

    return Part(pages, None, _AREAS, ())

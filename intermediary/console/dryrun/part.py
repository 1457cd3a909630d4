"""The area as a part of the console."""

from intermediary.console.access import Role
from intermediary.console.dryrun.api import dryrun_api
from intermediary.console.dryrun.contracts import Trials
from intermediary.console.dryrun.pages import dryrun_pages
from intermediary.console.pages import _N, Area
from intermediary.console.service import Part
from intermediary.mapping import MappingStore

_AREA = Area(
    "/dry-run",
    _N("Dry run"),
    "visibility",
    (Role.VIEWER,),
    _N("What a request would become; what a draft would change."),
)


def dryrun_part(store: MappingStore, trials: Trials) -> Part:
    """Dry runs and replays."""
    return Part(
        lambda desk: dryrun_pages(desk, store, trials), lambda desk: dryrun_api(desk, store, trials), (_AREA,)
    )

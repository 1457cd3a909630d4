"""What the area needs from other rooms; `dryruns.py` gives it the real thing."""

from collections.abc import Callable
from datetime import date
from typing import Protocol

from intermediary.exchange.dryrun import DryRun, Page, Plan, Replay
from intermediary.mapping import MappingSet, Ref
from intermediary.mapping.model import SubjectKind


class Trials(Protocol):
    """Tries requests against the store; `refs` are versions that are not live yet.

    Everything raises MappingInvalid where the set cannot be read with them, and MappingMissing.
    """

    def day_of(self, *refs: Ref) -> date:
        """The day on which versions are tried: today, or the first on which all may be in force."""

    def held(self, *refs: Ref, day: date) -> MappingSet:
        """The set of a day with these versions in it."""

    def sample(
        self, key: str, *refs: Ref, version: str, subject: SubjectKind | None = None, media_type: str = ""
    ) -> bytes:
        """A valid request for the evidence of a mapping, as EDM XML. Raises UnsupportedVersion."""

    def run(self, plan: Plan, *refs: Ref) -> DryRun:
        """Try a request."""

    def replay(self, *refs: Ref, last: int) -> Replay:
        """What these versions would have changed for the last requests."""

    def picture(self, page: Page, language: str) -> str:
        """A page as the citizen would see it, as HTML for a sandboxed frame."""

    @property
    def disclose(self) -> Callable[[str, str], bytes | None]:
        """From an exchange's id and an actor to its request while it is open; its story says who looked."""

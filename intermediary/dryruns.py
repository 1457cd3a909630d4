"""Wires dry runs, for console and command line: stored mappings, the rules, the connector on paper."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time

from lxml import etree
from sqlalchemy import Engine

from intermediary import edm, preview
from intermediary.audit.requests import past_requests
from intermediary.exchange.dryrun import (
    Answers,
    DryRun,
    Page,
    PaperConnector,
    Plan,
    Replay,
    dry_run,
    replay,
    sample_request,
)
from intermediary.mapping import MappingMissing, MappingSet, MappingStore, Ref
from intermediary.mapping.model import SubjectKind
from intermediary.transport import national as national_door
from intermediary.validation import Report, Validator

NATIONAL_RELEASE = "xnachweis-profile:1"
_LOOKED_AT = "0" * 32
"""Pictures are nobody's session."""


@dataclass(frozen=True)
class DryRuns:
    """Implements console.dryrun.Trials; safe to share between threads."""

    engine: Engine
    store: MappingStore
    validator: Validator
    clock: Callable[[], datetime]
    operator_name: str = ""
    disclose: Callable[[str, str], bytes | None] = lambda _exchange_id, _actor: None
    """The request of an open exchange, for an auditor; its story says who looked."""

    def day_of(self, *refs: Ref) -> date:
        """The day on which versions are tried: today, or the first on which all of them may be in force.

        Raises MappingMissing.
        """
        begins = [self.store.version(*ref).valid_from for ref in refs]
        return max(self.clock().date(), *(first for first in begins if first), date.min)

    def held(self, *refs: Ref, day: date) -> MappingSet:
        """The set of a day with these versions in it. Raises MappingInvalid, MappingMissing."""
        return self.store.would_be(*refs, day=day) if refs else self.store.live(day)

    def sample(
        self, key: str, *refs: Ref, version: str, subject: SubjectKind | None = None, media_type: str = ""
    ) -> bytes:
        """A valid request for an evidence. Raises MappingInvalid, MappingMissing, UnsupportedVersion."""
        day = self.day_of(*refs)
        held = self.held(*refs, day=day)
        mapping = held.by_key(key)
        if mapping is None:
            raise MappingMissing(f"There is no mapping {key} on {day}")
        form = next((f for f in mapping.formats if f.media_type == media_type), None)
        request = sample_request(
            mapping, held, version, now=self._at(day), new_id=_new_id, subject=subject, form=form
        )
        return edm.write(request)

    def run(self, plan: Plan, *refs: Ref) -> DryRun:
        """Try a request with these versions. Raises MappingInvalid, MappingMissing."""
        day = self.day_of(*refs)
        return dry_run(
            plan,
            self.held(*refs, day=day),
            validator=self.validator,
            connectors=self._paper,
            now=self._at(day),
            new_id=_new_id,
        )

    def replay(self, *refs: Ref, last: int) -> Replay:
        """What they would have changed for the last requests. Raises MappingInvalid, MappingMissing."""
        day = self.day_of(*refs)
        before, after = self.held(day=day), self.held(*refs, day=day)
        return replay(past_requests(self.engine, last), before, after, day)

    def picture(self, page: Page, language: str) -> str:
        """A page as the citizen would see it, as HTML."""
        settings = preview.PreviewSettings(session_secret=_LOOKED_AT, operator_name=self.operator_name)
        return preview.picture(page.view, page.documents, settings, language)

    def _at(self, day: date) -> datetime:
        now = self.clock()
        return now if day == now.date() else datetime.combine(day, time(9), now.tzinfo)

    def _paper(self, answers: Answers, clock: Callable[[], datetime]) -> PaperConnector:
        return national_door.PaperConnector(self._national, answers, clock)

    def _national(self, root: etree._Element) -> Report:
        return self.validator.check(root, NATIONAL_RELEASE)


def _new_id() -> str:
    return str(uuid.uuid4())

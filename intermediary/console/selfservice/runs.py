"""Test systems of providers, and runs of the conformance kit at them, in threads of this node."""

import logging
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import yaml
from sqlalchemy import Engine, RowMapping, delete, func, insert, select, update

from intermediary.console.errors import ConsoleError
from intermediary.console.selfservice.contracts import Trial
from intermediary.console.selfservice.invitations import Invitation
from intermediary.console.tables import ProviderEndpointRow, ProviderRunRow
from intermediary.mapping import Provider
from intermediary.provider_kit import CASES, Report, read_plan
from intermediary.store.engine import lock

_ENDPOINTS = ProviderEndpointRow.__table__  # type: ignore[attr-defined]
_RUNS = ProviderRunRow.__table__  # type: ignore[attr-defined]
_LOG = logging.getLogger(__name__)
SILENT = timedelta(minutes=10)
"""After so long without a beat nobody works on a run any more: its node was stopped."""
MOST_RUNS = 20
"""A day, of one invitation."""
_SHOWN = 10
"""Runs of one invitation that a list shows."""
_KEPT_FOR = timedelta(days=90)
_AT_ONCE = 4
LONGEST_WAIT, LONGEST_ANSWER = 60.0, 15.0
"""Seconds that the test data may have the platform wait: for a deferred answer, for one call."""
LONGEST_RUN = timedelta(minutes=15)
"""A test system that answers as slowly as it may must not keep a thread for hours."""
_BY_ID: dict[str, Any] = {case.id: case for case in CASES}


class TooManyRuns(ConsoleError):  # noqa: N818
    """One is running, or there were enough for today."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A provider's test system; texts as they were given."""

    url: str = ""
    protocol: str = "xnachweis"
    options: str = field(default="", repr=False)
    ca: str = field(default="", repr=False)
    test_data: str = field(default="", repr=False)
    updated_at: datetime | None = None

    def said_options(self) -> dict[str, Any]:
        """The description of a REST provider."""
        if self.protocol != "rest":
            return {}
        said = yaml.safe_load(self.options)
        return said if isinstance(said, dict) else {}


@dataclass(frozen=True, slots=True)
class Run:
    """One run; `state` is running, done, failed or interrupted."""

    id: str
    state: str
    done: int
    total: int
    started_at: datetime
    finished_at: datetime | None
    report: Report | None = field(default=None, repr=False)


class Runs:
    """Keeps test systems and runs; threads may share it."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime], trial: Trial | None = None) -> None:
        """Without `trial` it only reads."""
        self._engine, self._clock, self._trial = engine, clock, trial
        self._pool = ThreadPoolExecutor(_AT_ONCE, "provider-kit") if trial is not None else None

    def endpoint(self, invitation: Invitation) -> Endpoint | None:
        """The test system, or None before it was described."""
        where = select(_ENDPOINTS).where(_ENDPOINTS.c.invitation_id == invitation.id)
        with self._engine.connect() as connection:
            row = connection.execute(where).mappings().first()
        return None if row is None else Endpoint(**{name: row[name] for name in Endpoint.__slots__})

    def connect(self, invitation: Invitation, endpoint: Endpoint) -> None:
        """Keep the description of the test system; it was checked."""
        row = {
            "invitation_id": invitation.id,
            "url": endpoint.url,
            "protocol": endpoint.protocol,
            "options": endpoint.options,
            "ca": endpoint.ca,
            "test_data": endpoint.test_data,
            "updated_at": self._clock(),
        }
        with self._engine.begin() as connection:
            connection.execute(delete(_ENDPOINTS).where(_ENDPOINTS.c.invitation_id == invitation.id))
            connection.execute(insert(_ENDPOINTS).values(row))

    def of(self, invitation: Invitation) -> tuple[Run, ...]:
        """Runs of an invitation, the newest first."""
        where = select(_RUNS).where(_RUNS.c.invitation_id == invitation.id)
        with self._engine.connect() as connection:
            rows = (
                connection.execute(where.order_by(_RUNS.c.started_at.desc()).limit(_SHOWN)).mappings().all()
            )
        return tuple(self._run(row) for row in rows)

    def one(self, invitation: Invitation, run_id: str) -> Run | None:
        """A run of this invitation, or None: also where it is another's."""
        mine = (_RUNS.c.id == run_id) & (_RUNS.c.invitation_id == invitation.id)
        with self._engine.connect() as connection:
            row = connection.execute(select(_RUNS).where(mine)).mappings().first()
        return None if row is None else self._run(row)

    def start(self, invitation: Invitation, endpoint: Endpoint) -> str:
        """Begin a run; its id. Raises TooManyRuns."""
        assert self._pool is not None, "this one only reads"
        now, run_id = self._clock(), str(uuid.uuid4())
        with self._engine.begin() as connection:
            lock(connection, "provider-runs")
            mine = _RUNS.c.invitation_id == invitation.id
            today = select(func.count()).where(mine, _RUNS.c.started_at > now - timedelta(days=1))
            busy = select(func.count()).where(
                mine, _RUNS.c.state == "running", _RUNS.c.beat_at > now - SILENT
            )
            if connection.scalar(busy) or (connection.scalar(today) or 0) >= MOST_RUNS:
                raise TooManyRuns
            row = {
                "id": run_id,
                "invitation_id": invitation.id,
                "state": "running",
                "done": 0,
                "total": len(CASES),
                "started_at": now,
                "beat_at": now,
            }
            connection.execute(insert(_RUNS).values(row))
            connection.execute(delete(_RUNS).where(mine, _RUNS.c.started_at < now - _KEPT_FOR))
        self._pool.submit(self._work, run_id, invitation, endpoint)
        return run_id

    def close(self) -> None:
        """Take no more; runs in progress are not waited for."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _work(self, run_id: str, invitation: Invitation, endpoint: Endpoint) -> None:
        try:
            report = self._report(run_id, invitation, endpoint)
        except Exception as error:
            # Whatever it was must not leave a run that seems to go on for ever; the text may hold test data.
            _LOG.error("provider-run-failed: %s", type(error).__name__)
            self._write(run_id, state="failed", finished_at=self._clock())
            return
        self._write(run_id, state="done", finished_at=self._clock(), report=report.plain())

    def _report(self, run_id: str, invitation: Invitation, endpoint: Endpoint) -> Report:
        assert self._trial is not None, "checked where it starts"
        plan = read_plan(endpoint.test_data)
        waits = {
            "wait_seconds": min(plan.wait_seconds, LONGEST_WAIT),
            "answer_seconds": min(plan.answer_seconds, LONGEST_ANSWER),
        }
        plan = plan.model_copy(update=waits)
        until = self._clock() + LONGEST_RUN
        provider = Provider(
            key=invitation.provider,
            national_id=plan.recipient_id,
            names={"en": invitation.organisation},
            agent_scheme="",
            agent_id="",
            country="",
            protocol=endpoint.protocol,
            url=endpoint.url,
            audience=invitation.audience,
            options=endpoint.said_options(),
        )

        def progress(done: int, of: int) -> None:
            if self._clock() > until:
                raise TimeoutError
            self._write(run_id, done=done, total=of)

        return self._trial(provider, plan, endpoint.ca or None, progress)

    def _write(self, run_id: str, **values: object) -> None:
        with self._engine.begin() as connection:
            changed = {**values, "beat_at": self._clock()}
            connection.execute(update(_RUNS).where(_RUNS.c.id == run_id).values(changed))

    def _run(self, row: RowMapping) -> Run:
        state = row["state"]
        if state == "running" and self._clock() - row["beat_at"] >= SILENT:
            state = "interrupted"
        report = None if row["report"] is None else Report.from_plain(row["report"], _BY_ID)
        return Run(row["id"], state, row["done"], row["total"], row["started_at"], row["finished_at"], report)

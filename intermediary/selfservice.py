"""Wires self service of providers: `app.py` mounts the provider's own pages."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from lxml import etree
from sqlalchemy import Engine, case, func, select
from sqlmodel import SQLModel
from starlette.types import ASGIApp

from intermediary.console import ConsoleSettings, selfservice
from intermediary.console.selfservice.visiting import BASE
from intermediary.exchange.model import Outcome
from intermediary.mapping import MappingStore, Provider
from intermediary.provider_kit import Plan, Report, run_kit
from intermediary.settings import ConsoleGroup
from intermediary.store.tables import ExchangeRow
from intermediary.transport.national import KitLine, NationalSettings, Reach
from intermediary.validation.model import Report as Findings

if TYPE_CHECKING:
    from intermediary.app import Platform

_EXCHANGES = SQLModel.metadata.tables[str(ExchangeRow.__tablename__)]
_THIS_MACHINE = ("127.0.0.0/8", "::1/128")
_YEAR = timedelta(days=365)
_LARGEST = 32 * 1024 * 1024
"""Bytes of one answer of a test system: several runs may go on at once."""


def provider_pages(
    platform: "Platform", group: ConsoleGroup, national: NationalSettings, chosen: ConsoleSettings
) -> tuple[str, ASGIApp]:
    """Path and application of the provider's own pages."""
    engine, clock = platform.engine, platform.clock
    trial = _Trial(
        national, platform.national_check, clock, reach_of(group, sandbox=platform.settings.sandbox)
    )
    app = selfservice.provider_app(
        chosen,
        selfservice.Invitations(engine, chosen.session_secret, clock),
        selfservice.Runs(engine, clock, trial),
        MappingStore(engine, via="provider"),
        ProviderCounts(engine, clock),
        clock,
    )
    return BASE, app


def reach_of(group: ConsoleGroup, *, sandbox: bool) -> Reach:
    """Which test systems may be called."""
    allowed = tuple(host.lower() for host in group.provider_hosts)
    return Reach((*allowed, *_THIS_MACHINE) if sandbox else allowed)


class _Trial:
    """Runs the kit with the platform's own keys."""

    def __init__(
        self,
        national: NationalSettings,
        check: Callable[[etree._Element], Findings],
        clock: Callable[[], datetime],
        reach: Reach,
    ) -> None:
        self._national, self._check, self._clock, self._reach = national, check, clock, reach

    def __call__(
        self, provider: Provider, plan: Plan, extra_ca: str | None, progress: Callable[[int, int], None]
    ) -> Report:
        settings = replace(
            self._national,
            read_seconds=plan.answer_seconds,
            total_seconds=plan.answer_seconds * 2,
            largest_answer=_LARGEST,
        )
        with KitLine(settings, self._check, _now, reach=self._reach, extra_ca=extra_ca) as line:
            return run_kit(provider, plan, line, self._clock, progress=progress)


def _now() -> datetime:
    return datetime.now(UTC)


class ProviderCounts:
    """Counts of the exchanges of one provider."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine, self._clock = engine, clock

    def __call__(self, provider: str) -> tuple[selfservice.Counted, ...]:
        t = _EXCHANGES.c
        found = t.outcome.in_((Outcome.APPROVED.value, Outcome.DECLINED.value))
        wanted = (
            select(t.mapping_key, func.count(), func.sum(case((found, 1), else_=0)), func.max(t.created_at))
            .where(t.provider_key == provider, t.created_at >= self._clock() - _YEAR)
            .group_by(t.mapping_key)
            .order_by(t.mapping_key)
        )
        with self._engine.connect() as connection:
            rows = connection.execute(wanted).all()
        return tuple(selfservice.Counted(row[0] or "", row[1], row[2] or 0, row[3]) for row in rows)

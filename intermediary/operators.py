"""Wires the operators' console: `app.py` mounts what `console_app` gives."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from starlette.types import ASGIApp

from intermediary import console, trust
from intermediary.as4.model import PMode
from intermediary.audit import AuditLog
from intermediary.console import selfservice
from intermediary.directories import Directories
from intermediary.dryruns import DryRuns
from intermediary.exchange.model import Event, Fact, event
from intermediary.keyring import held
from intermediary.mapping import MappingStore
from intermediary.operators_directories import ConsoleDirectories
from intermediary.operators_exchanges import ConsoleExchanges
from intermediary.settings import ConsoleGroup, Settings
from intermediary.transport import as4 as as4_door
from intermediary.web import OidcClient, OidcSettings

if TYPE_CHECKING:
    from intermediary.app import Platform
    from intermediary.validation.releases import InstalledRelease

STREAM = "operators"
"""The log of what operators did."""


def console_app(
    platform: "Platform", group: ConsoleGroup, *, session_secret: str, operator_name: str
) -> tuple[str, ASGIApp]:
    """Path and application of the console. Raises SettingsInvalid."""
    settings, engine, clock, ledger = platform.settings, platform.engine, platform.clock, platform.ledger
    chosen = console_settings(settings, group, session_secret, operator_name)
    client = OidcClient(chosen.oidc) if chosen.oidc else None
    tokens = console.Tokens(chosen, client)

    def journal(operator: console.Operator, action: str, **data: object) -> None:
        acted = event(Fact.OPERATOR_ACTED, clock(), actor=operator.subject, action=action, **data)
        with ledger.begin() as tx:
            tx.log(STREAM, acted)

    log = AuditLog(engine)
    mappings = MappingStore(engine, via="console")
    trials = _trials(platform, mappings, log, operator_name)
    parts = (
        console.editor_part(mappings),
        console.mappings_part(mappings, clock, lambda refs: console.would_change_summary(trials, refs)),
        console.lint_part(mappings),
        console.exchanges_part(
            ConsoleExchanges(engine, platform.exchanges, mappings.live, _ids(platform.pmodes), clock), clock
        ),
        console.partners_part(_Partners(settings, platform.partners, log, clock)),
        selfservice.selfservice_part(
            mappings,
            selfservice.Invitations(engine, session_secret, clock),
            selfservice.Runs(engine, clock),
            settings.public_url,
            clock,
        ),
        console.directories_part(
            ConsoleDirectories(Directories(settings, platform.mappings, clock, platform.pmodes))
        ),
        console.validator_part(console.Checker(platform.validator), _installed(platform)),
        console.dryrun_part(mappings, trials),
        console.log_part(_Acts(log)),
        console.sessions_part(),
    )
    desk = console.Desk(
        settings=chosen,
        sessions=console.Sessions(engine, chosen, clock),
        tokens=tokens,
        journal=journal,
        clock=clock,
        areas=tuple(area for part in parts for area in part.areas),
        attention=tuple(look for part in parts for look in part.attention),
    )
    return chosen.base_path, console.create_app(desk, tokens, client, parts)


def console_settings(
    settings: Settings, group: ConsoleGroup, session_secret: str, operator_name: str
) -> console.ConsoleSettings:
    """How console and provider pages present themselves. Raises SettingsInvalid."""
    return console.ConsoleSettings(
        session_secret=session_secret,
        public_url=settings.public_url,
        oidc=_oidc(group, settings),
        roles_claim=group.roles_claim,
        role_names=group.role_names,
        api_audience=group.api_audience,
        development_login=group.development_login,
        sandbox=settings.sandbox,
        operator_name=operator_name,
        languages=tuple(settings.languages),
        timezone=settings.timezone,
    )


def _ids(pmodes: Sequence[PMode]) -> tuple[str, ...]:
    return tuple(sorted(pmode.id for pmode in pmodes))


def _trials(platform: "Platform", store: MappingStore, log: AuditLog, operator_name: str) -> DryRuns:
    def disclose(exchange_id: str, actor: str) -> bytes | None:
        story = log.story(exchange_id)
        if story is None:
            return None
        found = story.summary
        return platform.exchanges.sealed_requests.disclose(
            found.id, found.request_message_id, actor, platform.clock()
        )

    return DryRuns(platform.engine, store, platform.validator, platform.clock, operator_name, disclose)


def _installed(platform: "Platform") -> "Callable[[], Sequence[InstalledRelease]]":
    return platform.releases.installed if platform.releases else tuple


class _Acts:
    """The operators' log."""

    def __init__(self, log: AuditLog) -> None:
        self._log = log

    def page(self, number: int, actor: str = "") -> tuple[tuple[console.Act, ...], int]:
        events, pages = self._log.page(STREAM, number, actor=actor)
        return tuple(_act(event) for event in events), pages

    def intact(self) -> bool:
        return self._log.intact(STREAM)


def _act(event: Event) -> console.Act:
    data = dict(event.data)
    return console.Act(event.at, data.pop("actor", ""), data.pop("action", event.fact), tuple(data.items()))


class _Partners:
    """Partners as the settings name them, and what the log knows of them."""

    def __init__(
        self,
        settings: Settings,
        partners: Sequence[as4_door.Partner],
        log: AuditLog,
        clock: Callable[[], datetime],
    ) -> None:
        self._settings, self._log, self._clock = settings, log, clock
        self._partners = {partner.pmode.id: partner for partner in partners}

    def pmodes(self) -> tuple[PMode, ...]:
        return tuple(partner.pmode for _, partner in sorted(self._partners.items()))

    def return_hosts(self, pmode_id: str) -> tuple[str, ...]:
        return self._partners[pmode_id].return_hosts

    def certificates(self) -> tuple[trust.Entry, ...]:
        return trust.inventory(held(self._settings, self.pmodes()), self._clock())

    def traffic(self) -> Callable[[str], console.Traffic]:
        seen = self._log.traffic(self._clock() - timedelta(days=30))
        return lambda pmode_id: console.Traffic(*seen.get(pmode_id, ()))

    def flaws(self, pmode_id: str) -> tuple[console.Flaw, ...]:
        settings = self._settings
        found = as4_door.lint_partners(settings.pmodes, self._clock(), gateway=settings.gateway is not None)
        mine = (f for f in found if f.place == pmode_id or f.place.startswith(f"{pmode_id}: "))
        return tuple(console.Flaw(f.severity, f"{f.place}: {f.text}", f.remedy) for f in mine)


def _oidc(group: ConsoleGroup, settings: Settings) -> OidcSettings | None:
    if group.issuer is None or group.client_secret_file is None:
        return None
    return OidcSettings(
        issuer=group.issuer,
        client_id=group.client_id,
        client_secret=group.client_secret_file.read_text().strip(),
        redirect_uri=f"{settings.public_url}/console/login/callback",
        scope=group.scope,
        ca_file=group.ca,
    )

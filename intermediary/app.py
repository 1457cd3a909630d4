"""The composition root: settings in, ASGI application out. Only here and in `cli` rooms are joined."""

import os
import secrets
import ssl
import threading
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from fastapi import FastAPI
from lxml import etree
from sqlalchemy import Engine

from intermediary import health, observing, preview, store, upkeep
from intermediary.as4.model import PMode
from intermediary.at_rest import open_blobs, open_vault
from intermediary.console import Checker, SelfCheckSettings, self_check_router
from intermediary.exchange import Exchanges, OwnAs4, Ports, SettingsInvalid
from intermediary.exchange.clock import PlatformClock
from intermediary.exchange.contracts import Ledger
from intermediary.keyring import Trust, held, open_as4_keys, open_trust
from intermediary.mapping import MappingConflict, MappingStore, StoredMappings, load
from intermediary.operators import console_app, console_settings
from intermediary.selfservice import provider_pages
from intermediary.settings import GatewayGroup, NationalGroup, Settings
from intermediary.shipped import shipped
from intermediary.transport import as4 as as4_door
from intermediary.transport import domibus
from intermediary.transport import national as national_door
from intermediary.validation import Report, Validator
from intermediary.validation.releases import ReleaseStore
from intermediary.validation.rules.published import published_rules
from intermediary.web import OidcSettings

NATIONAL_RELEASE = "xnachweis-profile:1"
IDLE_SECONDS = 0.25
"""How long an idle worker waits before it looks again; work of this process wakes it at once."""


@dataclass(frozen=True)
class Platform:
    """Everything of one process, wired."""

    settings: Settings
    engine: Engine
    exchanges: Exchanges
    mappings: MappingStore
    national_check: Callable[[etree._Element], Report]
    wake: threading.Event
    ledger: Ledger
    validator: Validator
    """Schemas and rules, compiled once for all that judge a message in this process."""
    plugin: domibus.WsPlugin | None = None
    """The gateway, where one does the messaging."""
    releases: ReleaseStore | None = None
    """Official releases that judge beside the built-in rules."""
    believed: Trust | None = None
    """Whom we believe; its revocation answers are renewed in the background where our own AS4 works."""
    partners: tuple[as4_door.Partner, ...] = ()
    metrics: observing.Metrics | None = None
    traces: observing.Traces | None = None
    clock: PlatformClock = field(default_factory=PlatformClock)

    @property
    def pmodes(self) -> tuple[PMode, ...]:
        """How we talk to each partner."""
        return tuple(partner.pmode for partner in self.partners)

    def renew(self, stop: threading.Event) -> None:
        """Keep answers about revocation fresh until `stop`."""
        believed = self.believed
        if self.plugin is None and believed is not None and believed.revocations is not None:
            believed.revocations.run(stop, self.clock, lambda: believed.warm(self.pmodes, self.clock))

    def workers(self, stop: threading.Event) -> list[threading.Thread]:
        """Threads that do what is due until `stop`, not yet started; `wake` them to let them see it."""
        node = f"{os.uname().nodename}-{os.getpid()}"
        numbers = range(self.settings.workers)
        return [threading.Thread(target=self.work, args=(stop, f"{node}-{n}")) for n in numbers]

    def work(self, stop: threading.Event, name: str) -> None:
        """Run one worker until `stop`."""
        self.exchanges.worker(name).run(stop, self.wake, IDLE_SECONDS)


def now() -> datetime:
    """The machine's clock; exchanges go by the platform's, which asks others too."""
    return datetime.now(UTC)


def build(settings: Settings) -> Platform:
    """Wire a platform; migrates the database, and imports the shipped mappings into an empty store."""
    engine = store.open_engine(settings.database_url)
    store.migrate(engine)
    mappings = MappingStore(engine)
    if mappings.revision() == 0:
        with suppress(MappingConflict):  # another node was first
            mappings.adopt(load(settings.mappings), actor="platform", reason="first start", at=now())
    partners = as4_door.load_partners(settings.pmodes, gateway=settings.gateway is not None)
    plugin = None if settings.gateway is None else domibus.WsPlugin(_access(settings.gateway))
    releases = ReleaseStore(settings.releases) if settings.releases else None
    validator = Validator(shipped("xsd"), published_rules(), releases.installed if releases else tuple)

    def national_check(root: etree._Element) -> Report:
        return validator.check(root, NATIONAL_RELEASE)

    believed = open_trust(settings)
    wake = threading.Event()
    vault = open_vault(settings)
    blobs = open_blobs(settings, vault)
    pmodes = tuple(partner.pmode for partner in partners)
    clock = upkeep.open_clock(engine)
    metrics = _metrics(settings, engine, pmodes, clock) if settings.metrics else None
    traces = _traces() if settings.traces else None
    watchers = [observing.log_facts, *(each.watch for each in (metrics, traces) if each is not None)]
    ledger = observing.observed(store.SqlLedger(engine, blobs), *watchers)
    housekeeping = upkeep.open_housekeeping(engine, blobs, watchers)
    ports = Ports(
        ledger=ledger,
        vault=vault,
        blobs=blobs,
        clock=clock,
        new_id=lambda: str(uuid.uuid4()),
        mappings=StoredMappings(mappings),
        connector=national_door.Connector(_national(settings.national), national_check, clock),
        messaging=_own_as4(settings, believed, clock) if plugin is None else domibus.GatewayMessaging(plugin),
        validator=validator,
        pmodes=pmodes,
        timing=settings.timing.timing(),
        preview_base=f"{settings.public_url}/preview",
        message_domain=settings.message_domain,
        return_hosts={p.pmode.id: p.return_hosts for p in partners if p.return_hosts},
        is_away=store.is_away,
        wake=wake.set,
        housekeeping=housekeeping,
        blind_index=store.KeyedIndex(engine, vault),
        duties=upkeep.duties_of(settings, housekeeping, ledger, held(settings, pmodes)),
        clocks_agree=lambda: clock.agrees,
    )
    exchanges = Exchanges(ports)
    return Platform(
        settings,
        engine,
        exchanges,
        mappings,
        national_check,
        wake,
        ledger,
        validator,
        plugin=plugin,
        releases=releases,
        believed=believed,
        partners=partners,
        metrics=metrics,
        traces=traces,
        clock=clock,
    )


def create_app(platform: Platform) -> FastAPI:
    """The ASGI application; its lifespan runs the worker threads, and the sweeps where there is a gateway."""
    exchanges, settings = platform.exchanges, platform.settings
    inbox = _inbox(platform)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        stop = threading.Event()
        threads = [] if inbox is None else [threading.Thread(target=inbox.run, args=(stop,))]
        threads += platform.workers(stop)
        for thread in threads:
            thread.start()
        # Not waited for at the end: it may hang on a slow responder, and leaves nothing half done.
        for watch in (platform.renew, platform.clock.run):
            threading.Thread(target=watch, args=(stop,), daemon=True).start()
        try:
            yield
        finally:  # also where a second Ctrl-C leaves no time for a farewell
            stop.set()
            platform.wake.set()
            if inbox is not None:
                inbox.hint()
            for thread in threads:
                thread.join()
            if platform.traces is not None:
                platform.traces.close()

    app = FastAPI(
        title="Intermediary platform", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan
    )
    if inbox is None:
        receive = exchanges.access_point.receive
        slow = settings.as4_limits
        app.include_router(
            as4_door.endpoint_router(
                receive, settings.max_message_bytes, slow.grace_seconds, slow.bytes_per_second
            )
        )
    elif settings.gateway is not None and settings.gateway.push:
        app.include_router(domibus.backend_router(_backend(platform, settings.gateway, inbox)))
    app.include_router(national_door.callback_router(exchanges.deliver, platform.national_check))
    checker = Checker(platform.validator)
    app.include_router(self_check_router(checker, SelfCheckSettings(languages=tuple(settings.languages))))
    pages = _preview(platform)
    app.mount(pages.base_path, preview.create_app(exchanges.desk, _login(settings), pages, health.PASSING))
    if settings.console is not None:
        app.mount(
            *console_app(
                platform,
                settings.console,
                session_secret=pages.session_secret,
                operator_name=pages.operator_name,
            )
        )
        chosen = console_settings(settings, settings.console, pages.session_secret, pages.operator_name)
        app.mount(*provider_pages(platform, settings.console, _national(settings.national), chosen))
    app.include_router(health.routes(platform.engine, platform.clock.explained))
    for passing in health.PASSING:
        app.add_exception_handler(passing, health.come_again)

    if platform.metrics is not None:
        app.include_router(observing.metrics_router(platform.metrics))
    return app


def _metrics(
    settings: Settings, engine: Engine, pmodes: tuple[PMode, ...], clock: PlatformClock
) -> observing.Metrics:
    metrics = observing.Metrics(pmode.id for pmode in pmodes)
    metrics.add(observing.StoreGauges(engine, held(settings, pmodes), clock))
    metrics.add(observing.ClockGauges(lambda: clock.ahead))
    return metrics


def _traces() -> observing.Traces:
    try:
        return observing.Traces.exported()
    except ImportError:
        raise SettingsInvalid("traces = true needs `pip install 'intermediary[otel]'`") from None


def _own_as4(settings: Settings, believed: Trust, clock: PlatformClock) -> OwnAs4:
    own = open_as4_keys(settings, clock)
    return OwnAs4(
        push=as4_door.HttpPush(_tls(settings), trace=observing.traceparent if settings.traces else dict),
        signing=own.signing,
        keys=own.keys,
        certificate_check=believed.check,
        clock=clock,
        limits=settings.as4_limits.limits(settings.max_message_bytes),
    )


def _access(gateway: GatewayGroup) -> domibus.GatewayAccess:
    return domibus.GatewayAccess(
        url=gateway.url,
        user=gateway.user,
        password=gateway.password_file.read_text().strip(),
        ca=gateway.ca,
        client_certificate=gateway.client_certificate,
        client_key=gateway.client_key,
        max_answer_bytes=gateway.max_answer_bytes,
    )


def _inbox(platform: Platform) -> domibus.Inbox | None:
    plugin, gateway = platform.plugin, platform.settings.gateway
    if plugin is None or gateway is None:
        return None
    return domibus.Inbox(plugin, platform.exchanges.access_point, gateway.poll_seconds)


def _backend(platform: Platform, gateway: GatewayGroup, inbox: domibus.Inbox) -> domibus.Backend:
    assert gateway.push_password_file is not None, "the settings were checked"
    return domibus.Backend(
        look=platform.exchanges.look,
        hint=inbox.hint,
        turn_away=platform.exchanges.access_point.turn_away,
        user=gateway.push_user,
        password=gateway.push_password_file.read_text().strip(),
    )


def _tls(settings: Settings) -> ssl.SSLContext:
    context = ssl.create_default_context()
    for path in settings.trust_anchors:
        context.load_verify_locations(path)
    return context


def _national(group: NationalGroup) -> national_door.NationalSettings:
    return national_door.NationalSettings(
        ca=group.ca,
        client_certificate=group.client_certificate,
        client_key=group.client_key,
        token_url=group.token_url,
        client_id=group.client_id,
        token_key=group.token_key,
    )


def _login(settings: Settings) -> preview.OidcLogin:
    oidc = settings.oidc
    return preview.OidcLogin(
        OidcSettings(
            issuer=oidc.issuer,
            client_id=oidc.client_id,
            client_secret=oidc.client_secret_file.read_text().strip(),
            redirect_uri=f"{settings.public_url}/preview/login/callback",
            scope="openid eidas",
            ca_file=oidc.ca,
        )
    )


def _preview(platform: Platform) -> preview.PreviewSettings:
    settings = platform.settings
    names = platform.mappings.live(now().date()).platform.names
    if unknown := [code for code in settings.languages if code not in preview.known_languages()]:
        raise SettingsInvalid(f"languages: {unknown[0]} has no catalogue; see `intermediary languages new`")
    return preview.PreviewSettings(
        session_secret=_session_secret(settings.session_secret_file),
        operator_name=settings.operator or names.get("en", ""),
        imprint_url=settings.imprint_url,
        privacy_url=settings.privacy_url,
        accessibility_url=settings.accessibility_url,
        languages=tuple(settings.languages),
        timezone=settings.timezone,
    )


def _session_secret(path: Path) -> str:
    """Read the secret that signs cookies; made on first use, readable by the owner only."""
    return store.made_once(path, lambda: secrets.token_urlsafe(48).encode()).decode().strip()

"""Wires the operators' console: `app.py` mounts what `console_app` gives."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Engine
from starlette.types import ASGIApp

from intermediary import console
from intermediary.exchange.contracts import Ledger
from intermediary.exchange.model import Fact, event
from intermediary.settings import ConsoleGroup, Settings
from intermediary.web import OidcClient, OidcSettings

STREAM = "operators"
"""The log of what operators did."""


def console_app(
    group: ConsoleGroup,
    settings: Settings,
    *,
    session_secret: str,
    operator_name: str,
    engine: Engine,
    ledger: Ledger,
    clock: Callable[[], datetime],
) -> tuple[str, ASGIApp]:
    """Path and application of the console. Raises SettingsInvalid."""
    chosen = console.ConsoleSettings(
        session_secret=session_secret,
        public_url=settings.public_url,
        oidc=_oidc(group, settings),
        roles_claim=group.roles_claim,
        role_names=group.role_names,
        api_audience=group.api_audience,
        development_login=group.development_login,
        sandbox=settings.sandbox,
        operator_name=operator_name,
        timezone=settings.timezone,
    )
    client = OidcClient(chosen.oidc) if chosen.oidc else None
    tokens = console.Tokens(chosen, client)

    def journal(operator: console.Operator, action: str, **data: object) -> None:
        acted = event(Fact.OPERATOR_ACTED, clock(), actor=operator.subject, action=action, **data)
        with ledger.begin() as tx:
            tx.log(STREAM, acted)

    parts: tuple[console.Part, ...] = ()
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

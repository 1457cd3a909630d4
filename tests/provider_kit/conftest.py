"""The sandbox's registers under test: as they are, and broken on purpose in this process."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
import uvicorn
from joserfc import jwt
from joserfc.jwk import ECKey
from starlette.types import ASGIApp

from intermediary.mapping.model import Provider
from intermediary.national.xnachweis import RELEASE
from intermediary.provider_kit import Plan, Report, read_plan, run_kit
from intermediary.sandbox.iam import token_url_of
from intermediary.sandbox.supervisor import Sandbox, free_world
from intermediary.sandbox.world import World
from intermediary.shipped import shipped
from intermediary.transport.national import KitLine, NationalSettings, Reach
from intermediary.validation import Validator

VEHICLES = """
evidence_type: {id: "urn:de:nachweistyp:fahrzeugregistrierung"}
formats:
  - {media_type: application/xml, data_model: "urn:de:kba:fahrzeugauskunft:1"}
  - {media_type: application/pdf}
recipient_id: urn:de:behoerde:kba
wait_seconds: 20
cases:
  delivered:
    natural: &giulia {family_name: Rossi, given_names: Giulia, date_of_birth: 1990-04-12}
    inputs: {kennzeichen: B-GR 1990}
  characters:
    natural: {family_name: Đorđević, given_names: René, date_of_birth: 1978-07-21}
    inputs: {kennzeichen: HH-RD 778}
  deferred: {natural: *giulia, inputs: {kennzeichen: B-GR 3000}}
  unknown:
    natural: {family_name: Esposito, given_names: Paolo, date_of_birth: 1973-03-17}
  ambiguous:
    natural: {family_name: Romano, given_names: Luca, date_of_birth: 2000-02-29}
    inputs: {kennzeichen: F-LR 2902}
  rejected: {natural: *giulia, inputs: {kennzeichen: B-GR 4030}}
  missing_input: {natural: *giulia}
"""
RESIDENTS = """
evidence_type: {id: "urn:de:nachweistyp:meldebescheinigung"}
formats: [{media_type: application/xml}, {media_type: application/pdf}]
cases:
  delivered: &bjoern
    natural: {family_name: Größl-Fabbri, given_names: Björn André, date_of_birth: 1985-11-03}
  several: *bjoern
  characters: *bjoern
  deferred: {natural: {family_name: Bianchi, given_names: Marco, date_of_birth: 1982-01-30}}
  rejected: {natural: {family_name: Conti, given_names: Elena, date_of_birth: 1995-12-24}}
"""


class Bench:
    """Where providers are tried: keys, the IAM, schema check."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.settings = NationalSettings(
            ca=world.authority,
            client_certificate=world.certificate("platform", "tls-client"),
            client_key=world.key("platform", "tls-client"),
            token_url=token_url_of(world),
            client_id="platform",
            token_key=world.key("platform", "token"),
            retry_seconds=0.01,
        )
        self.check = cache(lambda: Validator(shipped("xsd")))

    def line(self, *, reach: Reach | None = None, callbacks: bool = False, **settings: float) -> KitLine:
        """A line that may call this machine."""
        return KitLine(
            replace(self.settings, **settings),  # type: ignore[arg-type]
            lambda root: self.check().check(root, RELEASE),
            lambda: datetime.now(UTC),
            reach=reach or Reach(allowed=("127.0.0.0/8", "::1/128")),
            takes_callbacks=callbacks,
        )

    def provider(self, url: str, audience: str | None) -> Provider:
        """One that speaks the national protocol."""
        return Provider("p", "urn:x", {"en": "P"}, "urn:s", "1", "DE", "xnachweis", url, audience=audience)

    def expired_token(self, audience: str) -> str:
        """A token of the IAM that was good an hour ago."""
        key = ECKey.import_key(self.world.key("iam", "token").read_bytes(), {"use": "sig", "alg": "ES256"})
        key.ensure_kid()
        claims = {"iss": self.world.url("iam"), "aud": audience, "exp": int(time.time()) - 3600}
        return jwt.encode({"alg": "ES256", "kid": key.kid}, claims, key, algorithms=["ES256"])

    def run(self, provider: Provider, plan: Plan, **line: Any) -> Report:
        """Try a provider."""
        with self.line(**line) as to:
            return run_kit(
                provider, plan, to, lambda: datetime.now(UTC), sleep=lambda s: time.sleep(min(s, 0.5))
            )

    @contextmanager
    def served(self, app: ASGIApp, *, client_certificates: bool = True) -> Iterator[str]:
        """A provider in this process, behind TLS with the vehicle register's certificate."""
        with socket.create_server(("localhost", 0)) as bound:
            config = uvicorn.Config(
                app,
                log_level="error",
                lifespan="off",
                ssl_certfile=self.world.certificate("vehicle-register", "tls-server"),
                ssl_keyfile=str(self.world.key("vehicle-register", "tls-server")),
                ssl_ca_certs=str(self.world.authority),
                ssl_cert_reqs=ssl.CERT_REQUIRED if client_certificates else ssl.CERT_NONE,
            )
            server = uvicorn.Server(config)
            thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
            thread.start()
            try:
                yield f"https://localhost:{bound.getsockname()[1]}"
            finally:
                server.should_exit = True
                thread.join(10)


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    world = free_world(tmp_path_factory.mktemp("kit"))
    with Sandbox(world) as sandbox:
        sandbox.start(["iam", "vehicle-register", "residents-register", "business-register"])
        yield Bench(world)


@pytest.fixture(scope="session")
def vehicles_plan(bench: Bench) -> Plan:
    plan = read_plan(VEHICLES)
    tokens = plan.tokens.model_copy(update={"expired": bench.expired_token("zfzr")})
    return plan.model_copy(update={"tokens": tokens})

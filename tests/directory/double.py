"""The Common Services double on a real TLS socket, and a client of it."""

import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fastapi import FastAPI

from intermediary import trust
from intermediary.directory import Cache, CommonServices, DirectorySettings, Service
from intermediary.directory.discovery import Resolve
from intermediary.directory.model import Publication
from intermediary.mapping import load
from intermediary.sandbox.common_services import Signer, directory_app, load_publications, own_publication
from intermediary.sandbox.pki import _authority, issue, load_key, make_pki, new_key
from intermediary.sandbox.platform_files import write_platform_files
from intermediary.sandbox.world import World
from intermediary.shipped import shipped
from intermediary.trust import CertificatePolicy, Revocation

POLICY = CertificatePolicy(revocation=Revocation.OFF)
DAY = date(2026, 11, 25)


@dataclass
class Clock:
    """A clock that is set by hand."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def later(self, **by: float) -> None:
        """Let time pass."""
        self.now += timedelta(**by)


class Authority:
    """A throw-away authority with one signer."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder)
        self.key, self.certificate, _ = _authority(self.world)

    def signer(self, key: object = None, **how: object) -> Signer:
        """A fresh signer below it; `how` goes to `issue`."""
        chosen = key or new_key("token")
        given = {"use": "token", "name": "signer", "valid_from": datetime.now(UTC), **how}
        leaf = issue(self.key, self.certificate, chosen, **given)  # type: ignore[arg-type]
        return Signer(chosen, (leaf, self.certificate))  # type: ignore[arg-type]

    def chain(self, der: bytes, sent: object, at: datetime) -> str | None:
        """The port of the client, by the trust room."""
        return trust.certificate_check([self.certificate], POLICY, at)(der, tuple(sent))  # type: ignore[arg-type]


@dataclass
class Double:
    """A running double."""

    app: FastAPI
    url: str
    authority: Authority
    tls: ssl.SSLContext
    clock: Clock

    def settings(self, **over: object) -> DirectorySettings:
        """Settings that lead to it."""
        urls = {Service.EVIDENCE_BROKER: f"{self.url}/eb/", Service.DATA_SERVICE_DIRECTORY: f"{self.url}/dsd"}
        plain = DirectorySettings("DE", urls, total_seconds=5.0)
        return replace(plain, **over)  # type: ignore[arg-type]

    def client(
        self, cache: Cache | None = None, resolve: Resolve | None = None, **over: object
    ) -> CommonServices:
        """A client of it."""
        return CommonServices(
            self.settings(**over),
            resolve=resolve or _nobody,
            chain=self.authority.chain,
            clock=self.clock,
            cache=cache,
            tls=self.tls,
        )


def _nobody(name: str) -> str:
    raise AssertionError(f"nobody was to resolve {name}")


@contextmanager
def running(app: FastAPI, folder: Path) -> Iterator[tuple[str, ssl.SSLContext]]:
    """Serve an app with TLS on a free port."""
    authority = Authority(folder)
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    leaf = issue(authority.key, authority.certificate, key, use="tls-server", name="double", valid_from=now)
    key_file, certificate_file = folder / "tls.key", folder / "tls.pem"
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    certificate_file.write_bytes(leaf.public_bytes(Encoding.PEM))
    server = uvicorn.Server(
        uvicorn.Config(
            app, host="127.0.0.1", port=0, ssl_certfile=certificate_file, ssl_keyfile=str(key_file),
            log_level="error", timeout_graceful_shutdown=1,
        )
    )  # fmt: skip
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"https://localhost:{port}", ssl.create_default_context(cafile=str(authority.world.authority))
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def platform_beside(folder: Path, publications: Sequence[Publication]) -> Iterator[FastAPI]:
    """A platform's settings (INTERMEDIARY_SETTINGS) that lead to a running double of what is published."""
    world = World(folder)
    make_pki(world)
    for name in ("oidc", "session"):
        world.secret(name)
    leaf = x509.load_pem_x509_certificate(world.certificate("common-services", "token").read_bytes())
    signer = Signer(load_key(world.key("common-services", "token")), (leaf,))
    made = directory_app(publications, signer)
    settings = write_platform_files(world)
    with running(made, folder) as (url, _), pytest.MonkeyPatch.context() as patch:
        settings.write_text(settings.read_text().replace(world.url("common-services"), url))
        patch.setenv("INTERMEDIARY_SETTINGS", str(settings))
        yield made


@contextmanager
def double(folder: Path) -> Iterator[Double]:
    """Our country as the shipped mappings say, and those that the sandbox has."""
    authority = Authority(folder / "signing")
    own = own_publication(load(shipped("mappings")), DAY)
    app = directory_app((own, *load_publications()), authority.signer())
    with running(app, folder) as (url, tls):
        yield Double(app, url, authority, tls, Clock(datetime.now(UTC)))

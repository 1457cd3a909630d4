"""A whole node as a process that may be killed: the real AS4 endpoint, sender, connector, worker, ledger.

Forked from a server process that is warm already (multiprocessing's forkserver), which costs some 40 ms. The
citizen's desk is called without its pages: one POST per call, pickled.
"""

import ctypes
import os
import pickle
import random
import signal
import ssl
import sys
import tempfile
import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from unittest.mock import patch

import uvicorn
from fastapi import FastAPI, Request, Response
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from starlette.concurrency import run_in_threadpool

from intermediary import observing, store
from intermediary.exchange import Exchanges, PreviewUnknown, Timing, sealing
from intermediary.mapping.model import MappingSet
from intermediary.sandbox.world import World
from intermediary.transport import as4 as as4_door
from intermediary.transport import national as national_door
from tests.chaos.parties import PATIENCE_SECONDS
from tests.chaos.story import Kill, KillingLedger
from tests.exchange.house import VALIDATOR, House

LEASE = timedelta(seconds=2)
BUSY_MILLISECONDS = 400
"""How long SQLite waits for a writer here; 30 s in the product, which is only the same thing slower."""
PATIENT = Timing(
    lease=LEASE,
    t1=timedelta(hours=1),
    t2=timedelta(hours=1),
    t3=timedelta(hours=2),
    second_request=timedelta(hours=1),
    provider_patience=timedelta(hours=1),
    provider_retry=timedelta(seconds=0.05),
    send_retry=timedelta(seconds=0.05),
    send_attempts=100_000,
    retry_ceiling=timedelta(seconds=0.5),
)
"""No fault outlives these: every exchange comes to its end."""
HASTY = Timing(
    lease=LEASE,
    t1=timedelta(seconds=4),
    t2=timedelta(seconds=4),
    t3=timedelta(seconds=5),
    allowance=timedelta(seconds=1),
    second_request=timedelta(seconds=2),
    provider_patience=timedelta(seconds=2),
    provider_retry=timedelta(seconds=0.1),
    send_retry=timedelta(seconds=0.1),
    send_attempts=5,
    retry_ceiling=timedelta(seconds=0.5),
)
"""The faults outlive these: exchanges end as the standard says for the time that is over."""
KEYS = "CHAOS_KEYS"
"""Environment variable: the folder of all keys."""
AWAY = 3
"""Exit status of a node that could not start because its database or disk was away; it is started again."""


@dataclass(frozen=True, slots=True)
class Node:
    """Everything that a node is told."""

    name: str
    folder: Path
    keys: Path
    database: str
    port: int
    partner_url: str
    register_url: str
    patient: bool = True
    fuse: Kill | None = None
    """Where it dies by itself; None: only from outside."""


class _Platform(House):
    """The platform of a node: a `House` whose other parties are on sockets."""

    def __init__(self, node: Node) -> None:
        self._node = node
        KillingLedger.kill, KillingLedger.commits = node.fuse, 0
        sealing.INLINE = 0  # everything in blobs: a row alone cannot be half written
        # Its keys are there already; to look whether they fit takes 150 ms.
        with patch("tests.exchange.house.make_pki"):
            super().__init__(
                node.folder,
                timing=PATIENT if node.patient else HASTY,
                world=World(node.keys),
                ledger_of=KillingLedger,
                database=node.database,
            )

    def again(self) -> None:
        node, world = self._node, self.world
        if self.engine.dialect.name == "sqlite":
            event.listen(self.engine, "connect", _hasty)
            self.engine.dispose()
        super().again()
        trust = ssl.create_default_context(cafile=str(world.authority))
        settings = national_door.NationalSettings(
            ca=world.authority,
            client_certificate=world.certificate("platform", "tls-client"),
            client_key=world.key("platform", "tls-client"),
            read_seconds=PATIENCE_SECONDS,
            retry_seconds=0.02,
            breaker_seconds=0.2,
        )
        connector = national_door.Connector(
            settings, lambda root: VALIDATOR.check(root, "xnachweis-profile:1"), lambda: datetime.now(UTC)
        )
        mappings = _at(self.mappings, node.register_url)
        self.ports = replace(
            self.ports,
            connector=connector,
            is_away=store.is_away,
            mappings=lambda _day, _revision=None: mappings,
            messaging=replace(
                self.ports.messaging,  # type: ignore[type-var]
                push=as4_door.HttpPush(trust, timeout_seconds=PATIENCE_SECONDS),
            ),
            pmodes=tuple(replace(pmode, url=node.partner_url) for pmode in self.ports.pmodes),
        )
        self.exchanges = Exchanges(self.ports)
        self.desk = self.exchanges.desk
        self.worker = self.exchanges.worker(f"{node.name}-{os.getpid()}")


def _at(mappings: MappingSet, url: str) -> MappingSet:
    """All providers behind one URL, without tokens."""
    providers = {
        key: replace(provider, url=url, audience=None) for key, provider in mappings.providers.items()
    }
    return replace(mappings, providers=providers)


def _hasty(connection: object, _record: object) -> None:
    connection.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")  # type: ignore[attr-defined]


def serve(node: Node, ready: Connection) -> None:
    """Serve and work until killed; says when it begins."""
    _die_with_parent()
    log = os.open(node.folder.parent / f"{node.name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    observing.configure_logging(sys.stderr)  # a log that cannot be written stops nobody
    random.seed()
    tempfile.tempdir = str(node.folder)  # what is spooled fills the same disk
    try:
        house = _Platform(node)
    except (DBAPIError, OSError) as away:
        sys.stderr.write(f"cannot start: {type(away).__name__}\n")
        os._exit(AWAY)
    app = FastAPI(openapi_url=None)
    app.include_router(as4_door.endpoint_router(house.exchanges.access_point.receive, 10_000_000))

    @app.post("/desk")
    async def desk(request: Request) -> Response:
        call = pickle.loads(await request.body())
        return Response(pickle.dumps(await run_in_threadpool(_called, house, *call)))

    work = threading.Thread(
        target=house.worker.run, args=(threading.Event(), threading.Event(), 0.02), daemon=True
    )
    work.start()
    ready.send(True)
    uvicorn.run(app, host="127.0.0.1", port=node.port, log_level="critical", lifespan="off")


def _called(house: House, name: str, *given: object) -> object:
    """What the desk says; a document as its size, since its bytes may be destroyed any time."""
    try:
        found = getattr(house.desk, name)(*given)
    except PreviewUnknown as unknown:
        return unknown
    return len(found[1].read()) if name == "document" else found


def _die_with_parent() -> None:
    """The server process that forked us ends with the harness; so do we."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)

"""One round: nodes on one database, exchanges in flight, kills and faults at random; rest; the audit."""

import multiprocessing
import os
import random
import shutil
import signal
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from sqlalchemy import text

from intermediary import store
from intermediary.sandbox.doubles import Partner
from intermediary.sandbox.pki import make_pki
from intermediary.sandbox.world import World
from tests.chaos import weather
from tests.chaos.audit import Books, Verdict, audit
from tests.chaos.citizens import Traffic
from tests.chaos.parties import PARTNER_FAULTS, REGISTER_FAULTS, PartnerParty, RegisterParty
from tests.chaos.serving import AWAY, KEYS, Node, serve
from tests.chaos.story import Kill
from tests.postgresql import Cluster

AT_ONCE = 6
"""Exchanges in flight."""
PRELOADED = [
    "tests.chaos.warm", "tests.chaos.rounds", "tests.chaos.__main__", "uvicorn.protocols.http.httptools_impl",
    "uvicorn.protocols.websockets.auto", "uvicorn.lifespan.off", "uvicorn.loops.uvloop",
]  # fmt: skip
"""What a node needs, and what multiprocessing imports again in each of them."""
LIFE_SECONDS = 0.3
"""How long a node lives in the mean, once it is ready; at least twice as long as it took to start."""
SHORT, LONG = (0.2, 1.0), (2.5, 4.0)
"""Seconds that a fault lasts: within all deadlines, or beyond the hasty ones."""
REST_SECONDS = 90
"""How long exchanges may take to come to their end once all is well."""
MEGABYTES = {"sqlite": 24, "postgresql": 48}
"""Of the small disk; a fresh database takes 8 on PostgreSQL."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What shall happen in a round. The seed draws faults, kills and citizens' choices."""

    seed: str
    database: str
    kills: int = 0
    faults: tuple[str, ...] = ()
    windows: int = 0
    """How many times a fault comes and goes."""
    nodes: int = 1
    patient: bool = True
    exchanges: int | None = None
    """In each of the AT_ONCE threads; None: until kills and faults are over."""


@dataclass(slots=True)
class Outcome:
    """What happened in a round."""

    verdict: Verdict
    kills: Counter[str] = field(default_factory=Counter)
    """«outside» at a random instant, «before-commit», «after-commit» at a random commit."""
    windows: Counter[str] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)
    disk: str = ""
    """How the disk was filled: «small disk», «quota», or nothing."""


class Harness:
    """What all rounds share: keys, the warm process that nodes are forked from, a PostgreSQL server."""

    def __init__(self, base: Path, cluster: Cluster | None) -> None:
        self.base, self.cluster = base, cluster
        self.keys = World(base / "keys")
        make_pki(self.keys)
        os.environ[KEYS] = str(self.keys.root)
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(PRELOADED)
        engine = store.open_engine(f"sqlite:///{self.keys.root}/empty.sqlite")
        store.migrate(engine)
        engine.dispose()
        self._rounds = 0

    def run(self, plan: Plan) -> Outcome:
        """One round, in a folder of its own that goes afterwards, unless something was found."""
        self._rounds += 1
        folder = self.base / f"round-{self._rounds}"
        folder.mkdir()
        with ExitStack() as stack:
            outcome = _Round(self, plan, folder, stack).run()
            if outcome.verdict.lost or outcome.verdict.doubled:
                kept = self.base / f"round-{self._rounds}-kept"
                shutil.copytree(folder, kept, ignore_dangling_symlinks=True)
        shutil.rmtree(folder, ignore_errors=True)
        return outcome


class _Slot:
    """Where a node runs, and after it the next."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.process: ForkServerProcess | None = None
        self.doom: float | None = None
        self.ready: Connection | None = None
        self.started = 0.0
        self.killed_from_outside = False


class _Round:
    def __init__(self, harness: Harness, plan: Plan, folder: Path, stack: ExitStack) -> None:
        self._harness, self._plan, self._stack = harness, plan, stack
        self._chance = random.Random(f"{plan.seed}-kills")
        self._books = Books(folder)
        self._disks: dict[str, Path] = {}
        self._home = folder / "platform"
        self._database = self._made(folder)
        (self._home / "blobs").mkdir(parents=True, exist_ok=True)
        store.KeyVault.from_file(self._home / "platform.key")
        double = Partner(harness.keys)
        double.journal = self._books.journal("partner")
        self.partner = PartnerParty(double, plan.seed)
        self.register = RegisterParty(harness.keys, self._books.journal("register"), plan.seed)
        stack.callback(self.partner.shut)
        stack.callback(self.register.shut)
        self._slots = [_Slot(self._node(n)) for n in range(plan.nodes)]
        stack.callback(self._end_nodes)
        ports = [slot.node.port for slot in self._slots]
        patience = 120.0 if plan.patient else 10.0
        self.traffic = Traffic(double, self.partner, self._books, ports, plan.seed, patience)
        chance = random.Random(f"{plan.seed}-weather")
        self._weather = weather.Weather(self._faults(), chance, plan.windows, SHORT if plan.patient else LONG)
        self._problems: list[str] = []
        self._kills: Counter[str] = Counter()

    def _made(self, folder: Path) -> str:
        """The database and the folder of blobs, each on a small disk where that shall be full; the URL."""
        cluster = self._harness.cluster
        self._home.mkdir()
        if self._plan.database == "sqlite":
            self._small("disk-full", self._home)
            shutil.copy(self._harness.keys.root / "empty.sqlite", self._home / "ledger.sqlite")
            self._small("blobs-full", self._home / "blobs")
            return f"sqlite:///{self._home}/ledger.sqlite"
        assert cluster is not None
        self._small("blobs-full", self._home / "blobs")
        disk, tables = cluster.folder / f"disk-{folder.name}", None
        if self._small("disk-full", disk):
            tables = disk / "tables"
            tables.mkdir()
            shutil.chown(tables, "postgres", "postgres")
        self._name = cluster.create(folder=tables)
        self._stack.callback(cluster.drop, self._name)
        return cluster.url(self._name)

    def _small(self, fault: str, place: Path) -> bool:
        """Mount a small disk, where a fault of the plan wants to fill it; False where it is not mounted."""
        if fault not in self._plan.faults:
            return False
        mounted = self._stack.enter_context(weather.small_disk(place, MEGABYTES[self._plan.database]))
        if mounted:
            self._disks[fault] = place
        return mounted

    def _node(self, number: int) -> Node:
        return Node(
            name=f"node-{number}",
            folder=self._home,
            keys=self._harness.keys.root,
            database=self._database,
            port=_free_port(),
            partner_url=self.partner.url,
            register_url=self.register.url,
            patient=self._plan.patient,
        )

    def _faults(self) -> dict[str, weather.Fault]:
        cluster = self._harness.cluster
        found: dict[str, weather.Fault] = {}
        for name in self._plan.faults:
            if name in PARTNER_FAULTS:
                found[name] = weather.PartyFault(self.partner, name)
            elif name in REGISTER_FAULTS:
                found[name] = weather.PartyFault(self.register, name)
            elif name == "database-locked":
                found[name] = weather.Locked(self._home / "ledger.sqlite")
            elif name in weather.DISK_FAULTS:
                disk = self._disks.get(name)
                found[name] = weather.Quota(self._pids) if disk is None else weather.Full(disk)
            else:
                assert cluster is not None, "a fault of PostgreSQL"
                stops = name == "database-stopped"
                found[name] = weather.Stopped(cluster) if stops else weather.Connections(cluster, self._name)
        return found

    def run(self) -> Outcome:
        """Kills and faults until there were enough, then rest, then the audit."""
        for slot in self._slots:
            self._start(slot)
        self.traffic.begin(AT_ONCE, self._plan.exchanges)
        while self._kills.total() < self._plan.kills or not self._weather.over:
            self._tick(fair=False)
        self._weather.clear()
        self.traffic.stop()
        end = time.monotonic() + REST_SECONDS
        while (self.traffic.running or self._unfinished()) and time.monotonic() < end:
            self._tick(fair=True)
        self._end_nodes()
        return self._outcome()

    def _tick(self, *, fair: bool) -> None:
        if not fair:
            self._weather.tick()
        for slot in self._slots:
            process = slot.process
            assert process is not None
            if process.exitcode is not None:
                self._ended(slot, process.exitcode)
                self._start(slot)
                continue
            if slot.doom is None and slot.ready is not None and slot.ready.poll():
                now = time.monotonic()
                life = max(LIFE_SECONDS, 2 * (now - slot.started))
                slot.doom = now + life * self._chance.expovariate(1)
            due = slot.doom is not None and time.monotonic() > slot.doom
            if due and not fair and self._kills.total() < self._plan.kills:
                slot.killed_from_outside = True
                process.kill()
                process.join()
        time.sleep(0.01)

    def _ended(self, slot: _Slot, status: int) -> None:
        fuse = slot.node.fuse
        if status == -signal.SIGKILL and slot.killed_from_outside:
            self._kills["outside"] += 1
        elif status == -signal.SIGKILL and fuse is not None:
            self._kills["after-commit" if fuse.after else "before-commit"] += 1
        elif status != AWAY:
            self._problems.append(f"{slot.node.name} ended by itself with status {status}")

    def _start(self, slot: _Slot) -> None:
        """A fresh process; of three one has a fuse, all are killed from outside sooner or later."""
        node, chance = slot.node, self._chance
        lives = self._kills.total() < self._plan.kills
        fuse = (
            Kill(chance.randint(1, 30), chance.random() < 0.5) if lives and chance.random() < 0.33 else None
        )
        slot.node = Node(
            node.name, node.folder, node.keys, node.database, node.port,
            node.partner_url, node.register_url, node.patient, fuse,
        )  # fmt: skip
        slot.killed_from_outside = False
        # Some die while they start, the others some time after they are ready.
        slot.doom = time.monotonic() + chance.uniform(0, 0.1) if chance.random() < 0.1 else None
        slot.started = time.monotonic()
        slot.ready, told = self._harness.context.Pipe(duplex=False)
        slot.process = self._harness.context.Process(target=serve, args=(slot.node, told), daemon=True)
        slot.process.start()
        told.close()

    def _pids(self) -> list[int]:
        return [slot.process.pid for slot in self._slots if slot.process is not None and slot.process.pid]

    def _end_nodes(self) -> None:
        for slot in self._slots:
            if slot.process is not None:
                slot.process.kill()
                slot.process.join()

    def _unfinished(self) -> int:
        engine = store.open_engine(self._database)
        try:
            with engine.execution_options(reading=True).connect() as connection:
                waiting = "SELECT (SELECT count(*) FROM exchange WHERE state <> 'closed')"
                unhandled = "(SELECT count(*) FROM message WHERE due_at IS NOT NULL)"
                return int(connection.execute(text(f"{waiting} + {unhandled}")).scalar_one())
        finally:
            engine.dispose()

    def _outcome(self) -> Outcome:
        cluster = self._harness.cluster
        if self._plan.database == "postgresql" and cluster is not None:
            cluster.settle(self._name)
        engine = store.open_engine(self._database)
        blobs = self._home / "blobs"
        vault = store.KeyVault.from_file(self._home / "platform.key")
        ledger = store.SqlLedger(engine, store.FileBlobs(blobs, vault))
        verdict = audit(self._books, engine, ledger.sweep, blobs, patient=self._plan.patient)
        engine.dispose()
        broken = [*self.partner.broken, *self.register.broken]
        patient = self.traffic.problems if self._plan.patient else []
        verdict.lost += [*self._problems, *patient, *broken]
        full = {
            "small disk" if f in self._disks else "quota"
            for f in weather.DISK_FAULTS
            if f in self._plan.faults
        }
        disk = " and ".join(sorted(full))
        return Outcome(verdict, self._kills, self._weather.windows, Counter(self._weather.struck()), disk)


def _free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])

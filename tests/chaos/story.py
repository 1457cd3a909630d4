"""One exchange as a script that may be killed at any commit and started again on what is left on the disk."""

import os
import pickle
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from intermediary import store
from intermediary.as4.model import Packed
from intermediary.audit import AuditLog
from intermediary.edm.model import EvidenceRequest
from intermediary.exchange import PreviewStep, Timing, sealing
from intermediary.exchange.contracts import Queue
from intermediary.sandbox.doubles import Journal
from intermediary.sandbox.world import World
from intermediary.store.ledger import SqlTransaction
from tests.exchange.house import House, a_request, inputs_for, login_of

TIMING = Timing(t2=timedelta(hours=5), t3=timedelta(hours=5), second_request=timedelta(hours=5))
"""Long, since the clock jumps over the dead process' leases at each restart."""
VISITOR = "visitor-1"


@dataclass(frozen=True, slots=True)
class Kill:
    """Die at the n-th commit of the process (from 1): just before it, or just after."""

    commit: int
    after: bool


class KillingLedger(store.SqlLedger):
    """The real ledger, whose process dies at the instant that `kill` names."""

    kill: Kill | None = None
    commits = 0

    @contextmanager
    def begin(self) -> Iterator[SqlTransaction]:
        with super().begin() as tx:
            yield tx
            self._die(after=False)

    def _forget(self, blobs: list[str]) -> None:
        self._die(after=True)  # the worst instant: committed, but the blobs are still there
        super()._forget(blobs)

    def claim(self, queue: Queue, *, owner: str, now: datetime, until: datetime) -> str | None:
        claimed = super().claim(queue, owner=owner, now=now, until=until)
        if claimed is not None:
            type(self).commits += 1
            self._die(after=True)
        return claimed

    def _die(self, *, after: bool) -> None:
        cls = type(self)
        if not after:
            cls.commits += 1
        if cls.kill == Kill(cls.commits, after):
            os.kill(os.getpid(), signal.SIGKILL)


def prepare(folder: Path, keys: World, database: str | None) -> None:
    """An empty platform, and what the partner holds before anything happens: its first request, packed."""
    folder.mkdir(parents=True)
    (folder / "pki").symlink_to(keys.root / "pki")
    if database is None:
        shutil.copy(keys.root / "ledger.sqlite", folder)
    (folder / "database").write_text(database or f"sqlite:///{folder}/ledger.sqlite")
    house = House(folder, timing=TIMING, database=_database(folder))
    request = a_request()
    (folder / "first.pickle").write_bytes(pickle.dumps((request, house.partner.pack(request))))
    house.engine.dispose()


def _database(folder: Path) -> str:
    return (folder / "database").read_text()


def run(folder: Path, attempt: int, kill: Kill | None) -> int:
    """Go on with the exchange until it is closed; returns the number of commits that it took."""
    KillingLedger.kill, KillingLedger.commits = kill, 0
    sealing.INLINE = 0  # everything in blobs: a row alone cannot be half written
    house = House(folder, timing=TIMING, ledger_of=KillingLedger, database=_database(folder))
    house.clock.advance(minutes=2 * attempt)
    request, first = _load(folder / "first.pickle")
    _push(house, first, folder / "first.receipt")
    house.work()
    token = next(e["location"] for e in house.partner.journal.read() if e["location"]).rpartition("/")[2]
    second = folder / "second.pickle"
    if not second.exists():
        again = house.second(request, token)
        content = pickle.dumps((again, house.partner.pack(again)))
        second.with_suffix(".new").write_bytes(content)
        second.with_suffix(".new").rename(second)
    _push(house, _load(second)[1], folder / "second.receipt")
    _visit(house, request, token)
    house.work()
    house.engine.dispose()
    return KillingLedger.commits


def _visit(house: House, request: EvidenceRequest, token: str) -> None:
    """A citizen who does what the page asks for, again and again."""
    for _ in range(20):
        view = house.desk.view(token, VISITOR)
        if view.step is PreviewStep.LOGIN:
            house.desk.identify(token, VISITOR, login_of(request))
        elif view.step is PreviewStep.INPUT:
            house.desk.supply(token, VISITOR, inputs_for(view))
        elif view.step is PreviewStep.DECIDE:
            house.desk.decide(token, VISITOR, frozenset(d.id for d in view.documents))
        elif view.step is PreviewStep.WAITING:
            house.work()
        elif view.step is PreviewStep.DONE:
            return
        else:
            raise AssertionError(f"the citizen was led to {view.step}")
    raise AssertionError("the citizen never came to an end")


def _push(house: House, packed: Packed, receipt: Path) -> None:
    """Push until acknowledged, over restarts: the sender's half of reception awareness."""
    if not receipt.exists():
        status, _type, body = house.receive(packed)
        assert status == 200, body
        receipt.write_bytes(body)


def _load(path: Path) -> tuple[EvidenceRequest, Packed]:
    loaded: tuple[EvidenceRequest, Packed] = pickle.loads(path.read_bytes())
    return loaded


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the auditor found after an exchange: nothing is well."""

    lost: tuple[str, ...]
    doubled: tuple[str, ...]


def audit(folder: Path) -> Verdict:
    """Compare what partner and register have with what the log says."""
    received = Journal(folder / "partner.jsonl").read()
    asked = Journal(folder / "register.jsonl").read()
    engine = store.open_engine(_database(folder))
    log = AuditLog(engine)
    exchanges = log.exchanges()
    lost, doubled = [], []
    by_action = {action: {e["message_id"] for e in received if e["action"] == action}
                 for action in ("ExceptionResponse", "ExecuteQueryResponse")}  # fmt: skip
    for action, ids in by_action.items():
        if not ids:
            lost.append(f"no {action} reached the partner")
        if len(ids) > 1:
            doubled.append(f"{len(ids)} different {action} reached the partner")
    if any(str(e["documents"]) != "2" for e in received if e["action"] == "ExecuteQueryResponse"):
        lost.append("a document is missing")
    if len({e["request_id"] for e in asked}) > 1:
        doubled.append("the register was asked under different keys")
    if len(exchanges) != 1:
        doubled.append(f"{len(exchanges)} exchanges")
    for summary in exchanges:
        story = log.story(summary.id)
        assert story is not None
        facts = [str(e.fact) for e in story.events]
        if summary.state != "closed" or not story.intact:
            lost.append(f"the exchange ended as {summary.state}, log intact: {story.intact}")
        doubled += [f"logged {facts.count(once)} times: {once}" for once in ONCE if facts.count(once) > 1]
        lost += [f"never logged: {once}" for once in ONCE if once not in facts]
    with engine.connect() as connection:
        left = connection.exec_driver_sql("SELECT count(*) FROM document").scalar_one()
        named = set(connection.exec_driver_sql("SELECT blob FROM message WHERE blob IS NOT NULL").scalars())
    if left:
        lost.append(f"{left} documents were not destroyed")
    if _swept(folder, engine) != named:
        lost.append("the blobs are not those that messages name")
    engine.dispose()
    return Verdict(tuple(lost), tuple(doubled))


def _swept(folder: Path, engine: Engine) -> set[str]:
    """The blobs that are left once what crashes left behind is swept."""
    blobs = store.FileBlobs(folder / "blobs", store.KeyVault.from_file(folder / "platform.key"))
    for file in (folder / "blobs").iterdir():
        os.utime(file, (0, 0))
    store.SqlLedger(engine, blobs).sweep()
    return {file.name for file in (folder / "blobs").iterdir()}


ONCE = (
    "request-received",
    "request-accepted",
    "preview-offered",
    "second-request-received",
    "citizen-identified",
    "input-given",
    "decided",
    "settled",
    "evidence-destroyed",
    "closed",
)
"""Facts that a whole exchange has exactly once, however often the process died."""

"""One exchange as a script that may be killed at any commit and started again on what is left on the disk."""

import hashlib
import os
import pickle
import shutil
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from intermediary import store
from intermediary.as4.model import Packed
from intermediary.edm.model import EvidenceRequest
from intermediary.exchange import PreviewStep, Timing, sealing
from intermediary.exchange.contracts import Queue
from intermediary.sandbox.world import World
from intermediary.store.ledger import SqlTransaction
from tests.chaos import audit as auditor
from tests.chaos.audit import Books, Verdict
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

    def claim(
        self, queues: Sequence[Queue], *, owner: str, now: datetime, until: datetime
    ) -> tuple[Queue, str] | None:
        claimed = super().claim(queues, owner=owner, now=now, until=until)
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
    house = _house(folder)
    request = a_request()
    (folder / "first.pickle").write_bytes(
        pickle.dumps((request, house.partner.pack(request, message_id=_id_of(folder, "first"))))
    )
    house.engine.dispose()


def _house(folder: Path) -> House:
    with patch("tests.exchange.house.make_pki"):  # the keys are there; to look again takes 150 ms
        return House(folder, timing=TIMING, ledger_of=KillingLedger, database=_database(folder))


def _database(folder: Path) -> str:
    return (folder / "database").read_text()


def run(folder: Path, attempt: int, kill: Kill | None) -> int:
    """Go on with the exchange until it is closed; returns the number of commits that it took."""
    KillingLedger.kill, KillingLedger.commits = kill, 0
    sealing.INLINE = 0  # everything in blobs: a row alone cannot be half written
    house = _house(folder)
    house.clock.advance(minutes=2 * attempt)
    request, first = _load(folder / "first.pickle")
    _push(house, first, request, "first")
    house.work()
    token = next(e["location"] for e in house.partner.journal.read() if e["location"]).rpartition("/")[2]
    second = folder / "second.pickle"
    if not second.exists():
        again = house.second(request, token)
        packed = house.partner.pack(again, message_id=_id_of(folder, "second"))
        content = pickle.dumps((again, packed))
        second.with_suffix(".new").write_bytes(content)
        second.with_suffix(".new").rename(second)
    again, packed = _load(second)
    _push(house, packed, again, "second")
    _visit(house, request, token)
    house.work()
    house.engine.dispose()
    return KillingLedger.commits


def _visit(house: House, request: EvidenceRequest, token: str) -> None:
    """A citizen who does what the page asks for, again and again."""
    note = Books(house.folder).journal("citizen")
    for _ in range(20):
        view = house.desk.view(token, VISITOR)
        if view.step is PreviewStep.LOGIN:
            house.desk.identify(token, VISITOR, login_of(request))
        elif view.step is PreviewStep.INPUT:
            house.desk.supply(token, VISITOR, inputs_for(view))
        elif view.step is PreviewStep.DECIDE:
            approved = frozenset(d.id for d in view.documents)
            note.write(first=_id_of(house.folder, "first"), did="decides", approved=str(len(approved)))
            house.desk.decide(token, VISITOR, approved)
        elif view.step is PreviewStep.WAITING:
            house.work()
        elif view.step is PreviewStep.DONE:
            first = _id_of(house.folder, "first")
            note.write(first=first, did="told", step="done", approved=str(view.approved))
            return
        else:
            raise AssertionError(f"the citizen was led to {view.step}")
    raise AssertionError("the citizen never came to an end")


def _push(house: House, packed: Packed, request: EvidenceRequest, kind: str) -> None:
    """Push until acknowledged, over restarts: the sender's half of reception awareness."""
    receipt, sent = house.folder / f"{kind}.receipt", Books(house.folder).journal("sent")
    if not receipt.exists():
        first, message_id = _id_of(house.folder, "first"), _id_of(house.folder, kind)
        entry = {"message_id": message_id, "request_id": request.id, "kind": kind, "first": first}
        sent.write(**entry, receipt="")
        status, _type, body = house.receive(packed)
        assert status == 200, body
        sent.write(**entry, receipt=hashlib.sha256(body).hexdigest())
        receipt.write_bytes(body)


def _id_of(folder: Path, kind: str) -> str:
    """The MessageId of the partner's request."""
    return f"{kind}@{folder.name}.portal.sandbox"


def _load(path: Path) -> tuple[EvidenceRequest, Packed]:
    loaded: tuple[EvidenceRequest, Packed] = pickle.loads(path.read_bytes())
    return loaded


def audit(folder: Path) -> Verdict:
    """Compare what partner, register and citizen have with what the log says."""
    engine = store.open_engine(_database(folder))
    vault = store.KeyVault.from_file(folder / "platform.key")
    ledger = store.SqlLedger(engine, store.FileBlobs(folder / "blobs", vault))
    verdict = auditor.audit(Books(folder), engine, ledger.sweep, folder / "blobs")
    engine.dispose()
    return verdict

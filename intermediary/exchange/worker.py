"""The worker: claims what is due, one item after the other, and lets its room do one step.

Any number of workers, in any number of processes; the lease in the row decides who does what.
"""

import threading
from collections.abc import Callable
from datetime import timedelta

import structlog

from intermediary.exchange.contracts import Queue
from intermediary.exchange.errors import LeaseLost
from intermediary.exchange.housekeeping import Housekeeper
from intermediary.exchange.intake import Intake
from intermediary.exchange.outbox import Outbox
from intermediary.exchange.ports import Ports
from intermediary.exchange.workflow import Workflow

Step = Callable[[str, str], None]
Broken = Callable[[str, str, str], None]

REST = timedelta(seconds=5)
"""Between two attempts at an item while database, disk or object store is away, for as long as it takes."""

_LOG = structlog.get_logger(__name__)


class Worker:
    """Does everything that is due."""

    def __init__(self, ports: Ports, intake: Intake, workflow: Workflow, outbox: Outbox, name: str) -> None:
        self._ports, self._name = ports, name
        self._housekeeper = Housekeeper(ports, name)
        self._steps: dict[Queue, tuple[Step, Broken]] = {
            Queue.INCOMING: (intake.handle, intake.broken),
            Queue.EXCHANGE: (workflow.step, workflow.broken),
            Queue.OUTGOING: (outbox.send, outbox.broken),
        }

    def run_due(self, stop: threading.Event | None = None) -> int:
        """Do what is due now, once around, until `stop`; returns the number of steps done."""
        queues = tuple(self._steps)
        for done in range(len(queues)):
            if stop is not None and stop.is_set():
                return done
            now = self._ports.clock()
            claimed = self._ports.ledger.claim(
                queues[done:] + queues[:done],  # each has its turn, however much another one holds
                owner=self._name,
                now=now,
                until=now + self._ports.timing.lease,
            )
            if claimed is None:
                return done
            self._step(*claimed)
        return len(queues)

    def keep_house(self) -> int:
        """Do one piece of a duty of the house, if one is due; returns the number of pieces done."""
        return int(self._housekeeper.run_due())

    def _step(self, queue: Queue, item: str) -> None:
        step, broken_step = self._steps[queue]
        try:
            step(item, self._name)
        except LeaseLost:
            _LOG.info("lease lost", queue=queue, item=item)
        except Exception as broken:
            # Texts of foreign exceptions may quote what was processed: only the kind is kept.
            reason = type(broken).__name__
            frame = _place(broken)
            if self._ports.is_away(broken):
                _LOG.error("storage is away", queue=queue, item=item, kind=reason, place=frame)
                self._put_off(queue, item)
                return
            _LOG.error("step failed", queue=queue, item=item, kind=reason, place=frame)
            broken_step(item, self._name, f"{reason} at {frame}")

    def _put_off(self, queue: Queue, item: str) -> None:
        """Nobody tries this item again for a moment; no failure of it is counted, since none of it is."""
        ports = self._ports
        until = ports.clock() + min(ports.timing.lease, REST)
        with ports.ledger.begin() as tx:
            if tx.owns(queue, item, self._name):
                tx.lease(queue, item, self._name, until)

    def run(self, stop: threading.Event, wake: threading.Event, idle: float) -> None:
        """Work until `stop`; where nothing is due, wait for `wake`, at most `idle` seconds."""
        while not stop.is_set():
            wake.clear()
            try:
                busy = self.run_due(stop)
                busy += 0 if stop.is_set() else self.keep_house()
            except Exception as broken:
                _LOG.error("worker cannot reach its ledger", kind=type(broken).__name__, place=_place(broken))
                busy = 0
                stop.wait(idle)
            if not busy:
                wake.wait(idle)


def _place(error: BaseException) -> str:
    """File and line where an exception was raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "?"
    code = trace.tb_frame.f_code
    return f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"

"""The parts of the platform's side of the model test that let it look in, and strike, between two commits."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from intermediary.as4.codes import EbmsErrorCode
from intermediary.as4.model import Packed, Party
from intermediary.edm.model import EvidenceRequest
from intermediary.exchange import Exchanges, PartnerUnreachable, ProviderUnavailable, Queue
from intermediary.national.model import NationalAnswer, NationalRequest
from intermediary.sandbox import doubles
from intermediary.store import SqlLedger
from intermediary.store.ledger import SqlTransaction
from tests.exchange import model as m
from tests.exchange.house import Clock, House

if TYPE_CHECKING:
    from tests.exchange.beside import Beside


class Crash(BaseException):
    """The process is gone."""


class Still(Clock):
    """A clock that stands until a rule moves it."""

    at: datetime

    def __call__(self) -> datetime:
        return self.at


@dataclass
class Plan:
    """What befalls a step at its nth transaction: before it, at its commit, or after it."""

    nth: int
    moment: str
    what: Callable[[], None]


@dataclass
class Frame:
    """One step of a worker, or one callback, while it runs."""

    thing: m.Thing | None = None
    says: m.Says | None = None
    at: datetime | None = None
    told: m.Told = m.Told.NOTHING
    begun: int = 0
    decided: bool = False
    plan: Plan | None = None


class Watched(SqlLedger):
    """The real ledger; says what was claimed and lets a plan strike between its transactions."""

    machine: "Beside"

    @contextmanager
    def begin(self) -> Iterator[SqlTransaction]:
        frames = self.machine.frames
        frame = frames[-1] if frames else Frame()
        frame.begun += 1
        nth = frame.begun
        wrote: list[bool] = []
        self._strike(frame, nth, "before")
        with super().begin() as tx:
            for name in ("save", "save_message"):
                setattr(tx, name, _noted(getattr(tx, name), wrote))
            yield tx
            self._strike(frame, nth, "commit")
        frame.decided |= bool(wrote)
        self._strike(frame, nth, "after")

    @staticmethod
    def _strike(frame: Frame, nth: int, moment: str) -> None:
        plan = frame.plan
        if plan is not None and (plan.nth, plan.moment) == (nth, moment):
            frame.plan = None
            plan.what()

    def claim(
        self, queues: Sequence[Queue], *, owner: str, now: datetime, until: datetime
    ) -> tuple[Queue, str] | None:
        """One thing of the queue that the machine wants to see a step of."""
        queue, self.machine.only = self.machine.only, None
        if queue is None:
            return None
        claimed = super().claim((queue,), owner=owner, now=now, until=until)
        self.machine.claimed(queue, claimed and claimed[1], owner)
        return claimed


def _noted(write: Callable[..., None], wrote: list[bool]) -> Callable[..., None]:
    def noted(*given: Any) -> None:
        write(*given)
        wrote.append(True)

    return noted


class Register(doubles.Register):
    """Says what the machine's mood is; remembers it for the step that asked."""

    machine: "Beside"

    def _answer(self, request: NationalRequest) -> NationalAnswer:
        machine = self.machine
        case = machine.frames[-1].thing
        assert isinstance(case, m.Case)
        assert not machine.model.given_up(case, machine.clock.at), "asked for somebody who no longer waits"
        says = machine.frames[-1].says = machine.mood
        machine.frames[-1].at = machine.clock.at
        if says is m.Says.DOWN:
            raise ProviderUnavailable("down")
        return machine.saying(says, request)


class Portal(doubles.Partner):
    """Two foreign access points in one; reacts as the machine's reaction is."""

    machine: "Beside"

    def __call__(self, url: str, packed: Packed) -> tuple[int, str, bytes]:
        machine, reaction = self.machine, self.machine.reaction
        frame = machine.frames[-1]
        if reaction == "down":
            raise PartnerUnreachable("down")
        if reaction in ("busy", "never"):
            frame.told = m.Told.NOTHING if reaction == "busy" else m.Told.REFUSED
            self.refusal = "scripted"
            return self._refuse(
                EbmsErrorCode.OTHER if reaction == "busy" else EbmsErrorCode.FAILED_AUTHENTICATION
            )
        before = {d.header.message_id for d in self.delivered}
        self._pmode = machine.pmode_of(frame.thing)
        status, kind, body = super().__call__(url, packed)
        if self.delivered[-1].header.message_id in before and machine.strict:
            del self.delivered[-1]
            frame.told, self.refusal = m.Told.DUPLICATE, "this message is a duplicate"
            return self._refuse(EbmsErrorCode.OTHER)
        if reaction == "lost":
            raise PartnerUnreachable("the connection broke after the message was taken")
        if reaction == "silent":
            return 202, "", b""
        frame.told = m.Told.RECEIPT
        return status, kind, body


class ModelHouse(House):
    """A house with two partners, a still clock and the doubles above."""

    def again(self) -> None:
        super().again()
        portal = self.ports.pmodes[0]
        other = replace(portal, id="other", partner=Party("other", portal.partner.type))
        self.ports = replace(self.ports, pmodes=(portal, other))
        self.exchanges = Exchanges(self.ports)
        self.desk = self.exchanges.desk
        self.worker = self.exchanges.worker(f"worker-{uuid4()}")


@dataclass
class Sent:
    """A message as the partner has it, to be pushed again."""

    packed: Packed
    incoming: m.Incoming | None = None
    request: EvidenceRequest = field(repr=False, kw_only=True)
    answer: tuple[int, str, bytes] | None = None

"""The platform beside its model: every deed is done on both sides, and the two are compared.

`test_model` adds the rules by which hypothesis plays.
"""

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

from hypothesis import event
from hypothesis.stateful import RuleBasedStateMachine, invariant
from sqlalchemy import Engine

from intermediary.as4.model import Party, PMode
from intermediary.audit import AuditLog
from intermediary.edm.model import EvidenceErrorResponse, EvidenceRequest, EvidenceResponse, NaturalPerson
from intermediary.exchange import Identity, PreviewUnknown, Queue, State, Timing
from intermediary.exchange import Outcome as Settled
from intermediary.national.model import NationalAnswer, NationalRequest, Outcome
from intermediary.sandbox import doubles
from tests.exchange import model as m
from tests.exchange.house import PREVIEW_BASE, login_of
from tests.exchange.interposed import Crash, Frame, ModelHouse, Plan, Portal, Register, Sent, Still, Watched

TIMING = Timing()
STRANGER = Identity("High", "IT/DE/STRANGER", "Neri", "Paolo")
TAKEN: Counter[tuple[State | None, State]] = Counter()
STEPS: Counter[str] = Counter()
ONCE = ("request-received", "preview-offered", "second-request-received", "decided", "settled", "closed")
"""Facts that an exchange has once at most; so are the next three."""
GONE = ("evidence-destroyed", "input-given", "citizen-not-matched")


class Beside(RuleBasedStateMachine):
    """Both sides, and what may be done to them."""

    keys: ClassVar[Path]

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
        (self.folder / "pki").symlink_to(self.keys / "pki")
        shutil.copy(self.keys / "ledger.sqlite", self.folder)
        self.frames: list[Frame] = []
        self.only: Queue | None = None
        self.mood, self.reaction, self.strict = m.Says.DELIVERS, "receipt", False
        self.clock = Still()
        self.clock.at = datetime.now(UTC) + timedelta(days=10)  # so that it may jump back
        self.house = house = ModelHouse(self.folder, timing=TIMING, ledger_of=Watched)
        for double in (Watched, Register, Portal):
            double.machine = self
        house.clock, house.register, house.partner = self.clock, Register(house.world), Portal(house.world)
        self.partner: Portal = house.partner
        self.register: Register = house.register
        house.again()
        self.model = m.Model(TIMING)
        self.sent: list[Sent] = []
        self.requests: dict[str, EvidenceRequest] = {}
        self.engine: Engine = house.engine
        self.mine = self.partner._pmode

    def pmode_of(self, thing: object) -> PMode:
        """The P-Mode of the partner that a message goes to, as that partner has it."""
        assert isinstance(thing, m.Outgoing)
        return self.pmode(thing.case.partner)

    def pmode(self, partner: str) -> PMode:
        """One of the two partners' P-Modes."""
        if partner == "portal":
            return self.mine
        return replace(self.mine, us=Party("other", self.mine.us.type))

    def saying(self, says: m.Says, request: NationalRequest) -> NationalAnswer:
        """What a register says, as its message."""
        if says is m.Says.DELIVERS:
            return doubles.delivery(request)
        if says in (m.Says.SOON, m.Says.TOMORROW):
            at = self.clock.at + (m.SOON if says is m.Says.SOON else m.TOMORROW)
            return NationalAnswer(request.request_id, Outcome.LATER, available_at=at, poll_url="https://r/1")
        return NationalAnswer(request.request_id, Outcome(says.value))

    def _push(self, sent: Sent, crash: str | None = None) -> None:
        """Push a message; the platform may die around its commit."""
        before = None if sent.incoming is None else sent.answer
        frame = Frame(plan=None if crash is None else Plan(1, crash, self._die))
        self.frames.append(frame)
        try:
            answer = self.house.receive(sent.packed)
        except Crash:
            answer = None
            self.house.again()
        finally:
            self.frames.pop()
        if sent.incoming is not None and (frame.decided or answer or crash != "after"):
            if frame.decided:
                assert sent.incoming not in self.model.incoming, "stored twice"
                self.model.incoming.append(sent.incoming)
                sent.incoming.at = sent.incoming.due = self.clock.at
            if answer is not None:
                assert sent.incoming in self.model.incoming, "a receipt before the message is stored"
                assert before is None or answer == before, "the same message gets the same receipt"
                sent.answer = answer

    @staticmethod
    def _die() -> None:
        raise Crash

    def _send(
        self,
        request: EvidenceRequest,
        wish: m.Wish | None,
        partner: str,
        *,
        token: str | None = None,
        differs: bool = False,
        crash: str | None = None,
    ) -> Sent:
        message_id = f"{uuid4()}@portal.sandbox"
        self.partner._pmode = self.pmode(partner)
        body = b"no xml" if wish is m.Wish.GARBAGE else None
        packed = self.partner.pack(request, message_id=message_id, body=body)
        incoming = m.Incoming(
            due=None,
            message_id=message_id,
            partner=partner,
            request_id=f"garbage {message_id}" if body else request.id,
            wish=wish,
            # Only 2.0 knows how to ask for a human-readable companion.
            forms=2 if request.specification_identifier == "oots-edm:v2.0" else 1,
            at=self.clock.at,
            token=token,
            differs=differs,
        )
        sent = Sent(packed, incoming, request=request)
        self.requests[message_id] = request
        self.sent.append(sent)
        self._push(sent, crash)
        return sent

    def _second(self, case: m.Case, how: str = "well") -> None:
        first, token = self.requests[case.first], case.token
        assert token is not None
        if how == "invented":
            token = "invented"
        changes: dict[str, object] = {"id": first.id} if how == "same-id" else {}
        if how == "other-person":
            assert isinstance(first.subject, NaturalPerson)
            changes["subject"] = replace(first.subject, family_name="Neri")
        partner = {"portal": "other", "other": "portal"}[case.partner] if how == "stranger" else case.partner
        request = self.house.second(first, token, **changes)
        self._send(request, None, partner, token=token, differs=how == "other-person")

    def _offered(self) -> list[m.Case]:
        return [c for c in self.model.cases if c.token]

    def _identify(self, case: m.Case, visitor: str, right: bool = True) -> None:
        identity = login_of(self.requests[case.first]) if right else STRANGER
        self.model.identify(case, visitor, right, self.clock.at)
        view = self.house.desk.identify(case.token or "", visitor, identity)
        assert view.step is self.model.shown(case, visitor, self.clock.at)

    def _supply(self, case: m.Case, visitor: str, good: bool = True) -> None:
        asked = case.state is State.AWAITING_INPUT and not self.model.late(case, self.clock.at)
        values = {"kennzeichen": "B-OO 2026" if good else "<script>"}
        try:
            wrong = self.house.desk.supply(case.token or "", visitor, values)
        except PreviewUnknown:
            assert case.visitor != visitor
            return
        assert case.visitor == visitor
        assert bool(wrong) == (asked and not good)
        self.model.supply(case, good, self.clock.at)

    def _decide(self, case: m.Case, visitor: str, allow: int = 2) -> None:
        now, desk = self.clock.at, self.house.desk
        shown = desk.view(case.token or "", visitor).documents
        chosen = frozenset(d.id for d in shown[:allow])
        try:
            view = desk.decide(case.token or "", visitor, chosen)
        except PreviewUnknown:
            assert case.visitor != visitor
            return
        assert case.visitor == visitor
        self.model.decide(case, len(chosen), now)
        assert view.step is self.model.shown(case, visitor, now)
        assert view.approved == case.approved

    def _callback(self, case: m.Case, answer: NationalAnswer, says: m.Says, plan: Plan | None) -> None:
        frame = Frame(thing=case, says=says, at=self.clock.at, plan=plan)
        self.frames.append(frame)
        waited = case.state is State.ASKING
        crashed = False
        if waited and (plan is None or plan.nth > 1):
            case.owner, case.lease = f"callback {id(frame)}", self.clock.at + TIMING.lease
        try:
            if plan is not None and plan.nth == 1:
                self.frames[-1].plan = None
                plan.what()
                waited = case.state is State.ASKING
                if waited:
                    case.owner, case.lease = f"callback {id(frame)}", self.clock.at + TIMING.lease
                frame.at = self.clock.at
            assert self.house.exchanges.deliver(answer)
        except Crash:
            crashed = True
            self.house.again()
        finally:
            self.frames.pop()
        if waited and not crashed and case.owner == f"callback {id(frame)}":
            assert frame.at is not None
            self.model.answered(case, says, frame.at, self.clock.at)

    @staticmethod
    def _break() -> None:
        raise RuntimeError("the disk is full")

    def _fault(self, fault: str, about: m.Case | None) -> Callable[[], None]:
        def happens() -> None:
            thing = self.frames[-1].thing
            case = about or (thing if isinstance(thing, m.Case) else None)
            self.frames.append(Frame())
            try:
                if fault == "crash":
                    raise Crash
                if fault == "takeover":
                    self.clock.at += TIMING.lease + timedelta(seconds=1)
                if fault in ("takeover", "work"):
                    self._drain(self.house.exchanges.worker(f"other-{uuid4()}"))
                elif case is not None and fault in ("callback", "again"):
                    self._answer_meanwhile(case)
                elif case is not None and case.token and fault == "citizen":
                    self._identify(case, "a")
                    self._supply(case, case.visitor or "a")
                    self._decide(case, case.visitor or "a")
                elif case is not None and case.token and fault == "second":
                    self._second(case)
                    self._step(Queue.INCOMING, worker=self.house.exchanges.worker(f"other-{uuid4()}"))
            finally:
                self.frames.pop()

        return happens

    def _answer_meanwhile(self, case: m.Case) -> None:
        key = self._row(case)["national_request_id"]
        asked = [r for r in self.register.asked if r.request_id == key]
        if asked:
            self._callback(case, doubles.delivery(asked[0]), m.Says.DELIVERS, None)

    def _drain(self, worker: Any = None) -> None:
        for _ in range(200):
            if not sum(self._step(queue, worker=worker) for queue in Queue):
                return
        raise AssertionError("the workers never come to rest")

    def _step(self, queue: Queue, plan: Plan | None = None, worker: Any = None) -> bool:
        """One step of one queue on both sides; False where nothing was due."""
        frame = Frame(plan=None)
        self.frames.append(frame)
        self._planned = plan
        before, self.only = self.only, queue
        struck: list[str] = []
        if plan is not None:
            what = plan.what
            plan.what = lambda: (struck.append(what.__name__), what())[1]  # type: ignore[func-returns-value]
        worker = worker or self.house.worker
        name = worker._name
        try:
            worker.run_due()
        except Crash:
            self.house.again()
            struck.append("crashed")
        finally:
            self.only = before
            self.frames.pop()
        thing = frame.thing
        if thing is None:
            return False
        STEPS[queue] += 1
        if thing.owner != name:
            return True  # somebody else was first: whatever this step found is dropped
        if "crashed" in struck and not frame.decided:
            return True
        self._finish(thing, frame, broke="_break" in struck)
        return True

    def claimed(self, queue: Queue, item: str | None, owner: str) -> None:
        """The ledger gave something to a worker: was it due, and free?"""
        now, frame = self.clock.at, self.frames[-1]
        queues: dict[Queue, Sequence[m.Thing]] = {
            Queue.INCOMING: self.model.incoming,
            Queue.EXCHANGE: self.model.cases,
            Queue.OUTGOING: self.model.outgoing,
        }
        things = queues[queue]
        due = [
            t for t in things if t.due is not None and t.due <= now and (t.lease is None or t.lease <= now)
        ]
        if item is None:
            assert due == [], "due, but not given to a worker"
            return
        thing = next(t for t in due if self._item(t) == item)
        assert thing.due == min(t.due for t in due if t.due), "what is due longest comes first"
        thing.owner, thing.lease = owner, now + TIMING.lease
        frame.thing, frame.begun, frame.plan = thing, 0, self._planned
        self._planned = None

    def _finish(self, thing: m.Thing, frame: Frame, *, broke: bool) -> None:
        now = self.clock.at
        if broke:
            made = self.model.broke(thing, now)
            if made is not None:
                self._bind(made)
        elif isinstance(thing, m.Incoming):
            made = self.model.handle(thing, now)
            if made is not None:
                self._bind(made)
        elif isinstance(thing, m.Outgoing):
            self.model.sent(thing, frame.told, now)
            if not thing.final and thing.case.token is None:
                self._offer(thing.case)
        elif isinstance(thing, m.Case):
            if not frame.decided:  # what it came for has gone meanwhile
                thing.free()
            elif frame.says is not None:
                assert frame.at is not None
                self.model.answered(thing, frame.says, frame.at, now)
            else:
                self.model.moved(thing, now)

    def _item(self, thing: m.Thing) -> str:
        if isinstance(thing, m.Incoming):
            return f"in|{thing.partner}|{thing.message_id}"
        if isinstance(thing, m.Outgoing):
            case = thing.case
            (item,) = [
                r["item"]
                for r in self._rows(
                    "SELECT item, message_id FROM message WHERE direction = 'out' AND exchange_id = ?",
                    case.name,
                )
                if (r["message_id"] == case.answer_id) == thing.final
            ]
            return str(item)
        assert isinstance(thing, m.Case)
        return thing.name

    def _bind(self, case: m.Case) -> None:
        (row,) = self._rows(
            "SELECT * FROM exchange WHERE request_message_id = ? AND pmode_id = ?", case.first, case.partner
        )
        case.name, case.answer_id = row["id"], row["answer_message_id"]

    def _offer(self, case: m.Case) -> None:
        """The partner reads the preview location out of what it got."""
        for got in self.partner.delivered:
            if got.header.ref_to_message_id == case.first and isinstance(got.message, EvidenceErrorResponse):
                preview = got.message.exceptions[0].preview
                if preview is not None:
                    assert preview.location.startswith(PREVIEW_BASE)
                    case.token = preview.location.rpartition("/")[2]

    def _row(self, case: m.Case) -> dict[str, Any]:
        (row,) = self._rows("SELECT * FROM exchange WHERE id = ?", case.name)
        return row

    def _rows(self, query: str, *given: str) -> list[dict[str, Any]]:
        with self.engine.execution_options(reading=True).connect() as connection:
            return [dict(r._mapping) for r in connection.exec_driver_sql(query, given)]

    @invariant()
    def both_sides_agree(self) -> None:
        """State, outcome, due time, lease, second request, evidence held, messages."""
        rows = {r["id"]: r for r in self._rows("SELECT * FROM exchange")}
        held = Counter(r["exchange_id"] for r in self._rows("SELECT exchange_id FROM document"))
        assert set(rows) == {c.name for c in self.model.cases}
        for case in self.model.cases:
            row = rows[case.name]
            assert row["state"] == case.state, (row["state"], case)
            assert row["outcome"] == case.outcome
            assert _when(row["due_at"]) == case.due, (case, row["due_at"])
            assert (row["owner"] is None) == (case.owner is None), case
            assert (row["second_request_id"] is not None) == case.second
            assert row["answer_to"] == case.answer_to
            assert held[case.name] == case.documents
            assert len(row["approved"].strip("[]").split(",")) == max(case.approved, 1)
            if case.state is State.CLOSED:
                assert row["evidence_key"] is row["sealed_inputs"] is row["sealed_response"] is None
            # Nothing waits for nothing: a time, or the partner's receipt for a message that has one.
            elif case.due is None:
                assert case.state is State.ANSWERING
                assert any(o.case is case and o.final and o.due for o in self.model.outgoing)
        stored = {r["item"]: r for r in self._rows("SELECT * FROM message")}
        assert len(stored) == len(self.model.incoming) + len(self.model.outgoing)
        for incoming in self.model.incoming:
            row = stored[self._item(incoming)]
            assert (row["state"] == "handled") == incoming.handled
            assert _when(row["due_at"]) == incoming.due
            assert (row["owner"] is None) == (incoming.owner is None)
        for outgoing in self.model.outgoing:
            row = stored[self._item(outgoing)]
            assert row["state"] == outgoing.state
            assert _when(row["due_at"]) == outgoing.due
            assert (row["sealed"] is None and row["blob"] is None) == (outgoing.state != "queued")
        for taken in self.model.taken:
            TAKEN[taken] += 1
            event(f"{taken[0]} → {taken[1]}")
        self.model.taken.clear()

    @invariant()
    def the_other_sides_see_everything_once(self) -> None:
        """One key at the register, one message id for each answer, evidence only as it was allowed."""
        keys = [self._row(c)["national_request_id"] for c in self.model.cases] if self.register.asked else []
        assert {r.request_id for r in self.register.asked} <= set(keys)
        finals: dict[str, set[str]] = {}
        for got in self.partner.delivered:
            (about,) = [
                o
                for o in self.model.outgoing
                if got.header.ref_to_message_id == (o.case.answer_to if o.final else o.case.first)
                and (got.header.message_id == o.case.answer_id) == o.final
            ]
            finals.setdefault(f"{about.case.name} {about.final}", set()).add(got.header.message_id)
            if isinstance(got.message, EvidenceResponse):
                assert about.final
                assert len(got.message.documents) == len(got.payloads) - 1 == about.case.approved
                if got.message.documents:
                    assert about.case.outcome is Settled.APPROVED
        assert all(len(ids) == 1 for ids in finals.values())

    def teardown(self) -> None:
        """Time goes on and nobody does more: everything comes to an end, and the log tells one story."""
        try:
            for _ in range(300):
                self._drain()
                waits = [t for t in (*self.model.cases, *self.model.incoming, *self.model.outgoing) if t.due]
                if not waits:
                    break
                times = [max(t.due, t.lease or t.due) for t in waits if t.due]
                self.clock.at = max(self.clock.at, min(times))
            self.both_sides_agree()
            self.the_other_sides_see_everything_once()
            for case in self.model.cases:
                assert case.state is State.CLOSED, case
                self._one_story(case)
            assert AuditLog(self.engine).broken_streams() == ()
        finally:
            self.engine.dispose()
            shutil.rmtree(self.folder)

    def _one_story(self, case: m.Case) -> None:
        story = AuditLog(self.engine).story(case.name)
        assert story is not None and story.intact
        facts = Counter(str(e.fact) for e in story.events)
        assert [facts[f] for f in (*ONCE, *GONE) if facts[f] > 1] == [], facts
        assert facts["request-accepted"] + facts["request-refused"] == facts["closed"] == 1
        for fact in ("message-queued", "message-acknowledged", "delivery-given-up"):
            told = [dict(e.data)["message_id"] for e in story.events if e.fact == fact]
            assert len(told) == len(set(told)), told


def _when(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)

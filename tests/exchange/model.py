"""What the platform is to do with evidence requests, as a small machine without bytes, database or threads.

Written from the words of the standard (TDD 4.4: preview, second request, T1 to T3, request ids; eDelivery
AS4: duplicates, receipts, retries) and of the design («one row, one lease», door 2), not from the code:
whoever holds the lease moves a thing on, what somebody else has moved meanwhile is dropped.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from intermediary.exchange import Outcome, PreviewStep, State, Timing

BREAKS = 5
"""Times in a row that a step may break."""


class Says(StrEnum):
    """What a register answers, now or by callback."""

    DELIVERS = "delivers"
    NOT_FOUND = "not-found"
    AMBIGUOUS = "ambiguous"
    REJECTED = "rejected"
    SOON = "soon"
    TOMORROW = "tomorrow"
    FAILED = "failed"
    DOWN = "down"


SOON, TOMORROW = timedelta(seconds=30), timedelta(days=1)


class Told(StrEnum):
    """What an attempt to deliver a message showed."""

    RECEIPT = "receipt"
    NOTHING = "nothing"
    DUPLICATE = "duplicate"
    REFUSED = "refused"


class Wish(StrEnum):
    """What a first request asks for, and so what is to become of it."""

    WITH_INPUT = "with-input"
    NO_INPUT = "no-input"
    NO_PREVIEW = "no-preview"
    UNMAPPED = "unmapped"
    UNASKED = "unasked"
    NO_REDIRECT = "no-redirect"
    LOW_LEVEL = "low-level"
    GARBAGE = "garbage"


REFUSED = {
    Wish.UNMAPPED: Outcome.UNMAPPED,
    Wish.UNASKED: Outcome.INVALID,
    Wish.NO_REDIRECT: Outcome.UNSUPPORTED,
    Wish.LOW_LEVEL: Outcome.UNKNOWN_PERSON,
    Wish.GARBAGE: Outcome.INVALID,
}
_OPEN = {
    State.AWAITING_CITIZEN: PreviewStep.LOGIN,
    State.AWAITING_INPUT: PreviewStep.INPUT,
    State.ASKING: PreviewStep.WAITING,
    State.PREVIEWING: PreviewStep.DECIDE,
}
_OVER = {
    Outcome.APPROVED: PreviewStep.DONE,
    Outcome.DECLINED: PreviewStep.DONE,
    Outcome.DEFERRED: PreviewStep.LATER,
    Outcome.UNKNOWN_PERSON: PreviewStep.UNKNOWN_PERSON,
    Outcome.NOT_FOUND: PreviewStep.NOT_FOUND,
    Outcome.AMBIGUOUS: PreviewStep.NOT_FOUND,
    Outcome.REJECTED: PreviewStep.NOT_FOUND,
    Outcome.PROVIDER_DOWN: PreviewStep.REGISTER_DOWN,
    Outcome.FAILED: PreviewStep.REGISTER_DOWN,
    Outcome.TIMED_OUT: PreviewStep.EXPIRED,
}
_NO_EVIDENCE = {
    Says.NOT_FOUND: Outcome.NOT_FOUND,
    Says.AMBIGUOUS: Outcome.AMBIGUOUS,
    Says.REJECTED: Outcome.REJECTED,
}


@dataclass(kw_only=True, eq=False)
class Thing:
    """Anything that is worked on: due at some time, leased to one worker."""

    due: datetime | None
    owner: str | None = None
    lease: datetime | None = None
    attempts: int = 0

    def free(self) -> None:
        """End the lease."""
        self.owner = self.lease = None


@dataclass(kw_only=True, eq=False)
class Case(Thing):
    """One exchange."""

    state: State
    created: datetime
    partner: str
    wish: Wish | None
    """None: a second request that was refused."""
    forms: int
    answer_to: str | None = None
    """Message id of the request that is to be answered."""
    first: str
    outcome: Outcome | None = None
    second: bool = False
    deadline: datetime | None = None
    visitor: str | None = None
    ask_until: datetime | None = None
    documents: int = 0
    approved: int = 0
    failures: int = 0
    name: str = ""
    """The platform's id, once known; so are the next two."""
    token: str | None = None
    answer_id: str = ""


@dataclass(kw_only=True, eq=False)
class Incoming(Thing):
    """One message that was received."""

    message_id: str
    partner: str
    request_id: str
    wish: Wish | None
    forms: int
    """Documents that it asks for."""
    at: datetime
    token: str | None = None
    differs: bool = False
    handled: bool = False
    case: Case | None = None


@dataclass(kw_only=True, eq=False)
class Outgoing(Thing):
    """One message that is to be delivered."""

    case: Case
    final: bool
    state: str = "queued"


@dataclass
class Model:
    """The whole platform."""

    timing: Timing
    cases: list[Case] = field(default_factory=list)
    incoming: list[Incoming] = field(default_factory=list)
    outgoing: list[Outgoing] = field(default_factory=list)
    request_ids: set[str] = field(default_factory=set)
    taken: list[tuple[State | None, State]] = field(default_factory=list)

    def _pause(self, first: timedelta, attempts: int) -> timedelta:
        doubled: timedelta = first * (1 << (attempts - 1))
        return min(doubled, self.timing.retry_ceiling)

    def _to(self, case: Case, state: State, due: datetime | None) -> None:
        self.taken.append((case.state, state))
        case.state, case.due = state, due
        case.free()

    # Messages from partners

    def handle(self, message: Incoming, now: datetime) -> Case | None:
        """A stored message becomes an exchange, or part of one; the new exchange, if any."""
        message.handled, message.due = True, None
        message.free()
        seen = message.request_id in self.request_ids
        self.request_ids.add(message.request_id)
        if message.wish in REFUSED and message.wish is Wish.GARBAGE:
            return self._begin(message, now, REFUSED[message.wish])
        if seen:
            return self._begin(message, now, Outcome.INVALID)
        if message.wish is None:
            return self._second(message, now)
        if message.wish in REFUSED:
            return self._begin(message, now, REFUSED[message.wish])
        if now > message.at + self.timing.t1 + self.timing.allowance:
            return self._begin(message, now, Outcome.TIMED_OUT)
        return self._begin(message, now, None)

    def _begin(self, message: Incoming, now: datetime, refused: Outcome | None) -> Case:
        preview = message.wish in (Wish.WITH_INPUT, Wish.NO_INPUT)
        case = Case(
            state=State.SETTLED if refused else State.AWAITING_CITIZEN if preview else State.ASKING,
            due=now,
            created=message.at,
            partner=message.partner,
            wish=message.wish,
            forms=message.forms,
            first=message.message_id,
            outcome=refused,
        )
        if refused or not preview:
            case.answer_to = message.message_id
        if not refused and preview:
            case.deadline = now + self.timing.t2
            case.due = case.deadline + self.timing.allowance
            self.outgoing.append(Outgoing(case=case, final=False, due=now))
        elif not refused:
            case.ask_until = message.at + self.timing.t1
        self.taken.append((None, case.state))
        self.cases.append(case)
        message.case = case
        return case

    def _second(self, message: Incoming, now: datetime) -> Case | None:
        case = next((c for c in self.cases if c.token and c.token == message.token), None)
        if case is None or case.partner != message.partner:
            return self._begin(message, now, Outcome.UNRESOLVED)
        if case.second:
            return self._begin(message, now, Outcome.INVALID)
        if case.state is State.CLOSED:
            return self._begin(message, now, Outcome.TIMED_OUT)
        if message.differs:
            return self._begin(message, now, Outcome.INVALID)
        case.second, case.answer_to, message.case = True, message.message_id, case
        if case.state is State.SETTLED:
            case.due = now
        return None

    def given_up(self, case: Case, now: datetime) -> bool:
        """Nobody waits any more for the register: T3, or T1 and the minute of grace, is over."""
        return now >= (case.deadline or case.created + self.timing.t1 + self.timing.allowance)

    # The citizen

    def late(self, case: Case, now: datetime) -> bool:
        """T2, or T3, is over."""
        return case.deadline is not None and now >= case.deadline

    def shown(self, case: Case, visitor: str | None, now: datetime) -> PreviewStep:
        """What a visitor sees."""
        if case.visitor is not None and visitor != case.visitor:
            return PreviewStep.LOGIN if visitor is None else PreviewStep.TAKEN
        if case.state in _OPEN:
            return PreviewStep.EXPIRED if self.late(case, now) else _OPEN[case.state]
        assert case.outcome is not None
        return _OVER[case.outcome]

    def identify(self, case: Case, visitor: str, right: bool, now: datetime) -> None:
        """Somebody logs in."""
        if case.state is State.AWAITING_CITIZEN and not self.late(case, now):
            case.visitor = visitor
            if not right:
                self.settle(case, Outcome.UNKNOWN_PERSON, now)
                return
            case.deadline = now + self.timing.t3
            if case.wish is Wish.WITH_INPUT:
                self._to(case, State.AWAITING_INPUT, case.deadline)
            else:
                self._ask(case, now)
        elif case.visitor is not None and right:
            case.visitor = visitor

    def _ask(self, case: Case, now: datetime) -> None:
        case.ask_until = now + self.timing.provider_patience
        self._to(case, State.ASKING, now)

    def supply(self, case: Case, good: bool, now: datetime) -> None:
        """The owner of the link gives what the register needs."""
        if good and case.state is State.AWAITING_INPUT and not self.late(case, now):
            self._ask(case, now)

    def decide(self, case: Case, approved: int, now: datetime) -> None:
        """The owner of the link allows so many documents."""
        if case.state is State.PREVIEWING and not self.late(case, now):
            case.approved = approved
            self.settle(case, Outcome.APPROVED if approved else Outcome.DECLINED, now)

    # The register

    def answered(self, case: Case, says: Says, at: datetime, now: datetime) -> None:
        """The register said something at `at`, and it is written down now."""
        if says in (Says.DOWN, Says.FAILED):
            case.attempts += 1
            assert case.ask_until is not None
            if now >= case.ask_until:
                self.settle(case, Outcome.PROVIDER_DOWN, now)
                return
            due = now + self._pause(self.timing.provider_retry, case.attempts)
            self._to(case, State.ASKING, min(due, case.ask_until))
        elif says in (Says.SOON, Says.TOMORROW):
            available = at + (SOON if says is Says.SOON else TOMORROW)
            # T3 where a citizen waits, else T1: the requester waits no longer than that.
            limit = case.deadline or case.created + self.timing.t1
            if available >= limit:
                self.settle(case, Outcome.DEFERRED, at)
                return
            case.attempts += 1
            case.ask_until = available + self.timing.provider_patience
            self._to(case, State.ASKING, available)
        elif says in _NO_EVIDENCE:
            self.settle(case, _NO_EVIDENCE[says], at)
            return
        else:
            case.documents = case.forms
            if case.deadline is None:
                case.approved = case.forms
                self.settle(case, Outcome.APPROVED, at)
            else:
                self._to(case, State.PREVIEWING, case.deadline)
        case.failures = 0

    # Workers

    def settle(self, case: Case, outcome: Outcome, now: datetime) -> None:
        """The outcome stands; without approval no evidence is kept."""
        case.outcome, case.failures = outcome, 0
        if outcome is not Outcome.APPROVED:
            case.documents = 0
        self._to(case, State.SETTLED, now if case.answer_to else now + self.timing.second_request)

    def over(self, case: Case) -> None:
        """The end: nothing is left but the log."""
        case.documents = 0
        self._to(case, State.CLOSED, None)

    def moved(self, case: Case, now: datetime) -> None:
        """A worker did what was due for an exchange, other than asking."""
        if case.state is not State.SETTLED:
            assert case.due is not None and now >= case.due
            assert case.state is not State.ASKING or self.given_up(case, now)
            self.settle(case, Outcome.TIMED_OUT, now)
        elif case.answer_to is None:
            self.over(case)
        else:
            self._to(case, State.ANSWERING, None)
            self.outgoing.append(Outgoing(case=case, final=True, due=now))

    def sent(self, message: Outgoing, told: Told, now: datetime) -> None:
        """An attempt to deliver a message is over."""
        message.free()
        # Who calls a first attempt a duplicate means another message.
        if told is Told.RECEIPT or (told is Told.DUPLICATE and message.attempts > 0):
            message.state = "acknowledged"
        else:
            message.attempts += 1
            if told is Told.REFUSED or message.attempts >= self.timing.send_attempts:
                message.state = "failed"
            else:
                message.due = now + self._pause(self.timing.send_retry, message.attempts)
                return
        message.due = None
        if message.final:
            self.over(message.case)

    def broke(self, thing: Thing, now: datetime) -> Case | None:
        """A step raised; a new exchange, where a message has now broken too often."""
        if isinstance(thing, Outgoing):
            self.sent(thing, Told.NOTHING, now)
        elif isinstance(thing, Incoming):
            thing.attempts += 1
            thing.free()
            if thing.attempts >= BREAKS:
                thing.handled, thing.due = True, None
                return self._begin(thing, now, Outcome.FAILED)
            thing.due = now + self._pause(self.timing.provider_retry, thing.attempts)
        elif isinstance(thing, Case):
            thing.failures += 1
            if thing.failures < BREAKS:
                thing.free()
                thing.due = now + self._pause(self.timing.provider_retry, thing.failures)
            elif thing.state is State.SETTLED:
                self.over(thing)
            else:
                self.settle(thing, Outcome.FAILED, now)
        return None

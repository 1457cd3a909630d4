"""The platform against the model: hypothesis plays partner, citizen, register, time and faults.

Some 25 s in CI, the same examples each time. `make model` plays EXAMPLES (1000) fresh ones, says which
transitions were taken, and demands all.
"""

import os
import sys
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule, run_state_machine_as_test

from intermediary.edm.model import NaturalPerson
from intermediary.exchange import TRANSITIONS, PreviewStep, Queue
from intermediary.sandbox.world import World
from tests.exchange import model as m
from tests.exchange.beside import STEPS, TAKEN, Beside
from tests.exchange.house import a_request
from tests.exchange.interposed import Plan, Sent

EXAMPLES = int(os.environ.get("INTERMEDIARY_MODEL_EXAMPLES", "0"))
CI = settings(
    max_examples=30,
    stateful_step_count=40,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
NIGHTLY = settings(CI, max_examples=EXAMPLES or 1, stateful_step_count=60, derandomize=False, print_blob=True)
PICK = st.integers(0, 5)
REACTIONS = ("receipt", "receipt", "receipt", "silent", "lost", "down", "busy", "never")
NTH = st.integers(1, 4)
MOMENT = st.sampled_from(("before", "commit", "after"))
QUEUES = st.sampled_from((*Queue, Queue.EXCHANGE))


class Platform(Beside):
    """The rules."""

    @initialize(
        mood=st.sampled_from(m.Says),
        reaction=st.sampled_from(REACTIONS),
        strict=st.booleans(),
        wish=st.sampled_from((m.Wish.WITH_INPUT, m.Wish.NO_INPUT, m.Wish.NO_PREVIEW)),
        visit=st.booleans(),
    )
    def the_world_is(self, mood: m.Says, reaction: str, strict: bool, wish: m.Wish, visit: bool) -> None:
        """A first request, in a world of some kind."""
        self.a_partner_asks(wish, "oots-edm:v2.0", "portal", True, None)
        if visit and wish is not m.Wish.NO_PREVIEW:
            self._identify(self.model.cases[0], "a")
        self.mood, self.reaction, self.strict = mood, reaction, strict

    @precondition(lambda self: len(self.model.cases) < 6)
    @rule(
        wish=st.sampled_from((*m.Wish, m.Wish.WITH_INPUT, m.Wish.NO_INPUT, m.Wish.NO_PREVIEW)),
        version=st.sampled_from(("oots-edm:v1.2", "oots-edm:v2.0")),
        partner=st.sampled_from(("portal", "portal", "other")),
        work=st.booleans(),
        crash=st.sampled_from((None, None, None, "before", "commit", "after")),
    )
    def a_partner_asks(self, wish: m.Wish, version: str, partner: str, work: bool, crash: str | None) -> None:
        """A first request of any kind."""
        request = a_request(
            version, "fahrzeugregistrierung" if wish is m.Wish.WITH_INPUT else "fahrerlaubnis"
        )
        if wish is m.Wish.UNMAPPED:
            wanted = request.evidence_type
            unknown = wanted.evidence_type_classification[:-4] + "ffff"
            request = replace(request, evidence_type=replace(wanted, evidence_type_classification=unknown))
        elif wish is m.Wish.UNASKED:
            request = replace(request, explicit_request_given=False)
        elif wish is m.Wish.NO_REDIRECT:
            request = replace(request, possibility_for_preview=False)
        elif wish is m.Wish.NO_PREVIEW:
            request = replace(request, procedure=tuple(replace(t, value="00") for t in request.procedure))
        elif wish is m.Wish.LOW_LEVEL:
            assert isinstance(request.subject, NaturalPerson)
            request = replace(request, subject=replace(request.subject, level_of_assurance="Low"))
        self._send(request, wish, partner, crash=crash)
        if work:
            self._drain()

    @precondition(lambda self: self.sent)
    @rule(which=PICK, crash=st.sampled_from((None, None, "before", "commit", "after")))
    def the_same_message_again(self, which: int, crash: str | None) -> None:
        """The partner had no receipt, or lost it."""
        self._push(self.sent[-1 - which % len(self.sent)], crash)

    @precondition(lambda self: self.model.incoming)
    @rule(which=PICK)
    def the_same_message_id_with_other_content(self, which: int) -> None:
        """Refused by a signal; nothing is stored."""
        old = self.model.incoming[-1 - which % len(self.model.incoming)]
        self.partner._pmode = self.pmode(old.partner)
        packed = self.partner.pack(a_request(), message_id=old.message_id)
        self._push(Sent(packed, request=a_request()))

    @precondition(lambda self: self.model.request_ids and len(self.model.cases) < 8)
    @rule(which=PICK)
    def a_request_id_again(self, which: int) -> None:
        """The same EDM request in another AS4 message."""
        known = [
            s for s in self.sent if s.incoming and s.incoming.wish in (m.Wish.WITH_INPUT, m.Wish.NO_INPUT)
        ]
        if known:
            old = known[-1 - which % len(known)]
            assert old.incoming is not None
            self._send(old.request, old.incoming.wish, old.incoming.partner)

    @precondition(lambda self: self._offered())
    @rule(
        which=PICK,
        how=st.sampled_from(("well", "well", "well", "stranger", "other-person", "invented", "same-id")),
        work=st.booleans(),
    )
    def a_second_request(self, which: int, how: str, work: bool) -> None:
        """With the preview location: early, late, again, by another partner, about somebody else."""
        cases = self._offered()
        self._second(cases[-1 - which % len(cases)], how)
        if work:
            self._drain()

    @precondition(lambda self: self._offered())
    @rule(which=PICK, visitor=st.sampled_from("aaab"), right=st.sampled_from((True, True, True, False)))
    def somebody_logs_in(self, which: int, visitor: str, right: bool) -> None:
        """The citizen, in one browser or two, or somebody else."""
        cases = self._offered()
        self._identify(cases[-1 - which % len(cases)], visitor, right)

    @precondition(lambda self: self._offered())
    @rule(which=PICK, visitor=st.sampled_from((None, "a", "b")))
    def somebody_looks(self, which: int, visitor: str | None) -> None:
        """A reload, a second tab, somebody with the link only."""
        cases = self._offered()
        case = cases[-1 - which % len(cases)]
        view = self.house.desk.view(case.token or "", visitor)
        step = self.model.shown(case, visitor, self.clock.at)
        assert view.step is step
        assert len(view.documents) == (case.documents if step is PreviewStep.DECIDE else 0)
        for document in view.documents:
            assert visitor is not None
            _kind, content = self.house.desk.document(case.token or "", visitor, document.id)
            assert content.size == document.size

    @precondition(lambda self: self._offered())
    @rule(which=PICK, visitor=st.sampled_from("aab"), good=st.sampled_from((True, True, False)))
    def inputs_are_given(self, which: int, visitor: str, good: bool) -> None:
        """By whoever has the link."""
        cases = self._offered()
        self._supply(cases[-1 - which % len(cases)], visitor, good)

    @precondition(lambda self: self._offered())
    @rule(which=PICK, visitor=st.sampled_from("aab"), allow=st.sampled_from((2, 1, 0)))
    def the_citizen_decides(self, which: int, visitor: str, allow: int) -> None:
        """Yes, in part, or no; perhaps again; perhaps in another browser."""
        cases = self._offered()
        self._decide(cases[-1 - which % len(cases)], visitor, allow)

    @precondition(lambda self: self._offered())
    @rule(which=PICK, allow=st.sampled_from((2, 1, 0)))
    def the_citizen_hurries(self, which: int, allow: int) -> None:
        """All that the citizen can do at once, while workers work."""
        cases = self._offered()
        case = cases[-1 - which % len(cases)]
        self._identify(case, "a")
        self._supply(case, "a")
        self._drain()
        self._decide(case, "a", allow)

    @precondition(lambda self: self.sent)
    @rule(mood=st.sampled_from((*m.Says, m.Says.DELIVERS)))
    def the_register_is(self, mood: m.Says) -> None:
        """From now on."""
        self.mood = mood

    @precondition(lambda self: self.sent)
    @rule(
        reaction=st.sampled_from(REACTIONS),
        strict=st.booleans(),
    )
    def the_partner_is(self, reaction: str, strict: bool) -> None:
        """From now on; strict: a repeat gets an error, not its receipt again (phase4)."""
        self.reaction, self.strict = reaction, strict

    @precondition(lambda self: self.register.asked)
    @rule(
        which=PICK,
        says=st.sampled_from([s for s in m.Says if s is not m.Says.DOWN]),
        nth=NTH,
        fault=st.sampled_from((None, None, "crash", "again", "citizen", "work")),
    )
    def the_register_calls_back(self, which: int, says: m.Says, nth: int, fault: str | None) -> None:
        """With an answer to a request of its own; once, twice, at the same moment."""
        asked = self.register.asked[-1 - which % len(self.register.asked)]
        case = next(c for c in self.model.cases if self._row(c)["national_request_id"] == asked.request_id)
        plan = None if fault is None else Plan(nth, "before", self._fault(fault, case))
        self._callback(case, self.saying(says, asked), says, plan)

    @precondition(lambda self: self.sent)
    @rule(
        seconds=st.sampled_from((1, 5, 31, 91, 300, 15 * 60, 16 * 60, 17 * 60, 41 * 60)), work=st.booleans()
    )
    def time_passes(self, seconds: int, work: bool) -> None:
        """Past a pause, a lease, T1, T2, T3."""
        self.clock.at += timedelta(seconds=seconds)
        if work:
            self._drain()

    @precondition(lambda self: self.sent)
    @rule(seconds=st.sampled_from((1, 60, 3600)))
    def the_clock_jumps_back(self, seconds: int) -> None:
        """The node's clock is set right."""
        self.clock.at -= timedelta(seconds=seconds)

    @precondition(lambda self: self.sent)
    @rule()
    def work(self) -> None:
        """Everything that is due."""
        self._drain()

    @precondition(lambda self: self.sent)
    @rule(queue=QUEUES)
    def one_step(self, queue: Queue) -> None:
        """One thing that is due, undisturbed."""
        self._step(queue)

    @precondition(lambda self: self.sent)
    @rule(queue=QUEUES, nth=NTH, moment=MOMENT)
    def the_process_dies_in_a_step(self, queue: Queue, nth: int, moment: str) -> None:
        """And another one starts on what the database holds; the lease lies on."""
        self._step(queue, Plan(nth, moment, self._die))

    @precondition(lambda self: self.sent)
    @rule(
        queue=QUEUES, nth=NTH, moment=st.sampled_from(("before", "commit")), times=st.sampled_from((1, 1, 5))
    )
    def a_step_breaks(self, queue: Queue, nth: int, moment: str, times: int) -> None:
        """Once, or as often as it is tried."""
        for _ in range(times):
            if not self._step(queue, Plan(nth, moment, self._break)):
                return
            self.clock.at += timedelta(seconds=130)

    @precondition(lambda self: self.sent)
    @rule(queue=QUEUES, nth=NTH, fault=st.sampled_from(("takeover", "callback", "citizen", "second", "work")))
    def something_happens_in_a_step(self, queue: Queue, nth: int, fault: str) -> None:
        """Between two transactions of one worker's step others do theirs."""
        self._step(queue, Plan(nth, "before", self._fault(fault, None)))

    @precondition(lambda self: self.sent)
    @rule()
    def the_process_starts_again(self) -> None:
        """Nothing was in memory only."""
        self.house.again()


@pytest.mark.slow
def test_the_platform_does_what_the_model_says(keys: World) -> None:
    Platform.keys = keys.root
    run_state_machine_as_test(Platform, settings=NIGHTLY if EXAMPLES else CI)
    table = {(t.source, t.target): t.trigger for t in TRANSITIONS}
    told = [f"{sum(STEPS.values())} steps of workers: {dict(STEPS)}"]
    told += [f"{TAKEN[t]:8}  {t[0] or '(new)'} → {t[1]}  ({trigger})" for t, trigger in table.items()]
    sys.stdout.write("\n" + "\n".join(told) + "\n")
    if EXAMPLES:
        assert set(TAKEN) == set(table)

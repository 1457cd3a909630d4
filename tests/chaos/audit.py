"""The auditor: compares what every party has with what the log says, once everything has come to rest.

It believes nobody. The partner, the register and the citizens have books of their own (journals of
`intermediary.sandbox.doubles`, written outside the processes that are killed); the platform has its log. Each
difference is one line in `lost` or `doubled`.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine, RowMapping, text

from intermediary.audit import AuditLog
from intermediary.exchange.model import Event, Fact
from intermediary.sandbox.doubles import Journal

Entry = dict[str, str]

ONCE = (
    Fact.REQUEST_RECEIVED,
    Fact.REQUEST_ACCEPTED,
    Fact.PREVIEW_OFFERED,
    Fact.SECOND_REQUEST_RECEIVED,
    Fact.CITIZEN_IDENTIFIED,
    Fact.INPUT_GIVEN,
    Fact.PROVIDER_ANSWERED,
    Fact.DECIDED,
    Fact.SETTLED,
    Fact.CLOSED,
)
"""Facts that an exchange with a preview has exactly once, however often a process died."""
LATE = {Fact.DUPLICATE_RECEIVED, Fact.MESSAGE_ACKNOWLEDGED, Fact.SEND_FAILED, Fact.DELIVERY_GIVEN_UP}
"""What may follow after the end: the first answer's receipt may be lost for longer than the last one's."""
FINAL = {"approved": "EvidenceResponse"}
"""What the partner gets for an outcome; others are errors («declined»: as the profile says)."""


@dataclass(frozen=True, slots=True)
class Books:
    """What the parties wrote down, each in a journal of the folder."""

    folder: Path

    def journal(self, name: str) -> Journal:
        """`sent`: what the partner pushed and which receipts came; `partner`: what it got; `register`: what
        it was asked; `citizen`: what citizens did and were told."""
        return Journal(self.folder / f"{name}.jsonl")


@dataclass(slots=True)
class Verdict:
    """What the auditor found: nothing lost, nothing doubled is well. `table`: each party's count and ours."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    table: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """(party, what, «party has» or «log says») to a number."""
    exchanges: int = 0
    given_up: int = 0
    """Messages whose partner was away for longer than the deadlines."""
    repeats: Counter[str] = field(default_factory=Counter)
    """What the others saw more than once and recognised: pushes of one MessageId, calls with one key."""

    def count(self, party: str, what: str, has: int, says: int) -> None:
        """One line of the table."""
        self.table[party, what, "has"] += has
        self.table[party, what, "says"] += says


def audit(
    books: Books, engine: Engine, sweep: Callable[[], int], blobs: Path, *, patient: bool = True
) -> Verdict:
    """Compare. `patient`: no fault outlived a deadline, so every exchange has the end that its citizen chose.

    `sweep` clears the folder `blobs` of what crashes left behind, as every worker does from time to time.
    """
    return _Audit(books, engine, patient=patient).run(sweep, blobs)


class _Audit:
    def __init__(self, books: Books, engine: Engine, *, patient: bool) -> None:
        self._engine, self._patient = engine, patient
        self._verdict = Verdict()
        self._sent = books.journal("sent").read()
        self._received = books.journal("partner").read()
        self._asked = books.journal("register").read()
        self._citizens = books.journal("citizen").read()
        self._answers: dict[str, list[Entry]] = defaultdict(list)
        for entry in self._received:
            self._answers[entry["ref"] or ""].append(entry)

    def run(self, sweep: Callable[[], int], blobs: Path) -> Verdict:
        verdict, log = self._verdict, AuditLog(self._engine)
        with self._engine.connect() as connection:
            exchanges = connection.execute(text("SELECT * FROM exchange")).mappings().all()
            messages = connection.execute(text("SELECT * FROM message")).mappings().all()
            events = connection.execute(text("SELECT DISTINCT stream FROM event")).scalars().all()
        verdict.exchanges = len(exchanges)
        for stream in log.broken_streams():
            self._lose(f"the log of {stream} is not as it was written: its chain of digests is broken")
        by_id: dict[str, list[Event]] = {}
        for row in exchanges:
            story = log.story(row["id"])
            by_id[row["id"]] = list(story.events) if story is not None else []
        for stream in set(events) - set(by_id) - {"platform"}:
            self._lose(f"the log knows {stream}, of which there is no exchange")
        self._receipts(messages)
        self._deliveries(by_id)
        self._register(exchanges, by_id)
        self._each(exchanges, by_id)
        self._left(exchanges, messages)
        self._blobs(messages, sweep, blobs)
        return verdict

    def _lose(self, what: str) -> None:
        self._verdict.lost.append(what)

    def _double(self, what: str) -> None:
        self._verdict.doubled.append(what)

    def _receipts(self, messages: Iterable[RowMapping]) -> None:
        """What the partner pushed: a receipt means that it is stored; one message has one receipt."""
        stored = {row["message_id"]: row for row in messages if row["direction"] == "in"}
        receipts: dict[str, set[str]] = defaultdict(set)
        for entry in self._sent:
            receipts[entry["message_id"]] |= {entry["receipt"]} - {""}
        acknowledged = {message_id for message_id, seen in receipts.items() if seen}
        for message_id in sorted(acknowledged - set(stored)):
            self._lose(f"the partner has a receipt for {message_id}, of which nothing is stored")
        for message_id, seen in receipts.items():
            if len(seen) > 1:
                self._double(f"{len(seen)} different receipts for {message_id}")
            if not seen and self._patient:
                self._lose(f"the partner never got a receipt for {message_id}")
        for message_id in sorted(set(stored) - set(receipts)):
            self._double(f"{message_id} is stored, which the partner never pushed")
        for message_id, row in stored.items():
            if row["state"] != "handled":
                self._lose(f"{message_id} was stored and never handled")
        self._verdict.count("partner", "requests with a receipt", len(acknowledged), len(stored))

    def _deliveries(self, by_id: dict[str, list[Event]]) -> None:
        """What the partner got: by the log queued once, acknowledged once; and the other way round."""
        queued, acknowledged = self._messages(by_id, Fact.MESSAGE_QUEUED), self._messages(
            by_id, Fact.MESSAGE_ACKNOWLEDGED
        )  # fmt: skip
        given_up = self._messages(by_id, Fact.DELIVERY_GIVEN_UP)
        has = Counter(entry["message_id"] for entry in self._received)
        for message_id in sorted(set(has) - set(queued)):
            self._double(f"the partner got {message_id}, which the log never queued")
        for message_id in sorted(set(acknowledged) - set(has)):
            self._lose(f"the log says that {message_id} was acknowledged; the partner does not have it")
        for message_id in sorted(set(queued) - set(acknowledged) - set(given_up)):
            self._lose(f"{message_id} was queued and came to no end")
        if self._patient:
            for message_id in sorted(given_up):
                self._lose(f"{message_id} was given up")
        for message_id, count in (queued + acknowledged).items():
            if count > (message_id in queued) + (message_id in acknowledged):
                self._double(f"{message_id} was queued or acknowledged more than once")
        digests: dict[str, set[str]] = defaultdict(set)
        for entry in self._received:
            digests[entry["message_id"]].add(entry["digest"])
        for message_id, seen in digests.items():
            if len(seen) > 1:
                self._double(f"{message_id} was pushed with {len(seen)} different contents")
        for ref, entries in self._answers.items():
            different = {entry["message_id"] for entry in entries}
            if len(different) > 1:
                self._double(f"{len(different)} different answers to {ref} reached the partner")
        self._verdict.given_up = len(given_up)
        self._verdict.repeats["pushes of a MessageId that the partner had"] += has.total() - len(has)
        self._verdict.count("partner", "messages from us", len(has), len(acknowledged))

    @staticmethod
    def _messages(by_id: dict[str, list[Event]], fact: Fact) -> Counter[str]:
        return Counter(
            dict(event.data)["message_id"]
            for story in by_id.values()
            for event in story
            if event.fact is fact
        )

    def _register(self, exchanges: Iterable[RowMapping], by_id: dict[str, list[Event]]) -> None:
        """What the register was asked: one key per exchange, and never without an entry in the log before."""
        keys = Counter(entry["request_id"] for entry in self._asked)
        ours = {row["national_request_id"]: row["id"] for row in exchanges}
        for key in sorted(set(keys) - set(ours)):
            self._double(f"the register was asked under the key {key}, which no exchange has")
        logged = delivered = 0
        for key, exchange_id in ours.items():
            facts = [event.fact for event in by_id[exchange_id]]
            logged += Fact.PROVIDER_ASKED in facts
            delivered += Fact.PROVIDER_ANSWERED in facts
            if key in keys and Fact.PROVIDER_ASKED not in facts:
                self._lose(f"{exchange_id}: the register was asked, the log does not know it")
            if Fact.PROVIDER_ANSWERED in facts and key not in keys:
                self._lose(f"{exchange_id}: the log has an answer of a register that was never asked")
        answered = sum(
            Fact.PROVIDER_ANSWERED in {e.fact for e in by_id[id_]} for key, id_ in ours.items() if key in keys
        )
        self._verdict.repeats["calls with a key that the register knew"] += keys.total() - len(keys)
        self._verdict.count("register", "exchanges that asked it", len(set(keys) & set(ours)), logged)
        self._verdict.count("register", "answers taken", answered, delivered)

    def _each(self, exchanges: Iterable[RowMapping], by_id: dict[str, list[Event]]) -> None:
        first_requests = {entry["message_id"] for entry in self._sent if entry["kind"] == "first"}
        began = Counter(row["request_message_id"] for row in exchanges)
        for message_id in sorted(first_requests - set(began)):
            if self._patient:
                self._lose(f"the request {message_id} has no exchange")
        for message_id, count in began.items():
            if count > 1 or message_id not in first_requests:
                self._double(f"{count} exchanges for {message_id}")
        seconds = {entry["first"]: entry["message_id"] for entry in self._sent if entry["kind"] == "second"}
        decided = told = approved = sent = 0
        for row in exchanges:
            story = by_id[row["id"]]
            self._story(row, story)
            citizen = [e for e in self._citizens if e["first"] == row["request_message_id"]]
            decision = next((dict(e.data) for e in story if e.fact is Fact.DECIDED), None)
            decided += decision is not None
            told += any(e["did"] == "decides" for e in citizen)
            self._citizen(row["id"], citizen, decision)
            answer = next(iter(self._answers.get(seconds.get(row["request_message_id"], "?"), [])), None)
            approved += int(decision["approved"]) if decision else 0
            sent += int(answer["documents"]) if answer else 0
            self._final(row, decision, answer)
        self._verdict.count("citizen", "decisions", told, decided)
        self._verdict.count("partner", "documents of evidence", sent, approved)

    def _story(self, row: RowMapping, story: list[Event]) -> None:
        """The end of an exchange, and what must be in its log once."""
        facts = Counter(event.fact for event in story)
        name = row["id"]
        if row["state"] != "closed":
            self._lose(f"{name} ended as {row['state']}")
        order = [event.fact for event in story]
        after = set(order[order.index(Fact.CLOSED) + 1 :]) if Fact.CLOSED in order else set()
        for fact in sorted(after - LATE):
            self._double(f"{name}: it went on after its end: {fact}")
        self._verdict.repeats["steps that broke and were done again"] += facts[Fact.STEP_FAILED]
        for fact in ONCE:
            if facts[fact] > 1:
                self._double(f"{name}: logged {facts[fact]} times: {fact}")
            if self._patient and not facts[fact]:
                self._lose(f"{name}: never logged: {fact}")

    def _citizen(self, name: str, citizen: list[Entry], decision: Entry | None) -> None:
        chosen = {int(e["approved"]) for e in citizen if e["did"] == "decides"}
        told = {int(e["approved"]) for e in citizen if e["did"] == "told" and e["step"] == "done"}
        if decision is not None and int(decision["approved"]) not in chosen:
            self._double(f"{name}: the log has a decision that the citizen did not take")
        if decision is None and told:
            self._lose(f"{name}: the citizen was told that the decision is taken; the log has none")
        if decision is not None and told - {int(decision["approved"])}:
            self._lose(f"{name}: the citizen was told of another decision than the log has")

    def _final(self, row: RowMapping, decision: Entry | None, answer: Entry | None) -> None:
        """The final answer against outcome and decision."""
        name, outcome = row["id"], row["outcome"]
        allowed = int(decision["approved"]) if decision else 0
        if self._patient and outcome not in ("approved", "declined"):
            self._lose(f"{name} ended as {outcome}, though no fault outlived its deadlines")
        if answer is None:
            if self._patient:
                self._lose(f"{name}: the partner never got the final answer")
            return
        if int(answer["documents"]) > allowed:
            self._double(f"{name}: {answer['documents']} documents were sent, {allowed} were allowed")
        if int(answer["documents"]) < allowed:
            self._lose(f"{name}: {answer['documents']} documents were sent, {allowed} were allowed")
        if outcome in FINAL and answer["kind"] != FINAL[outcome]:
            self._lose(f"{name}: {outcome}, and the partner got a {answer['kind']}")

    def _left(self, exchanges: Iterable[RowMapping], messages: Iterable[RowMapping]) -> None:
        """Nothing is kept that should have gone, nothing waits, nobody holds a lease."""
        with self._engine.connect() as connection:
            documents = connection.execute(text("SELECT count(*) FROM document")).scalar_one()
        if documents:
            self._lose(f"{documents} documents were not destroyed")
        for key, rows in (("id", exchanges), ("item", messages)):
            for row in rows:
                if row["owner"] is not None or row["lease_until"] is not None:
                    self._lose(f"{row[key]}: a lease was left behind")
                if row["due_at"] is not None:
                    self._lose(f"{row[key]}: it still waits")
        for row in exchanges:
            if any(row[held] for held in ("evidence_key", "sealed_inputs", "sealed_response")):
                self._lose(f"{row['id']}: its evidence was not destroyed")

    def _blobs(self, messages: Iterable[RowMapping], sweep: Callable[[], int], folder: Path) -> None:
        """Once what crashes left behind is swept, there are the blobs that messages name, and no others."""
        for file in folder.iterdir():
            os.utime(file, (0, 0))
        sweep()
        left, named = {file.name for file in folder.iterdir()}, {row["blob"] for row in messages} - {None}
        if left != named:
            self._lose(f"blobs: {len(named - left)} are missing, {len(left - named)} are named by nobody")

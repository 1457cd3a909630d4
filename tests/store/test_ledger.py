"""Rows, leases and events in one transaction."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError as SqlIntegrityError

from intermediary.audit import AuditLog
from intermediary.exchange import IllegalTransition, LeaseLost
from intermediary.exchange.contracts import Queue
from intermediary.exchange.model import (
    Direction,
    Document,
    Exchange,
    Fact,
    Message,
    MessageState,
    Outcome,
    State,
    event,
)
from tests.store.conftest import ledger_of

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LATER = NOON + timedelta(seconds=90)

EXCHANGE = Exchange(
    id="e1",
    state=State.SETTLED,
    due_at=NOON,
    created_at=NOON,
    updated_at=NOON,
    pmode_id="portal",
    edm_version="oots-edm:v2.0",
    conversation_id="c1",
    request_message_id="m1@x",
    request_id="urn:uuid:1",
    answer_to="m1@x",
    outcome=Outcome.APPROVED,
    token_hash="t",
    approved=("a@b", "c@d"),
    evidence_key=b"wrapped",
    national_request_id="n1",
)
MESSAGE = Message(
    direction=Direction.IN,
    message_id="m1@x",
    pmode_id="portal",
    state=MessageState.STORED,
    due_at=NOON,
    at=NOON,
    action="ExecuteQueryRequest",
    conversation_id="c1",
    properties=(("originalSender", "IT1", "urn:type"), ("ExchangeId", "x", "")),
    references=(("cid:a@b", "sha256", "00ff"),),
    receipt=b"<r/>",
    receipt_type="application/soap+xml",
    key=b"k",
    sealed=b"s",
)


def test_an_exchange_is_read_as_it_was_written(engine: Engine) -> None:
    ledger = ledger_of(engine)
    with ledger.begin() as tx:
        tx.save(EXCHANGE, None)
    with ledger.begin() as tx:
        assert tx.exchange("e1") == EXCHANGE
        assert tx.exchange_by_token("t") == EXCHANGE
        assert tx.exchange_by_national_request("n1") == EXCHANGE
        assert tx.exchange("e2") is None


def test_a_message_is_read_as_it_was_written(engine: Engine) -> None:
    ledger = ledger_of(engine)
    with ledger.begin() as tx:
        tx.save_message(MESSAGE)
    with ledger.begin() as tx:
        assert tx.message(MESSAGE.item) == MESSAGE


def test_nothing_is_written_when_a_transaction_fails(engine: Engine) -> None:
    ledger = ledger_of(engine)
    with pytest.raises(RuntimeError), ledger.begin() as tx:
        tx.save(EXCHANGE, None)
        tx.log("e1", event(Fact.CLOSED, NOON))
        raise RuntimeError
    with ledger.begin() as tx:
        assert tx.exchange("e1") is None
    assert AuditLog(engine).exchanges() == ()


def test_a_transition_that_is_not_in_the_table_is_refused(engine: Engine) -> None:
    ledger = ledger_of(engine)
    with ledger.begin() as tx:
        tx.save(EXCHANGE, None)
    with pytest.raises(IllegalTransition), ledger.begin() as tx:
        tx.save(replace(EXCHANGE, state=State.PREVIEWING), State.SETTLED)
    with pytest.raises(IllegalTransition), ledger.begin() as tx:
        tx.save(replace(EXCHANGE, id="e2", state=State.CLOSED), None)


def test_what_is_due_is_claimed_by_one_owner_until_the_lease_is_over(engine: Engine) -> None:
    ledger = ledger_of(engine)
    with ledger.begin() as tx:
        tx.save(EXCHANGE, None)
    claim = ledger.claim
    assert claim([Queue.EXCHANGE], owner="a", now=NOON - timedelta(seconds=1), until=LATER) is None
    assert claim([Queue.EXCHANGE], owner="a", now=NOON, until=LATER) == (Queue.EXCHANGE, "e1")
    assert claim([Queue.EXCHANGE], owner="b", now=NOON, until=LATER) is None
    with ledger.begin() as tx:
        assert tx.owns(Queue.EXCHANGE, "e1", "a")
        assert not tx.owns(Queue.EXCHANGE, "e1", "b")
    assert claim([Queue.EXCHANGE], owner="b", now=LATER, until=LATER + timedelta(seconds=90)) == (
        Queue.EXCHANGE,
        "e1",
    )
    with ledger.begin() as tx:
        assert not tx.owns(Queue.EXCHANGE, "e1", "a")


def test_a_new_state_ends_the_lease_and_the_same_state_keeps_it(engine: Engine) -> None:
    ledger = ledger_of(engine)
    with ledger.begin() as tx:
        tx.save(EXCHANGE, None)
    ledger.claim([Queue.EXCHANGE], owner="a", now=NOON, until=LATER)
    with ledger.begin() as tx:
        tx.save(replace(EXCHANGE, second_request_id="urn:uuid:2"), State.SETTLED)
        assert tx.owns(Queue.EXCHANGE, "e1", "a")
        tx.save(replace(EXCHANGE, state=State.ANSWERING), State.SETTLED)
        assert not tx.owns(Queue.EXCHANGE, "e1", "a")


def test_incoming_and_outgoing_messages_are_different_queues(engine: Engine) -> None:
    ledger = ledger_of(engine)
    out = replace(MESSAGE, direction=Direction.OUT, state=MessageState.QUEUED)
    with ledger.begin() as tx:
        tx.save_message(MESSAGE)
        tx.save_message(out)
    assert ledger.claim([Queue.OUTGOING], owner="a", now=NOON, until=LATER) == (Queue.OUTGOING, out.item)
    assert ledger.claim([Queue.OUTGOING], owner="a", now=NOON, until=LATER) is None
    assert ledger.claim([Queue.INCOMING], owner="a", now=NOON, until=LATER) == (Queue.INCOMING, MESSAGE.item)


def test_many_workers_share_the_work_without_doing_any_twice(engine: Engine) -> None:
    ledger = ledger_of(engine)
    with ledger.begin() as tx:
        for n in range(60):
            tx.save(replace(EXCHANGE, id=f"e{n}", token_hash=f"t{n}"), None)
    claimed: list[str] = []

    def work(owner: str) -> None:
        while (item := ledger.claim([Queue.EXCHANGE], owner=owner, now=NOON, until=LATER)) is not None:
            claimed.append(item[1])

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == sorted(f"e{n}" for n in range(60))


def test_documents_keep_their_order_and_are_destroyed_together(engine: Engine) -> None:
    ledger = ledger_of(engine)
    documents = tuple(Document("e1", f"{n}@x", "application/pdf", n, b"sealed") for n in (3, 1, 2))
    with ledger.begin() as tx:
        tx.save(EXCHANGE, None)
        for document in documents:
            tx.save_document(document)
    with ledger.begin() as tx:
        assert tx.documents("e1") == documents
        assert tx.destroy_documents("e1") == 3
        assert tx.documents("e1") == ()


def test_the_same_message_stored_by_two_nodes_is_told_as_a_lost_lease(engine: Engine) -> None:
    # SQLite serialises writers, so the second node's insert is forced past the look-up.
    ledger = ledger_of(engine)
    with ledger.begin() as tx:
        tx.save_message(MESSAGE)
    with pytest.raises(LeaseLost), ledger.begin() as tx:
        tx.message = lambda _item: None  # type: ignore[assignment]
        tx.save_message(MESSAGE)


def test_the_log_shows_a_change_and_a_gap(engine: Engine) -> None:
    ledger, log = ledger_of(engine), AuditLog(engine)
    with ledger.begin() as tx:
        tx.save(EXCHANGE, None)
        for n in range(4):
            tx.log("e1", event(Fact.PROVIDER_ASKED, NOON, attempt=n))
    story = log.story("e1")
    assert story is not None
    assert story.intact
    assert [dict(e.data)["attempt"] for e in story.events] == ["0", "1", "2", "3"]
    assert log.broken_streams() == ()
    with engine.begin() as connection:
        connection.execute(text('UPDATE event SET data = \'{"attempt": "9"}\' WHERE number = 2'))
    assert log.broken_streams() == ("e1",)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM event WHERE number = 2"))
    assert log.broken_streams() == ("e1",)


def test_a_story_is_found_by_the_beginning_of_its_id_if_that_fits_only_one(engine: Engine) -> None:
    with ledger_of(engine).begin() as tx:
        for exchange_id in ("abc-1", "abd-2"):
            tx.save(replace(EXCHANGE, id=exchange_id, token_hash=exchange_id), None)
    log = AuditLog(engine)
    found = log.story("abc")
    assert found is not None
    assert found.summary.id == "abc-1"
    assert log.story("ab") is None
    assert log.story("%") is None


def at_once(*works: Callable[[], object]) -> list[object]:
    """Do all at the same moment, each in a thread; what each gave or raised."""
    barrier = threading.Barrier(len(works))

    def one(work: Callable[[], object]) -> object:
        barrier.wait()
        try:
            return work()
        except LeaseLost as lost:
            return lost

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(one, works))


def test_nodes_that_append_to_one_stream_at_once_keep_its_chain(engine: Engine) -> None:
    ledger = ledger_of(engine)
    with ledger.begin() as tx:
        tx.save(EXCHANGE, None)

    def append() -> None:
        for n in range(15):
            with ledger.begin() as tx:
                tx.log("platform", event(Fact.TEST_RECEIVED, NOON, attempt=n))
            with ledger.begin() as tx:
                tx.log("e1", event(Fact.PROVIDER_ASKED, NOON, attempt=n))

    at_once(*[append] * 4)
    log = AuditLog(engine)
    story = log.story("e1")
    assert story is not None
    assert (len(log.platform()), len(story.events)) == (60, 60)
    assert log.broken_streams() == ()


def test_one_of_two_nodes_stores_a_message_that_comes_to_both(engine: Engine) -> None:
    ledger = ledger_of(engine)

    def store_it() -> bool:
        with ledger.begin() as tx:
            if tx.message(MESSAGE.item) is not None:
                return False
            tx.save_message(MESSAGE)
            return True

    results = at_once(*[store_it] * 4)
    assert results.count(True) == 1


def test_one_of_two_nodes_takes_on_a_request_id(engine: Engine) -> None:
    ledger = ledger_of(engine)

    def take_on(number: int) -> bool:
        with ledger.begin() as tx:
            if tx.request_id_seen(EXCHANGE.request_id):
                return False
            tx.save(replace(EXCHANGE, id=f"e{number}", token_hash=f"t{number}"), None)
            return True

    results = at_once(*(partial(take_on, n) for n in range(4)))
    assert results.count(True) == 1


def test_one_of_two_nodes_moves_an_exchange_on(engine: Engine) -> None:
    ledger = ledger_of(engine)
    with ledger.begin() as tx:
        tx.save(EXCHANGE, None)

    def move() -> None:
        with ledger.begin() as tx:
            tx.save(replace(EXCHANGE, state=State.ANSWERING), State.SETTLED)

    results = at_once(*[move] * 4)
    assert sum(isinstance(result, LeaseLost) for result in results) == 3


def test_a_duplicate_and_the_work_on_its_exchange_do_not_wait_for_each_other(engine: Engine) -> None:
    ledger = ledger_of(engine)
    with ledger.begin() as tx:
        tx.save(EXCHANGE, None)
        tx.save_message(replace(MESSAGE, exchange_id="e1"))

    def duplicate() -> None:
        for _ in range(8):
            with ledger.begin() as tx:
                assert tx.message(MESSAGE.item)
                time.sleep(0.005)
                tx.log("e1", event(Fact.DUPLICATE_RECEIVED, NOON))

    def work() -> None:
        for _ in range(8):
            with ledger.begin() as tx:
                assert tx.exchange("e1")
                time.sleep(0.005)
                assert tx.message(MESSAGE.item)

    at_once(duplicate, work)
    assert AuditLog(engine).broken_streams() == ()


def test_a_broken_statement_raises_what_sqlalchemy_raises_and_tells_no_values(engine: Engine) -> None:
    ledger = ledger_of(engine)
    with ledger.begin() as tx:
        tx.save(EXCHANGE, None)
    with pytest.raises(SqlIntegrityError) as broken, ledger.begin() as tx:
        tx.save(replace(EXCHANGE, id="e2"), None)  # its preview token is taken
    assert "wrapped" not in f"{broken.value!r} {broken.value}"
    with ledger.begin() as tx:
        assert tx.exchange("e2") is None

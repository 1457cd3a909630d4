"""Large content lies in blobs, which share the fate of the rows that name them."""

from datetime import timedelta

import pytest

from intermediary.as4.model import Packed
from intermediary.exchange import outbox, sealing
from intermediary.exchange.contracts import Queue
from intermediary.sandbox.doubles import PDF, Partner
from tests.exchange.house import House, a_request


@pytest.fixture(autouse=True)
def _everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "INLINE", 0)


def _blobs(house: House) -> set[str]:
    return {file.name for file in (house.folder / "blobs").iterdir()}


def _named(house: House, direction: str) -> set[str]:
    query = f"SELECT blob FROM message WHERE blob IS NOT NULL AND direction = '{direction}'"
    with house.engine.connect() as connection:
        return set(connection.exec_driver_sql(query).scalars())


def test_documents_and_answers_go_when_the_exchange_is_over(house: House) -> None:
    request = a_request()
    token, view = house.preview(request)
    assert len(view.documents) == 2
    assert len(_blobs(house) - _named(house, "in")) == 2, "the documents that the citizen sees"
    house.partner.unreachable = 1
    house.desk.decide(token, "visitor-1", frozenset(d.id for d in view.documents))
    house.push(house.second(request, token))
    house.work()
    assert len(_named(house, "out")) == 1, "the answer waits to be sent again"
    house.clock.advance(minutes=1)
    house.work()
    assert PDF in [p.content for p in house.partner.delivered[-1].payloads]
    assert house.story().summary.state == "closed"
    assert _blobs(house) == _named(house, "in")
    assert _named(house, "out") == set()


def test_declined_documents_go_at_once(house: House) -> None:
    token, view = house.preview(a_request())
    assert view.documents
    house.desk.decide(token, "visitor-1", frozenset())
    assert _blobs(house) == _named(house, "in")


def test_a_document_is_shown_in_chunks(house: House) -> None:
    token, view = house.preview(a_request())
    shown = {kind: bytes(content) for kind, content in
             (house.desk.document(token, "visitor-1", d.id) for d in view.documents)}  # fmt: skip
    assert shown["application/pdf"] == PDF


def test_a_duplicate_leaves_no_second_blob(house: House) -> None:
    packed = house.partner.pack(a_request())
    first = house.receive(packed)
    assert house.receive(packed) == first
    assert len(_blobs(house)) == 1


def test_no_blob_can_be_read_without_the_platform_key(house: House) -> None:
    house.preview(a_request())
    for name in _blobs(house):
        content = (house.folder / "blobs" / name).read_bytes()
        assert b"%PDF" not in content
        assert b"QueryRequest" not in content


def test_nobody_else_begins_to_send_what_takes_long(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "SLOWEST_PARTNER", 1)
    claimed: list[tuple[Queue, str] | None] = []
    push = Partner.__call__

    def slow(partner: Partner, url: str, packed: Packed) -> tuple[int, str, bytes]:
        later = house.clock() + house.timing.lease + timedelta(seconds=1)
        claimed.append(house.ledger.claim([Queue.OUTGOING], owner="other", now=later, until=later))
        return push(partner, url, packed)

    monkeypatch.setattr(Partner, "__call__", slow)
    house.begin(a_request())
    assert claimed == [None]

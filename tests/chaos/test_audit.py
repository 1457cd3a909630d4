"""The auditor finds what it is there for: books and log are tampered with, one thing at a time."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from intermediary import store
from intermediary.sandbox.pki import make_pki
from intermediary.sandbox.world import World
from tests import postgresql
from tests.chaos.audit import Verdict
from tests.chaos.story import audit, prepare, run

Line = dict[str, object]


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole exchange that nobody tampered with."""
    base = tmp_path_factory.mktemp("honest")
    keys = World(base / "keys")
    make_pki(keys)
    engine = store.open_engine(f"sqlite:///{keys.root}/ledger.sqlite")
    store.migrate(engine)
    engine.dispose()
    prepare(base / "world", keys, None)
    run(base / "world", 0, None)
    return base / "world"


@pytest.fixture
def world(honest: Path, tmp_path: Path) -> Path:
    """A copy to tamper with."""
    copy = tmp_path / "world"
    shutil.copytree(honest, copy, symlinks=True)
    (copy / "database").write_text(f"sqlite:///{copy}/ledger.sqlite")
    return copy


def book(world: Path, name: str, change: Callable[[list[Line]], list[Line]]) -> None:
    """Rewrite the book of a party."""
    path = world / f"{name}.jsonl"
    lines = change([json.loads(line) for line in path.read_text().splitlines()])
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def ledger(world: Path, statement: str) -> None:
    """Change the ledger behind its back; something must be there to be changed."""
    engine = store.open_engine((world / "database").read_text())
    with engine.begin() as connection:
        assert connection.execute(text(statement)).rowcount > 0
    engine.dispose()


def found(findings: list[str], words: str) -> bool:
    """True where a finding has these words."""
    return any(words in finding for finding in findings)


def test_an_honest_world_has_no_findings(world: Path) -> None:
    verdict = audit(world)
    assert (verdict.lost, verdict.doubled) == ([], [])
    sides = {
        key[:2]: (verdict.table[*key[:2], "has"], verdict.table[*key[:2], "says"]) for key in verdict.table
    }
    assert sides["partner", "messages from us"] == (2, 2)
    assert sides["partner", "documents of evidence"] == (2, 2)
    assert sides["register", "exchanges that asked it"] == (1, 1)
    assert sides["citizen", "decisions"] == (1, 1)


@pytest.mark.parametrize(
    ("name", "kept", "words"),
    [
        ("partner", lambda e: e["kind"] != "EvidenceResponse", "the partner does not have it"),
        ("partner", lambda e: e["kind"] != "EvidenceErrorResponse", "the partner does not have it"),
        ("register", lambda _e: False, "of a register that was never asked"),
        ("sent", lambda e: e["receipt"] == "", "never got a receipt"),
    ],
)
def test_a_line_that_is_missing_in_a_book_is_a_loss(
    world: Path, name: str, kept: Callable[[Line], bool], words: str
) -> None:
    book(world, name, lambda lines: [line for line in lines if kept(line)])
    assert found(audit(world).lost, words)


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("partner", {"message_id": "another@platform.sandbox"}, "2 different answers"),
        ("partner", {"digest": "0" * 64}, "with 2 different contents"),
        ("register", {"request_id": "another"}, "which no exchange has"),
        ("sent", {"receipt": "0" * 64}, "2 different receipts"),
    ],
)
def test_a_second_delivery_is_a_double(
    world: Path, name: str, changes: dict[str, object], words: str
) -> None:
    book(world, name, lambda lines: [*lines, {**lines[-1], **changes}])
    assert found(audit(world).doubled, words)


def test_the_same_delivery_again_is_none(world: Path) -> None:
    for name in ("partner", "register", "sent"):
        book(world, name, lambda lines: [*lines, lines[-1]])
    verdict = audit(world)
    assert (verdict.lost, verdict.doubled) == ([], [])
    assert verdict.repeats["pushes of a MessageId that the partner had"] == 1
    assert verdict.repeats["calls with a key that the register knew"] == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET data = json_set(data, '$.approved', '1') WHERE fact = 'decided'",
        "UPDATE event SET at = datetime(at, '+1 hour') WHERE fact = 'provider-asked'",
        "DELETE FROM event WHERE fact = 'citizen-identified'",
        "DELETE FROM event WHERE fact = 'message-queued'",
        "UPDATE event SET digest = '' WHERE fact = 'decided'",
    ],
)
def test_an_event_that_was_changed_or_removed_breaks_the_chain(world: Path, statement: str) -> None:
    ledger(world, statement)
    assert found(audit(world).lost, "chain of digests is broken")


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE exchange SET state = 'answering'", "ended as answering"),
        ("UPDATE exchange SET outcome = 'failed'", "ended as failed"),
        ("UPDATE exchange SET evidence_key = x'00'", "its evidence was not destroyed"),
        ("UPDATE message SET owner = 'somebody'", "a lease was left behind"),
        ("UPDATE message SET due_at = at", "it still waits"),
        ("UPDATE message SET state = 'stored' WHERE direction = 'in'", "never handled"),
        ("DELETE FROM message WHERE direction = 'in'", "of which nothing is stored"),
        ("DELETE FROM exchange", "of which there is no exchange"),
        (
            "INSERT INTO document (exchange_id, content_id, media_type, size) "
            "SELECT id, 'c', 'application/pdf', 1 FROM exchange",
            "documents were not destroyed",
        ),
    ],
)
def test_what_is_left_in_the_ledger_is_a_loss(world: Path, statement: str, words: str) -> None:
    ledger(world, statement)
    assert found(audit(world).lost, words)


def test_a_blob_that_is_missing_is_a_loss(world: Path) -> None:
    next((world / "blobs").iterdir()).unlink()
    assert found(audit(world).lost, "blobs: 1 are missing")


def test_evidence_that_nobody_allowed_is_a_double(world: Path) -> None:
    book(world, "citizen", lambda lines: [{**line, "approved": "1"} for line in lines])
    verdict = audit(world)
    assert found(verdict.doubled, "a decision that the citizen did not take")
    assert found(verdict.lost, "told of another decision")
    book(world, "partner", lambda lines: [{**line, "documents": 3} for line in lines])
    assert found(audit(world).doubled, "3 documents were sent, 2 were allowed")


def test_a_document_that_is_missing_is_a_loss(world: Path) -> None:
    book(world, "partner", lambda lines: [{**line, "documents": 1} for line in lines])
    assert found(audit(world).lost, "1 documents were sent, 2 were allowed")


def test_the_log_of_postgresql_is_audited_the_same(honest: Path, tmp_path: Path) -> None:
    cluster = postgresql.shared()
    name = cluster.create()
    world = tmp_path / "world"
    prepare(world, World(honest.parent / "keys"), cluster.url(name))
    run(world, 0, None)
    verdict: Verdict = audit(world)
    assert (verdict.lost, verdict.doubled) == ([], [])
    ledger(world, "UPDATE event SET fact = 'settled' WHERE fact = 'decided'")
    assert found(audit(world).lost, "chain of digests is broken")
    cluster.drop(name)

"""A database of the first schema, in use, comes along: its versions live on, nothing of them is lost."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from intermediary import store
from intermediary.audit import AuditLog
from intermediary.mapping import MappingStore, State, documents_of
from intermediary.mapping.tables import MappingEntryRow, MappingVersionRow
from intermediary.store.migrations import check
from tests import postgresql
from tests.mapping.studio import LICENCE, SHIPPED, TODAY, published

BEGIN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(params=postgresql.BOTH)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    """A database at 0005 with three versions of the set: first import, a new law, one mapping withdrawn."""
    from sqlmodel import Session

    url = f"sqlite:///{tmp_path}/old.sqlite"
    if request.param == "postgresql":
        cluster = postgresql.shared()
        url = cluster.url(cluster.create("template0"))
    engine = store.open_engine(url)
    store.migrate(engine, "0005")
    first = documents_of(SHIPPED)
    with Session(engine) as session, session.begin():
        changes: tuple[dict[str, Any], ...] = (
            first,
            {LICENCE: {**first[LICENCE], "legal_basis": "§ 1"}},
            {"evidence/eheurkunde": None},
        )
        for number, documents in enumerate(changes, 1):
            at = BEGIN + timedelta(days=number)
            session.add(MappingVersionRow(number=number, author="operator", reason="why", saved_at=at))
            session.flush()
            for entry, document in documents.items():
                session.add(MappingEntryRow(entry=entry, version=number, document=document))
    return engine


def test_what_was_live_is_live_and_what_was_before_is_kept(old: Engine) -> None:
    store.migrate(old)
    check(old)
    held = MappingStore(old)
    live = held.live(TODAY)
    assert live.revision == 3
    assert live.by_key("eheurkunde") is None
    assert len(live.mappings) == len(SHIPPED.mappings) - 1
    licence = live.by_key("fahrerlaubnis")
    assert licence is not None
    assert licence.legal_basis == "§ 1"
    assert held.as_of(1, TODAY) == SHIPPED
    now, before = held.versions(LICENCE)
    assert (now.number, now.state, now.author, now.based_on) == (2, State.LIVE, "operator", 1)
    assert (before.state, before.published_at) == (State.RETIRED, BEGIN + timedelta(days=1))
    assert {step.via for step in held.history()} == {"import"}
    assert AuditLog(old).broken_streams() == ()


def test_work_goes_on_from_there(old: Engine) -> None:
    store.migrate(old)
    held = MappingStore(old)
    assert published(held, legal_basis="§ 2").number == 3
    held.roll_back("evidence/eheurkunde", 1, actor="Ada", reason="needed", at=BEGIN + timedelta(days=300))
    assert held.live(TODAY).by_key("eheurkunde") is not None
    assert AuditLog(old).broken_streams() == ()


def test_what_an_older_node_reads_is_still_there(old: Engine) -> None:
    with old.connect() as connection:
        before = connection.execute(text("SELECT count(*) FROM mapping_entry")).scalar()
    store.migrate(old)
    published(MappingStore(old), legal_basis="§ 2")
    with old.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM mapping_entry")).scalar() == before

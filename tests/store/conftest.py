"""A real database for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from intermediary import store


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A migrated SQLite file."""
    engine = store.open_engine(f"sqlite:///{tmp_path}/ledger.sqlite")
    store.migrate(engine)
    yield engine
    engine.dispose()


def ledger_of(engine: Engine) -> store.SqlLedger:
    """A ledger on a SQLite file, with its blobs beside it."""
    folder = Path(engine.url.database or "").parent / "blobs"
    return store.SqlLedger(engine, store.FileBlobs(folder, store.KeyVault(bytes(32))))

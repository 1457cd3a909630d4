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

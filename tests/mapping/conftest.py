"""A copy of the shipped set to break, and a real database."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from intermediary import store
from intermediary.shipped import shipped


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped mapping set."""
    return Path(shutil.copytree(shipped("mappings"), tmp_path / "mappings"))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A migrated SQLite file."""
    engine = store.open_engine(f"sqlite:///{tmp_path}/mappings.sqlite")
    store.migrate(engine)
    yield engine
    engine.dispose()

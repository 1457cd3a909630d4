"""A stage on a database of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import postgresql
from tests.nodes.stage import Stage


@pytest.fixture
def database() -> Iterator[str]:
    """The URL of a fresh, migrated PostgreSQL database."""
    cluster = postgresql.shared()
    name = cluster.create()
    yield cluster.url(name)
    cluster.drop(name)


@pytest.fixture
def empty_database() -> Iterator[str]:
    """The URL of a PostgreSQL database without tables."""
    cluster = postgresql.shared()
    name = cluster.create("template0")
    yield cluster.url(name)
    cluster.drop(name)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """On SQLite."""
    stage = Stage.set_up(tmp_path)
    yield stage
    stage.close()

"""A real database for each test, of both kinds."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from intermediary import store
from tests import postgresql


@pytest.fixture(params=postgresql.BOTH)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database without tables."""
    yield from _opened(request.param, tmp_path, template="template0")


@pytest.fixture(params=postgresql.BOTH)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A migrated database."""
    yield from _opened(request.param, tmp_path, template="migrated")


def _opened(kind: str, folder: Path, template: str) -> Iterator[Engine]:
    if kind == "sqlite":
        engine = store.open_engine(f"sqlite:///{folder}/ledger.sqlite")
        if template == "migrated":
            store.migrate(engine)
        yield engine
        engine.dispose()
        return
    cluster = postgresql.shared()
    name = cluster.create(template)
    engine = store.open_engine(cluster.url(name))
    yield engine
    engine.dispose()
    cluster.drop(name)


def ledger_of(engine: Engine) -> store.SqlLedger:
    """A ledger on a test's database, with its blobs beside it."""
    url = engine.url
    beside = Path(str(url.query["host"])) if url.query else Path(url.database or "").parent
    folder = beside / f"blobs-{Path(url.database or '').name}"
    return store.SqlLedger(engine, store.FileBlobs(folder, store.KeyVault(bytes(32))))

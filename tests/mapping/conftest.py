"""A copy of the shipped set to break, and real databases of both kinds."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from intermediary import store
from intermediary.mapping import MappingStore
from intermediary.shipped import shipped
from tests import postgresql
from tests.mapping.studio import NOW, SHIPPED


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped mapping set."""
    return Path(shutil.copytree(shipped("mappings"), tmp_path / "mappings"))


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file without rows, to be copied: to migrate takes longer than most tests."""
    file = tmp_path_factory.mktemp("mappings") / "migrated.sqlite"
    engine = store.open_engine(f"sqlite:///{file}")
    store.migrate(engine)
    store.scrub(engine)
    engine.dispose()
    return file


@pytest.fixture
def sqlite(tmp_path: Path, migrated: Path) -> Iterator[Engine]:
    """A migrated SQLite database."""
    engine = store.open_engine(f"sqlite:///{shutil.copy(migrated, tmp_path / 'mappings.sqlite')}")
    yield engine
    engine.dispose()


@pytest.fixture(params=postgresql.BOTH)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A migrated database of either kind, for what a database may do in its own way."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite")
        return
    cluster = postgresql.shared()
    name = cluster.create()
    engine = store.open_engine(cluster.url(name))
    yield engine
    engine.dispose()
    cluster.drop(name)


def _kept(engine: Engine) -> MappingStore:
    held = MappingStore(engine, via="test")
    held.adopt(SHIPPED, actor="platform", reason="first start", at=NOW)
    return held


@pytest.fixture
def kept(sqlite: Engine) -> MappingStore:
    """A store in which the shipped set is live."""
    return _kept(sqlite)


@pytest.fixture
def everywhere(engine: Engine) -> MappingStore:
    """The same on either kind of database."""
    return _kept(engine)

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


@pytest.fixture(params=postgresql.BOTH)
def engine(request: pytest.FixtureRequest, tmp_path: Path, migrated: Path) -> Iterator[Engine]:
    """A migrated database."""
    if request.param == "sqlite":
        file = shutil.copy(migrated, tmp_path / "mappings.sqlite")
        engine = store.open_engine(f"sqlite:///{file}")
        yield engine
        engine.dispose()
        return
    cluster = postgresql.shared()
    name = cluster.create()
    engine = store.open_engine(cluster.url(name))
    yield engine
    engine.dispose()
    cluster.drop(name)


@pytest.fixture
def kept(engine: Engine) -> MappingStore:
    """A store in which the shipped set is live."""
    held = MappingStore(engine, via="test")
    held.adopt(SHIPPED, actor="platform", reason="first start", at=NOW)
    return held

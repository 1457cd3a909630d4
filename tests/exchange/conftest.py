"""One house per test; keys are made once."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from intermediary import store
from intermediary.sandbox.pki import make_pki
from intermediary.sandbox.world import World
from tests import postgresql
from tests.exchange.house import House


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world whose keys all tests of this process share."""
    world = World(tmp_path_factory.mktemp("keys"))
    make_pki(world)
    engine = store.open_engine(f"sqlite:///{world.root}/ledger.sqlite")
    store.migrate(engine)
    engine.dispose()
    return world


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The stories are told on both databases; what else is tested in here does not reach the ledger's SQL."""
    if "house" in metafunc.fixturenames and metafunc.module.__name__.endswith("test_stories"):
        metafunc.parametrize("house", postgresql.BOTH, indirect=True)


@pytest.fixture
def house(request: pytest.FixtureRequest, tmp_path: Path, keys: World) -> Iterator[House]:
    """A platform on a fresh database."""
    (tmp_path / "pki").symlink_to(keys.root / "pki")
    if getattr(request, "param", "sqlite") == "sqlite":
        shutil.copy(keys.root / "ledger.sqlite", tmp_path)
        house = House(tmp_path)
        yield house
        house.engine.dispose()
        return
    cluster = postgresql.shared()
    name = cluster.create()
    house = House(tmp_path, database=cluster.url(name))
    yield house
    house.engine.dispose()
    cluster.drop(name)

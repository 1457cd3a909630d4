"""One house per test; keys are made once."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from intermediary import store
from intermediary.sandbox.pki import make_pki
from intermediary.sandbox.world import World
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


@pytest.fixture
def house(tmp_path: Path, keys: World) -> Iterator[House]:
    """A platform on a fresh database."""
    (tmp_path / "pki").symlink_to(keys.root / "pki")
    shutil.copy(keys.root / "ledger.sqlite", tmp_path)
    house = House(tmp_path)
    yield house
    house.engine.dispose()

"""One house per test; keys are made once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from intermediary.sandbox.pki import make_pki
from intermediary.sandbox.world import World
from tests.exchange.house import House


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world whose keys all tests of this process share."""
    world = World(tmp_path_factory.mktemp("keys"))
    make_pki(world)
    return world


@pytest.fixture
def house(tmp_path: Path, keys: World) -> Iterator[House]:
    """A platform on a fresh database."""
    (tmp_path / "pki").symlink_to(keys.root / "pki")
    house = House(tmp_path)
    yield house
    house.engine.dispose()

"""A platform with exchanges, and its console beside it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from intermediary import console, store
from intermediary.operators_exchanges import ConsoleExchanges
from intermediary.sandbox.pki import make_pki
from intermediary.sandbox.world import World
from tests.console.conftest import ConsoleHouse
from tests.exchange.house import House


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world whose keys all tests share."""
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
    made = House(tmp_path)
    yield made
    made.engine.dispose()


class Watch:
    """The house's console."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.exchanges = ConsoleExchanges(
            house.engine, house.exchanges, lambda _day: house.mappings, ("portal",), house.clock
        )
        self.console = ConsoleHouse(house.engine, (console.exchanges_part(self.exchanges, house.clock),))

    @property
    def journal(self) -> list[tuple[str, str, dict[str, object]]]:
        """What operators did."""
        return self.console.journal

    def browser(self, who: str = "vera") -> TestClient:
        """A browser that an operator is signed in with."""
        return self.console.browser(who)

    def post(self, who: TestClient, path: str, **fields: str) -> str:
        """The page that a form is answered with, after being led on."""
        answer = who.post(f"/console{path}", data={"csrf": self.console.csrf(who), **fields})
        if answer.status_code == 303:
            answer = who.get(answer.headers["location"])
        page: str = answer.text
        return page


@pytest.fixture
def watch(house: House) -> Watch:
    """The console of the house."""
    return Watch(house)

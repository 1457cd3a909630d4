"""A console on a real database, with operators that sign in by the development login."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient

from intermediary import console, store
from intermediary.app import build, create_app
from intermediary.console.desk import Desk
from intermediary.sandbox.pki import make_pki
from intermediary.sandbox.platform_files import write_platform_files
from intermediary.sandbox.world import World
from intermediary.settings import load_settings
from tests.browsing import axe, browser  # noqa: F401 - fixtures
from tests.preview.serving import certificate, listening, serve

STATIC = Path(console.__file__).parents[1] / "preview" / "static"
"""The design system that all pages share."""
BASE = "https://localhost"
SECRET = "0123456789abcdef0123456789abcdef"


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


class ConsoleHouse:
    """One console: its desk, what operators did, and browsers."""

    def __init__(self, engine: Engine, parts: tuple[console.Part, ...] = ()) -> None:
        self.engine, self.clock = engine, Clock()
        self.journal: list[tuple[str, str, dict[str, object]]] = []
        settings = console.ConsoleSettings(
            session_secret=SECRET,
            public_url=BASE,
            development_login=True,
            sandbox=True,
            operator_name="Bundesverwaltungsamt",
        )
        self.tokens = console.Tokens(settings, None)
        self.desk = Desk(
            settings=settings,
            sessions=console.Sessions(engine, settings, self.clock),
            tokens=self.tokens,
            journal=self._record,
            clock=self.clock,
            areas=tuple(area for part in parts for area in part.areas),
            attention=tuple(look for part in parts for look in part.attention),
        )
        self.app = FastAPI(openapi_url=None)
        self.app.mount("/preview/static", StaticFiles(directory=STATIC))
        self.app.mount("/console", console.create_app(self.desk, self.tokens, None, parts))

    def browser(self, who: str | None = None) -> TestClient:
        """A browser, signed in as one of the sandbox's operators (vera, erik, anna, otto, ada)."""
        client = TestClient(self.app, base_url=BASE, follow_redirects=False)
        if who is not None:
            answer = client.post("/console/login/development", data={"who": who})
            assert answer.status_code == 303, answer.text
        return client

    @contextmanager
    def served(self, folder: Path) -> Iterator[str]:
        """The console on a real socket with TLS; its address."""
        certificate_file, key_file = certificate(folder)
        with listening() as (bound, url), serve(self.app, bound, certificate_file, key_file):
            yield f"{url}/console"

    def token(self, who: str) -> dict[str, str]:
        """Headers with a token for the HTTP API."""
        answer = self.browser().post(
            "/console/login/development", data={"who": who}, headers={"accept": "application/json"}
        )
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def csrf(self, client: TestClient) -> str:
        """What forms of this browser's session must carry."""
        return self.desk.sessions.csrf(client.cookies["__Host-console"])

    def _record(self, operator: console.Operator, action: str, **data: object) -> None:
        self.journal.append((operator.subject, action, data))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A migrated SQLite database."""
    made = store.open_engine(f"sqlite:///{tmp_path}/console.db")
    store.migrate(made)
    yield made
    made.dispose()


@pytest.fixture
def console_house(engine: Engine) -> Callable[..., ConsoleHouse]:
    """A console with these parts."""

    def made(*parts: console.Part) -> ConsoleHouse:
        return ConsoleHouse(engine, parts)

    return made


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The sandbox's platform in this process, with its own settings."""
    world = World(tmp_path_factory.mktemp("world"))
    make_pki(world)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INTERMEDIARY_SETTINGS", str(write_platform_files(world)))
        wired = build(load_settings())
    yield TestClient(create_app(wired), base_url=BASE, follow_redirects=False)
    wired.engine.dispose()

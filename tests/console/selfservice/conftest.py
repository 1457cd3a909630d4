"""A console and the providers' own pages on one real database; the kit really runs, at what may be called."""

import re
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from intermediary import store
from intermediary.console.selfservice import Counted, Invitations, Runs, provider_app, selfservice_part
from intermediary.console.selfservice.runs import Run
from intermediary.mapping import MappingStore, Provider
from intermediary.national.xnachweis import RELEASE
from intermediary.provider_kit import Plan, Report, run_kit
from intermediary.sandbox.pki import make_pki
from intermediary.sandbox.world import World
from intermediary.shipped import shipped
from intermediary.transport.national import KitLine, NationalSettings, Reach
from intermediary.validation import Validator
from tests.console.conftest import BASE, SECRET, ConsoleHouse
from tests.mapping.studio import SHIPPED

SERVICE = {
    "name_en": "Mint",
    "name_de": "Münze",
    "national_id": "urn:de:behoerde:muenze",
    "agent_scheme": "urn:cef.eu:names:identifier:EAS:0204",
    "agent_id": "991-90000-01",
    "country": "DE",
    "url": "https://muenze.example",
    "component": "",
}
EVIDENCE = {
    "name": "praegung",
    "title_en": "Coinage",
    "title_de": "Prägung",
    "description_en": "What was coined",
    "description_de": "Was geprägt wurde",
    "national_type": "urn:de:nachweistyp:praegung",
    "national_version": "1.0",
    "national_service": "urn:de:leistung:praegung",
    "legal_basis": "§ 1 MünzG",
    "classification": "https://sr.oots.tech.ec.europa.eu/evidencetypeclassifications/DE/"
    "0f3a2f60-1111-4222-8333-444455556666",
    "requirement": "https://sr.oots.tech.ec.europa.eu/requirements/0f3a2f60-1111-4222-8333-444455557777",
    "procedures": "R1, S1",
    "natural": "yes",
    "legal": "",
    "level": "Substantial",
    "xml": "",
    "data_model": "",
    "conforms_to": "",
    "pdf": "yes",
    "input_key": "",
    "input_en": "",
    "input_de": "",
    "input_hint": "",
    "input_pattern": "",
}
TEST_DATA = """
evidence_type: {id: "urn:de:nachweistyp:praegung"}
formats: [{media_type: application/pdf}]
cases: {delivered: {natural: {family_name: Muster, given_names: Erika, date_of_birth: 1964-08-12}}}
"""


class Trial:
    """The kit at a real line; `hold` keeps a run from its end, `break_` breaks it."""

    def __init__(self, settings: NationalSettings) -> None:
        self.settings, self.reach = settings, Reach()
        self.validator = Validator(shipped("xsd"))
        self.hold = threading.Event()
        self.hold.set()
        self.broken = False
        self.asked: list[Provider] = []

    def __call__(
        self, provider: Provider, plan: Plan, extra_ca: str | None, progress: Callable[[int, int], None]
    ) -> Report:
        self.asked.append(provider)
        progress(3, 28)
        self.hold.wait(30)
        if self.broken:
            raise RuntimeError("Erika")
        with KitLine(
            self.settings, lambda root: self.validator.check(root, RELEASE), _now, reach=self.reach
        ) as line:
            return run_kit(provider, plan, line, _now, progress=progress)


def _now() -> datetime:
    return datetime.now(UTC)


class ProviderHouse(ConsoleHouse):
    """A console with this area, and the providers' pages."""

    def __init__(self, engine: Engine, trial: Trial) -> None:
        self.store = MappingStore(engine, via="provider")
        self.trial = trial
        self.counted: dict[str, tuple[Counted, ...]] = {}
        # made before the parent, whose clock they use
        self.invitations = Invitations(engine, SECRET, lambda: self.clock())  # noqa: PLW0108
        self.runs = Runs(engine, lambda: self.clock(), trial)  # noqa: PLW0108
        clock = lambda: self.clock()  # noqa: E731, PLW0108
        part = selfservice_part(self.store, self.invitations, self.runs, BASE, clock)
        super().__init__(engine, (part,))
        self.store.adopt(SHIPPED, actor="platform", reason="first start", at=self.clock())
        self.app.mount(
            "/providers",
            provider_app(
                self.desk.settings,
                self.invitations,
                self.runs,
                self.store,
                lambda key: self.counted.get(key, ()),
                self.clock,
            ),
        )

    def invite(self, provider: str = "muenze", organisation: str = "Münze", **fields: Any) -> str:
        """An administrator invites; the path of the link."""
        ada = self.browser("ada")
        form = {"organisation": organisation, "provider": provider, "days": "30", "email": "", "audience": ""}
        sent = {"csrf": self.csrf(ada), **form, **fields}
        answer = ada.post("/console/provider-invitations/new", data=sent)
        assert answer.status_code == 200, answer.text
        link = re.search(r'value="https://localhost(/providers/[A-Za-z0-9_-]{43})"', answer.text)
        assert link is not None
        return link[1]

    def visitor(self, link: str | None = None, address: str = "192.0.2.7") -> TestClient:
        """A browser that came by a link."""
        client = self.stranger(address)
        assert client.post(link or self.invite()).headers["location"] == "/providers/"
        return client

    def stranger(self, address: str = "192.0.2.7") -> TestClient:
        """A browser without any session."""
        return TestClient(
            self.app,
            base_url=BASE,
            follow_redirects=False,
            client=(address, 50000),
            raise_server_exceptions=True,
        )

    def send(self, visitor: TestClient, path: str, **fields: str) -> Any:
        """Send a form of the provider's pages."""
        csrf = self.invitations.csrf(visitor.cookies["__Host-provider"])
        return visitor.post(f"/providers{path}", data={"csrf": csrf, **fields})

    def connect(self, visitor: TestClient, **fields: str) -> Any:
        """Connect a test system."""
        form = {"url": "https://test.example", "protocol": "xnachweis", "options": "", "ca": ""}
        return self.send(visitor, "/endpoint", **{**form, "test_data": TEST_DATA, **fields})

    def run(self, visitor: TestClient) -> str:
        """Start a run; its path."""
        answer = self.send(visitor, "/runs")
        assert answer.status_code == 303
        return str(answer.headers["location"])

    def finished(self) -> Run:
        """The newest run, once it is over."""
        for _ in range(600):
            newest = [self.runs.of(i) for i in self.invitations.all()]
            runs = [run for some in newest for run in some]
            if runs and all(run.state in ("done", "failed") for run in runs):
                return max(runs, key=lambda run: run.started_at)
            threading.Event().wait(0.05)
        raise AssertionError("a run does not end")


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file without rows, to be copied."""
    file = tmp_path_factory.mktemp("selfservice") / "empty.db"
    engine = store.open_engine(f"sqlite:///{file}")
    store.migrate(engine)
    engine.dispose()
    return file


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Keys of a sandbox."""
    made = World(tmp_path_factory.mktemp("keys"))
    make_pki(made)
    return made


@pytest.fixture(scope="session")
def national(world: World) -> NationalSettings:
    """The platform's keys."""
    return NationalSettings(
        ca=world.authority,
        client_certificate=world.certificate("platform", "tls-client"),
        client_key=world.key("platform", "tls-client"),
        connect_seconds=2,
    )


@pytest.fixture
def engine(migrated: Path, tmp_path: Path) -> Iterator[Engine]:
    file = tmp_path / "console.db"
    shutil.copy(migrated, file)
    made = store.open_engine(f"sqlite:///{file}")
    yield made
    made.dispose()


@pytest.fixture
def house(engine: Engine, national: NationalSettings) -> Iterator[ProviderHouse]:
    trial = Trial(national)
    made = ProviderHouse(engine, trial)
    yield made
    trial.hold.set()
    made.runs.close()

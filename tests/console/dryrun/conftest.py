"""A console over a house in which exchanges have happened, with a draft that breaks some of them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient

from intermediary.console.dryrun import dryrun_part
from intermediary.dryruns import DryRuns
from intermediary.mapping import MappingStore, documents_of
from tests.browsing import axe, browser  # noqa: F401 - fixtures
from tests.console.conftest import ConsoleHouse
from tests.exchange.house import MAPPINGS, VALIDATOR, VEHICLE, House, a_request

ENTRY = f"evidence/{VEHICLE}"


@dataclass
class Studio:
    """Everything that the area talks to."""

    house: House
    store: MappingStore
    trials: DryRuns
    console: ConsoleHouse
    draft: int
    """Version of the vehicle mapping that offers PDF only."""
    open_exchange: str

    def post(self, client: TestClient, **fields: object) -> str:
        """Try something by the form; the page that comes back."""
        data = {"csrf": self.console.csrf(client), "entry": ENTRY, "edm": "oots-edm:v2.0", **fields}
        answer = client.post("/console/dry-run", data=data)
        assert answer.status_code in (200, 422), answer.text
        return str(answer.text)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    house = House(tmp_path_factory.mktemp("house"))
    house.begin(a_request())
    elsewhere = replace(a_request().evidence_type, evidence_type_classification="urn:nothing")
    house.ask(a_request(evidence_type=elsewhere))
    (first, *_others) = house.story().summary.id, None
    now = datetime.now(UTC)
    store = MappingStore(house.engine)
    store.adopt(MAPPINGS, actor="platform", reason="first start", at=now)
    said = dict(documents_of(MAPPINGS)[ENTRY])
    said["formats"] = [form for form in said["formats"] if form["media_type"] == "application/pdf"]
    draft = store.draft(ENTRY, said, expected=1, actor="erik", reason="no XML", at=now)

    def disclose(exchange_id: str, actor: str) -> bytes | None:
        story = house.story().summary
        if story.id != exchange_id:
            return None
        sealed = house.exchanges.sealed_requests
        return sealed.disclose(exchange_id, story.request_message_id, actor, now)

    trials = DryRuns(house.engine, store, VALIDATOR, lambda: datetime.now(UTC), "Test", disclose)
    console = ConsoleHouse(house.engine, (dryrun_part(store, trials),))
    console.clock.now = now
    yield Studio(house, store, trials, console, draft.number, first)

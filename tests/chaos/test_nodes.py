"""Several processes on one PostgreSQL: one that dies is taken over, one that is told to end ends its step."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from intermediary import store
from intermediary.exchange import PreviewStep
from intermediary.sandbox.pki import make_pki
from intermediary.sandbox.platform_files import write_platform_files
from intermediary.sandbox.world import World
from tests import postgresql
from tests.chaos.node import TIMING
from tests.exchange.house import House, a_request, inputs_for, login_of
from tests.store.conftest import ledger_of
from tests.store.test_ledger import MESSAGE

VISITOR = "visitor-1"
PATIENCE = 120
"""Seconds; generous, since the machine may be busy."""


@pytest.fixture
def database() -> Iterator[str]:
    """The URL of a fresh database."""
    cluster = postgresql.shared()
    name = cluster.create()
    yield cluster.url(name)
    cluster.drop(name)


def until(holds: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "it never came to pass"
        time.sleep(0.02)


def test_the_exchange_of_a_node_that_is_killed_ends_on_another(tmp_path: Path, database: str) -> None:
    house = House(tmp_path, timing=TIMING, database=database)
    command = [sys.executable, "-m", "tests.chaos.node", str(tmp_path), database]
    with ExitStack() as stack:
        doomed = stack.enter_context(subprocess.Popen([*command, "--hang"]))
        stack.callback(doomed.kill)
        request = a_request()
        house.push(request)
        until(lambda: bool(house.partner.journal.read()))
        token = house.partner.journal.read()[0]["location"].rpartition("/")[2]
        view = house.desk.identify(token, VISITOR, login_of(request))
        house.desk.supply(token, VISITOR, inputs_for(view))
        until((tmp_path / "hangs").exists)
        doomed.kill()
        doomed.wait()
        heir = stack.enter_context(subprocess.Popen(command))
        stack.callback(heir.kill)
        until(lambda: house.desk.view(token, VISITOR).step is PreviewStep.DECIDE)
        house.push(house.second(request, token))
        documents = house.desk.view(token, VISITOR).documents
        house.desk.decide(token, VISITOR, frozenset(d.id for d in documents))
        until(lambda: house.facts()[-1] == "closed")
        heir.send_signal(signal.SIGTERM)
        assert heir.wait() == 0
    facts = house.facts()
    assert [facts.count(f) for f in ("provider-asked", "provider-answered", "decided", "closed")] == [
        2,
        1,
        1,
        1,
    ]
    assert [e["action"] for e in house.partner.journal.read()] == [
        "ExceptionResponse",
        "ExecuteQueryResponse",
    ]
    assert house.story().intact
    house.engine.dispose()


def test_a_worker_that_is_told_to_end_leaves_no_lease(tmp_path: Path, database: str) -> None:
    world = World(tmp_path)
    make_pki(world)
    for secret in ("oidc", "session"):
        world.secret(secret)
    settings = write_platform_files(world, database_url=database)
    engine = store.open_engine(database)
    ledger = ledger_of(engine)
    with ledger.begin() as tx:
        tx.save_message(MESSAGE)  # cannot be opened with this key: each step on it breaks
    logged = "SELECT count(*) FROM event WHERE stream = 'platform' AND fact = 'step-failed'"

    def steps() -> int:
        with engine.connect() as connection:
            return int(connection.exec_driver_sql(logged).scalar_one())

    worker = subprocess.Popen(
        [sys.executable, "-m", "intermediary.cli", "worker"],
        env={**os.environ, "INTERMEDIARY_SETTINGS": str(settings)},
    )
    try:
        until(lambda: steps() > 0)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(PATIENCE) == 0
    finally:
        worker.kill()
    leased = "SELECT owner FROM message UNION ALL SELECT owner FROM exchange"
    with engine.connect() as connection:
        assert set(connection.exec_driver_sql(leased).scalars()) == {None}
    engine.dispose()

"""What probes are told, without a process of its own."""

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import cast

import httpx
import pytest
from sqlalchemy import Engine, create_engine, text

from intermediary import health, store
from intermediary.app import Platform
from intermediary.cli_worker import _pages
from intermediary.observing import Metrics
from tests.nodes.stage import free_port
from tests.store.conftest import empty

__all__ = ["empty"]

NOBODY = "postgresql+psycopg://nobody@localhost:1/nothing"


class Wired:
    """Of a platform, what a worker's listener shows."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.metrics = engine, Metrics(["it"])
        self.clock = SimpleNamespace(explained=str)


@pytest.fixture
def port() -> int:
    """A free one."""
    return free_port()


def served(engine: Engine, threads: list[threading.Thread], port: int) -> Iterator[httpx.Client]:
    """The listener of a worker with these threads."""
    end = health.listen("127.0.0.1", port, _pages(cast("Platform", Wired(engine)), threads))
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        yield client
    end()


def test_a_worker_lives_while_all_its_threads_do(empty: Engine, port: int) -> None:
    stop = threading.Event()
    threads = [threading.Thread(target=stop.wait) for _ in range(2)]
    for thread in threads:
        thread.start()
    for client in served(empty, threads, port):
        assert client.get("/health/live").text == "live\n"
        stop.set()
        for thread in threads:
            thread.join()
        dead = client.get("/health/live")
        assert (dead.status_code, dead.text) == (503, "a thread has ended\n")


def test_a_worker_is_ready_once_its_database_is(empty: Engine, port: int) -> None:
    for client in served(empty, [], port):
        assert client.get("/health/ready").status_code == 503
        store.migrate(empty)
        assert client.get("/health/ready?verbose").text == "ready\n"
        with empty.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '0002'"))
        assert client.get("/health/ready").text == "schema not current\n"


def test_a_database_that_does_not_answer_is_said_without_its_address(port: int) -> None:
    for client in served(create_engine(NOBODY), [], port):
        answer = client.get("/health/ready")
        assert (answer.status_code, answer.text) == (503, "the database does not answer\n")


def test_a_worker_shows_its_metrics_and_nothing_else(empty: Engine, port: int) -> None:
    for client in served(empty, [], port):
        assert 'intermediary_facts_total{fact="closed",partner="it"} 0.0' in client.get("/metrics").text
        assert client.get("/").status_code == 404
        assert client.get("/preview/x").status_code == 404
        assert client.post("/health/live").status_code == 501

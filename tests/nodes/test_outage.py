"""The database goes and comes back, the disk is full: partners send again, and nothing is lost."""

import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from intermediary import store
from intermediary.as4.model import Packed, Payload
from intermediary.sandbox import doubles
from tests import postgresql
from tests.exchange.house import a_request
from tests.nodes.stage import Node, Stage, until
from tests.nodes.test_shutdown import column

pytestmark = pytest.mark.slow


class Server:
    """A PostgreSQL server that can be stopped and started again."""

    def __init__(self, cluster: postgresql.Cluster) -> None:
        self.cluster = cluster
        self._pid_file = cluster.folder / "data" / "postmaster.pid"
        self._started: subprocess.Popen[bytes] | None = None
        self._command = Path(f"/proc/{self._pid()}/cmdline").read_bytes().split(b"\0")[:-1]

    def stop(self) -> None:
        """As an operator does it: connections are ended (SIGINT, «fast»)."""
        os.kill(self._pid(), signal.SIGINT)
        until(lambda: not self._pid_file.exists())
        if self._started is not None:
            self._started.wait()

    def start(self) -> None:
        """Let it run again."""
        root = os.getuid() == 0
        as_user = ["--reuid=postgres", "--regid=postgres", "--clear-groups"] if root else []
        self._started = subprocess.Popen(
            ["setpriv", *as_user, "--pdeathsig=QUIT", *self._command],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/",
        )  # fmt: skip

    def _pid(self) -> int:
        return int(self._pid_file.read_text().splitlines()[0])


@pytest.fixture
def server() -> Iterator[Server]:
    """A server of this test's own."""
    postgresql.shared()  # skips where there is none
    with postgresql.running() as cluster:
        server = Server(cluster)
        yield server
        server.stop()


def push(node: Node, packed: Packed) -> httpx.Response:
    """As the partner does."""
    return node.client.post("/as4", content=packed.body, headers={"Content-Type": packed.content_type})


def assert_told_to_come_again(answer: httpx.Response) -> None:
    """No ebMS error, which would end the message at the sender; no receipt."""
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "Envelope" not in answer.text


def test_the_database_goes_and_comes_back(server: Server, tmp_path: Path) -> None:
    name = server.cluster.create()
    stage = Stage.set_up(tmp_path, server.cluster.url(name))
    try:
        node, worker = stage.serve(INTERMEDIARY_WORKERS="0"), stage.work(INTERMEDIARY_METRICS="true")
        partner = doubles.Partner(stage.world)
        first, second = partner.pack(a_request()), partner.pack(a_request())
        assert push(node, first).status_code == 200

        server.stop()
        assert_told_to_come_again(push(node, second))
        page = node.client.get(f"/preview/{'x' * 43}", headers={"Accept-Language": "en"})
        assert page.status_code == 503
        assert "<h1" in page.text
        assert "nothing is lost" in page.text
        assert f'href="/preview/{"x" * 43}"' in page.text
        assert page.headers["Retry-After"]
        for each in (node, worker):
            assert each.get("/health/ready").status_code == 503
            assert each.get("/health/live").status_code == 200
        assert "intermediary_ready 0.0" in worker.get("/metrics").text

        server.start()
        for each in (node, worker):
            until(lambda each=each: each.answers("/health/ready", 200))  # type: ignore[misc]
        until(lambda: push(node, second).status_code == 200)
        assert node.client.get(f"/preview/{'x' * 43}").status_code == 404
        engine = store.open_engine(server.cluster.url(name))
        accepted = "SELECT count(*) FROM event WHERE fact = 'request-accepted'"
        with engine.connect() as connection:
            until(lambda: connection.exec_driver_sql(accepted).scalar_one() == 2)
        engine.dispose()
        assert [each.end() for each in (node, worker)] == [0, 0]
    finally:
        stage.close()


def test_a_node_that_finds_no_database_says_so_in_a_line(stage: Stage) -> None:
    url = "postgresql+psycopg://nobody:secret@localhost:1/nothing"
    begun = stage.run("worker", INTERMEDIARY_DATABASE_URL=url)
    assert begun.returncode == 1
    assert begun.stderr.startswith("Database: OperationalError")
    assert "Traceback" not in begun.stderr
    assert "secret" not in begun.stderr


def room(node: Node, octets: int) -> None:
    """From now on no file of a node may be longer: writing more fails as on a full disk."""
    resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE, (octets, resource.RLIM_INFINITY))


def test_a_full_disk_costs_a_message_no_more_than_a_second_attempt(stage: Stage) -> None:
    node = stage.serve(INTERMEDIARY_WORKERS="0")
    partner = doubles.Partner(stage.world)
    small = partner.pack(a_request())
    large = Packed(small.content_type, small.body + os.urandom(600_000))
    room(node, 300_000)
    assert_told_to_come_again(push(node, large))  # there is no room for it while it comes
    room(node, 1)
    assert_told_to_come_again(push(node, small))  # nor for a row in the database
    assert node.get("/health/live").status_code == 200
    room(node, resource.RLIM_INFINITY)
    answer = push(node, small)
    assert answer.status_code == 200
    assert b"Receipt" in answer.content
    assert column(stage, "SELECT state FROM message") == ["stored"]
    assert node.end() == 0


def test_a_blob_folder_that_is_gone_costs_a_message_no_more_than_a_second_attempt(stage: Stage) -> None:
    node = stage.serve(INTERMEDIARY_WORKERS="0")
    folder = stage.world.data("platform") / "blobs"
    part = Payload("more@portal.sandbox", "application/pdf", os.urandom(100_000))
    packed = doubles.Partner(stage.world).pack(a_request(), extra_parts=(part,))
    shutil.rmtree(folder)
    assert_told_to_come_again(push(node, packed))
    folder.mkdir()
    assert push(node, packed).status_code == 200

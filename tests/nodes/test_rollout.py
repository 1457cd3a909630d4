"""Roll-outs: two releases side by side on one database, with exchanges in flight all the while."""

import shutil
import ssl
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from intermediary import store
from intermediary.audit import AuditLog
from intermediary.sandbox import doubles
from intermediary.sandbox.citizen import Choice, Citizen
from intermediary.sandbox.stories import STORIES, Told, _begin, _compare, _wait
from intermediary.sandbox.supervisor import Sandbox, free_world
from intermediary.sandbox.world import World
from intermediary.store.migrations import _scripts
from tests.exchange.house import a_request
from tests.nodes import previous
from tests.nodes.stage import PATIENCE, Stage, balanced, until

pytestmark = pytest.mark.slow

BY_KEY = {story.key: story for story in STORIES}
CAST = ("portal", "identity-provider", "iam", "vehicle-register")
REGISTER_THAT_IS_DOWN = "civil-status-register"
TIMING = {"send_retry": 0.5, "provider_retry": 0.3, "retry_ceiling": 2, "provider_patience": 1800}
ONCE = ("request-received", "citizen-identified", "decided", "evidence-destroyed", "closed")
MIGRATION = '''"""Of tomorrow: a table, and a column that today's code does not know."""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = {head!r}
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("of_tomorrow", sa.Column("name", sa.String(), primary_key=True))
    op.add_column("exchange", sa.Column("of_tomorrow", sa.String(), nullable=True))
    {floor}
'''


def next_release(folder: Path, *, contracts: bool = False) -> Path:
    """This release and one migration more; where it `contracts`, this release may not work beside it."""
    shutil.copytree(
        previous.ROOT / "intermediary", folder / "intermediary", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in ("mappings", "xsd"):
        (folder / name).symlink_to(previous.ROOT / name)
    floor = "op.execute(\"UPDATE schema_floor SET revision = '9999'\")" if contracts else ""
    versions = folder / "intermediary" / "store" / "migrations" / "versions"
    text = MIGRATION.format(head=_scripts().get_current_head(), floor=floor)
    (versions / "9999_tomorrow.py").write_text(text)
    return folder


class Paused(Citizen):
    """A citizen who stops at a place until the test lets them go on."""

    place = ""
    reached: threading.Event
    go: threading.Event

    def _stop(self, place: str) -> None:
        if place == self.place:
            self.reached.set()
            assert self.go.wait(10 * PATIENCE)

    def _log_in(self, forms: Any) -> None:
        self._stop("login")
        super()._log_in(forms)

    def _decide(self, form: Any, choice: Choice) -> None:
        self._stop("decision")
        super()._decide(form, choice)


class Flight:
    """A story in a thread, which waits at a place: `login`, `decision`, or for a `register` that is down."""

    def __init__(self, pool: ThreadPoolExecutor, world: World, version: str, place: str = "") -> None:
        self.world, self.version, self.place = world, version, place
        self.story = BY_KEY["register-down" if place == "register" else "approve-all"]
        self.reached, self.go = threading.Event(), threading.Event()
        self.told: Future[Told] = pool.submit(self._tell)

    def begun(self) -> None:
        """Wait until it stands where it is to wait; where it broke instead, raise that."""
        until(lambda: self.reached.is_set() or self.told.done())
        if self.told.done():
            raise AssertionError(self.told.result().problems)

    def _tell(self) -> Told:
        trust = ssl.create_default_context(cafile=str(self.world.authority))
        story = self.story
        with httpx.Client(base_url=self.world.url("portal"), verify=trust, trust_env=False) as portal:
            exchange = _begin(portal, story, self.version)
            exchange = _wait(portal, exchange, lambda e: e["preview"] is not None, PATIENCE)
            waiting = self.reached.set if self.place == "register" else None
            with Paused(self.world, story.login or "", inputs=story.inputs, waiting=waiting) as citizen:
                citizen.place, citizen.reached, citizen.go = self.place, self.reached, self.go
                visit = citizen.visit(exchange["preview"]["link"], patience=10 * PATIENCE)
            exchange = _wait(portal, exchange, lambda e: bool(e["final"]), PATIENCE)
        return Told(story, self.version, tuple(_compare(story.expected, exchange, visit)), 0, exchange, visit)


def once(world: World, engine: Engine, flights: list[Flight]) -> None:
    """Every exchange has ended once, as its story wants it, and the log is as it was written."""
    log = AuditLog(engine)
    for flight in flights:
        told = flight.told.result(PATIENCE)
        assert told.problems == ()
        closed = {row.request_message_id: row.id for row in log.exchanges() if row.state == "closed"}
        story = log.story(closed[told.request_message_id or ""])
        assert story is not None
        assert story.intact
        facts = [str(event.fact) for event in story.events]
        assert [facts.count(fact) for fact in ONCE] == [1] * len(ONCE), facts
        received = [m for m in told.exchange["messages"] if m["direction"] == "in"]
        assert [m["action"] for m in received] == ["ExceptionResponse", "ExecuteQueryResponse"]
    kept = [folder.name[5:] for folder in (world.data("portal") / "received").iterdir()]
    assert len(set(kept)) == len(kept) == 2 * len(flights)
    assert log.broken_streams() == ()


def test_exchanges_in_flight_live_through_the_roll_out_of_this_release(
    tmp_path: Path, empty_database: str
) -> None:
    database = empty_database
    old = previous.tree(tmp_path / "old")
    knows_floors = "schema_floor" in (old / "intermediary/store/migrations/__init__.py").read_text()
    head = _scripts().get_current_head()
    new = None if head not in previous.revisions_of_previous_release() else next_release(tmp_path / "new")
    world = free_world(tmp_path / "world")
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(8))
        sandbox = stack.enter_context(Sandbox(world, timing=TIMING, database_url=database))
        backends = stack.enter_context(balanced(world.port("platform")))
        stage = Stage(world, world.data("platform") / "platform.toml")
        stack.callback(stage.close)
        sandbox.start(CAST)

        old_door = stage.serve(old, INTERMEDIARY_WORKERS="1")
        old_worker = stage.work(old, probed=knows_floors, INTERMEDIARY_WORKERS="1")
        backends.append(old_door.port)
        flights = [
            Flight(pool, world, version, place)
            for version, place in (("2.0", "login"), ("1.2", "decision"), ("2.0", "register"))
        ]
        for flight in flights:
            stack.callback(flight.go.set)
        for flight in flights:
            flight.begun()

        migrated = stage.run("migrate", tree=new)
        assert migrated.returncode == 0, migrated.stderr
        assert old_door.get("/health/live").status_code == 200
        # Code without floors says of every newer schema that it is «not current», and works on all the same.
        assert old_door.get("/health/ready").status_code == (200 if knows_floors else 503)
        flights.append(Flight(pool, world, "1.2"))
        flights[-1].told.result(PATIENCE)

        new_door = stage.serve(new, INTERMEDIARY_WORKERS="1")
        new_worker = stage.work(new, INTERMEDIARY_WORKERS="1")
        backends.append(new_door.port)
        flights.append(Flight(pool, world, "2.0"))
        flights[0].go.set()
        flights[0].told.result(PATIENCE)
        flights[-1].told.result(PATIENCE)

        backends.remove(old_door.port)
        for node in (old_door, old_worker):
            # uvicorn ends itself by the signal that it was told to end by; `serve` answers 0 since then
            assert node.end() in (0, -15)
        again = stage.run("migrate", tree=old)
        assert (again.returncode == 0) is knows_floors, "an old node may begin anew where it knows floors"
        flights[1].go.set()
        sandbox.start([REGISTER_THAT_IS_DOWN])
        for flight in flights:
            flight.told.result(PATIENCE)
        engine = store.open_engine(database)
        stack.callback(engine.dispose)
        open_still = "SELECT count(*) FROM exchange WHERE state <> 'closed'"
        with engine.connect() as connection:
            until(lambda: connection.exec_driver_sql(open_still).scalar_one() == 0)
        once(world, engine, flights)
        assert [node.end() for node in (new_door, new_worker)] == [0, 0]


def test_this_release_works_beside_the_next_one_and_can_be_gone_back_to(
    tmp_path: Path, database: str
) -> None:
    stage = Stage.set_up(tmp_path / "stage", database)
    try:
        node = stage.serve(INTERMEDIARY_WORKERS="0")
        assert stage.run("migrate", tree=next_release(tmp_path / "next")).returncode == 0
        assert node.get("/health/ready").status_code == 200
        packed = doubles.Partner(stage.world).pack(a_request())
        answer = node.client.post("/as4", content=packed.body, headers={"Content-Type": packed.content_type})
        assert answer.status_code == 200
        assert b"Receipt" in answer.content
        stage.work()  # begins on the newer schema: the roll-out is taken back
    finally:
        stage.close()


def test_this_release_is_not_ready_where_the_next_one_has_taken_something_away(
    tmp_path: Path, database: str
) -> None:
    stage = Stage.set_up(tmp_path / "stage", database)
    try:
        node = stage.work()
        assert stage.run("migrate", tree=next_release(tmp_path / "next", contracts=True)).returncode == 0
        until(lambda: node.answers("/health/ready", 503))
        assert node.get("/health/ready").text == "schema not current\n"
        assert node.get("/health/live").status_code == 200
        begun = stage.run("worker")
        assert begun.returncode == 2
        assert "a newer release has taken away" in " ".join(begun.stderr.split())
    finally:
        stage.close()

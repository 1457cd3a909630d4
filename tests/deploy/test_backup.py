"""Back-up of a platform at work, loss of the machine, restore elsewhere: what goes on, and what is lost."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest

from intermediary import store
from intermediary.audit import AuditLog
from intermediary.edm.model import EvidenceRequest
from intermediary.exchange import PreviewStep, sealing
from intermediary.sandbox.doubles import PDF
from intermediary.sandbox.world import World
from tests import postgresql
from tests.deploy.processes import DEPLOY
from tests.exchange.house import House, a_request

BACKUP = DEPLOY / "backup" / "backup.py"


@pytest.fixture(autouse=True)
def _everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "INLINE", 0)


@dataclass
class Site:
    """A machine: a folder and a database."""

    folder: Path
    url: str | None
    """None: SQLite in the folder."""
    variables: dict[str, str]
    """How libpq's programs find the database."""

    def back_up(self, target: Path, *more: str) -> Path:
        """Run the shipped script beside the platform."""
        database = ["--postgresql"] if self.url else ["--sqlite", str(self.folder / "ledger.sqlite")]
        done = subprocess.run(
            [
                sys.executable,
                str(BACKUP),
                str(target),
                "--blobs",
                str(self.folder / "blobs"),
                *database,
                *more,
            ],
            env={**os.environ, **self.variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return Path(done.stdout.strip())

    def restore(self, backup: Path, key: Path) -> None:
        """The procedure of deploy/README.md."""
        self.folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=backup, check=True)
        if self.url:
            restoring = ["pg_restore", "--no-owner", "--exit-on-error", "--single-transaction"]
            restoring += [f"--dbname={self.variables['PGDATABASE']}", str(backup / "database.dump")]
            subprocess.run(restoring, env={**os.environ, **self.variables}, check=True)
        else:
            shutil.copy(backup / "ledger.sqlite", self.folder)
        shutil.copytree(backup / "blobs", self.folder / "blobs")
        shutil.copy(key, self.folder)


Sites = Callable[[str], Site]


@pytest.fixture(params=postgresql.BOTH)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sites]:
    """Makes sites by name; their databases go afterwards."""
    made: list[str] = []

    def sqlite(name: str) -> Site:
        (tmp_path / name).mkdir()
        return Site(tmp_path / name, None, {})

    def on_postgresql(name: str) -> Site:
        (tmp_path / name).mkdir()
        database = cluster.create("template0")  # empty: the dump brings the schema
        made.append(database)
        variables = {"PGHOST": str(cluster.folder), "PGUSER": "postgres", "PGDATABASE": database}
        return Site(tmp_path / name, cluster.url(database), variables)

    if request.param == "sqlite":
        yield sqlite
        return
    cluster = postgresql.shared()
    yield on_postgresql
    for database in made:
        cluster.drop(database)


class Before(NamedTuple):
    """An exchange that is in flight when the back-up is made."""

    request: EvidenceRequest
    token: str


def decide(house: House, flight: Before) -> None:
    """The citizen allows everything; the portal fetches the answer."""
    view = house.desk.view(flight.token, "visitor-1")
    house.desk.decide(flight.token, "visitor-1", frozenset(d.id for d in view.documents))
    house.push(house.second(flight.request, flight.token))
    house.work()


def finish(house: House, flight: Before) -> None:
    """The citizen decides on what was shown before the loss; the foreign portal gets its evidence."""
    view = house.desk.view(flight.token, "visitor-1")
    assert view.step is PreviewStep.DECIDE
    shown = [bytes(house.desk.document(flight.token, "visitor-1", d.id)[1]) for d in view.documents]
    assert PDF in shown
    decide(house, flight)
    assert PDF in [payload.content for payload in house.partner.delivered[-1].payloads]


def known(house: House) -> set[str]:
    """Message ids of the first requests that the log knows."""
    return {row.request_message_id for row in AuditLog(house.engine).exchanges(10_000)}


def test_exchanges_in_flight_go_on_elsewhere(site: Sites, tmp_path: Path) -> None:
    first = site("first")
    house = House(first.folder, database=first.url, world=World(tmp_path / "keys"))
    asked, shown = a_request(), a_request()
    waiting = Before(asked, house.begin(asked))
    flight = Before(shown, house.preview(shown)[0])
    stop, busy = threading.Event(), threading.Event()

    def traffic() -> None:
        while not stop.is_set():
            house.ask(a_request())
            busy.set()

    working = threading.Thread(target=traffic)
    working.start()
    busy.wait(60)
    backup = first.back_up(tmp_path / "backups")
    stop.set()
    working.join()
    before = known(house)
    house.ask(a_request())  # receipted after the back-up
    (late,) = known(house) - before
    key = shutil.copy(first.folder / "platform.key", tmp_path)  # from a safe of its own
    house.engine.dispose()
    shutil.rmtree(first.folder)

    second = site("second")
    second.restore(backup, Path(key))
    again = House(second.folder, database=second.url, world=house.world)
    assert store.is_current(again.engine)
    assert AuditLog(again.engine).broken_streams() == ()
    assert late not in known(again), "what was receipted after the back-up is lost with the machine"
    assert known(again) <= before
    finish(again, flight)
    again.log_in(waiting.request, waiting.token)
    finish(again, waiting)
    again.ask(a_request())
    again.engine.dispose()


def test_a_back_up_has_its_name_when_it_is_complete_and_old_ones_go(tmp_path: Path) -> None:
    first = Site(tmp_path / "first", None, {})
    first.folder.mkdir()
    house = House(first.folder)
    house.preview(a_request())
    target = tmp_path / "backups"
    for year in (2024, 2025):
        (target / f"{year}0101T000000Z").mkdir(parents=True)
    kept = first.back_up(target, "--keep", "2")
    assert sorted(each.name for each in target.iterdir()) == ["20250101T000000Z", kept.name]
    assert (kept / "blobs").stat().st_mode & 0o077 == 0
    key = (first.folder / "platform.key").read_bytes()
    assert all(key not in file.read_bytes() for file in kept.rglob("*") if file.is_file())
    assert all(PDF not in file.read_bytes() for file in kept.rglob("*") if file.is_file())
    house.engine.dispose()
    (first.folder / "ledger.sqlite").write_bytes(b"no database")
    with pytest.raises(AssertionError):
        first.back_up(target)
    assert [each.name for each in target.iterdir() if not each.name.startswith(".")].count(kept.name) == 1


def test_what_the_other_side_sees_of_a_restore_to_an_older_state(tmp_path: Path) -> None:
    first, second = Site(tmp_path / "first", None, {}), Site(tmp_path / "second", None, {})
    first.folder.mkdir()
    house = House(first.folder, world=World(tmp_path / "keys"))
    asked = [a_request() for _ in range(3)]
    queued, decided, gone = (Before(request, house.preview(request)[0]) for request in asked)

    house.partner.unreachable = 1
    decide(house, queued)  # lies in the outbox when the back-up is made
    backup = first.back_up(tmp_path / "backups")
    house.clock.advance(minutes=2)
    house.work()
    sent = house.partner.delivered[-1].header.message_id
    decide(house, decided)
    answered = house.partner.delivered[-1]
    assert PDF in [payload.content for payload in answered.payloads]
    house.engine.dispose()
    second.restore(backup, first.folder / "platform.key")

    again = House(second.folder, world=house.world)
    again.clock.advance(minutes=2)
    again.work()
    assert again.partner.delivered[-1].header.message_id == sent, "the partner recognises it"
    finish(again, decided)
    twice = again.partner.delivered[-1]
    assert twice.header.message_id == answered.header.message_id, "decided again, recognised again"

    whole = {row.id for row in AuditLog(again.engine).exchanges(100) if row.state == "closed"}
    for document in (second.folder / "blobs").iterdir():
        document.unlink()  # what a volume lost that was not replicated
    with pytest.raises(ValueError, match="not there any more"):
        decide(again, gone)
    for _ in range(48):
        again.clock.advance(hours=1)
        again.work()
    (lost,) = (row for row in AuditLog(again.engine).exchanges(100) if row.id not in whole)
    assert (lost.state, lost.outcome) == ("closed", "timed-out")
    again.engine.dispose()

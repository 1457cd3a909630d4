"""The stream of changes of PostgreSQL beside a base back-up: to any instant, and without losing a receipt."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
import yaml

from intermediary import store
from intermediary.audit import AuditLog
from intermediary.sandbox.world import World
from tests import postgresql
from tests.deploy.processes import DEPLOY, until
from tests.exchange.house import House, a_request


def archive_command(folder: Path) -> str:
    """The one of compose.yaml, for a folder of the test."""
    compose = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text())
    (command,) = (
        option.partition("=")[2]
        for option in compose["services"]["database"]["command"]
        if option.startswith("archive_command=")
    )
    return str(command).replace("/archive", str(folder))


class Machine:
    """Servers and programs of PostgreSQL in one folder, as the user that the Debian package brings."""

    def __init__(self, stack: ExitStack) -> None:
        initdb = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)), None)
        if initdb is None:
            pytest.skip(postgresql.MISSING)
        self._programs = initdb.parent
        self._stack = stack
        self.folder = Path(tempfile.mkdtemp(prefix="pg-archive-"))
        stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self._as = ["setpriv", "--pdeathsig=QUIT"]
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
            self._as += ["--reuid=postgres", "--regid=postgres", "--clear-groups"]

    def run(self, program: str, *arguments: str | Path) -> None:
        """Run a program to its end."""
        command = [*self._as, self._programs / program, *arguments]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def make(self, *folders: str) -> None:
        """Make folders that the server's user writes."""
        for folder in folders:
            subprocess.run([*self._as, "mkdir", self.folder / folder], check=True, cwd="/")

    def start(self, program: str, *arguments: str | Path) -> subprocess.Popen[bytes]:
        """Start a program that stays; it dies as a machine does, at once."""
        log = self._stack.enter_context((self.folder / f"{program}.log").open("ab"))
        command = [*self._as, self._programs / program, *arguments]
        process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return process

    def serve(self, data: str, **options: str) -> subprocess.Popen[bytes]:
        """A server on a folder of data, reached by its socket in `<data>.socket`; recovered and writing."""
        self.make(f"{data}.socket")
        options = {"listen_addresses": "", "fsync": "off", **options}
        options["unix_socket_directories"] = str(self.folder / f"{data}.socket")
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        server = self.start("postgres", "-D", self.folder / data, *settings)

        def writing() -> bool:
            try:
                return self.ask(data, "SELECT NOT pg_is_in_recovery()") is True
            except psycopg.OperationalError:
                assert server.poll() is None, (self.folder / "postgres.log").read_text()
                return False

        until(writing, "the server writes")
        return server

    def ask(self, data: str, query: str) -> object:
        """The one value of a query; None of a command."""
        with psycopg.connect(
            f"host={self.folder}/{data}.socket user=postgres dbname=postgres", autocommit=True
        ) as connection:
            cursor = connection.execute(query.encode())
            (value,) = (cursor.fetchone() if cursor.description else None) or (None,)
        return value

    def url(self, data: str) -> str:
        """For the platform."""
        return f"postgresql+psycopg://postgres@/postgres?host={self.folder}/{data}.socket"

    def restore(self, data: str, fetch: str, target: str | None = None) -> None:
        """The procedure of deploy/README.md: the base back-up, and what the stream has after it."""
        shutil.copytree(self.folder / "base", self.folder / data)
        with (self.folder / data / "postgresql.auto.conf").open("a") as settings:
            settings.write(f"restore_command = '{fetch}'\nrecovery_target_action = 'promote'\n")
            settings.write("synchronous_standby_names = ''\narchive_mode = off\n")
            if target:
                settings.write(f"recovery_target_time = '{target}'\n")
        (self.folder / data / "recovery.signal").touch()
        for path in (self.folder / data, *(self.folder / data).rglob("*")):
            if os.getuid() == 0:
                shutil.chown(path, "postgres", "postgres")
        self.serve(data)


@pytest.fixture
def machine() -> Iterator[Machine]:
    with ExitStack() as stack:
        yield Machine(stack)


def known(house: House) -> set[str]:
    """Message ids of the first requests that the log knows."""
    return {row.request_message_id for row in AuditLog(house.engine).exchanges(1000)}


def test_to_any_instant_and_without_losing_a_receipt(machine: Machine, tmp_path: Path) -> None:
    machine.run("initdb", "-D", "live", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
    machine.make("archive", "stream")
    server = machine.serve(
        "live", archive_mode="on", archive_command=archive_command(machine.folder / "archive")
    )
    connection: list[str | Path] = ["-h", machine.folder / "live.socket", "-U", "postgres"]
    # The stream: every commit waits until its changes are on the archive's disk, and with it every receipt.
    machine.run("pg_receivewal", *connection, "-D", "stream", "-S", "archive", "--create-slot")
    dsn = f"host={machine.folder}/live.socket user=postgres application_name=archive"
    machine.start(
        *("pg_receivewal", "-d", dsn, "-D", "stream", "-S", "archive", "--synchronous", "--no-loop")
    )
    streaming = "SELECT count(*) = 1 FROM pg_stat_replication WHERE application_name = 'archive'"
    until(lambda: machine.ask("live", streaming), "the stream flows")
    engine = store.open_engine(machine.url("live"))
    store.migrate(engine)
    engine.dispose()
    machine.ask("live", "ALTER SYSTEM SET synchronous_standby_names = 'archive'")
    machine.ask("live", "SELECT pg_reload_conf()")
    until(
        lambda: machine.ask("live", "SELECT sync_state = 'sync' FROM pg_stat_replication"),
        "commits wait for the stream",
    )
    machine.run("pg_basebackup", *connection, "-D", "base", "-c", "fast", "-X", "none")

    house = House(tmp_path, database=machine.url("live"), world=World(tmp_path / "keys"))
    request = a_request()
    token = house.begin(request)
    early = known(house)
    instant = str(machine.ask("live", "SELECT clock_timestamp()"))
    house.ask(a_request())
    (switched,) = known(house) - early
    segment = machine.ask("live", "SELECT pg_walfile_name(pg_switch_wal())")
    until((machine.folder / "archive" / str(segment)).exists, "the archive has the segment")
    status, _, _ = house.push(a_request())  # receipted, and the machine is lost that instant
    assert status == 200
    server.kill()
    house.engine.dispose()
    shutil.rmtree(machine.folder / "live")

    archived = f"cp {machine.folder}/archive/%f %p"
    machine.restore("then", archived, instant)
    then = House(tmp_path, database=machine.url("then"), world=house.world)
    assert known(then) == early, "to the instant, no further"
    then.engine.dispose()

    stream = f"{machine.folder}/stream/%f"
    machine.restore("now", f"cp {stream} %p || cp {stream}.partial %p")
    now = House(tmp_path, database=machine.url("now"), world=house.world)
    now.work()
    assert early < known(now)
    assert switched in known(now)
    assert len(known(now)) == 3, "nothing that was receipted is lost"
    now.log_in(request, token)
    assert AuditLog(now.engine).broken_streams() == ()
    now.engine.dispose()

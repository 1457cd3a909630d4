"""A private PostgreSQL server for tests: a folder of its own, ended with the process that began it."""

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from intermediary import store

MISSING = "PostgreSQL is NOT TESTED: no initdb below /usr/lib/postgresql; apt-get install postgresql"


class Unavailable(Exception):  # noqa: N818
    """This machine has no PostgreSQL server; the text says what to install."""


@dataclass
class Cluster:
    """A running server that is reached by its socket only."""

    folder: Path
    command: Sequence[str | Path]
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _server: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Start the server, and wait for it. It ends with the thread that called."""
        with (self.folder / "log").open("a") as log:
            self._server = subprocess.Popen(self.command, stdout=log, stderr=log, cwd="/")
        self._await(self._server)

    def crash(self) -> None:
        """Stop the server as `pg_ctl stop -m immediate` does: the next start recovers."""
        assert self._server is not None
        self._server.send_signal(signal.SIGQUIT)
        self._server.wait()

    def terminate(self, name: str, share: float) -> int:
        """End a share of the connections to a database; how many."""
        query = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = %s AND backend_type = 'client backend' AND random() < %s"
        )
        with self._connect() as connection:
            return len(connection.execute(query, (name, share)).fetchall())

    def create(self, template: str = "migrated", folder: Path | None = None) -> str:
        """A fresh database, a copy of `template` (to which nobody may be connected); its name.

        `folder`: where its tables lie, an empty folder of the server's user.
        """
        name = f"t{next(self._numbers)}_{os.getpid()}"
        named = sql.Identifier(name)
        if folder is not None:
            self._run(sql.SQL("CREATE TABLESPACE {} LOCATION {}").format(named, sql.Literal(str(folder))))
        place = sql.SQL("") if folder is None else sql.SQL("TABLESPACE {}").format(named)
        self._run(sql.SQL("CREATE DATABASE {} TEMPLATE {} {}").format(named, sql.Identifier(template), place))
        return name

    def drop(self, name: str) -> None:
        """Away with a database and the folder of its tables, whoever is connected."""
        self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
        self._run(sql.SQL("DROP TABLESPACE IF EXISTS {}").format(sql.Identifier(name)))

    def url(self, name: str) -> str:
        """Of a database, for `store.open_engine`."""
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}"

    def settle(self, name: str) -> None:
        """Wait until the server has noticed that everybody connected to a database is dead."""
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
        with self._connect() as connection:
            while connection.execute(query, (name,)).fetchone() != (0,):
                time.sleep(0.002)

    def _await(self, server: subprocess.Popen[bytes]) -> None:
        while True:
            try:
                self._connect().close()
                return
            except psycopg.OperationalError:
                if server.poll() is not None:
                    raise AssertionError((self.folder / "log").read_text()) from None
                time.sleep(0.02)

    def _run(self, statement: sql.Composed) -> None:
        with self._connect() as connection:
            connection.execute(statement)

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(f"host={self.folder} user=postgres dbname=postgres", autocommit=True)


BOTH = ("sqlite", "postgresql")
"""Parameters of fixtures that give a test a database."""


def shared() -> Cluster:
    """The server of this test process; skips the test, loudly, where the machine has none."""
    found = _shared()
    if isinstance(found, str):
        pytest.skip(found)
    return found


@cache
def _shared() -> Cluster | str:
    stack = ExitStack()
    try:
        cluster = stack.enter_context(running())
    except Unavailable as unavailable:
        return str(unavailable)
    atexit.register(stack.close)
    return cluster


@contextmanager
def running(*, durable: bool = False) -> Iterator[Cluster]:
    """A server with a migrated database `migrated`; `durable`: commits are synced. Raises Unavailable."""
    initdb = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)), None)
    if initdb is None:
        raise Unavailable(MISSING)
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    # The server refuses to run as root; the Debian package brings a user for it.
    as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    if os.getuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    else:
        as_user = ["setpriv"]
    data = folder / "data"
    subprocess.run(
        [*as_user, initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
        check=True, stdout=subprocess.DEVNULL, cwd="/",
    )  # fmt: skip
    sync = "on" if durable else "off"
    options = {
        "listen_addresses": "", "unix_socket_directories": folder, "timezone": "Asia/Kathmandu",
        "max_connections": 60, "fsync": sync, "synchronous_commit": sync, "full_page_writes": sync,
    }  # fmt: skip
    settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    # SIGQUIT ends it at once, also when this process is killed.
    cluster = Cluster(
        folder, [*as_user, "--pdeathsig=QUIT", initdb.with_name("postgres"), "-D", data, *settings]
    )
    try:
        cluster.begin()
        with cluster._connect() as connection:
            connection.execute("CREATE DATABASE migrated")
        engine = store.open_engine(cluster.url("migrated"))
        store.migrate(engine)
        engine.dispose()
        cluster.settle("migrated")
        yield cluster
    finally:
        cluster.crash()
        shutil.rmtree(folder, ignore_errors=True)

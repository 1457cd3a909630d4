"""The database engine: SQLite embedded, PostgreSQL for several nodes; one place for their differences."""

import sqlite3
import time
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, DateTime, Dialect, Engine, bindparam, create_engine, event, func, select
from sqlalchemy.exc import InterfaceError, InvalidatePoolError, OperationalError
from sqlalchemy.types import TypeDecorator
from sqlmodel import SQLModel

SQLModel.metadata.naming_convention = {  # alembic's batch mode needs to name every constraint
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


RESTED_SECONDS = 1.0
"""Of a connection to PostgreSQL: after such a rest it is asked whether it still stands."""


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in Python on every database (SQLite drops the zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC; a naive time is a defect of ours. Raises ValueError."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A time without zone must not reach the database")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From the database, aware."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def time_into_sqlite(value: datetime | None) -> str | None:
    """As UtcDateTime, in a third of the time. Raises ValueError."""
    if value is None:
        return None
    if value.tzinfo is not UTC:
        if value.tzinfo is None:
            raise ValueError("A time without zone must not reach the database")
        value = value.astimezone(UTC)
    return value.isoformat(" ", "microseconds")[:-6]  # without +00:00


def time_out_of_sqlite(value: str | None) -> datetime | None:
    """As UtcDateTime, in a third of the time."""
    return None if value is None else datetime.fromisoformat(value + "+00:00")


def open_engine(url: str) -> Engine:
    """An engine for `sqlite:///…` or `postgresql+psycopg://…`, set up so that a commit survives a crash.

    SQLite: write-ahead log, full synchronisation, waits for a busy writer, and every transaction takes
    the write lock at its beginning (read-then-write would else fail with «locked»). Deleted content is
    overwritten (`secure_delete`), since evidence must not linger in free pages.
    """
    if not url.startswith("sqlite"):
        return _asked_after_a_rest(create_engine(url))
    engine = create_engine(url, connect_args={"check_same_thread": False, "timeout": 30})

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver must not begin transactions by itself
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "busy_timeout=30000",
            "foreign_keys=ON",
            "secure_delete=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        reading = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def _asked_after_a_rest(engine: Engine) -> Engine:
    """Ask whether a connection still stands before it is used, unless it was in use just now.

    To ask takes a round trip, and a busy worker would ask before each of its transactions.
    """

    @event.listens_for(engine, "checkin")
    def _rests(_connection: object, record: Any) -> None:
        record.info["since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _asked(connection: Any, record: Any, _proxy: object) -> None:
        if time.monotonic() - record.info.get("since", time.monotonic()) < RESTED_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error:
            raise InvalidatePoolError from None  # all others of the pool rest as long: they are opened anew

    return engine


ADVISORY_LOCK = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("name"), 0)))
"""PostgreSQL's, until the end of the transaction."""


def lock(connection: Connection, name: str) -> None:
    """From here to the end of the transaction no other holds the lock of that name.

    On SQLite every writing transaction is alone anyway. Look at what the lock protects with a statement
    after this one: PostgreSQL shows a statement what was committed before it began.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(ADVISORY_LOCK, {"name": name})


_AWAY = (OSError, OperationalError, InterfaceError, sqlite3.OperationalError)
_AWAY_OF = {("psycopg", "OperationalError"), ("psycopg", "InterfaceError")}


def is_away(error: BaseException) -> bool:
    """True for what is raised while database, disk or object store is away, full or busy."""
    if isinstance(error, _AWAY):
        return True
    # The drivers of PostgreSQL and S3 are not loaded where they are not used.
    kinds = {(kind.__module__.partition(".")[0], kind.__name__) for kind in type(error).__mro__}
    return bool(kinds & _AWAY_OF) or any(room == "botocore" for room, _ in kinds)


def scrub(engine: Engine) -> None:
    """Fold SQLite's write-ahead log into the database, so that no deleted page lives on in it."""
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            raw = connection.connection.driver_connection
            assert raw is not None
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")

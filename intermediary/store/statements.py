"""SQLAlchemy's statements, compiled once and run on the driver's own connection.

An exchange needs some hundred statements, and SQLAlchemy takes ten times as long to run one as the database
to answer it. Dialects, types and the pool of connections stay SQLAlchemy's.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ClauseElement, Column, Engine
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

from intermediary.store.engine import UtcDateTime, time_into_sqlite, time_out_of_sqlite

Values = Mapping[str, Any]

_WITH_NAMES = sqlite.dialect(paramstyle="named")


class Statement:
    """One statement with named parameters; `columns` are those of its result."""

    def __init__(self, engine: Engine, statement: ClauseElement, columns: Sequence[Column[Any]] = ()) -> None:
        self._dialect = engine.dialect
        # Both drivers take names, but SQLAlchemy would number SQLite's.
        names = _WITH_NAMES if engine.dialect.name == "sqlite" else engine.dialect
        compiled = statement.compile(dialect=names)
        self.text = str(compiled)
        self._fixed = {name: value for name, value in compiled.params.items() if value is not None}
        # By name: a parameter may stand in several places.
        types = {name: bind.type for bind, name in compiled.bind_names.items()}  # type: ignore[attr-defined]
        into = ((name, self._processor(kind, into=True)) for name, kind in types.items())
        self._into = tuple((name, process) for name, process in into if process is not None)
        out = (self._processor(column.type, into=False) for column in columns)
        self._out = tuple((number, process) for number, process in enumerate(out) if process is not None)

    def _processor(self, kind: TypeEngine[Any], *, into: bool) -> Callable[[Any], Any] | None:
        """What is done to a value of that type on its way into or out of the database."""
        if isinstance(kind, UtcDateTime) and self._dialect.name == "sqlite":
            return time_into_sqlite if into else time_out_of_sqlite
        here = kind.dialect_impl(self._dialect)
        return here.bind_processor(self._dialect) if into else here.result_processor(self._dialect, None)

    def parameters(self, values: Values) -> dict[str, Any]:
        """What the driver is given."""
        given = {**self._fixed, **values}
        for name, process in self._into:
            given[name] = process(given[name])
        return given

    def row(self, row: Sequence[Any]) -> list[Any]:
        """What the driver gave, as values of the columns."""
        values = list(row)
        for number, process in self._out:
            values[number] = process(values[number])
        return values


class Session:
    """A connection that runs statements."""

    def __init__(self, driver: Any, integrity_error: type[Exception]) -> None:
        self._driver = driver
        self.IntegrityError = integrity_error
        """What the driver raises where a unique key is there already."""

    def run(self, statement: Statement, values: Values) -> int:
        """The number of rows that it changed."""
        return int(self._driver.execute(statement.text, statement.parameters(values)).rowcount)

    def run_each(self, statement: Statement, values: Sequence[Values]) -> None:
        """Once for each of these."""
        cursor = self._driver.cursor()
        cursor.executemany(statement.text, [statement.parameters(each) for each in values])
        cursor.close()

    def first(self, statement: Statement, values: Values) -> list[Any] | None:
        """The first row, or None."""
        # All are fetched: only then has SQLite ended the statement, and told what went wrong.
        rows = self._driver.execute(statement.text, statement.parameters(values)).fetchall()
        return statement.row(rows[0]) if rows else None

    def all(self, statement: Statement, values: Values) -> list[list[Any]]:
        """All rows."""
        rows = self._driver.execute(statement.text, statement.parameters(values)).fetchall()
        return [statement.row(row) for row in rows]


class Database:
    """Connections of an engine's pool, as transactions."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.is_shared = engine.dialect.name == "postgresql"
        self._driver: Any = engine.dialect.loaded_dbapi

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Committed at the end, rolled back on an exception. On SQLite it is alone from its beginning on."""
        with self._connection() as driver:
            if not self.is_shared:
                driver.execute("BEGIN IMMEDIATE")
            try:
                yield self._session(driver)
                driver.commit()
            except BaseException:
                driver.rollback()
                raise

    @contextmanager
    def alone(self, *, lasting: bool = True) -> Iterator[Session]:
        """Each statement is a transaction of its own.

        `lasting=False` does not wait for SQLite's disk: what was written may be undone by a power failure
        until somebody commits anything. On PostgreSQL a statement says so itself.
        """
        with self._connection() as driver:
            if self.is_shared:
                driver.autocommit = True
                try:
                    yield self._session(driver)
                finally:
                    driver.autocommit = False
            elif lasting:
                yield self._session(driver)
            else:
                driver.execute("PRAGMA synchronous=NORMAL")
                try:
                    yield self._session(driver)
                finally:
                    driver.execute("PRAGMA synchronous=FULL")

    def _session(self, driver: Any) -> Session:
        return Session(driver, self._driver.IntegrityError)

    @contextmanager
    def _connection(self) -> Iterator[Any]:
        try:
            pooled = self._engine.raw_connection()
            try:
                yield pooled.driver_connection
            finally:
                pooled.close()  # rolls back, and drops what does not answer any more
        except self._driver.Error as error:
            # As SQLAlchemy would: whoever looks for what passes knows its errors. They name no values.
            raise DBAPIError.instance(
                None, None, error, self._driver.Error, hide_parameters=True, dialect=self._engine.dialect
            ) from None

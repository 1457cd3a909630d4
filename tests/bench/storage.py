"""What an exchange costs a PostgreSQL database: rows and bytes by table, write-ahead log, commits.

The figures of docs/capacity.md. Exchanges with preview, run to their end, on a server that syncs each commit.
"""

import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, Engine, text

from tests import postgresql
from tests.exchange.house import House, a_request

EXCHANGES = 200
TABLES = ("exchange", "message", "event", "document")
_SIZES = """
SELECT (SELECT count(*) FROM {table}), pg_table_size('{table}'), pg_indexes_size('{table}'),
       coalesce(s.n_tup_upd, 0), coalesce(s.n_tup_hot_upd, 0)
FROM pg_stat_user_tables s WHERE s.relname = '{table}'
"""
_SERVER = """
SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn, d.xact_commit, w.wal_records, w.wal_fpi
FROM pg_stat_database d, pg_stat_wal w WHERE d.datname = current_database()
"""


def measure() -> dict[str, float]:
    """Per exchange: rows, bytes and updates by table; write-ahead log and commits of the whole database."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        try:
            cluster = stack.enter_context(postgresql.running(durable=True))
        except postgresql.Unavailable as unavailable:
            sys.stderr.write(f"NOT MEASURED what a database keeps: {unavailable}\n")
            return {}
        house = House(folder, database=cluster.url(cluster.create()))
        _exchange(house)
        before, tables_before = _server(house.engine), _tables(house.engine)
        for _ in range(EXCHANGES):
            _exchange(house)
        after, tables = _server(house.engine), _tables(house.engine)
        kept = _kept(house.engine)
        house.engine.dispose()
    figures: dict[str, float] = {}
    for name in TABLES:
        rows, table, _index, updated, hot = (
            (now - then) / EXCHANGES for now, then in zip(tables[name], tables_before[name], strict=True)
        )
        figures |= {
            f"exchange_rows_{name}": rows,
            f"exchange_bytes_{name}": kept[name][1] / kept[name][0] * rows if rows else 0.0,
            f"exchange_index_bytes_{name}": kept[name][2] / kept[name][0] * rows if rows else 0.0,
            f"exchange_bytes_before_vacuum_{name}": table,
            f"exchange_updates_{name}": updated,
            f"exchange_hot_updates_{name}": hot,
        }
    wal, commits, records, images = (
        (now - then) / EXCHANGES for now, then in zip(after, before, strict=True)
    )
    return figures | {
        "exchange_wal_bytes": wal,
        "exchange_wal_records": records,
        "exchange_wal_page_images": images,
        "exchange_commits": commits,
    }


def _exchange(house: House) -> None:
    request = a_request()
    token, view = house.preview(request)
    house.push(house.second(request, token))
    house.desk.decide(token, "visitor-1", frozenset(d.id for d in view.documents))
    house.work()


def _server(engine: Engine) -> tuple[float, ...]:
    with engine.connect() as connection:
        _flush(connection)
        return tuple(float(value) for value in connection.execute(text(_SERVER)).one())


def _tables(engine: Engine) -> dict[str, tuple[float, ...]]:
    with engine.connect() as connection:
        _flush(connection)
        return {
            name: tuple(float(v) for v in connection.execute(text(_SIZES.format(table=name))).one())
            for name in TABLES
        }


def _kept(engine: Engine) -> dict[str, tuple[float, ...]]:
    """Rows, bytes and bytes of indexes once nothing dead is left."""
    alone = engine.execution_options(isolation_level="AUTOCOMMIT")
    with alone.connect() as connection:
        for name in TABLES:
            connection.execute(text(f"VACUUM FULL {name}"))
    return {name: sizes[:3] for name, sizes in _tables(engine).items()}


def _flush(connection: Connection) -> None:
    """A backend tells its counts when it rests; the one that worked is this one, in the pool."""
    connection.execute(text("SELECT pg_stat_force_next_flush()"))
    connection.commit()


if __name__ == "__main__":
    for key, value in measure().items():
        sys.stdout.write(f"{key:<36}{value:>12.1f}\n")

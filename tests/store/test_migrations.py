"""The migrations and the tables say the same."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Engine

from intermediary import store
from intermediary.store.migrations import check


def test_tables_and_migrations_agree(engine: Engine) -> None:
    check(engine)


def test_a_database_is_current_after_migration_only(empty: Engine) -> None:
    assert not store.is_current(empty)
    store.migrate(empty)
    assert store.is_current(empty)
    store.migrate(empty)
    assert store.is_current(empty)


def test_nodes_that_start_at_once_migrate_once(empty: Engine) -> None:
    nodes = [store.open_engine(empty.url.render_as_string(hide_password=False)) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(store.migrate, nodes))
    assert store.is_current(empty)
    check(empty)
    for node in nodes:
        node.dispose()


def test_down_and_up_again(engine: Engine) -> None:
    from alembic import command

    from intermediary.store.migrations import _config

    with engine.begin() as connection:
        command.downgrade(_config(connection), "base")
    assert not store.is_current(engine)
    store.migrate(engine)
    check(engine)

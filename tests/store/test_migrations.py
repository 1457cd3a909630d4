"""The migrations and the tables say the same."""

from pathlib import Path

from sqlalchemy import Engine

from intermediary import store
from intermediary.store.migrations import check


def test_tables_and_migrations_agree(engine: Engine) -> None:
    check(engine)


def test_a_database_is_current_after_migration_only(tmp_path: Path) -> None:
    engine = store.open_engine(f"sqlite:///{tmp_path}/new.sqlite")
    assert not store.is_current(engine)
    store.migrate(engine)
    assert store.is_current(engine)
    store.migrate(engine)
    assert store.is_current(engine)


def test_down_and_up_again(engine: Engine) -> None:
    from alembic import command

    from intermediary.store.migrations import _config

    with engine.begin() as connection:
        command.downgrade(_config(connection), "base")
    assert not store.is_current(engine)
    store.migrate(engine)
    check(engine)

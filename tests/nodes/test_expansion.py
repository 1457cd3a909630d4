"""A release expands the schema only, so that nodes of the one before it work on beside it."""

from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Engine, inspect, text

from intermediary import store
from intermediary.exchange import SettingsInvalid
from intermediary.store.migrations import _scripts
from tests.nodes.previous import revisions_of_previous_release
from tests.store.conftest import empty

__all__ = ["empty"]

FIRST = "0002"
"""Head of the first release that others followed."""


@dataclass(frozen=True)
class Schema:
    """What code has to live with, as the database itself tells it."""

    columns: dict[tuple[str, str], dict[str, Any]]
    rules: frozenset[tuple[str, ...]]
    """What refuses rows: unique, foreign and checked."""


def schema_of(engine: Engine) -> Schema:
    """Read the schema back."""
    seen = inspect(engine)
    columns: dict[tuple[str, str], dict[str, Any]] = {}
    rules: set[tuple[str, ...]] = set()
    for table in seen.get_table_names():
        columns |= {(table, column["name"]): dict(column) for column in seen.get_columns(table)}
        rules |= {(table, "primary", *seen.get_pk_constraint(table)["constrained_columns"])}
        rules |= {
            (table, "unique", *map(str, i["column_names"])) for i in seen.get_indexes(table) if i["unique"]
        }
        rules |= {(table, "unique", *u["column_names"]) for u in seen.get_unique_constraints(table)}
        rules |= {(table, "foreign", *f["constrained_columns"]) for f in seen.get_foreign_keys(table)}
        rules |= {(table, "check", c["sqltext"]) for c in seen.get_check_constraints(table)}
    return Schema(columns, frozenset(rules))


def contractions(before: Schema, after: Schema) -> list[str]:
    """What code that knows `before` could not live with."""
    tables = {table for table, _ in before.columns}
    found = [f"{table}.{name} is gone" for table, name in before.columns.keys() - after.columns.keys()]
    for (table, name), column in after.columns.items():
        old = before.columns.get((table, name))
        if old is None:
            if table in tables and not column["nullable"] and column["default"] is None:
                found.append(f"{table}.{name} is new, NOT NULL and without default")
        elif str(old["type"]) != str(column["type"]):
            found.append(f"{table}.{name} was {old['type']} and is {column['type']}")
        elif old["nullable"] and not column["nullable"]:
            found.append(f"{table}.{name} is NOT NULL now")
    found += [f"{rule} is new" for rule in after.rules - before.rules if rule[0] in tables]
    return sorted(found)


def floor_of(engine: Engine) -> str | None:
    """The oldest revision whose code works beside this schema; None before there were floors."""
    if not inspect(engine).has_table("schema_floor"):
        return None
    with engine.connect() as connection:
        return str(connection.execute(text("SELECT revision FROM schema_floor")).scalar_one())


def test_every_migration_only_adds_or_raises_the_floor(empty: Engine) -> None:
    store.migrate(empty, FIRST)
    before, floor = schema_of(empty), FIRST
    later = [s.revision for s in _scripts().walk_revisions() if s.revision not in ("0001", FIRST)]
    assert later
    for revision in reversed(later):
        store.migrate(empty, revision)
        after, raised = schema_of(empty), floor_of(empty) or FIRST
        if raised == floor:
            assert contractions(before, after) == [], revision
        before, floor = after, raised


def test_nodes_of_the_release_before_are_not_below_the_floor(empty: Engine) -> None:
    known = revisions_of_previous_release()
    store.migrate(empty)
    assert floor_of(empty) in known


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DROP TABLE document", "document.blob is gone"),
        ("ALTER TABLE document DROP COLUMN media_type", "document.media_type is gone"),
        ("ALTER TABLE document RENAME COLUMN size TO octets", "document.size is gone"),
        (
            "ALTER TABLE mapping_version ADD COLUMN more INTEGER DEFAULT 1 NOT NULL",
            None,
        ),
        (
            "CREATE UNIQUE INDEX of_one ON document (media_type)",
            "('document', 'unique', 'media_type') is new",
        ),
        ("CREATE INDEX of_some ON document (media_type)", None),
    ],
)
def test_what_an_old_node_could_not_live_with_is_found(
    empty: Engine, statement: str, said: str | None
) -> None:
    store.migrate(empty)
    before = schema_of(empty)
    with empty.begin() as connection:
        connection.execute(text(statement))
    found = contractions(before, schema_of(empty))
    assert said in found if said else found == []


def expanded(engine: Engine, floor: str) -> None:
    """Leave the database as a newer release would."""
    store.migrate(engine)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE of_tomorrow (name VARCHAR PRIMARY KEY)"))
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.execute(text("UPDATE schema_floor SET revision = :floor"), {"floor": floor})


def test_a_node_works_on_a_database_that_a_newer_release_has_expanded(empty: Engine) -> None:
    store.migrate(empty)
    head = _scripts().get_current_head()
    assert head is not None
    expanded(empty, floor=head)
    assert store.is_current(empty)
    store.migrate(empty)  # leaves it alone
    with empty.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "9999"


def test_a_node_refuses_a_database_that_has_lost_what_it_needs(empty: Engine) -> None:
    expanded(empty, floor="9998")
    assert not store.is_current(empty)
    with pytest.raises(SettingsInvalid, match="newer release has taken away"):
        store.migrate(empty)

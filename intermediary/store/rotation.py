"""Keys of exchanges and messages, wrapped anew by another platform key, beside running nodes.

Rows are read and written in small batches, each a commit; what a node has locked is left for the next round.
A row is written only where its wrapped key is still the one that was read, so nothing has to be held. Who is
killed begins again: what was done is not found any more.
"""

from collections import Counter
from collections.abc import Iterator

from sqlalchemy import Column, ColumnElement, Engine, bindparam, func, or_, select, update
from sqlmodel import SQLModel

from intermediary.store.engine import scrub
from intermediary.store.errors import KeysUnusable
from intermediary.store.platform_keys import PlatformKey
from intermediary.store.tables import ExchangeRow, MessageRow, SecretRow
from intermediary.store.vault import MARKED, UNMARKED, KeyVault, mark, opens

BATCH = 200
"""Rows in one commit: some ten milliseconds on either database."""

_EXCHANGES, _MESSAGES, _SECRETS = (
    SQLModel.metadata.tables[row.__tablename__] for row in (ExchangeRow, MessageRow, SecretRow)
)
_WRAPPED: tuple[tuple[Column[str], Column[bytes]], ...] = (
    (_EXCHANGES.c.id, _EXCHANGES.c.evidence_key),
    (_MESSAGES.c.item, _MESSAGES.c.key),
    (_SECRETS.c.name, _SECRETS.c.key),
)
"""Where wrapped keys are: what names the row, and the key."""


def wrapped_by(engine: Engine) -> dict[bytes | None, int]:
    """How many keys each platform key wraps, by its id; None: without a mark."""
    found: Counter[bytes | None] = Counter()
    with engine.execution_options(reading=True).connect() as connection:
        for _name, key in _WRAPPED:
            beginning = func.substr(key, 1, MARKED)
            marked = select(beginning, func.count()).where(~_bare(key)).group_by(beginning)
            for by, number in connection.execute(marked):
                found[bytes(by)[1:]] += number
            found[None] += connection.execute(select(func.count()).where(_bare(key))).scalar_one()
    return {by: number for by, number in found.items() if number}


def wraps(engine: Engine, platform_key: PlatformKey) -> bool:
    """True while anything is wrapped by this key, with or without a mark."""
    if wrapped_by(engine).get(platform_key.id):
        return True
    with engine.execution_options(reading=True, yield_per=BATCH).connect() as connection:
        bare = (key for _name, column in _WRAPPED
                for key in connection.execute(select(column).where(_bare(column))).scalars())  # fmt: skip
        return any(opens(platform_key, bytes(key)) for key in bare)


def rewrap(engine: Engine, vault: KeyVault) -> Iterator[int]:
    """Wrap everything by the current platform key; tells after each commit how many keys it was.

    What is left then (`wrapped_by`) could not be read, or nodes held it all the time. Raises KeysUnusable.
    """
    ring = vault.ring
    if not ring.marks:
        raise KeysUnusable("There is one platform key only, in a file; a folder holds several")
    for name, key in _WRAPPED:
        rewrapped = 1
        while rewrapped:  # rounds, until one finds nothing to do
            rewrapped = 0
            for done in _round(engine, vault, name, key):
                rewrapped += done
                yield done
    scrub(engine)


def _round(engine: Engine, vault: KeyVault, name: Column[str], key: Column[bytes]) -> Iterator[int]:
    """All rows once, in the order of their names."""
    current = mark(vault.ring.current)
    other = or_(key < current, key >= (int.from_bytes(current) + 1).to_bytes(MARKED))
    some = select(name, key).where(other, name > bindparam("after")).order_by(name).limit(BATCH)
    some = some.with_for_update(skip_locked=True)
    change = update(name.table).where(name == bindparam("row"), key == bindparam("before"))
    change = change.values({key.name: bindparam("wrapped")})
    after = ""
    while True:
        done = 0
        with engine.begin() as connection:
            rows = connection.execute(some, {"after": after}).all()
            for row, before in rows:
                try:
                    wrapped = vault.rewrapped(bytes(before))
                except ValueError:
                    continue  # by a key that is not here
                values = {"row": row, "before": before, "wrapped": wrapped}
                done += connection.execute(change, values).rowcount
        if rows:
            after = rows[-1][0]
            yield done
        else:
            return


def _bare(key: Column[bytes]) -> ColumnElement[bool]:
    return func.length(key) == UNMARKED

"""The store on a real database: versions, nothing edited in place, several processes."""

from dataclasses import replace
from datetime import UTC, date, datetime
from threading import Barrier, Thread

import pytest
from sqlalchemy import Engine, event, text

from intermediary.mapping import (
    MappingInvalid,
    MappingMissing,
    MappingSet,
    MappingStore,
    StoredMappings,
    load,
)
from intermediary.mapping.model import Routing
from intermediary.shipped import shipped

SHIPPED = load(shipped("mappings"))
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def changed(key: str = "fahrerlaubnis", law: str = "§ 1 Neues Gesetz") -> MappingSet:
    """The shipped set with one mapping changed."""
    rows = tuple(replace(m, legal_basis=law) if m.key == key else m for m in SHIPPED.mappings)
    return replace(SHIPPED, mappings=rows)


def save(store: MappingStore, mapping_set: MappingSet, reason: str = "test") -> int:
    return store.save(mapping_set, author="Ada", reason=reason, now=NOW)


def test_what_is_saved_is_live(engine: Engine) -> None:
    store = MappingStore(engine)
    assert store.version() == 0
    assert save(store, SHIPPED) == 1
    assert store.live() == SHIPPED
    assert StoredMappings(store)(date(2026, 1, 1)) == SHIPPED


def test_an_empty_store_says_so(engine: Engine) -> None:
    with pytest.raises(MappingMissing, match="import a set first"):
        MappingStore(engine).live()


def test_versions_stay_as_they_were(engine: Engine) -> None:
    store = MappingStore(engine)
    without = replace(SHIPPED, mappings=SHIPPED.mappings[1:])
    for mapping_set in (SHIPPED, changed(), without):
        save(store, mapping_set)
    assert store.version() == 3
    assert [store.as_of(v) for v in (1, 2, 3)] == [SHIPPED, changed(), without]
    with pytest.raises(MappingMissing):
        store.as_of(4)


def test_history_says_who_changed_what_and_why(engine: Engine) -> None:
    store = MappingStore(engine)
    save(store, SHIPPED, "first start")
    save(store, changed(), "new law")
    save(store, replace(SHIPPED, mappings=SHIPPED.mappings[1:]), "withdrawn")
    withdrawn, law, first = store.history()
    assert (first.reason, first.author, first.saved_at) == ("first start", "Ada", NOW)
    assert len(first.changed) == len(SHIPPED.mappings) + len(SHIPPED.providers) + 2
    assert (law.version, law.changed, law.removed) == (2, ("evidence/fahrerlaubnis",), ())
    assert withdrawn.removed == (f"evidence/{SHIPPED.mappings[0].key}",)
    assert withdrawn.changed == ("evidence/fahrerlaubnis",)


def test_saving_the_same_again_makes_no_version(engine: Engine) -> None:
    store = MappingStore(engine)
    assert [save(store, SHIPPED), save(store, SHIPPED)] == [1, 1]


def test_a_removed_mapping_may_come_back(engine: Engine) -> None:
    store = MappingStore(engine)
    for mapping_set in (SHIPPED, replace(SHIPPED, mappings=()), SHIPPED):
        save(store, mapping_set)
    assert store.live() == SHIPPED


def test_an_invalid_set_never_becomes_live(engine: Engine) -> None:
    store = MappingStore(engine)
    broken = replace(SHIPPED.mappings[0], routing=Routing("nobody"))
    with pytest.raises(MappingInvalid, match="no provider «nobody»"):
        save(store, replace(SHIPPED, mappings=(broken,)))
    assert store.version() == 0


def test_another_process_sees_a_change_at_its_next_call(engine: Engine) -> None:
    ours, theirs = MappingStore(engine), MappingStore(engine)
    save(ours, SHIPPED)
    assert theirs.live() == SHIPPED
    save(ours, changed())
    assert theirs.live() == changed()


def test_an_unchanged_set_is_not_read_again(engine: Engine) -> None:
    store = MappingStore(engine)
    save(store, SHIPPED)
    live = store.live()
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    assert store.live() is live
    assert len([s for s in statements if s.startswith("SELECT")]) == 1
    assert not any("mapping_entry" in s for s in statements)


def test_nothing_is_edited_in_place(engine: Engine) -> None:
    store = MappingStore(engine)
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    for mapping_set in (SHIPPED, changed(), replace(SHIPPED, mappings=())):
        save(store, mapping_set)
    assert not [s for s in statements if s.startswith(("UPDATE", "DELETE"))]
    with engine.connect() as connection:
        query = text("SELECT count(*) FROM mapping_entry WHERE entry = 'evidence/fahrerlaubnis'")
        assert connection.scalar(query) == 3


def test_two_writers_at_once_lose_nothing(engine: Engine) -> None:
    save(MappingStore(engine), SHIPPED)
    start = Barrier(2)

    def write(law: str) -> None:
        start.wait()
        save(MappingStore(engine), changed(law=law))

    writers = [Thread(target=write, args=(law,)) for law in ("§ 1", "§ 2")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    store = MappingStore(engine)
    laws = {(store.as_of(v).by_key("fahrerlaubnis") or SHIPPED.mappings[0]).legal_basis for v in (2, 3)}
    assert laws == {"§ 1", "§ 2"}

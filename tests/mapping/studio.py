"""People who work on the mappings, and what they do all the time."""

from datetime import UTC, datetime
from typing import Any

from intermediary.mapping import MappingStore, Version, load
from intermediary.shipped import shipped

SHIPPED = load(shipped("mappings"))
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TODAY = NOW.date()
LICENCE = "evidence/fahrerlaubnis"
ADA, BOB = "Ada Lovelace", "Bob"


def edited(store: MappingStore, entry: str = LICENCE, by: str = ADA, **fields: Any) -> Version:
    """A draft on top of the newest version, with some fields written otherwise (None: left out)."""
    newest = store.versions(entry)[0].number
    said = {**store.document(entry, newest), **fields}
    said = {name: value for name, value in said.items() if value is not None}
    return store.draft(entry, said, expected=newest, actor=by, reason=f"{by} edits", at=NOW)


def approved(store: MappingStore, version: Version, by: str = BOB) -> Version:
    """A draft is handed in and approved."""
    store.submit(version.ref, actor=version.author, reason="please look", at=NOW)
    return store.approve(version.ref, actor=by, reason="looked", at=NOW)[0]


def published(store: MappingStore, entry: str = LICENCE, at: datetime = NOW, **fields: Any) -> Version:
    """An edit goes the whole way."""
    version = approved(store, edited(store, entry, **fields))
    return store.go_live(version.ref, actor=version.author, reason="go", at=at)[0]

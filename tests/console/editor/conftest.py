"""An editor's desk: the shipped mappings in a real store, and a console with the editor."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from starlette.testclient import TestClient

from intermediary import console
from intermediary.mapping import MappingStore, load
from intermediary.shipped import shipped
from tests.console.conftest import ConsoleHouse

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


@dataclass
class EditorHouse:
    """A console with the editor over the shipped set."""

    house: ConsoleHouse
    store: MappingStore

    def browser(self, who: str = "erik") -> TestClient:
        return self.house.browser(who)


@pytest.fixture
def editing(console_house: Callable[..., ConsoleHouse]) -> Iterator[EditorHouse]:
    house = console_house()
    store = MappingStore(house.engine, via="console")
    store.adopt(load(shipped("mappings")), actor="platform", reason="first start", at=NOW)
    yield EditorHouse(
        console_house(console.editor_part(store), console.mappings_part(store, lambda: NOW)), store
    )


class Form(HTMLParser):
    """The form `sheet` of a page, as a browser without JavaScript would send it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self._inside = False
        self._area: str | None = None
        self._select: tuple[str, list[str]] | None = None
        self._said = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = given.get("id") == "sheet" or given.get("action", "").endswith(("/edit", "/new"))
        if not self._inside:
            return
        name = given.get("name", "")
        if tag == "input" and name:
            ticked = given.get("type") != "checkbox" or "checked" in given
            if ticked:
                self.fields.append((name, given.get("value", "")))
        elif tag == "textarea":
            self._area, self._said = name, ""
        elif tag == "select":
            self._select = (name, [])
        elif tag == "option" and self._select is not None:
            if "selected" in given:
                self._select[1].insert(0, given.get("value", ""))
            else:
                self._select[1].append(given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "textarea" and self._area is not None:
            self.fields.append((self._area, self._said))
            self._area = None
        elif tag == "select" and self._select is not None:
            name, options = self._select
            self.fields.append((name, options[0] if options else ""))
            self._select = None

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._said += data

    def with_(self, do: str, **changes: str) -> dict[str, list[str]]:
        """The fields to send, some of them changed (`__` stands for a dot), with a button pressed."""
        wanted = {name.replace("__", "."): value for name, value in changes.items()}
        sent: dict[str, list[str]] = {}
        for name, value in self.fields:
            sent.setdefault(name, []).append(wanted.get(name, value))
        return {**sent, **{n: [v] for n, v in wanted.items() if n not in sent}, "do": [do]}

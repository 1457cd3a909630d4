"""A console over a store in which the shipped mappings are live, and people who work on them."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from intermediary import store
from intermediary.console.mappings import mappings_part
from intermediary.mapping import MappingStore, Version
from tests.console.conftest import ConsoleHouse
from tests.mapping.studio import SHIPPED, edited

LICENCE, BIRTH = "evidence/fahrerlaubnis", "evidence/geburtsurkunde"
EDITOR, APPROVER = "erik", "anna"


class Studio(ConsoleHouse):
    """A console with this area only, and its store."""

    def __init__(self, engine: Engine) -> None:
        self.store = MappingStore(engine, via="console")
        super().__init__(engine, (mappings_part(self.store, lambda: self.clock()),))  # noqa: PLW0108 - made below
        self.store.adopt(SHIPPED, actor="platform", reason="first start", at=self.clock())

    def draft(self, entry: str = LICENCE, by: str = EDITOR, **fields: Any) -> Version:
        """Somebody drafts a version in which some fields are written otherwise."""
        return edited(self.store, entry, by, **(fields or {"level_of_assurance": "High"}))

    def in_review(self, entry: str = LICENCE, by: str = EDITOR, **fields: Any) -> Version:
        """The same, handed in."""
        version = self.draft(entry, by, **fields)
        return self.store.submit(version.ref, actor=by, reason="please look", at=self.clock())[0]

    def page_to(self, action: str, version: Version) -> str:
        """Where a step is taken."""
        return f"/console/mappings/{version.entry}/versions/{version.number}/{action}"

    def take(self, browser: TestClient, action: str, version: Version, **fields: Any) -> Any:
        """Look at the page of a step, and send its form."""
        path = self.page_to(action, version)
        seen = re.search(r'name="seen" value="(\d+)"', browser.get(path).text)
        form = {"reason": "because", "seen": seen[1] if seen else "0", **fields}
        return browser.post(path, data={"csrf": self.csrf(browser), **form})

    def text(self, browser: TestClient, path: str) -> str:
        """What a page says, without its tags."""
        answer = browser.get(f"/console{path}", headers={"accept-language": "en"})
        assert answer.status_code == 200, (path, answer.status_code)
        return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file without rows, to be copied: to migrate takes longer than most tests."""
    file = tmp_path_factory.mktemp("studio") / "migrated.sqlite"
    engine = store.open_engine(f"sqlite:///{file}")
    store.migrate(engine)
    store.scrub(engine)
    engine.dispose()
    return file


@pytest.fixture
def engine(tmp_path: Path, migrated: Path) -> Iterator[Engine]:
    """A migrated SQLite database."""
    made = store.open_engine(f"sqlite:///{shutil.copy(migrated, tmp_path / 'studio.sqlite')}")
    yield made
    made.dispose()


@pytest.fixture
def studio(engine: Engine) -> Studio:
    """A console over the shipped mappings."""
    return Studio(engine)

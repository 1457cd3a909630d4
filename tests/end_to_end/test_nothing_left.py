"""After an exchange nothing of the evidence and nothing of the person is left at the platform."""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from intermediary.sandbox.citizen import Choice, Citizen
from intermediary.sandbox.documents import leak_patterns
from intermediary.sandbox.people import person
from intermediary.sandbox.platform_files import write_platform_files
from intermediary.sandbox.stories import Expected, Story, Told, platform_commands, tell, with_logs
from intermediary.sandbox.supervisor import Sandbox
from intermediary.sandbox.world import World
from tests.end_to_end.conftest import BY_KEY, PATIENCE, TIMING, Stories

pytestmark = [pytest.mark.xdist_group("sandbox"), pytest.mark.slow]

EXPIRY = Story(
    key="expiry",
    title="The citizen sees the evidence and never decides",
    evidence="vehicle-registration",
    person="giulia",
    login="giulia",
    inputs={"kennzeichen": "B-GR 1990"},
    expected=Expected(
        "error",
        "timed-out",
        code="EDM:ERR:0005",
        facts=("provider-answered", "time-over", "evidence-destroyed", "closed"),
    ),
)
QUICK = {**TIMING, "t3": 8, "allowance": 1, "provider_patience": 5, "second_request": 30}


class Undecided(Citizen):
    """Looks at the documents and waits until time is over."""

    def _decide(self, form: Any, choice: Choice) -> None:
        self._open(str(self._page.url))

    def _documents(self, page: Any) -> list[bytes]:
        return []  # they may be gone a moment after the page was made


@pytest.fixture(scope="module")
def expired(stories: Stories, sandbox: Sandbox) -> Iterator[Told]:
    """A story in which T3 runs out; the platform has shorter time-outs meanwhile. `stories` come first."""
    sandbox.kill("platform")
    write_platform_files(sandbox.world, timing=QUICK)
    sandbox.start(["platform"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("intermediary.sandbox.stories.Citizen", Undecided)
        told = tell(sandbox.world, EXPIRY, "2.0", patience=PATIENCE)
    (complete,) = with_logs(sandbox.world, [told], patience=PATIENCE)
    yield complete
    sandbox.kill("platform")
    write_platform_files(sandbox.world, timing=TIMING)
    sandbox.start(["platform"])


@pytest.fixture(scope="module")
def printed(expired: Told, stories: Stories, world: World) -> str:
    """Everything that the command line says of all exchanges and of the platform."""
    (rows,) = platform_commands(world, ("exchanges", "list", "--limit", "500"))
    shown = platform_commands(
        world, *(("exchanges", "show", row["id"]) for row in (*rows, {"id": "platform"}))
    )
    assert len(rows) > len(stories.told)
    return json.dumps([rows, shown], ensure_ascii=False)


def test_time_over_ends_the_exchange(expired: Told) -> None:
    assert [p for p in expired.problems if "documents at the portal" not in p] == []
    assert expired.visit is not None
    assert expired.visit.documents == 2
    assert expired.exchange["documents"] == []


def test_the_search_finds_evidence_where_it_may_be(stories: Stories, world: World) -> None:
    found = _files_with(world.data("portal") / "received", leak_patterns())
    assert len(found) >= 10


def test_no_evidence_is_left_in_any_file_of_the_platform(expired: Told, world: World) -> None:
    assert (world.data("platform") / "platform.db").stat().st_size > 0
    assert _files_with(world.data("platform"), leak_patterns()) == []


@pytest.mark.parametrize(
    "told", ["approve-all", "partial-consent", "decline", "unknown-person", "register-down"]
)
def test_documents_and_their_keys_are_destroyed(
    stories: Stories, expired: Told, world: World, told: str
) -> None:
    ids = [one.log["id"] for (key, _), one in stories.told.items() if key == told]
    assert ids
    _assert_destroyed(world, ids)


def test_documents_and_their_keys_are_destroyed_when_time_is_over(expired: Told, world: World) -> None:
    _assert_destroyed(world, [expired.log["id"]])


def _assert_destroyed(world: World, ids: list[str]) -> None:
    marks = ",".join("?" * len(ids))
    with closing(
        sqlite3.connect(f"file:{world.data('platform') / 'platform.db'}?mode=ro", uri=True)
    ) as database:
        rows = database.execute(
            f"SELECT evidence_key, sealed_inputs, sealed_response FROM exchange WHERE id IN ({marks})", ids
        ).fetchall()
        assert rows == [(None, None, None)] * len(ids)
        (documents,) = database.execute(
            f"SELECT count(*) FROM document WHERE exchange_id IN ({marks})", ids
        ).fetchone()
        assert documents == 0
        bodies = database.execute(
            f"SELECT direction, state, action FROM message WHERE exchange_id IN ({marks})"
            " AND direction = 'out' AND (sealed IS NOT NULL OR blob IS NOT NULL)",
            ids,
        ).fetchall()
        assert bodies == []


def test_no_personal_data_in_database_and_logs(expired: Told, world: World) -> None:
    """Giulia's plate is in the shipped hint to the input field, hence in the mappings: the plate is excepted
    where it stands in the words of that hint, and nowhere else.
    """
    folder = world.data("platform")
    files = [folder / "log.txt", *folder.glob("platform.db*")]
    assert len(files) >= 2
    for file in files:
        content = re.sub(HINT, b"", file.read_bytes())
        assert [word for word in _personal() if word in content] == [], file.name


def test_no_personal_data_in_what_the_command_line_prints(printed: str) -> None:
    content = printed.encode()
    assert b"provider-answered" in content
    assert [word for word in _personal() if word in content] == []


def test_the_search_finds_personal_data_where_it_may_be(stories: Stories, world: World) -> None:
    content = b"".join(f.read_bytes() for f in (world.data("portal") / "sent").rglob("edm.xml"))
    assert b"Rossi" in content and b"1990-04-12" in content and "Größl-Fabbri".encode() in content


def test_no_preview_token_is_kept_or_printed(stories: Stories, printed: str, world: World) -> None:
    """Who steals a copy of the database or a log can open no preview."""
    locations = [
        one.exchange["preview"]["location"] for one in stories.told.values() if one.exchange["preview"]
    ]
    tokens = [location.rpartition("/")[2].encode() for location in locations]
    assert len(set(tokens)) == len(tokens) > 5
    assert _files_with(world.data("platform"), tokens) == []
    assert [token for token in tokens if token in printed.encode()] == []


def test_a_citizen_knows_every_story_by_its_person() -> None:
    """What is searched below covers everyone who took part in the stories."""
    assert {story.person for story in BY_KEY.values()} | {"paolo"} == set(CAST)


HINT = rb"(zum Beispiel|for example|par exemple|per esempio) B-GR 1990"
CAST = ("giulia", "bjoern", "lucia", "paolo")
PLATES = ("B-GR 1990", "B-GR1990")


def _personal() -> list[bytes]:
    """Names, birth dates, identifiers, plates of everyone in the stories, as files may spell them."""
    words = [*PLATES]
    for one in map(person, CAST):
        day = one.date_of_birth
        words += [one.family_name, one.given_names, day.isoformat(), f"{day:%d.%m.%Y}", f"{day:%Y%m%d}"]
        words += [one.identifier, one.identifier.rpartition("/")[2]]
    spelled = {
        spelling for word in words for spelling in (word, json.dumps(word)[1:-1], quote(word, safe=""))
    }
    return sorted(word.encode() for word in spelled)


def _files_with(folder: Path, patterns: list[bytes] | tuple[bytes, ...]) -> list[str]:
    return [
        str(file.relative_to(folder))
        for file in sorted(folder.rglob("*"))
        if file.is_file() and any(pattern in file.read_bytes() for pattern in patterns)
    ]

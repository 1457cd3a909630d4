"""Stories against a whole running sandbox, and what a story says when things go otherwise."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from intermediary.sandbox import demo
from intermediary.sandbox.citizen import CANCEL, Choice
from intermediary.sandbox.stories import STORIES, VERSIONS, Expected, Story, Told, platform_command, tell
from intermediary.sandbox.supervisor import Sandbox, free_world
from intermediary.sandbox.world import World

BY_KEY = {story.key: story for story in STORIES}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = free_world(tmp_path_factory.mktemp("sandbox"))
    with Sandbox(world) as sandbox:
        sandbox.start()
        yield world


@pytest.mark.parametrize(
    ("key", "version"), [("approve-all", "2.0"), ("partial-consent", "1.2"), ("unmapped", "1.0")]
)
def test_story_goes_as_expected(world: World, key: str, version: str) -> None:
    told = tell(world, BY_KEY[key], version)
    assert told.problems == ()
    assert told.log["edm_version"] == f"oots-edm:v{version}"
    if told.visit:
        assert told.visit.returned and len(told.visit.opened) == told.visit.documents


def test_a_story_that_ends_otherwise_is_told_with_all_its_problems(world: World) -> None:
    wrong = replace(
        BY_KEY["decline"],
        expected=Expected("evidence", "approved", documents=Choice.ALL, facts=("decided", "preview-offered")),
    )
    problems = " | ".join(tell(world, wrong, "2.0").problems)
    assert "state at the portal is «error», not «evidence»" in problems
    assert "0 documents at the portal, not" in problems
    assert "outcome in the platform's log is «declined», not «approved»" in problems
    assert "lacks preview-offered (or has another order)" in problems


def test_a_citizen_who_cancels_the_login_is_led_back_and_may_come_again(world: World) -> None:
    story = replace(BY_KEY["decline"], login=CANCEL)
    told = _impatient(world, story)
    assert told.visit is not None and told.visit.returned
    assert told.visit.documents == 0


def _impatient(world: World, story: Story) -> Told:
    return tell(world, story, "1.2", patience=2)


def test_the_platform_commands_print_json(world: World) -> None:
    rows = platform_command(world, "exchanges", "list")
    assert {"id", "conversation_id", "request_message_id", "state", "outcome"} <= set(rows[0])


def test_every_story_is_told_in_every_version_and_has_a_name_of_its_own() -> None:
    assert len(BY_KEY) == len(STORIES)
    assert {"2.0", "1.2"} == set(VERSIONS)
    assert {story.evidence for story in STORIES if story.login is None} == {"fishing-licence"}


def test_demo_says_which_port_is_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = free_world(tmp_path)
    with socket.create_server(("127.0.0.1", world.port("portal"))):
        assert demo.run(True, None, tmp_path, world.first_port) == 1
    assert f"Port {world.port('portal')}" in capsys.readouterr().out


def test_demo_knows_its_versions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert demo.run(True, "3.0", tmp_path, 0) == 2
    assert "2.0, 1.2" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())

"""Stories against a whole running sandbox, and what a story says when things go otherwise."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from intermediary.sandbox import demo
from intermediary.sandbox.citizen import CANCEL, Choice
from intermediary.sandbox.stories import STORIES, VERSIONS, Expected, tell, with_logs
from intermediary.sandbox.supervisor import Sandbox, free_world
from intermediary.sandbox.world import SYSTEMS, World

UNUSED = ("civil-status-register", "business-register")
BY_KEY = {story.key: story for story in STORIES}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = free_world(tmp_path_factory.mktemp("sandbox"))
    with Sandbox(world) as sandbox:
        sandbox.start([system for system in SYSTEMS if system not in UNUSED])
        yield world


@pytest.mark.parametrize(
    ("key", "version"), [("approve-all", "2.0"), ("partial-consent", "1.2"), ("deferred", "1.0")]
)
def test_story_goes_as_expected(world: World, key: str, version: str) -> None:
    told = tell(world, BY_KEY[key], version)
    assert told.problems == ()
    assert told.exchange["version"] == f"oots-edm:v{version}"
    if told.visit:
        assert told.visit.returned and len(told.visit.opened) == told.visit.documents


def test_a_story_that_ends_otherwise_is_told_with_all_its_problems(world: World) -> None:
    wrong = replace(
        BY_KEY["decline"],
        expected=Expected("evidence", "approved", documents=Choice.ALL, facts=("decided", "preview-offered")),
    )
    good, bad = with_logs(world, [tell(world, BY_KEY["unmapped"], "1.2"), tell(world, wrong, "2.0")])
    assert good.problems == () and good.log["edm_version"] == "oots-edm:v1.2"
    problems = " | ".join(bad.problems)
    assert "state at the portal is «error», not «evidence»" in problems
    assert "0 documents at the portal, not" in problems
    assert "outcome in the platform's log is «declined», not «approved»" in problems
    assert "lacks preview-offered (or has another order)" in problems


def test_a_citizen_who_cancels_the_login_is_led_back_and_nothing_is_decided(world: World) -> None:
    told = tell(world, replace(BY_KEY["decline"], login=CANCEL), "1.2", patience=2)
    assert told.visit is not None and told.visit.returned
    assert told.visit.documents == 0
    assert told.exchange["state"] == "preview-required" and "TooLate" in told.problems[0]


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

"""Whole stories through real processes: portal ⇄ AS4 ⇄ gateway ⇄ plugin ⇄ platform ⇄ register."""

import json
import ssl
import urllib.request
from collections.abc import Iterator

import pytest

from intermediary.sandbox.stories import STORIES, tell, with_logs
from intermediary.sandbox.supervisor import Sandbox, free_world
from intermediary.sandbox.world import GATEWAY

pytestmark = pytest.mark.slow

BY_KEY = {story.key: story for story in STORIES}
UNUSED = ("civil-status-register", "business-register")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    world = free_world(tmp_path_factory.mktemp("behind"), gateway=True)
    with Sandbox(world, timing={"gateway_poll": 0.5}) as sandbox:
        sandbox.start([system for system in world.systems if system not in UNUSED])
        yield sandbox


@pytest.mark.parametrize("version", ["2.0", "1.2"])
@pytest.mark.parametrize("key", ["approve-all", "decline"])
def test_a_story_goes_as_ever_behind_the_gateway(sandbox: Sandbox, key: str, version: str) -> None:
    told = tell(sandbox.world, BY_KEY[key], version, patience=120)
    (complete,) = with_logs(sandbox.world, [told], patience=60)
    assert complete.problems == ()
    facts = [event["fact"] for event in complete.log["events"]]
    assert facts.count("message-acknowledged") == 2
    assert "message-submitted" in facts


def test_nothing_is_left_at_the_gateway(sandbox: Sandbox) -> None:
    trust = ssl.create_default_context(cafile=sandbox.world.authority)
    with urllib.request.urlopen(sandbox.world.url(GATEWAY, "/_sandbox/messages"), context=trust) as answer:
        states = {(row["role"], row["status"]) for row in json.load(answer)}
    assert states == {("RECEIVING", "DELETED"), ("SENDING", "ACKNOWLEDGED")}

"""Whole stories through real processes: portal ⇄ AS4 ⇄ gateway ⇄ plugin ⇄ platform ⇄ register."""

import json
import ssl
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from intermediary.sandbox.stories import STORIES, Told, tell, with_logs
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


CAST = [(key, version) for key in ("approve-all", "decline") for version in ("2.0", "1.2")]


@pytest.fixture(scope="module")
def told(sandbox: Sandbox) -> dict[tuple[str, str], Told]:
    """All of CAST, side by side; their logs are read at once, since that costs a process."""
    with ThreadPoolExecutor(len(CAST)) as pool:
        ended = pool.map(lambda one: tell(sandbox.world, BY_KEY[one[0]], one[1], patience=120), CAST)
        complete = with_logs(sandbox.world, list(ended), patience=60)
    return dict(zip(CAST, complete, strict=True))


@pytest.mark.parametrize("key", CAST, ids=" ".join)
def test_a_story_goes_as_ever_behind_the_gateway(
    told: dict[tuple[str, str], Told], key: tuple[str, str]
) -> None:
    assert told[key].problems == ()
    facts = [event["fact"] for event in told[key].log["events"]]
    assert facts.count("message-acknowledged") == 2
    assert "message-submitted" in facts


def test_nothing_is_left_at_the_gateway(told: dict[tuple[str, str], Told], sandbox: Sandbox) -> None:
    trust = ssl.create_default_context(cafile=sandbox.world.authority)
    with urllib.request.urlopen(sandbox.world.url(GATEWAY, "/_sandbox/messages"), context=trust) as answer:
        states = {(row["role"], row["status"]) for row in json.load(answer)}
    assert states == {("RECEIVING", "DELETED"), ("SENDING", "ACKNOWLEDGED")}

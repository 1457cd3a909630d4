"""Every story of the demo through the real processes, each looked at from all sides."""

import hashlib

import pytest

from intermediary.sandbox.citizen import Choice
from tests.end_to_end.conftest import CAST, Stories

pytestmark = [pytest.mark.xdist_group("sandbox"), pytest.mark.slow]

TOLD = pytest.mark.parametrize(("key", "version"), [(story.key, version) for story, version in CAST])


@TOLD
def test_story_goes_as_expected(stories: Stories, key: str, version: str) -> None:
    told = stories[key, version]
    assert told.problems == ()
    assert told.exchange["version"] == told.log["edm_version"] == f"oots-edm:v{version}"
    assert told.log["state"] == "closed"
    assert told.log["intact"] is True


@TOLD
def test_what_arrives_is_what_the_citizen_saw_and_allowed(stories: Stories, key: str, version: str) -> None:
    told = stories[key, version]
    arrived = [document["sha256"] for document in told.exchange["documents"]]
    seen = [hashlib.sha256(content).hexdigest() for content in (told.visit.opened if told.visit else ())]
    allowed = {Choice.ALL: seen, Choice.FIRST: seen[:1], Choice.NONE: []}[told.story.expected.documents]
    assert sorted(arrived) == sorted(allowed)
    assert len(set(arrived)) == len(arrived)


@TOLD
def test_nothing_is_sent_twice_and_everything_is_answered(stories: Stories, key: str, version: str) -> None:
    """As many answers as requests, each to one request, in the order of the requests."""
    messages = stories[key, version].exchange["messages"]
    requests = [m["message_id"] for m in messages if m["direction"] == "out"]
    answered = [m["ref_to_message_id"] for m in messages if m["direction"] == "in"]
    assert answered == requests
    assert len({m["message_id"] for m in messages}) == len(messages)
    facts = [event["fact"] for event in stories[key, version].log["events"]]
    assert facts.count("message-queued") == facts.count("message-acknowledged") == len(answered)
    assert facts.count("closed") == 1

"""Every message that the platform sent in the stories, as the portal's wire saw it: clean by all oracles."""

from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest
from lxml import etree

from intermediary import xml
from intermediary.sandbox.world import World
from intermediary.validation import Validator
from tests.end_to_end.conftest import Stories
from tests.end_to_end.message_facts import (
    EB,
    Header,
    header_problems,
    prose_problems,
    read_header,
    release_of,
)
from tests.oracles import XSD, official_problems, requires_official

pytestmark = [pytest.mark.xdist_group("sandbox"), pytest.mark.slow]


@dataclass(frozen=True)
class Sent:
    """One message of the platform and the request that it answers."""

    name: str
    messaging: etree._Element
    header: Header
    request: Header
    edm: etree._Element


@pytest.fixture(scope="module")
def sent(stories: Stories, world: World) -> list[Sent]:
    """Everything that the platform sent in the stories."""
    requests = {h.message_id: h for h in map(_header_of_sent, (world.data("portal") / "sent").iterdir())}
    told = {m["message_id"] for one in stories.told.values() for m in one.exchange["messages"]}
    found = []
    for folder in sorted((world.data("portal") / "received").iterdir()):
        messaging = xml.parse((folder / "header.xml").read_bytes())
        header = read_header(messaging)
        if header.message_id in told:
            request = requests[header.ref_to_message_id or ""]
            edm = xml.parse((folder / "edm.xml").read_bytes())
            found.append(Sent(folder.name, messaging, header, request, edm))
    incoming = [
        m for one in stories.told.values() for m in one.exchange["messages"] if m["direction"] == "in"
    ]
    assert len(found) == len(incoming) > 20
    return found


def _header_of_sent(folder: Path) -> Header:
    message = message_from_bytes((folder / "message.mime").read_bytes())
    root = message.get_payload(0)
    assert isinstance(root, Message)
    content = root.get_payload(decode=True)
    assert isinstance(content, bytes)
    return read_header(next(xml.parse(content).iter(f"{EB}Messaging")))


def _all(sent: list[Sent], check: Callable[[Sent], list[str]]) -> dict[str, list[str]]:
    return {one.name: problems for one in sent if (problems := check(one))}


def test_every_version_and_kind_of_message_was_sent(sent: list[Sent]) -> None:
    seen = {(release_of(one.edm), one.header.action) for one in sent}
    versions = ("oots-edm:v1.0", "oots-edm:v1.1", "oots-edm:v1.2", "oots-edm:v2.0")
    assert seen == {(v, action) for v in versions for action in ("ExceptionResponse", "ExecuteQueryResponse")}


@requires_official
def test_official_schemas_and_rules_have_nothing_to_say(sent: list[Sent]) -> None:
    assert _all(sent, lambda one: list(official_problems(one.edm))) == {}


def test_the_rules_of_the_prose_hold(sent: list[Sent]) -> None:
    assert _all(sent, lambda one: list(prose_problems(one.edm))) == {}


def test_every_header_is_valid_ebms(sent: list[Sent]) -> None:
    validator = Validator(XSD)
    assert (
        _all(sent, lambda one: [str(f) for f in validator.check(one.messaging, "ebms:v3.0").findings]) == {}
    )


def test_every_header_fits_its_request_and_its_parts(sent: list[Sent]) -> None:
    assert _all(sent, lambda one: list(header_problems(one.header, one.request, one.edm))) == {}


def test_first_and_second_request_share_conversation_and_exchange_id(
    stories: Stories, sent: list[Sent]
) -> None:
    by_ref = {one.header.ref_to_message_id: one.header for one in sent}
    for told in stories.told.values():
        headers = [by_ref[message_id] for message_id in told.exchange["request_message_ids"]]
        assert {h.conversation_id for h in headers} == {told.exchange["conversation_id"]}
        expected = {(told.exchange["id"], None)} if told.version == "2.0" else {None}
        assert {h.properties.get("ExchangeId") for h in headers} == expected


def test_each_message_has_a_name_of_its_own(sent: list[Sent]) -> None:
    assert len({one.header.message_id for one in sent}) == len(sent)
    identifiers = [
        one.edm.findtext(".//{*}Slot[@name='EvidenceResponseIdentifier']//{*}Value") for one in sent
    ]
    assert len(set(identifiers)) == len(sent)

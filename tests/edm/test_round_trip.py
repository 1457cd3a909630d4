"""What is written is read back as the same value, in every version; and 1.0 satisfies the official schema."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intermediary import edm, xml
from intermediary.edm.model import EdmMessage, EvidenceRequest
from tests.edm.examples import EXAMPLES, request
from tests.edm.strategies import VERSIONS, Version
from tests.oracles import fired, kind_of, official_schema, requires_official

V1_0 = "oots-edm:v1.0"
_BY_VERSION = {
    (version, extras): Version(version, extras) for version in VERSIONS for extras in (False, True)
}
_FEW = settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])


def _again(message: EdmMessage) -> EdmMessage:
    return edm.read(xml.parse(edm.write(message)))


@pytest.mark.parametrize("extras", [False, True], ids=["plain", "with extras"])
@pytest.mark.parametrize("version", VERSIONS)
@_FEW
@given(data=st.data())
def test_every_message_is_read_as_it_was_written(version: str, extras: bool, data: st.DataObject) -> None:
    message = data.draw(_BY_VERSION[version, extras].messages)
    assert _again(message) == message


@requires_official
@_FEW
@given(message=_BY_VERSION[V1_0, False].messages)
def test_the_official_schema_accepts_what_1_0_can_say(message: EdmMessage) -> None:
    schema = official_schema()
    assert schema.validate(xml.parse(edm.write(message))), schema.error_log


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_read_as_it_was_written(example: Callable[[str], EdmMessage], version: str) -> None:
    assert _again(example(version)) == example(version)


@requires_official
@pytest.mark.parametrize("example", EXAMPLES)
def test_the_1_0_examples_satisfy_the_official_schema_and_rules(
    example: Callable[[str], EdmMessage],
) -> None:
    root = xml.parse(edm.write(example(V1_0)))
    schema = official_schema()
    assert schema.validate(root), schema.error_log
    assert {entry for entry in fired(kind_of(root), root) if entry[1] != "info"} == set()


@pytest.mark.parametrize(
    ("moment", "lexical"),
    [
        (datetime(2026, 3, 12, 9, 30, tzinfo=UTC), b">2026-03-12T09:30:00Z<"),
        (datetime(2026, 3, 12, 9, 30, 1, 120_000, UTC), b">2026-03-12T09:30:01.120Z<"),
        (datetime(2026, 3, 12, 9, 30, 1, 5, UTC), b">2026-03-12T09:30:01.000005Z<"),
        (datetime(2026, 3, 12, 9, tzinfo=timezone(timedelta(hours=1))), b">2026-03-12T09:00:00+01:00<"),
        (datetime(1890, 1, 1, tzinfo=timezone(timedelta(minutes=53, seconds=28))), b">1889-12-31T23:06:32Z<"),
    ],
)
def test_moments_are_written_as_xs_date_time(moment: datetime, lexical: bytes) -> None:
    message = request(issue_date_time=moment)
    assert lexical in edm.write(message)
    again = _again(message)
    assert isinstance(again, EvidenceRequest)
    assert again.issue_date_time == moment

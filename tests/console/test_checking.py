"""What the checker makes of inputs of every kind, and of inputs of none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intermediary import as4, edm
from intermediary.console import Checker
from intermediary.console.checking import as_json
from intermediary.validation import Validator
from intermediary.validation.rules.published import published_rules
from tests.as4.parties import EDM, PDF, send
from tests.edm import examples
from tests.oracles import SAMPLES, XSD, requires_official
from tests.validation.rules.common_services import KINDS, samples

CHECKER = Checker(Validator(XSD, published_rules()))
PACKED = send(as4.Payload(EDM.content_id, EDM.media_type, edm.write(examples.request())), PDF, encrypt=False)
BODY = bytes(PACKED.content)


@requires_official
@pytest.mark.parametrize("kind", KINDS)
def test_messages_of_the_common_services_are_known_by_their_content(kind: str) -> None:
    for data in samples(kind):
        (part,) = CHECKER.check(data, "sample").parts
        assert (part.what, part.release) == (kind, "oots-cs:v1.0")


@requires_official
def test_an_ebms_header_is_known() -> None:
    header = next(iter(sorted(SAMPLES.rglob("*header*.xml"))))
    checked = CHECKER.check(header.read_bytes(), "header")
    assert (checked.parts[0].what, checked.release, checked.valid) == ("EDM-EBMS", "ebms:v3.0", True)


def test_what_cannot_be_read_as_edm_is_found_after_the_rules() -> None:
    (part,) = CHECKER.check(edm.write(examples.response()), "response").parts
    assert (part.what, part.valid) == ("EDM-RESP", True)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_get_a_verdict(data: bytes) -> None:
    assert not CHECKER.check(data, "bytes").valid


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(BODY) - 1), st.integers(0, 60), st.binary(max_size=20))
def test_a_damaged_as4_message_gets_a_verdict(at: int, length: int, put: bytes) -> None:
    damaged = BODY[:at] + put + BODY[at + length :]
    checked = CHECKER.check(damaged, "message", content_type=PACKED.content_type)
    assert as_json(checked)["valid"] is checked.valid


def test_a_compressed_part_that_is_none_or_a_bomb_is_told() -> None:
    import gzip

    from intermediary.console import checking

    bomb = gzip.compress(b" " * (checking.MAX_PART_BYTES + 9))
    assert len(checking._gunzip(bomb) or b"") == checking.MAX_PART_BYTES + 1
    assert checking._gunzip(b"no gzip") is None
    assert checking._gunzip(gzip.compress(b"x" * 99)[:-12]) is None

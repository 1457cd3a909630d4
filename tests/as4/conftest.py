"""Fixtures of the AS4 tests: one message sent and received, so that attacks have something to bend."""

from collections.abc import Iterator
from functools import cache

import pytest

from intermediary import as4
from tests.as4.parties import EDM, PDF, profile, receive, send, under


@pytest.fixture(params=as4.PROFILES.values(), ids=list(as4.PROFILES))
def each_profile(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let every security profile go through the test."""
    with under(request.param):
        yield


@cache
def _sent(_profile: as4.SecurityProfile) -> as4.Packed:
    return send(EDM, PDF)


@cache
def _unpacked(profile: as4.SecurityProfile) -> as4.Unpacked:
    return receive(_sent(profile))


@pytest.fixture
def sent(each_profile: None) -> as4.Packed:
    """A request with two parts from the portal to the platform, by each security profile."""
    return _sent(profile())


@pytest.fixture
def unpacked(each_profile: None) -> as4.Unpacked:
    """The same, received."""
    return _unpacked(profile())

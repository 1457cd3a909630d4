"""Fixtures of the AS4 tests: one message sent and received, so that attacks have something to bend."""

import pytest

from intermediary import as4
from tests.as4.parties import EDM, PDF, receive, send


@pytest.fixture(scope="session")
def sent() -> as4.Packed:
    """A request with two parts from the portal to the platform."""
    return send(EDM, PDF)


@pytest.fixture(scope="session")
def unpacked(sent: as4.Packed) -> as4.Unpacked:
    """The same, received."""
    return receive(sent)

"""One phase4 and one server of ours for all interoperability tests."""

from collections.abc import Iterator

import pytest

from tests.interop import parties
from tests.interop.parties import Platform, Server
from tests.interop.peer import Peer, Unavailable, build


@pytest.fixture(scope="session")
def phase4(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """A running phase4 with keys of the test PKI."""
    folder = tmp_path_factory.mktemp("phase4")
    try:
        peer = Peer(build(), parties.settings(folder), folder)
    except Unavailable as missing:
        pytest.skip(f"INTEROPERABILITY WITH PHASE4 WAS NOT TESTED: {missing}")
    yield peer
    peer.stop()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Our HTTP server."""
    server = Server()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def platform(server: Server) -> Platform:
    """Our side, as agreed; a test may change it."""
    server.platform = Platform(url=server.url)
    return server.platform

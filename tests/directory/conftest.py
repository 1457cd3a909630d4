"""One running double for the whole room; each test finds it without faults."""

from collections.abc import Iterator

import pytest

from tests.directory.double import Double, double


@pytest.fixture(scope="session")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Double]:
    with double(tmp_path_factory.mktemp("double")) as made:
        yield made


@pytest.fixture
def common_services(_running: Double) -> Iterator[Double]:
    """The double, in order."""
    publications, now = _running.app.state.publications, _running.clock.now
    _running.app.state.fault, _running.app.state.asked = None, 0
    yield _running
    _running.app.state.publications, _running.clock.now = publications, now

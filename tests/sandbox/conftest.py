"""One running sandbox, without platform and portal, for all tests that only ask its systems."""

from collections.abc import Iterator

import pytest

from intermediary.sandbox.supervisor import Sandbox, free_world
from intermediary.sandbox.world import SYSTEMS, World


@pytest.fixture(scope="session")
def neighbours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The platform's neighbours on the national side: login, IAM, registers."""
    world = free_world(tmp_path_factory.mktemp("neighbours"))
    with Sandbox(world) as sandbox:
        sandbox.start([system for system in SYSTEMS if system not in ("platform", "portal")])
        yield world

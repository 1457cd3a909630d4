"""The sandbox' portal, pushing to an address of its own: `python -m tests.deploy.portal WORLD_ROOT URL`."""

import sys
from unittest.mock import PropertyMock, patch

from intermediary.sandbox import run
from intermediary.sandbox.world import World

if __name__ == "__main__":
    with patch.object(World, "access_point", PropertyMock(return_value=sys.argv[2])):
        run.main(["portal", sys.argv[1]])

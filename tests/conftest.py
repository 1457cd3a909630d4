"""Which tests share a worker under `pytest -n 2 --dist loadgroup`: those of one file, and those of GROUPS.

pytest-xdist 3.8 writes the group of a mark `xdist_group` into `Item._nodeid`, which pytest 9.2 does not read
any more: the mark alone does nothing, and a session's sandbox would be started on every worker.
"""

from typing import Any

import pytest

GROUPS = {
    "tests/end_to_end/test_outcomes.py": "outcomes",
    "tests/end_to_end/": "sandbox",
    "tests/interop/": "interop",
}
"""Beginning of a test's path to the group that runs on one worker; the first that fits counts."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """The scheduler of `--dist loadgroup`; None leaves the others as they are."""
    if config.getvalue("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

    class Groups(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return next((group for start, group in GROUPS.items() if file.startswith(start)), file)

    return Groups(config, log)

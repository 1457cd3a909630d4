"""Which tests share a worker under `pytest -n 2 --dist loadgroup`: those of one file, and those of GROUPS.

pytest-xdist 3.8 writes the group of a mark `xdist_group` into `Item._nodeid`, which pytest 9.2 does not read
any more: the mark alone does nothing, and a session's sandbox would be started on every worker.

And the table of AS4 conformance, written from the results of the run.
"""

from pathlib import Path
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


_results: dict[str, tuple[str, str]] = {}


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """A user property travels with the report, also from the workers of a parallel run."""
    for marker in item.iter_markers("assertion"):
        item.user_properties.append(("assertion", marker.args[0]))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep the worst result of each assertion: a broken set-up is a failure too."""
    for name, number in report.user_properties:
        if name == "assertion" and (report.when == "call" or report.outcome != "passed"):
            test = report.nodeid.rpartition("::")[2].partition("[")[0]
            before = _results.get(str(number), ("", "passed"))[1]
            _results[str(number)] = (test, report.outcome if before == "passed" else before)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write build/as4-conformance.md, in the process that has all results."""
    if _results and not hasattr(session.config, "workerinput"):
        from tests.conformance.assertions import table

        out = Path(__file__).parent.parent / "build" / "as4-conformance.md"
        out.parent.mkdir(exist_ok=True)
        out.write_text(table(_results), encoding="utf-8")

"""Kills and every fault, in short, on both databases: nothing is lost, nothing is sent twice."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests import postgresql
from tests.chaos import weather
from tests.chaos.audit import Verdict
from tests.chaos.rounds import Harness, Outcome, Plan

NODES = {"sqlite": 1, "postgresql": 2}


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    """Keys and a warm process; a PostgreSQL that may be stopped, where there is one."""
    with ExitStack() as stack:
        try:
            cluster = stack.enter_context(postgresql.running(durable=True))
        except postgresql.Unavailable:
            cluster = None
        yield Harness(tmp_path_factory.mktemp("chaos"), cluster)


def run(harness: Harness, plan: Plan) -> Outcome:
    """A round that finds nothing; skips, loudly, without PostgreSQL."""
    if plan.database == "postgresql" and harness.cluster is None:
        pytest.skip(postgresql.MISSING)
    outcome = harness.run(plan)
    verdict: Verdict = outcome.verdict
    assert (verdict.lost, verdict.doubled) == ([], [])
    assert verdict.exchanges > 0
    return outcome


@pytest.mark.slow
@pytest.mark.parametrize("database", postgresql.BOTH)
def test_kills_and_each_fault_once(harness: Harness, database: str) -> None:
    faults = weather.faults_of(database)
    plan = Plan(f"short-{database}", database, 8, faults, len(faults), NODES[database])
    outcome = run(harness, plan)
    assert outcome.kills.total() >= 8
    assert {name for name, count in outcome.struck.items() if count} == set(faults)


@pytest.mark.slow
def test_faults_that_outlive_the_deadlines_end_as_the_standard_says(harness: Harness) -> None:
    run(harness, Plan("late", "sqlite", 0, ("partner-refused", "register-refused"), 2, patient=False))


@pytest.mark.slow
def test_where_nothing_can_be_mounted_nodes_are_forbidden_to_write(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def not_mounted(folder: Path, _megabytes: int) -> Iterator[bool]:
        folder.mkdir(exist_ok=True)
        yield False

    monkeypatch.setattr(weather, "small_disk", not_mounted)
    outcome = run(harness, Plan("quota", "sqlite", 0, ("disk-full",), 1))
    assert outcome.disk == "quota"
    assert outcome.struck["disk-full"] == 1


@pytest.mark.slow
def test_make_chaos_writes_flat_figures_and_a_report(tmp_path: Path) -> None:
    out = tmp_path / "chaos.json"
    command = [sys.executable, "-m", "tests.chaos", "--database", "sqlite", "--kills", "3"]
    done = subprocess.run(
        [*command, "--faults", "none", "--out", str(out)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(out.read_text())
    assert figures["kills"] >= 3
    assert (figures["lost"], figures["doubled"]) == (0, 0)
    assert not any(isinstance(value, dict | list) for value in figures.values())
    report = out.with_name("chaos-report.md").read_text()
    assert "| sqlite | partner | messages from us |" in report
    assert "0 lost, 0 doubled" in done.stdout

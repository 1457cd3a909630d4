"""A crash at any instant loses nothing and sends nothing twice (design, locked door 2)."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests import postgresql


@pytest.mark.slow
@pytest.mark.parametrize(
    ("database", "kills", "least"),
    # All instants on PostgreSQL: `python -m tests.chaos --database postgresql --every-commit`.
    [("sqlite", ("--every-commit",), 50), ("postgresql", ("--kills", "20"), 8)],
)
def test_kill_9_before_and_after_commits_of_an_exchange(
    tmp_path: Path, database: str, kills: tuple[str, ...], least: int
) -> None:
    if database == "postgresql":
        postgresql.shared()
    out = tmp_path / "chaos.json"
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos", "--database", database, *kills, "--out", str(out)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(out.read_text())
    assert result["kills"] >= least
    assert (result["lost"], result["doubled"]) == (0, 0)

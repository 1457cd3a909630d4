"""A crash at any commit loses nothing and sends nothing twice (design, locked door 2)."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_kill_9_before_and_after_each_commit_of_an_exchange(tmp_path: Path) -> None:
    # On PostgreSQL: `python -m tests.chaos --database postgresql --every-commit`.
    out = tmp_path / "chaos.json"
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos", "--database", "sqlite", "--every-commit", "--out", str(out)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(out.read_text())
    assert result["kills"] >= 30
    assert (result["lost"], result["doubled"]) == (0, 0)

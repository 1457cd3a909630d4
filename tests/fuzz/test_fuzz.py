"""A short run of each fuzz target: genuine messages, the kept corpus, and some thousand mutants of them."""

import subprocess
import sys

import pytest

pytest.importorskip("atheris")


@pytest.mark.slow
@pytest.mark.parametrize("target", ["mime", "soap", "message", "signal", "edm", "national", "directory"])
def test_no_input_makes_a_reader_fall_over(target: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", target, "--runs", "2000"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert "Done 2000" in done.stderr

"""The release before this one, from the repository's history."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def commit() -> str:
    """Of the release before; skips the test where this clone does not reach so far back."""
    lines = (Path(__file__).parent / "previous_release").read_text().splitlines()
    name = next(line.strip() for line in lines if line.strip() and not line.startswith("#"))
    found = subprocess.run(
        ["git", "-C", str(ROOT), "cat-file", "-e", f"{name}^{{commit}}"], check=False, capture_output=True
    )
    if found.returncode:
        pytest.skip(
            f"The roll-out from {name} is NOT TESTED: this clone does not have it; git fetch --unshallow"
        )
    return name


def tree(folder: Path) -> Path:
    """Unpack it; returns the folder to put on PYTHONPATH."""
    archive = subprocess.Popen(
        ["git", "-C", str(ROOT), "archive", commit(), "--", "intermediary", "mappings", "xsd"],
        stdout=subprocess.PIPE,
    )
    folder.mkdir()
    subprocess.run(["tar", "-x", "-C", str(folder)], stdin=archive.stdout, check=True)
    assert archive.wait() == 0
    return folder


def revisions_of_previous_release() -> set[str]:
    """The migrations that it knows."""
    folder = "intermediary/store/migrations/versions"
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-tree", "--name-only", f"{commit()}:{folder}"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return {name.partition("_")[0] for name in listed.stdout.split() if name[:4].isdigit()}


def command(*arguments: str) -> list[str]:
    """`intermediary …`, from the tree that `environment` names first."""
    start = "import sys; from intermediary.cli import main; sys.argv[0] = 'intermediary'; main()"
    return [sys.executable, "-P", "-c", start, *arguments]


def environment(tree: Path | None, **more: str) -> dict[str, str]:
    """For `command`: the code of a tree, whatever is installed; None: of this one."""
    # Compiling all libraries again would be half of a node's start.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    compiled = str((tree or ROOT / "build") / "pycache")
    return {**inherited, "PYTHONPYCACHEPREFIX": compiled, "PYTHONPATH": str(tree or ROOT), **more}

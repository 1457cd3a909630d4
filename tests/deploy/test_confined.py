"""The platform runs as image, chart and units let it run: as nobody, on a file system that is read-only."""

import ctypes
import os
import runpy
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from intermediary.sandbox.supervisor import Sandbox, free_world
from tests.deploy.processes import end, environ, until

UID = 10001
_PR_SET_MDWE, _REFUSE_EXEC_GAIN = 65, 1
CAGE = """
set -e
mount --make-rprivate /
for each in "$1" "$2"; do mount --bind "$each" "$each"; done
awk '{print $5}' /proc/self/mountinfo | while read -r each; do
  case $each in
    "$1"|"$2"|/proc*|/dev*|/sys*) ;;
    *) mount -o remount,bind,ro "$each" 2>/dev/null || true ;;
  esac
done
! touch "$3/written" 2>/dev/null || exit 99
shift 3
exec setpriv --reuid=%(who)d --regid=%(who)d --clear-groups --no-new-privs --inh-caps=-all \\
  --bounding-set=-all "$@"
"""
"""Mounts all but two folders read-only, then runs a command as nobody."""


def _reachable_by_others(path: Path) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in path.parents)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of the platform's user, below one that everybody may pass."""
    made = Path(tempfile.mkdtemp(prefix="confined-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def test_it_serves_as_nobody_and_writes_only_its_two_folders(folder: Path) -> None:
    if os.getuid():
        pytest.skip("Confinement is NOT TESTED: mounts need root")
    # A developer's interpreter may lie below /root: then it is root, but without any capability.
    interpreter, here = Path(sys.executable).resolve(), Path(__file__).resolve()
    who = UID if _reachable_by_others(interpreter) and _reachable_by_others(here) else 0
    world = free_world(folder / "world")
    sandbox = Sandbox(world)
    sandbox.prepare()
    settings = world.data("platform") / "platform.toml"
    lines = settings.read_text().splitlines()
    settings.write_text("\n".join(line for line in lines if not line.startswith("tls_")))
    spool = folder / "spool"
    spool.mkdir()
    subprocess.run(["chown", "-R", f"{who}:{who}", world.root, spool], check=True)
    compiled = environ() | {"INTERMEDIARY_SETTINGS": str(settings), "TMPDIR": str(spool), "HOME": "/"}
    cage = ["unshare", "--mount", "sh", "-c", CAGE % {"who": who}, "cage"]
    cage += [str(world.data("platform")), str(spool), str(folder)]

    def start(command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*cage, sys.executable, "-m", "tests.deploy.test_confined", command],
            env=compiled,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    migrate = start("migrate")
    said, _ = migrate.communicate(timeout=90)
    if "unshare failed" in said or "mount:" in said:
        pytest.skip(f"Confinement is NOT TESTED: {said}")
    assert migrate.returncode == 0, said
    serve = start("serve")
    try:
        url = f"http://127.0.0.1:{world.port('platform')}"

        def ready() -> bool:
            assert serve.poll() is None, serve.stdout and serve.stdout.read()
            try:
                return httpx.get(f"{url}/health/ready").status_code == 200
            except httpx.TransportError:
                return False

        until(ready, "it is ready")
        # Through the parser, the schemas, the rules and a spool of its own.
        message = b"<a/>" + b" " * 2_000_000
        assert (
            httpx.post(f"{url}/validate", files={"file": ("m.xml", message)}, timeout=60).status_code == 200
        )
        status = Path(f"/proc/{serve.pid}/status").read_text()
        assert "CapEff:\t0000000000000000" in status
        assert "CapBnd:\t0000000000000000" in status
        assert "NoNewPrivs:\t1" in status
        assert f"Uid:\t{who}\t" in status
    finally:
        end(serve)  # type: ignore[arg-type]


if __name__ == "__main__":
    # MemoryDenyWriteExecute=yes of the units; kernels before 6.3 do not know it.
    ctypes.CDLL(None).prctl(_PR_SET_MDWE, _REFUSE_EXEC_GAIN, 0, 0, 0)
    runpy.run_module("intermediary.cli", run_name="__main__")

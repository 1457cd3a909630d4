"""systemd units: what systemd itself says of them, and that settings and commands in them exist."""

import configparser
import os
import re
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from intermediary.settings import Settings
from tests.deploy.processes import DEPLOY

UNITS = DEPLOY / "systemd"
SERVICES = ("intermediary-serve.service", "intermediary-worker@.service", "intermediary-backup.service")


class Unit(dict[str, list[str]]):
    """The [Service] section: each name may be there several times."""

    def __init__(self, path: Path) -> None:
        found = defaultdict[str, list[str]](list)
        for line in path.read_text().partition("[Service]")[2].partition("\n[")[0].splitlines():
            if line and not line.startswith("#"):
                name, _, value = line.partition("=")
                found[name].append(value)
        super().__init__(found)


def analyze(*arguments: str | Path) -> str:
    """What systemd-analyze says; skips where there is none."""
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("Units are NOT TESTED: no systemd-analyze; apt-get install systemd")
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with the units, the programs that they start, and systemd's own units."""
    root = tmp_path_factory.mktemp("root")
    units = root / "etc/systemd/system"
    units.mkdir(parents=True)
    for unit in UNITS.glob("*.service"):
        shutil.copy(unit, units)
    shutil.copy(UNITS / "intermediary-backup.timer", units)
    shutil.copytree("/usr/lib/systemd/system", root / "usr/lib/systemd/system", symlinks=True)
    for program in ("opt/intermediary/bin/intermediary", "usr/bin/python3"):
        (root / program).parent.mkdir(parents=True, exist_ok=True)
        (root / program).write_text("#!/bin/sh\n")
        (root / program).chmod(0o755)
    return root


def test_systemd_understands_every_line(root: Path) -> None:
    names = ["intermediary-serve.service", "intermediary-worker@9464.service", "intermediary-backup.timer"]
    said = analyze("verify", "--recursive-errors=no", f"--root={root}", *names)
    assert "intermediary" not in said, said


def test_systemd_would_complain(root: Path) -> None:
    wrong = root / "etc/systemd/system/wrong.service"
    wrong.write_text((UNITS / SERVICES[0]).read_text().replace("ProtectHome=yes", "ProtectHome=perhaps"))
    with pytest.raises(AssertionError, match="protect home"):
        analyze("verify", "--recursive-errors=no", f"--root={root}", "wrong.service")
    wrong.unlink()


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_that_is_taken_over_reaches_little(name: str) -> None:
    said = analyze("security", "--offline=true", "--no-pager", UNITS / name)
    found = re.search(r"exposure level for \S+ ([\d.]+)", said)
    assert found is not None, said
    assert float(found[1]) <= 2.0, said


def test_the_sockets_and_folders_are_those_of_the_platform() -> None:
    nodes = [Unit(UNITS / name) for name in SERVICES[:2]]
    assert [unit["ExecStart"] for unit in nodes] == [
        ["/opt/intermediary/bin/intermediary serve"],
        ["/opt/intermediary/bin/intermediary worker"],
    ]
    for unit in nodes:
        named = dict(each.split("=", 1) for each in unit["Environment"])
        ours = {key.removeprefix("INTERMEDIARY_").lower() for key in named if "INTERMEDIARY_" in key}
        assert ours - {"settings"} <= Settings.model_fields.keys()
        assert named["TMPDIR"] == f"/var/cache/{unit['CacheDirectory'][0]}"
        assert unit["LimitCORE"] == ["0"], "a core dump would hold keys and evidence"
    different = {"ExecStart", "Environment", "TimeoutStopSec"}
    (serve, worker) = ({k: v for k, v in unit.items() if k not in different} for unit in nodes)
    assert serve == worker


def test_users_and_folders_are_made_for_the_services(tmp_path: Path) -> None:
    for program, conf in (("systemd-sysusers", "sysusers"), ("systemd-tmpfiles", "tmpfiles")):
        if shutil.which(program) is None or os.getuid():
            pytest.skip(f"Users and folders are NOT TESTED: no {program}, or not root")
        arguments = [f"--root={tmp_path}", *(["--create"] if conf == "tmpfiles" else [])]
        (tmp_path / "etc").mkdir(exist_ok=True)
        subprocess.run([program, *arguments, UNITS / f"intermediary.{conf}.conf"], check=True)
    assert "intermediary" in (tmp_path / "etc/passwd").read_text()
    assert (tmp_path / "var/backups/intermediary").stat().st_mode & 0o777 == 0o700
    for name in SERVICES:
        (user,) = Unit(UNITS / name)["User"]
        assert f"{user}:" in (tmp_path / "etc/passwd").read_text()


def test_the_timer_starts_the_back_up() -> None:
    timer = configparser.ConfigParser(interpolation=None)
    timer.optionxform = str  # type: ignore[assignment, method-assign]
    timer.read(UNITS / "intermediary-backup.timer")
    assert timer["Timer"]["Persistent"] == "yes"
    assert analyze("calendar", timer["Timer"]["OnCalendar"])
    (command,) = Unit(UNITS / "intermediary-backup.service")["ExecStart"]
    assert Path(command.split()[1]).name in {file.name for file in (DEPLOY / "backup").iterdir()}

"""`intermediary mappings`, as an operator and a team with pull requests use it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from intermediary.cli import app
from intermediary.sandbox.pki import make_pki
from intermediary.sandbox.platform_files import write_platform_files
from intermediary.sandbox.world import World
from intermediary.settings import load_settings
from intermediary.shipped import shipped
from tests.mapping.studio import LICENCE

run = CliRunner()


def call(*arguments: str, code: int = 0) -> Result:
    """Call `intermediary mappings`; the exit code is as expected."""
    result = run.invoke(app, ["mappings", *arguments])
    assert result.exit_code == code, result.output
    return result


def told(*arguments: str, code: int = 0) -> Any:
    """What it says to machines."""
    return json.loads(call(*arguments, "--json", code=code).stdout)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Settings and keys of a platform."""
    world = World(tmp_path_factory.mktemp("world"))
    make_pki(world)
    world.secret("oidc")
    write_platform_files(world)
    return world


@pytest.fixture
def git(world: World, migrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a team; the shipped set is live on the platform."""
    database = shutil.copy(migrated, tmp_path / "platform.sqlite")
    monkeypatch.setenv("INTERMEDIARY_SETTINGS", str(world.data("platform") / "platform.toml"))
    monkeypatch.setenv("INTERMEDIARY_DATABASE_URL", f"sqlite:///{database}")
    monkeypatch.setenv("LOGNAME", "operator")
    assert load_settings().database_url.endswith("/platform.sqlite")
    folder = Path(shutil.copytree(shipped("mappings"), tmp_path / "git"))
    first = call("import", str(folder), "--reason", "first")
    assert "Revision 1 is live: 14 mappings" in first.output
    return folder


def written(folder: Path, old: str, new: str, entry: str = LICENCE) -> None:
    """Somebody edits a file."""
    file = folder / f"{entry}.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_every_command_teaches() -> None:
    commands = "lint list show history diff import export submit approve reject go-live retire rollback"
    shown = call("--help").output
    for command in commands.split():
        assert command in shown
        assert "--" in call(command, "--help").output


def test_a_pull_request_goes_the_whole_way(git: Path) -> None:
    call("diff", str(git))
    written(git, "§§ 52, 53 StVG", "§ 1 StVG")
    assert "legal_basis" in call("diff", str(git), code=1).output
    differences = told("diff", str(git), code=1)
    assert [(d["entry"], d["path"], d["kind"]) for d in differences] == [
        (LICENCE, ["legal_basis"], "changed")
    ]
    handed_in = call("import", str(git), "--reason", "new law", "--author", "ada@example").output
    assert f"intermediary mappings approve {LICENCE}@2" in handed_in
    assert call("list", "--state", "in-review", "--refs").output.split() == [f"{LICENCE}@2"]
    refused = call("approve", f"{LICENCE}@2", "--reason", "fine", "--actor", "Ada@Example", code=1)
    assert "somebody else" in refused.output
    call("go-live", LICENCE, "--reason", "go", code=1)
    call("approve", f"{LICENCE}@2", "--reason", "fine", "--actor", "bob@example")
    live = call("go-live", LICENCE, "--reason", "go").output
    assert f"{LICENCE}@2 is live from 2026-01-01" in live
    call("diff", str(git))
    shown = told("show", "fahrerlaubnis")
    assert (shown["number"], shown["reviewer"]) == (2, "bob@example")
    assert shown["legal_basis"].startswith("§ 1 StVG")
    steps = [(s["action"], s["actor"], s["via"]) for s in reversed(told("history", LICENCE)[:-1])]
    assert ("approve", "bob@example", "cli:operator") in steps
    assert steps[0] == ("submit", "ada@example", "cli:operator")


def test_a_merged_pull_request_goes_live_with_its_author_and_reviewer(git: Path) -> None:
    written(git, "§§ 52, 53 StVG", "§ 1 StVG")
    call("import", str(git), "--reason", "PR 7", "--author", "ada", "--approved-by", "Ada", code=1)
    done = told("import", str(git), "--reason", "PR 7", "--author", "ada", "--approved-by", "bob")
    assert [(v["ref"], v["state"], v["reviewer"]) for v in done["versions"]] == [
        (f"{LICENCE}@2", "live", "bob")
    ]
    again = call("import", str(git), "--reason", "PR 7", "--author", "ada", "--approved-by", "bob")
    assert "is live" in again.output
    assert len(told("history", LICENCE)) == 6


def test_who_gives_no_author_is_the_author(git: Path) -> None:
    written(git, "§§ 52, 53 StVG", "§ 1 StVG")
    call("import", str(git), "--reason", "x", "--approved-by", "operator", code=1)
    assert told("show", f"{LICENCE}@2")["authors"] == ["operator"]


def test_what_is_wrong_is_told_by_file_and_line_and_nothing_is_taken(git: Path) -> None:
    written(git, "procedures: [V2", "procedures: [Z9")
    told_so = call("import", str(git), "--reason", "x", code=1).output
    assert "evidence/fahrerlaubnis.yaml:4: error" in told_so
    assert "→" in told_so
    assert call("list", "--state", "in-review", "--refs").output == ""


def test_a_file_that_is_gone_is_told_and_stays_live_until_it_is_retired(git: Path) -> None:
    (git / f"{LICENCE}.yaml").unlink()
    assert f"mappings retire {LICENCE}" in call("import", str(git), "--reason", "x").output
    call("retire", LICENCE, "--reason", "not ours any more")
    assert LICENCE not in told("import", str(git), "--reason", "x")["absent"]
    call("show", "fahrerlaubnis@1")
    assert "@1" not in str([row for row in told("list") if row["entry"] == LICENCE and row["in_force"]])


def test_an_export_is_the_same_to_the_byte_and_imports_as_no_change(git: Path, tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    call("export", str(one))
    call("import", str(one), "--reason", "round trip")
    assert call("list", "--kind", "all", "--state", "in-review", "--refs").output == ""
    call("export", str(other))
    files = sorted(p.relative_to(one) for p in one.rglob("*.yaml"))
    assert len(files) == 17
    assert [(one / f).read_bytes() for f in files] == [(other / f).read_bytes() for f in files]
    (one / "evidence" / "left.yaml").write_text("a: b\n")
    assert "left.yaml is of no entry" in call("export", str(one)).output


def test_an_older_revision_may_be_exported(git: Path, tmp_path: Path) -> None:
    call("export", str(tmp_path / "then"))
    written(git, "§§ 52, 53 StVG", "§ 1 StVG")
    call("import", str(git), "--reason", "x", "--author", "ada", "--approved-by", "bob")
    call("export", str(tmp_path / "again"), "--revision", "1")
    call("export", str(tmp_path / "now"), "--day", "2026-11-24")
    then, again, now = (
        (tmp_path / name / f"{LICENCE}.yaml").read_bytes() for name in ("then", "again", "now")
    )
    assert then == again != now
    call("export", str(tmp_path / "x"), "--revision", "99", code=1)


def test_roll_back_is_one_command(git: Path) -> None:
    written(git, "§§ 52, 53 StVG", "§ 1 StVG")
    call("import", str(git), "--reason", "x", "--author", "ada", "--approved-by", "bob")
    assert f"{LICENCE}@3 is live" in call("rollback", LICENCE, "--reason", "wrong").output
    assert told("diff", LICENCE, "--from", "1", "--to", "3") == []
    assert told("diff", LICENCE, "--from", "2", "--to", "3", code=1)[0]["path"] == ["legal_basis"]
    call("rollback", "evidence/none", "--reason", "x", code=1)


def test_the_list_is_for_people_too(git: Path) -> None:
    written(git, "§§ 52, 53 StVG", "§ 1 StVG")
    call("import", str(git), "--reason", "x", "--author", "ada")
    shown = call("list", "driving").output
    assert "Driving licence" in shown
    assert "in-review" in shown
    assert "kba-zfer" in call("list", "--kind", "provider", "driving").output
    assert call("list", "nothing like it").output.strip() == "none"
    assert "ada" in call("show", f"{LICENCE}@2").output
    assert "titles:" in call("show", "provider/kba-zfer").output.replace("names:", "titles:")
    assert "new law" not in call("history").output


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("show", "nothing"), 1),
        (("show", "fahrerlaubnis@x"), 2),
        (("approve", "fahrerlaubnis", "--reason", "x"), 2),
        (("approve", "fahrerlaubnis@9", "--reason", "x"), 1),
        (("submit", "fahrerlaubnis", "--reason", "x"), 1),
        (("retire", "fahrerlaubnis", "--reason", " "), 1),
        (("retire", "fahrerlaubnis"), 2),
        (("history", "nothing"), 1),
        (("diff", "nothing"), 1),
        (("list", "--state", "unknown"), 2),
    ],
)
def test_exit_codes(git: Path, arguments: tuple[str, ...], code: int) -> None:
    call(*arguments, code=code)


def test_what_is_wrong_with_a_draft_is_told_by_field(git: Path) -> None:
    """A provider cannot go while mappings route to it."""
    refused = call("retire", "provider/kba-zfer", "--reason", "x", code=1).output
    assert "evidence/fahrerlaubnis.yaml" in refused
    assert "routing.provider" in refused

"""`intermediary mappings lint`: lines for people and CI, JSON for machines, exit codes."""

import json
import shutil
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner

from intermediary.cli import app
from intermediary.directory import write_answer
from intermediary.directory.model import Answer, DataServiceEvidenceType, Distribution, Text
from intermediary.mapping import load
from intermediary.sandbox.pki import make_pki
from intermediary.sandbox.platform_files import write_platform_files
from intermediary.sandbox.world import World

VEHICLE = "evidence/fahrzeugregistrierung.yaml"


def lint(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["mappings", "lint", *arguments])
    assert result.exit_code == code, result.output
    return result.stdout


def written(folder: Path, old: str, new: str, name: str = VEHICLE) -> int:
    """Somebody edits a file; the line of it."""
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new))
    return text[: text.index(old)].count("\n") + 1


def test_the_shipped_set_is_clean_even_by_strict_rules() -> None:
    assert lint("--strict") == "0 errors, 0 warnings\n"


def test_a_finding_is_a_line_that_ci_understands(folder: Path) -> None:
    line = written(folder, "retention_days: 0", "retention_days: 30")
    said = lint(str(folder)).splitlines()
    file = folder / VEHICLE
    assert said[0].startswith(f"{file}:{line}: warning: MAP-RETENTION: Evidence would be kept. → ")
    assert said[-1] == "0 errors, 1 warnings"
    lint(str(folder), "--strict", code=1)
    written(folder, "retention_days: 30", "retention_days: -1")
    assert ": error: MAP-RETENTION-NEGATIVE: " in lint(str(folder), code=1)


def test_machines_get_rule_place_and_values(folder: Path) -> None:
    written(folder, "procedures: [V2", "procedures: [Z9")
    (found,) = json.loads(lint(str(folder), "--json", code=1))
    assert (found["rule"], found["entry"], found["path"]) == (
        "MAP-PROCEDURE",
        "evidence/fahrzeugregistrierung",
        ["procedures", 0],
    )
    assert found["values"]["code"] == "Z9"


def test_wrong_calls_end_with_two(folder: Path, tmp_path: Path) -> None:
    lint(str(tmp_path / "nowhere"), code=2)
    lint(str(folder), "--store", code=2)
    lint(str(folder), "--dsd", str(tmp_path / "nowhere.xml"), code=2)
    (tmp_path / "no.xml").write_text("<x/>")
    lint(str(folder), "--dsd", str(tmp_path / "no.xml"), code=2)


@pytest.fixture
def platform(tmp_path: Path, migrated: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Settings of a platform whose providers are examples that nobody runs."""
    world = World(tmp_path / "world")
    make_pki(world)
    world.secret("oidc")
    monkeypatch.setenv("INTERMEDIARY_SETTINGS", str(write_platform_files(world)))
    database = shutil.copy(migrated, tmp_path / "platform.sqlite")
    monkeypatch.setenv("INTERMEDIARY_DATABASE_URL", f"sqlite:///{database}")
    return world


def test_online_says_who_cannot_be_reached(platform: World, folder: Path) -> None:
    found = json.loads(lint(str(folder), "--online", "--json", code=1))
    assert {f["rule"] for f in found} == {"MAP-ONLINE-UNREACHABLE"}
    assert len(found) == len(load(folder).providers)
    assert all(Path(f["file"]).name == "providers.yaml" and f["line"] > 1 for f in found)


def test_levels_of_the_directory(folder: Path, tmp_path: Path) -> None:
    vehicle = load(folder).by_key("fahrzeugregistrierung")
    assert vehicle is not None
    service = DataServiceEvidenceType(
        identifier="https://sr.oots.tech.ec.europa.eu/dataservices/x",
        classification=vehicle.evidence_type_classifications[0],
        titles=(Text("Vehicle"),),
        distributions=(Distribution("application/pdf"),),
        level_of_assurance="High",
    )
    answer = tmp_path / "dsd.xml"
    answer.write_bytes(write_answer(Answer(services=(service,)), [UUID(int=1)]))
    said = lint(str(folder), "--dsd", str(answer), code=1)
    assert ": error: MAP-LEVEL-BELOW-DIRECTORY: «Substantial» is accepted here" in said


def test_the_store_is_linted_with_what_is_pending(platform: World, folder: Path) -> None:
    def hand_in() -> None:
        result = CliRunner().invoke(app, ["mappings", "import", str(folder), "--reason", "because"])
        assert result.exit_code == 0, result.output

    hand_in()
    assert lint("--store", "--strict") == "0 errors, 0 warnings\n"
    written(folder, "retention_days: 0", "retention_days: 30")
    hand_in()
    said = lint("--store")
    assert said.startswith(
        "evidence/fahrzeugregistrierung@2:1: warning: MAP-RETENTION: retention_days: Evidence would be kept."
    )
    (found,) = json.loads(lint("--store", "--json"))
    assert (found["state"], found["version"]) == ("in-review", 2)

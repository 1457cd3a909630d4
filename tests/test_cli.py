"""The command line, as an operator uses it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from intermediary import edm, store
from intermediary.cli import app
from intermediary.exchange.model import Fact, event
from intermediary.sandbox.pki import make_pki
from intermediary.sandbox.platform_files import write_platform_files
from intermediary.sandbox.world import World
from intermediary.shipped import shipped
from tests.edm import examples
from tests.store.conftest import ledger_of
from tests.store.test_ledger import EXCHANGE, NOON

run = CliRunner()


def call(*arguments: str, code: int = 0, stdin: bytes | None = None) -> Result:
    """Call the command line; the exit code is as expected."""
    result = run.invoke(app, list(arguments), input=stdin)
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Settings of a platform that was migrated; its database URL."""
    world = World(tmp_path)
    make_pki(world)
    world.secret("oidc")
    write_platform_files(world)
    monkeypatch.setenv("INTERMEDIARY_SETTINGS", str(world.data("platform") / "platform.toml"))
    call("migrate")
    from intermediary.settings import load_settings

    return load_settings().database_url


def test_help_teaches() -> None:
    for arguments in ((), ("mappings",), ("exchanges",)):
        shown = run.invoke(app, [*arguments, "--help"]).output
        assert "Commands" in shown


def test_a_valid_message_is_said_to_be_valid(tmp_path: Path) -> None:
    file = tmp_path / "request.xml"
    file.write_bytes(edm.write(examples.request()))
    assert "valid (oots-edm:v2.0)" in call("validate", str(file)).output


def test_a_broken_message_gets_rule_place_line_and_remedy(tmp_path: Path) -> None:
    broken = edm.write(examples.request("oots-edm:v1.2")).replace(b"FamilyName", b"FamiliyName")
    file = tmp_path / "request.xml"
    file.write_bytes(broken)
    shown = call("validate", str(file), code=1).output
    assert "XSD:" in shown
    assert "→" in shown
    found = json.loads(call("validate", str(file), "--json", code=1).output)
    assert not found["valid"]
    assert {"rule", "place", "line", "text", "remedy"} <= set(found["findings"][0])


@pytest.mark.parametrize("content", [b"", b"no xml", b"<!DOCTYPE a><a/>"])
def test_what_is_no_xml_is_a_finding_too(content: bytes) -> None:
    found = json.loads(call("validate", "-", "--json", code=1, stdin=content).output)
    assert found["findings"][0]["rule"].startswith("XML")


def test_a_wrong_call_ends_with_2(tmp_path: Path) -> None:
    call("validate", str(tmp_path / "missing.xml"), code=2)
    file = tmp_path / "request.xml"
    file.write_bytes(edm.write(examples.request()))
    call("validate", str(file), "--release", "oots-edm:v9", code=2)


def test_the_shipped_mappings_have_no_findings() -> None:
    assert json.loads(call("mappings", "lint", "--json").output) == []


def test_a_broken_mapping_is_told_by_file_and_line(tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "mappings"
    shutil.copytree(shipped("mappings"), folder)
    file = folder / "evidence" / "fahrzeugregistrierung.yaml"
    file.write_text(file.read_text().replace("kba-zfzr", "nobody"))
    shown = call("mappings", "lint", str(folder), code=1).output
    assert "fahrzeugregistrierung.yaml:" in shown
    assert "nobody" in shown


def test_mappings_are_imported_listed_and_shown(platform: str) -> None:
    assert "14 mappings" in call("mappings", "import", str(shipped("mappings")), "--reason", "test").output
    listed = json.loads(call("mappings", "list", "--json").output)
    assert len(listed) == 14
    assert "Vehicle registration" in {row["title"] for row in listed}
    assert "fahrzeugregistrierung" in call("mappings", "show", "fahrzeugregistrierung").output
    assert (
        json.loads(call("mappings", "show", "fahrzeugregistrierung", "--json").output)["preview"]
        == "required"
    )
    call("mappings", "show", "nothing", code=1)


def test_the_story_of_an_exchange_is_shown(platform: str) -> None:
    assert call("exchanges", "list").output.strip() == "none"
    with ledger_of(store.open_engine(platform)).begin() as tx:
        tx.save(replace(EXCHANGE, id="abc-1"), None)
        tx.log("abc-1", event(Fact.PROVIDER_ASKED, NOON, provider="kba-zfzr"))
        tx.log("platform", event(Fact.MESSAGE_REFUSED, NOON, code="EBMS:0101"))
    shown = call("exchanges", "show", "abc").output
    assert "provider-asked" in shown
    assert "kba-zfzr" in shown
    story = json.loads(call("exchanges", "show", "abc", "--json").output)
    assert story["intact"]
    assert story["events"][0]["fact"] == "provider-asked"
    assert json.loads(call("exchanges", "list", "--json").output)[0]["id"] == "abc-1"
    assert "EBMS:0101" in call("exchanges", "show", "platform").output
    call("exchanges", "show", "xyz", code=1)
    call("exchanges", "verify")


def test_the_state_machine_is_printed() -> None:
    shown = call("exchanges", "states").output
    assert "awaiting-citizen" in shown
    assert "closed" in shown


def test_the_p_modes_of_the_demo_have_no_findings(platform: str) -> None:
    assert json.loads(call("pmodes", "lint", "--json").output) == []

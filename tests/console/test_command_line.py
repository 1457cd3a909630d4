"""`intermediary validate` and `intermediary releases`, as a partner uses them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from intermediary import edm
from intermediary.cli import app
from tests.as4.parties import EDM, send
from tests.edm import examples
from tests.validation.releases.sets import files, folder, request, zipped

run = CliRunner()


@pytest.fixture(autouse=True)
def folder_of_releases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INTERMEDIARY_SETTINGS", raising=False)
    monkeypatch.setenv("INTERMEDIARY_RELEASES", str(tmp_path / "releases"))


def call(*arguments: str | Path, code: int = 0, stdin: bytes | None = None) -> Result:
    result = run.invoke(app, list(map(str, arguments)), input=stdin)
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def messages(tmp_path: Path) -> Path:
    made = tmp_path / "messages"
    (made / "deep").mkdir(parents=True)
    good = edm.write(examples.request("oots-edm:v1.0"))
    (made / "good.xml").write_bytes(good)
    (made / "deep" / "bad.xml").write_bytes(good.replace(b"FamilyName", b"FamiliyName"))
    (made / "notes.txt").write_text("no message")
    return made


def test_a_folder_gets_a_table_and_one_verdict(messages: Path) -> None:
    shown = call("validate", messages, code=1).output
    assert "2 messages: 1 valid, 1 not" in shown
    told = json.loads(call("validate", messages, "--json", code=1).output)
    assert [entry["valid"] for entry in told] == [False, True]
    call("validate", messages / "good.xml", messages / "good.xml")


def test_help_documents_the_exit_codes() -> None:
    shown = call("validate", "--help").output
    assert "Exit codes" in shown


def test_wrong_calls_end_with_2(messages: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    call("validate", tmp_path / "empty", code=2)
    call("validate", messages / "good.xml", tmp_path / "missing.xml", code=2)
    call("validate", messages, "--release", "oots-edm:v9", code=2)


def test_findings_in_german(messages: Path) -> None:
    file = messages / "good.xml"
    file.write_bytes(file.read_bytes().replace(b'name="PossibilityForPreview"', b'name="PossibilityForView"'))
    english, german = (call("validate", file, "--lang", code, code=1).output for code in ("en", "de"))
    assert "R-EDM-REQ-S009" in german
    assert english != german


def test_a_recorded_message_shows_its_parts(tmp_path: Path) -> None:
    packed = send(EDM)
    file = tmp_path / "message.mime"
    file.write_bytes(f"Content-Type: {packed.content_type}\r\n\r\n".encode() + bytes(packed.content))
    shown = call("validate", file).output
    assert "ebMS header" in shown
    assert "encrypted" in shown


def test_releases_are_added_listed_compared_and_removed(tmp_path: Path) -> None:
    message = tmp_path / "message.xml"
    message.write_bytes(request(attributes=""))
    call("validate", message, code=1)
    assert "3 rules" not in call("releases", "list").output
    added = call("releases", "add", zipped(tmp_path / "oots-9.9.zip", files())).output
    assert "v9.9: 4 rules in 1 files, schemas, 1 code lists" in added
    (listed,) = json.loads(call("releases", "list", "--json").output)
    assert (listed["name"], listed["versions"], listed["rules"]) == ("oots-9.9", ["v9.9"], 4)
    assert "oots-9.9" in call("releases", "list").output
    found = json.loads(call("validate", message, "--json", code=1).output)
    assert [(f["rule"], f["release"]) for f in found["findings"]] == [("R-EDM-REQ-X001", "oots-9.9")]
    other = files()
    other["OOTS/sch/EDM-REQ-S.sch"] = other["OOTS/sch/EDM-REQ-S.sch"].replace(
        "MUST have an id", "must be named"
    )
    call("releases", "add", folder(tmp_path / "set", other), "--name", "newer")
    (change,) = json.loads(call("releases", "diff", "oots-9.9", "newer", "--json", code=1).output)
    assert (change["rule"], change["what"]) == ("R-EDM-REQ-X001", "text")
    assert "1 differences" in call("releases", "diff", "oots-9.9", "newer", code=1).output
    assert "0 differences" in call("releases", "diff", "newer", "newer").output
    assert "R-EDM-REQ-X001" in call("releases", "diff", "built-in", "newer", code=1).output
    call("releases", "remove", "oots-9.9")
    call("releases", "remove", "oots-9.9", code=2)


def test_a_set_that_is_refused_ends_with_2_and_the_reason(tmp_path: Path) -> None:
    result = call("releases", "add", tmp_path / "missing", code=2)
    assert "neither" in result.output


def test_the_folder_comes_from_the_settings_file_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from intermediary.cli_releases import DEFAULT, releases_folder

    monkeypatch.delenv("INTERMEDIARY_RELEASES")
    assert releases_folder() == DEFAULT
    settings = tmp_path / "platform.toml"
    settings.write_text('releases = "/srv/releases"')
    monkeypatch.setenv("INTERMEDIARY_SETTINGS", str(settings))
    assert releases_folder() == Path("/srv/releases")

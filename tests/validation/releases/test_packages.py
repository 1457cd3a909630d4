"""Reading sets that are not what they should be: each is refused, with the file and the remedy."""

# ruff: noqa: E501 - rule files are easier to read unbroken

import stat
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from intermediary.validation.releases import ReleaseRefused, ReleaseStore, package
from intermediary.validation.releases.package import read_set
from tests.validation.releases.sets import files, folder, schematron, zipped

NOW = datetime(2026, 11, 24, tzinfo=UTC)
GOOD = "OOTS/sch/EDM-REQ-S.sch"


def refused(tmp_path: Path, content: dict[str, str], name: str = "set") -> str:
    with pytest.raises(ReleaseRefused) as told:
        ReleaseStore(tmp_path / "releases").add(folder(tmp_path / name, content), None, NOW)
    assert not list((tmp_path / "releases").glob("*")), "nothing may be left behind"
    return str(told.value)


def test_folder_and_zip_hold_the_same(tmp_path: Path) -> None:
    content = files() | {"README.md": "x", "__MACOSX/._a.sch": "x", ".git/b.sch": "x"}
    one, two = read_set(folder(tmp_path / "set", content)), read_set(zipped(tmp_path / "set.zip", content))
    assert one == two
    assert set(one) == set(files())


@pytest.mark.parametrize(
    "name", ["../EDM-REQ-S.sch", "/etc/EDM-REQ-S.sch", "a\\..\\x.sch", "C:/x.sch", "a/../../x.sch"]
)
def test_a_name_that_leads_out_of_the_zip_refuses_it(tmp_path: Path, name: str) -> None:
    with pytest.raises(ReleaseRefused, match="leads out"):
        read_set(zipped(tmp_path / "set.zip", files() | {name: "x"}))


def test_links_are_refused(tmp_path: Path) -> None:
    made = folder(tmp_path / "set", files())
    (made / "x.sch").symlink_to("/etc/passwd")
    with pytest.raises(ReleaseRefused, match="link"):
        read_set(made)
    link = zipfile.ZipInfo("x.sch")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(ReleaseRefused, match="link"):
        read_set(tmp_path / "set.zip")


def test_bombs_are_refused_before_they_are_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ReleaseRefused, match="bytes"):
        read_set(zipped(tmp_path / "one.zip", {"a.sch": " " * (package.MAX_FILE_BYTES + 1)}))
    monkeypatch.setattr(package, "MAX_BYTES", 1000)
    with pytest.raises(ReleaseRefused, match="bytes"):
        read_set(zipped(tmp_path / "many.zip", {f"{n}.sch": " " * 200 for n in range(9)}))
    monkeypatch.setattr(package, "MAX_FILES", 5)
    with pytest.raises(ReleaseRefused, match="entries"):
        read_set(zipped(tmp_path / "entries.zip", {f"{n}.txt": "" for n in range(9)}))


@pytest.mark.parametrize("data", [b"", b"no zip", b"PK\x03\x04" + b"\0" * 50])
def test_what_is_no_zip_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "set.zip").write_bytes(data)
    with pytest.raises(ReleaseRefused, match="no zip"):
        read_set(tmp_path / "set.zip")


def test_a_zip_that_lies_or_is_encrypted_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "set.zip", files())
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(ReleaseRefused, match="encrypted"):
        read_set(path)


def test_nothing_useful_or_nothing_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReleaseRefused, match="neither"):
        read_set(tmp_path / "missing")
    assert "neither" in refused(tmp_path, {"README.md": "x"})


def test_a_doctype_is_refused(tmp_path: Path) -> None:
    entity = '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + files()[GOOD]
    assert "DOCTYPE" in refused(tmp_path, files() | {GOOD: entity})
    assert "DOCTYPE" in refused(tmp_path, files() | {"OOTS/xsd/rim.xsd": "<!DOCTYPE a><a/>"}, "other")


@pytest.mark.parametrize(
    "call",
    ["doc('file:///etc/passwd')", "unparsed-text('/etc/passwd')", "document('http://a/')", "collection()",
     "environment-variable('HOME')", "system-property('xsl:vendor')", "transform(map{})"],
)  # fmt: skip
def test_an_expression_that_looks_outside_the_message_is_refused(tmp_path: Path, call: str) -> None:
    for rule in (
        f'<sch:rule context="*"><sch:assert test="{call}">x</sch:assert></sch:rule>',
        f'<sch:rule context="*[{call}]"><sch:assert test="1">x</sch:assert></sch:rule>',
        f'<sch:rule context="*"><sch:let name="a" value="{call}"/><sch:assert test="1">x</sch:assert></sch:rule>',
    ):
        text = schematron(f"<sch:pattern>{rule}</sch:pattern>")
        assert "outside the message" in refused(tmp_path, files() | {GOOD: text})


def test_an_expression_that_does_not_compile_is_refused_with_its_reason(tmp_path: Path) -> None:
    bad = schematron(
        '<sch:pattern><sch:rule context="*"><sch:assert test="@id = (">x</sch:assert></sch:rule></sch:pattern>'
    )
    assert "compile" in refused(tmp_path, {"EDM-REQ-S.sch": bad}, "oots-1.0")


def test_what_a_schema_lacks_is_named(tmp_path: Path) -> None:
    without = {name: text for name, text in files().items() if "rim.xsd" not in name}
    assert "urn:oasis:names:tc:ebxml-regrep:xsd:rim:4.0" in refused(tmp_path, without)


def test_a_rule_file_for_nobody_and_two_of_one_name_are_refused(tmp_path: Path) -> None:
    nobody = schematron(
        '<sch:pattern><sch:rule context="*"><sch:assert test="1">x</sch:assert></sch:rule></sch:pattern>'
    )
    assert "other.sch" in refused(tmp_path, files() | {"other.sch": nobody})
    twice = files() | {"old/EDM-REQ-S.sch": files()[GOOD].replace("X001", "X000")}
    assert "two different" in refused(tmp_path, twice, "twice")


def test_the_version_comes_from_the_rules_else_from_the_name(tmp_path: Path) -> None:
    store = ReleaseStore(tmp_path / "releases")
    silent = {name: text.replace("oots-edm:v9.9", "x") for name, text in files().items()}
    with pytest.raises(ReleaseRefused, match="--name"):
        store.add(folder(tmp_path / "silent", silent), None, NOW)
    assert store.add(tmp_path / "silent", "oots-2.1.3", NOW)[0].versions == ("v2.1",)


def test_of_two_schemas_of_one_namespace_the_newer_is_used_and_the_other_named(tmp_path: Path) -> None:
    content = files()
    xsd = content.pop("OOTS/xsd/query.xsd")
    content |= {"xsd/query-v1.9.xsd": xsd.replace('name="id"', 'name="ident"'), "xsd/query-v1.10.xsd": xsd}
    _, remarks = ReleaseStore(tmp_path / "releases").add(folder(tmp_path / "set", content), "mine", NOW)
    assert [remark.partition(":")[0] for remark in remarks] == ["xsd/query-v1.9.xsd"]


def test_a_broken_code_list_is_remarked_not_fatal(tmp_path: Path) -> None:
    content = files() | {"codelists/Broken.gc": "<a>"}
    release, remarks = ReleaseStore(tmp_path / "releases").add(folder(tmp_path / "set", content), "mine", NOW)
    assert "Broken" not in release.codes
    assert remarks[0].startswith("codelists/Broken.gc")

"""What is refused, and that every finding names file, line and remedy."""

# ruff: noqa: E501 - one case a line

from pathlib import Path

import pytest

from intermediary.mapping import MappingInvalid, Severity, lint, load

VEHICLE = "evidence/fahrzeugregistrierung.yaml"
RESIDENCE = "evidence/meldebescheinigung.yaml"

# file, what stands there, what is written instead, the line's text that the finding points at, part of the text
CASES = (
    (VEHICLE, "procedures: [V2", "procedures: [Z9", "procedures:", "«Z9» is no procedure"),
    (VEHICLE, "procedures:", "prozeduren:", "prozeduren:", "no known field"),
    (VEHICLE, "procedures: [V2, V3, V4]\n", "", "evidence_type_classifications:", "«procedures» is missing"),
    (VEHICLE, "provider: kba-zfzr", "provider: kba", "provider: kba", "There is no provider «kba»"),
    (VEHICLE, "  provider: kba-zfzr", "  by: halter", "by: halter", "none of the additional inputs"),
    (VEHICLE, "[natural, legal]", "[natural, animal]", "subjects:", "no allowed value"),
    (VEHICLE, "[natural, legal]", "natural", "subjects:", "must be a list"),
    (VEHICLE, "  en: Vehicle registration\n", "", "titles:", "has no English text"),
    (VEHICLE, "  de: Auskunft", "  DE: Auskunft", "DE: Auskunft", "no language code"),
    (VEHICLE, "jurisdiction_level: country", "jurisdiction_level: land", "jurisdiction_level:", "no allowed value"),
    (VEHICLE, "level_of_assurance: Substantial", "level_of_assurance: medium", "level_of_", "no level of assurance"),
    (VEHICLE, "preview: required", "preview: not-needed", "preview:", "Art. 14(5)"),
    (VEHICLE, "preview: required", "preview: required\nsource: me", "source:", "may not stand here"),
    (VEHICLE, "valid_from: 2026-01-01", "valid_from: 01.01.2026", "valid_from:", "is no date"),
    (VEHICLE, "valid_from: 2026-01-01", "valid_from: 2026-01-01\nvalid_until: 2025-12-31", "valid_until:", "ends before"),
    (VEHICLE, "retention_days: 0", "retention_days: -1", "retention_days:", "negative"),
    (VEHICLE, "retention_days: 0", "retention_days: soon", "retention_days:", "retention_days"),
    (VEHICLE, "retention_days: 0", "retention_days: 0\nretention_days: 1", "retention_days: 1", "there twice"),
    (VEHICLE, "- media_type: application/pdf", "- media_type: Application/PDF", "Application/PDF", "no media type"),
    (VEHICLE, "national_media_type: application/pdf", "national_media_type: pdf", "national_media_type: pdf", "no media"),
    (VEHICLE, "    national_media_type: application/pdf", "    national_media_type: application/pdf\n    conversion: magic",
     "conversion: magic", "no allowed value"),
    (VEHICLE, "    conforms_to: $model/vehicle-registration-evidence\n", "", "media_type: application/xml", "C044"),
    (VEHICLE, "$model/vehicle-registration-evidence/v1.0", "$model/none", "conforms_to_in", "no known reference"),
    (VEHICLE, "conforms_to: $model/vehicle-registration-evidence\n", "conforms_to: $requirement/birth\n", "conforms_to:",
     "stands for several"),
    (VEHICLE, "[$evidence/fahrzeugregistrierung]", "[urn:x]", "evidence_type_classifications:", "no evidence type class"),
    (VEHICLE, "pattern: '[A-HJ-NPR-Z0-9]{17}'", "pattern: '[A-H'", "pattern: '[A-H'", "no regular expression"),
    (VEHICLE, "  - key: fin", "  - key: kennzeichen", "key: kennzeichen", "there twice"),
    (VEHICLE, "  - key: fin", "  - key: Fahrgestell Nr", "key: Fahrgestell Nr", "is no key"),
    (VEHICLE, "  - fields: [family_name, given_name, date_of_birth]", "  - fields: [family_name]", "fields: [family_name]",
     "always asked for with"),
    (VEHICLE, "optional: [birth_name,", "optional: [shoe_size,", "fields: [family_name", "No person has all"),
    (VEHICLE, "national_version: \"1.0\"", "national_version: \"\"", "national_version", "«national_version» is empty"),
    (VEHICLE, "[$evidence/fahrzeugregistrierung]", "[$evidence/meldebescheinigung]", None, "in the same time"),
    (VEHICLE, "titles:", "titles: &t", "titles: &t", "anchors"),
    (VEHICLE, "titles:", "titles: !!map", "titles: !!map", "tags"),
    (VEHICLE, "titles:\n", "titles: {\n", None, "no YAML"),
    (RESIDENCE, '"09162000": melderegister-muenchen', '"9162000": melderegister-muenchen', '"9162000"', "can never be"),
    (RESIDENCE, '"09162000": melderegister-muenchen', '"09162000": nirgends', '"09162000"', "no provider «nirgends»"),
    ("platform.yaml", "country: DE", "country: Germany", "country: Germany", "no country code"),
    ("platform.yaml", "  - AT", "  - Austria", "Austria", "no country code"),
    ("platform.yaml", "agent_id: 991-00000-01\n", "", None, "«agent_id» is missing"),
    ("providers.yaml", "url: https://zfzr", "url: http://zfzr", "url: http://zfzr", "not https"),
    ("providers.yaml", "url: https://zfzr", "valid_from: 2027-01-01\n  valid_until: 2026-12-31\n  url: https://zfzr",
     "valid_until:", "ends before"),
    ("providers.yaml", "protocol: xnachweis", "protocol: soap", "protocol: soap", "no protocol"),
    ("providers.yaml", "method: POST", "method: STEAL", "method: STEAL", "request.method"),
    ("providers.yaml", "kba-zfer:", "kba-zfzr:", "kba-zfzr:", "there twice"),
    ("providers.yaml", "    en: Federal Motor Transport Authority\n", "", "names:", "no English text"),
)  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "line", "text"), CASES, ids=lambda v: str(v)[:40])
def test_a_broken_file_is_refused_with_file_line_and_remedy(
    folder: Path, name: str, old: str, new: str, line: str | None, text: str
) -> None:
    path = folder / name
    content = path.read_text()
    assert old in content
    path.write_text(content.replace(old, new, 1))
    with pytest.raises(MappingInvalid) as refused:
        load(folder)
    found = [f for f in refused.value.findings if text in f.text]
    assert found, refused.value
    assert all(f.severity is Severity.ERROR and f.remedy and f.line >= 1 for f in refused.value.findings)
    if line is not None:
        lines = path.read_text().splitlines()
        assert any(f.file == name and line in lines[f.line - 1] for f in found), found
    assert set(refused.value.findings) <= set(lint(folder))


def test_a_misspelt_field_gets_the_right_spelling(folder: Path) -> None:
    path = folder / VEHICLE
    path.write_text(path.read_text().replace("legal_basis:", "legal_bases:"))
    with pytest.raises(MappingInvalid, match="Did you mean «legal_basis»"):
        load(folder)


def test_all_findings_come_at_once(folder: Path) -> None:
    for name in (VEHICLE, RESIDENCE):
        path = folder / name
        path.write_text(path.read_text().replace("procedures: [", "procedures: [Y7, "))
    with pytest.raises(MappingInvalid) as refused:
        load(folder)
    assert {f.file for f in refused.value.findings} == {VEHICLE, RESIDENCE}


def test_files_that_belong_to_no_set_are_refused(folder: Path) -> None:
    (folder / "evidence" / "deep").mkdir()
    (folder / "evidence" / "deep" / "x.yaml").write_text("a: b")
    (folder / "more.yml").write_text("a: b")
    with pytest.raises(MappingInvalid) as refused:
        load(folder)
    assert {f.file for f in refused.value.findings} == {"evidence/deep/x.yaml", "more.yml"}


@pytest.mark.parametrize(
    "content", [b"", b"- a\n", b"\xff\xfe", b"[" * 100_000, b"a" * (1 << 20) + b"aa: 1", b"? [a]\n: b\n"]
)
def test_what_is_no_map_in_utf_8_is_refused(folder: Path, content: bytes) -> None:
    (folder / VEHICLE).write_bytes(content)
    with pytest.raises(MappingInvalid) as refused:
        load(folder)
    assert any(f.file == VEHICLE for f in refused.value.findings)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MappingInvalid, match="identity is missing"):
        load(tmp_path)


def test_warnings_do_not_refuse(folder: Path) -> None:
    path = folder / VEHICLE
    path.write_text(path.read_text().replace("retention_days: 0", "retention_days: 30"))
    assert [f.severity for f in lint(folder)] == [Severity.WARNING]
    assert load(folder).by_key("fahrzeugregistrierung")


def test_scalars_are_text_and_keep_their_zeros(folder: Path) -> None:
    path = folder / "platform.yaml"
    path.write_text(path.read_text().replace("  - AT", "  - NO"))
    assert "NO" in load(folder).identifiers_without_meaning
    (folder / RESIDENCE).write_text((folder / RESIDENCE).read_text().replace('"02000000"', "02000000"))
    residence = load(folder).by_key("meldebescheinigung")
    assert residence is not None
    assert "02000000" in residence.routing.table


def test_the_source_of_each_mapping_is_known(folder: Path) -> None:
    assert all((m.source or "").startswith(f"evidence/{m.key}.yaml:") for m in load(folder).mappings)

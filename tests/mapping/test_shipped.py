"""The set that ships: loads, lints clean, and says all that an operator needs."""

import re
from datetime import date

import pytest

from intermediary.mapping import EvidenceMapping, dump, lint, load
from intermediary.mapping.model import PreviewPolicy, SubjectKind
from intermediary.shipped import shipped

FOLDER = shipped("mappings")
SHIPPED = load(FOLDER)
KEYS = {
    "a1bescheinigung",
    "eheurkunde",
    "einkommensteuerbescheid",
    "fahrerlaubnis",
    "fahrzeugregistrierung",
    "freizuegigkeit_kinder",
    "geburtsurkunde",
    "gewerbeanmeldung",
    "handelsregisterauszug",
    "hochschulabschluss",
    "hochschulreife",
    "meldebescheinigung",
    "rentenauskunft",
    "unternehmensbasisdaten",
}
TODAY = date(2026, 11, 24)
each_mapping = pytest.mark.parametrize("mapping", SHIPPED.mappings, ids=lambda m: m.key)


def test_it_lints_clean() -> None:
    assert lint(FOLDER) == ()


def test_every_evidence_type_of_the_list_is_there() -> None:
    assert {m.key for m in SHIPPED.mappings} == KEYS


@each_mapping
def test_titles_descriptions_and_questions_are_german_and_english(mapping: EvidenceMapping) -> None:
    texts = [mapping.titles, mapping.descriptions]
    texts += [t for i in mapping.additional_inputs for t in (i.titles, i.hints, *i.choices.values())]
    assert all({"de", "en"} <= set(t) for t in texts)


@each_mapping
def test_it_is_found_by_each_of_its_classifications(mapping: EvidenceMapping) -> None:
    hosts = {uri.split("/")[2] for uri in mapping.evidence_type_classifications}
    assert hosts == {"sr.oots.tech.europa.eu", "sr.oots.tech.ec.europa.eu"}  # EDM 1.0 and later
    for uri in mapping.evidence_type_classifications:
        assert SHIPPED.find(uri, TODAY) is mapping
        assert SHIPPED.find(uri.upper(), TODAY) is mapping


@each_mapping
def test_nothing_is_kept_and_the_citizen_always_looks(mapping: EvidenceMapping) -> None:
    assert mapping.retention_days == 0
    assert mapping.preview is PreviewPolicy.REQUIRED


@each_mapping
def test_structured_forms_name_their_data_model_in_every_version(mapping: EvidenceMapping) -> None:
    for form in mapping.formats:
        if form.media_type == "application/xml":
            old, new = form.data_model("oots-edm:v1.0") or "", form.data_model("oots-edm:v2.0") or ""
            assert old.startswith("https://sr.oots.tech.europa.eu/distributions/")  # R-EDM-RESP-C022
            assert new.startswith("https://sr.oots.tech.ec.europa.eu/datamodels/")
            assert form.national_data_model


@each_mapping
def test_patterns_work_in_browsers_too(mapping: EvidenceMapping) -> None:
    # HTML compiles `pattern` with the flag v, where a hyphen inside brackets is a range or escaped.
    for asked in mapping.additional_inputs:
        assert not re.search(r"\[[^\]]*(?<![\\A-Za-z0-9À-ž])-|\[-", asked.pattern or "")


def test_the_seeds_own_use_cases_serve_people_and_companies() -> None:
    for key in ("fahrzeugregistrierung", "gewerbeanmeldung"):
        mapping = SHIPPED.by_key(key)
        assert mapping is not None
        assert set(mapping.subjects) == set(SubjectKind)
        assert {f.media_type for f in mapping.formats} == {"application/xml", "application/pdf"}
        assert {"de", "en", "fr", "it"} <= set(mapping.titles)


def test_one_provider_is_described_by_data_alone() -> None:
    provider = SHIPPED.providers["unternehmensbasisregister"]
    assert provider.protocol == "rest"
    assert provider.options


def test_every_published_identifier_stands_in_one_file_only() -> None:
    for path in FOLDER.rglob("*.yaml"):
        if path.name != "classifications.yaml":
            assert "sr.oots.tech" not in path.read_text(), path.name


def test_dump_is_stable() -> None:
    assert dump(SHIPPED) == dump(load(FOLDER))


def test_the_readme_names_every_field() -> None:
    readme = (FOLDER / "README.md").read_text()
    for name in EvidenceMapping.__dataclass_fields__:
        if name not in ("key", "source"):
            assert f"`{name}`" in readme, name

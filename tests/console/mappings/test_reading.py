"""Lists, entries, comparison, evidence types and requirements: what an operator finds and sees."""

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import Session

from intermediary.mapping import State, load
from intermediary.store.tables import ExchangeRow
from tests.console.mappings.conftest import BIRTH, LICENCE, Studio


def test_the_list_finds_by_words_state_procedure_provider_and_who_is_to_review(studio: Studio) -> None:
    anna, erik = studio.browser("anna"), studio.browser("erik")
    studio.in_review()
    everything = studio.text(anna, "/mappings")
    assert "14 entries" in everything
    assert everything.index("Driving licence") < everything.index("A1 certificate"), "to review first"
    assert "needs your review" in everything
    assert "needs your review" not in studio.text(erik, "/mappings"), "it is his own"
    for query, found, left in (
        ("q=köln", (), ("Birth certificate",)),
        ("q=R1+standesamt-koeln", ("Birth certificate", "Marriage certificate"), ("Driving licence",)),
        ("procedure=V2", ("Driving licence", "Vehicle registration"), ("Birth certificate",)),
        ("provider=kba-zfer", ("Driving licence",), ("Vehicle registration", "Birth certificate")),
        ("state=in-review", ("Driving licence",), ("Birth certificate",)),
        ("pending=for-me", ("Driving licence",), ("Birth certificate",)),
        ("pending=mine", (), ("Driving licence",)),
        ("standing=in-force", ("Driving licence", "Birth certificate"), ()),
        ("standing=retired", (), ("Birth certificate",)),
    ):
        page = studio.text(anna, f"/mappings?{query}").partition(" Show ")[2]
        assert all(title in page for title in found), query
        assert not any(title in page for title in left if title not in found), query


def test_an_address_that_asks_for_nonsense_shows_the_list(studio: Studio) -> None:
    anna = studio.browser("anna")
    assert "14 entries" in studio.text(anna, "/mappings?state=%00&standing=x&pending=y&sort=z&q=%20")
    assert "Birth certificate" in studio.text(anna, "/mappings?page=99")
    assert "Nothing fits this search" in studio.text(anna, "/mappings?q=no-such-thing")


def test_a_long_list_has_pages(studio: Studio) -> None:
    said = studio.store.document(LICENCE, 1)
    for n in range(45):
        studio.store.draft(
            f"evidence/copy-{n:02}", said, expected=0, actor="erik", reason="a copy", at=studio.clock()
        )
    anna = studio.browser("anna")
    first, second = (
        studio.text(anna, "/mappings?sort=title"),
        studio.text(anna, "/mappings?sort=title&page=2"),
    )
    assert "59 entries" in first
    assert "Page 1 of 2" in first
    assert "Vehicle registration" in second
    assert "Vehicle registration" not in first


def test_providers_are_listed_and_say_who_asks_them(studio: Studio) -> None:
    vera = studio.browser("vera")
    assert "Federal Motor Transport Authority" in studio.text(vera, "/providers?q=kba")
    page = studio.text(vera, "/mappings/provider/unternehmensbasisregister")
    assert "interface of its own (REST)" in page
    assert "/v1/unternehmen/basisdaten" in page, "its options"
    assert "Company identity" in page.partition("Asked for")[2]


def test_one_entry_is_read_as_in_the_list(studio: Studio) -> None:
    studio.in_review()
    day = studio.clock().date()
    assert [studio.store.entry(e.name, day) for e in studio.store.entries(day)] == [
        *studio.store.entries(day)
    ]


def test_an_entry_is_told_in_words(studio: Studio) -> None:
    page = studio.text(studio.browser("vera"), f"/mappings/{BIRTH}")
    for words in (
        "Birth certificate",
        "evidencetypeclassifications/DE/00000000-0000-4000-8000-000000000003",
        "R1 Requesting proof of registration of birth",
        "urn:de:nachweistyp:geburtsurkunde (1.0)",
        "It depends on the additional input “Registry office”",
        "München Civil Registry Office Munich",
        "any other value, or none Civil Registry Office",
        "family name, given names, date of birth, place of birth and, where they are there: name at birth",
        "The citizen sees it and decides.",
        "§§ 55, 59 PStG",
        "from 1 January 2026",
        "level_of_assurance: Substantial",
    ):
        assert words in page, words
    assert "Edit" not in page.partition("What it is")[0], "a viewer edits nothing"


def test_what_cannot_be_read_is_told_with_its_findings(studio: Studio) -> None:
    version = studio.draft(BIRTH, identification="somehow", subjects=["plants"])
    page = studio.text(studio.browser("vera"), f"/mappings/{BIRTH}/versions/{version.number}")
    assert "«identification» must be a list." in page
    assert "subjects › 1" in page
    assert "identification: somehow" in page, "the YAML"
    assert "What it is" not in page


@pytest.mark.parametrize("kind", ["platform", "references"])
def test_platform_and_references_have_pages_too(studio: Studio, kind: str) -> None:
    vera = studio.browser("vera")
    assert studio.store.versions(kind)[0].state is State.LIVE
    assert kind in studio.text(vera, f"/mappings/{kind}")
    assert "First set of the platform" in studio.text(vera, f"/mappings/{kind}/versions")
    assert "not this entry" in studio.text(vera, f"/mappings/{kind}/versions")


def test_versions_tell_who_drafted_approved_and_why(studio: Studio) -> None:
    version = studio.in_review()
    studio.take(studio.browser("anna"), "approve", version, reason="the register says so", at_once="yes")
    page = studio.text(studio.browser("vera"), f"/mappings/{LICENCE}/versions")
    assert "Version 2 made of version 1 in force" in page
    assert "erik 24 November 2026" in page
    assert "anna" in page
    history = page.partition(" History ")[2]
    steps = ["Taken into force", "Approved", "Handed in for review", "Drafted", "First set"]
    assert [history.index(step) for step in steps] == sorted(history.index(step) for step in steps)
    assert "“the register says so”" in history


def test_comparing_takes_what_is_being_made_against_what_is_in_force(studio: Studio) -> None:
    studio.draft(BIRTH, level_of_assurance="High", legal_basis=None)
    vera = studio.browser("vera")
    page = studio.text(vera, f"/mappings/{BIRTH}/compare")
    assert "2 differences" in page
    assert "Level of assurance level_of_assurance Substantial High" in page
    assert "removed" in page.partition("Legal basis")[2]
    assert "fields say the same" in page
    yaml = studio.text(vera, f"/mappings/{BIRTH}/compare?view=yaml")
    assert "lines that are the same" in yaml
    assert "level_of_assurance: High" in yaml
    assert "They say the same." in studio.text(vera, f"/mappings/{BIRTH}/compare?old=1&new=1")
    assert "not there" in studio.text(vera, f"/mappings/{BIRTH}/compare?old=0&new=1")
    assert vera.get(f"/console/mappings/{BIRTH}/compare?old=1&new=9").status_code == 404


def test_the_export_is_a_folder_that_the_command_line_reads(studio: Studio, tmp_path: Path) -> None:
    answer = studio.browser("vera").get("/console/mappings/export")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        packed.extractall(tmp_path)
    assert load(tmp_path) == studio.store.live(studio.clock().date())
    one = studio.browser("vera").get(f"/console/mappings/{BIRTH}/versions/1/yaml")
    assert 'filename="geburtsurkunde-1.yaml"' in one.headers["content-disposition"]
    assert "national_id: urn:de:nachweistyp:geburtsurkunde" in one.text


def test_evidence_types_and_requirements_show_what_is_mapped_and_what_is_not(studio: Studio) -> None:
    vera = studio.browser("vera")
    uri = "https://sr.oots.tech.ec.europa.eu/evidencetypeclassifications/DE/00000000-0000-4000-8000-0000000000ff"
    references = {**studio.store.document("references", 1), "evidence/fischereischein": [uri]}
    studio.store.propose({"references": references}, actor="erik", reason="new", at=studio.clock())
    studio.store.approve(("references", 2), actor="anna", reason="yes", at=studio.clock())
    studio.store.go_live(("references", 2), actor="anna", reason="go", at=studio.clock())
    page = studio.text(vera, "/evidence-types?show=unmapped")
    assert "fischereischein DE/00000000-0000-4000-8000-0000000000ff" in page
    assert "Birth certificate" not in page
    assert "U3 Applying for a European Health Insurance Card" in page.partition("Procedures without")[2]
    page = studio.text(vera, "/evidence-types?q=birth")
    assert "geburtsurkunde" in page
    assert "Driving licence" not in page
    page = studio.text(vera, "/requirements?procedure=R1&show=mapped")
    assert "Birth certificate" in page
    assert "Driving licence" not in page


@pytest.mark.parametrize(
    "path",
    [
        "/mappings/evidence/nothing",
        "/mappings/evidence/nothing/versions",
        "/mappings/evidence/nothing/compare",
        f"/mappings/{BIRTH}/versions/7",
        f"/mappings/{BIRTH}/versions/7/yaml",
        f"/mappings/{BIRTH}/versions/7/retire",
        f"/mappings/{BIRTH}/versions/1/explode",
        "/mappings/evidence/..%2F..%2Fetc",
    ],
)
def test_what_is_not_there_is_a_page_that_says_so(studio: Studio, path: str) -> None:
    assert studio.browser("anna").get(f"/console{path}").status_code == 404


def test_exchanges_are_counted_by_the_version_that_they_used(studio: Studio) -> None:
    _exchanged(studio, "aaa", BIRTH, version=1, hour=8)
    _exchanged(studio, "bbb", BIRTH, version=1, hour=9)
    _exchanged(studio, "ccc", LICENCE, version=1, hour=9)
    vera = studio.browser("vera")
    page = vera.get(f"/console/mappings/{BIRTH}/versions").text
    assert page.index("/console/exchanges/bbb") < page.index("/console/exchanges/aaa"), "newest first"
    assert "/console/exchanges/ccc" not in page
    words = studio.text(vera, f"/mappings/{BIRTH}/versions")
    assert "2 exchanges, the first on 24 November 2026, 08:00 UTC" in words
    assert "/console/exchanges/ccc" in vera.get("/console/mappings/provider/kba-zfer/versions").text


def _exchanged(studio: Studio, exchange_id: str, entry: str, *, version: int, hour: int) -> None:
    at = datetime(2026, 11, 24, hour, tzinfo=UTC)
    row = ExchangeRow(
        id=exchange_id,
        state="closed",
        created_at=at,
        updated_at=at,
        pmode_id="portal",
        edm_version="oots-edm:v1.2",
        conversation_id="c",
        request_message_id="m",
        request_id="r",
        mapping_key=entry.partition("/")[2],
        mapping_version=version,
        provider_key="kba-zfer" if entry == LICENCE else "personenstandsregister",
    )
    with Session(studio.engine) as session:
        session.add(row)
        session.commit()

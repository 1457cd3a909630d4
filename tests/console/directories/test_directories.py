"""The area «Directories»: pages, API, pictures; beside a running double of the Common Services."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser
from sqlalchemy import Engine
from starlette.testclient import TestClient

from intermediary import publishing
from intermediary.console import directories_part
from intermediary.directories import Directories
from intermediary.directory.model import Publication
from intermediary.mapping import MappingStore, load
from intermediary.operators_directories import ConsoleDirectories
from intermediary.sandbox.common_services import Fault, load_publications, with_differences
from intermediary.settings import load_settings
from intermediary.shipped import shipped
from tests.browsing import look_at
from tests.console.conftest import ConsoleHouse
from tests.directory.double import platform_beside
from tests.directory.test_client import BIRTH, ITALIAN, QUESTION


def _now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def ours() -> Publication:
    return publishing.publication(load(shipped("mappings")), _now().date())


@pytest.fixture(scope="module")
def _double(tmp_path_factory: pytest.TempPathFactory, ours: Publication) -> Iterator[FastAPI]:
    with platform_beside(tmp_path_factory.mktemp("platform"), ()) as made:
        yield made


@pytest.fixture
def double(_double: FastAPI, ours: Publication) -> FastAPI:
    _double.state.publications = (with_differences(ours), *load_publications())
    _double.state.fault = None
    return _double


@pytest.fixture
def house(
    double: FastAPI, engine: Engine, console_house: Callable[..., ConsoleHouse], tmp_path: Path
) -> ConsoleHouse:
    """A console whose store holds the shipped mappings; nothing is kept of answers before."""
    store = MappingStore(engine, via="test")
    store.adopt(load(shipped("mappings")), actor="adam", reason="first", at=_now())
    settings = load_settings()
    assert settings.directory is not None
    fresh = settings.directory.model_copy(update={"cache": tmp_path / "answers"})
    directories = Directories(settings.model_copy(update={"directory": fresh}), store, _now)
    return console_house(directories_part(ConsoleDirectories(directories)))


@pytest.fixture
def vera(house: ConsoleHouse) -> TestClient:
    return house.browser("vera")


def test_every_difference_is_shown_with_what_to_do(vera: TestClient) -> None:
    page = vera.get("/console/directories/comparison").text
    for text in ("Fishing licence", "Missing there", "Missing here", "Different", "Level of assurance"):
        assert text in page
    assert "the submission adds it" in page
    assert "No longer in force" not in page
    assert "Eheurkunde" in vera.get("/console/directories/comparison?lang=de").text
    eb = vera.get("/console/directories/submissions/eb.xml")
    assert eb.headers["content-disposition"].startswith('attachment; filename="eb-submission-')
    assert b"SubmitObjectsRequest" in eb.content
    assert vera.get("/console/directories/submissions/xx.xml").status_code == 404


def test_nothing_is_kept_from_who_asks_again(vera: TestClient, double: FastAPI, ours: Publication) -> None:
    assert "Fishing licence" in vera.get("/console/directories/comparison").text
    double.state.publications = (ours, *load_publications())
    assert "Fishing licence" in vera.get("/console/directories/comparison").text
    assert (
        "The directories say what the store says."
        in vera.get("/console/directories/comparison?anew=yes").text
    )


def test_what_is_published_of_a_retired_mapping_is_stale(
    vera: TestClient, house: ConsoleHouse, double: FastAPI, ours: Publication
) -> None:
    double.state.publications = (ours,)
    store = MappingStore(house.engine, via="test")
    store.retire(("evidence/fahrerlaubnis", 1), actor="anna", reason="no longer issued", at=_now())
    found = vera.get("/console/api/v1/directories/comparison", headers=house.token("vera")).json()
    assert {(gap["kind"], gap["title"], gap["service"]) for gap in found["gaps"]} == {
        ("stale", "Driving licence", "eb"), ("stale", "Driving licence", "dsd"),
    }  # fmt: skip
    assert {gap["here"] for gap in found["gaps"]} == {f"retired on {_now():%Y-%m-%d}"}
    assert [each["withdraws"] for each in found["submissions"]] == [["Driving licence"]] * 2
    body = vera.get("/console/directories/submissions/dsd.xml").content
    assert b"Driving licence" not in body
    page = vera.get("/console/directories/comparison").text
    assert "No longer in force" in page


def test_from_a_procedure_to_a_provider(vera: TestClient, house: ConsoleHouse) -> None:
    page = vera.get("/console/directories/answers?what=requirements&procedure=R1&country=it").text
    assert "R1 (IT) Registration of a birth" in page
    assert "what=evidence-types&amp;requirement=https" in page
    page = vera.get(f"/console/directories/answers?what=evidence-types&requirement={BIRTH}&country=IT").text
    assert "Family record" in page
    assert "all evidence types of a list belong together" in page
    page = vera.get(f"/console/directories/answers?what=services&evidence_type={ITALIAN}&country=IT").text
    assert "Where was the birth registered?" in page
    fields = {
        "csrf": house.csrf(vera),
        "evidence_type": ITALIAN,
        "country": "IT",
        f"say:{QUESTION}": "InItaly",
    }
    page = vera.post("/console/directories/answers", data=fields).text
    assert "Registry of Rome" in page
    assert "Registry of Milan" in page
    assert "&lt;?xml" in page, "the answer as it came"
    only = vera.post("/console/directories/answers", data={**fields, "provider": "rom"}).text
    assert '<h3 class="kern-heading-small">Registry of Milan' not in only
    records = [data for _, action, data in house.journal if action == "ask-directory"]
    assert records == [{"evidence_type": ITALIAN, "country": "IT"}] * 2, "nothing of what was said"
    german = vera.get(f"/console/directories/answers?what=evidence-types&requirement={BIRTH}&lang=de").text
    assert "Geburtsurkunde" in german


def test_what_is_missing_or_refused_is_told(vera: TestClient) -> None:
    answer = vera.get("/console/directories/answers?what=services")
    assert answer.status_code == 422
    assert "Give a country." in answer.text
    assert vera.get("/console/directories/answers?what=secrets").status_code == 404
    assert "EB:ERR:0005" in vera.get("/console/directories/answers?what=requirements&procedure=Z9").text
    forged = vera.post("/console/directories/answers", data={"evidence_type": ITALIAN})
    assert forged.status_code == 403


def test_a_directory_that_does_not_answer_rightly(
    vera: TestClient, house: ConsoleHouse, double: FastAPI
) -> None:
    double.state.fault = Fault.WRONG_KEY
    for path in ("comparison", "submissions/eb.xml", "answers?what=requirements"):
        answer = vera.get(f"/console/directories/{path}")
        assert answer.status_code == 503
        assert "signature-wrong" in answer.text
    answer = vera.get("/console/api/v1/directories/comparison", headers=house.token("vera"))
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_api_tells_the_same(vera: TestClient, house: ConsoleHouse) -> None:
    token = house.token("vera")
    found = vera.get("/console/api/v1/directories/comparison?anew=true", headers=token).json()
    assert {gap["kind"] for gap in found["gaps"]} == {"missing-there", "missing-here", "different"}
    assert all(gap["remedy"] for gap in found["gaps"])
    assert [each["flaws"] for each in found["submissions"]] == [[], []]
    body = vera.get("/console/api/v1/directories/submissions/dsd", headers=token)
    assert b"DataServiceEvidenceType" in body.content
    assert vera.get("/console/api/v1/directories/comparison").status_code == 401


def test_without_settings_it_says_what_to_do(
    double: FastAPI, engine: Engine, console_house: Callable[..., ConsoleHouse]
) -> None:
    settings = load_settings().model_copy(update={"directory": None})
    part = directories_part(ConsoleDirectories(Directories(settings, MappingStore(engine), _now)))
    vera = console_house(part).browser("vera")
    assert "[directory]" in vera.get("/console/directories").text
    assert vera.get("/console/directories/comparison").status_code == 503


def test_pages_in_a_browser(house: ConsoleHouse, browser: Browser, axe: str, tmp_path: Path) -> None:
    question = f"answers?what=services&evidence_type={ITALIAN}&country=IT"
    proof = f"answers?what=evidence-types&requirement={BIRTH}&country=IT"
    with house.served(tmp_path) as url, browser.new_context(ignore_https_errors=True) as context:
        page = context.new_page()
        page.goto(f"{url}/login")
        page.locator("button[value=vera]").click()
        for name, path in (
            ("directories", ""),
            ("directories-comparison", "/comparison"),
            ("directories-question", f"/{question}"),
            ("directories-proof", f"/{proof}&lang=de"),
            ("directories-comparison-de", "/comparison?lang=de"),
        ):
            page.goto(f"{url}/directories{path}")
            look_at(page, axe, name)

"""`intermediary directory` as an operator uses it: against the double, and with files."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi import FastAPI
from typer.testing import CliRunner, Result

from intermediary import publishing
from intermediary.cli import app
from intermediary.directory import Publication, write_answer
from intermediary.directory.model import Answer, PartyId
from intermediary.mapping import load
from intermediary.sandbox.common_services import (
    Fault,
    load_publications,
    with_differences,
)
from intermediary.sandbox.world import PARTY_ID_TYPE
from intermediary.shipped import shipped
from tests.directory.double import platform_beside
from tests.directory.official import problems
from tests.directory.samples import SAMPLES, requires_samples
from tests.directory.test_client import BIRTH, ITALIAN, QUESTION
from tests.directory.test_reader import IDS

run = CliRunner()


def call(*arguments: str, code: int = 0) -> Result:
    """Call the command line; the exit code is as expected."""
    result = run.invoke(app, ["directory", *arguments])
    assert result.exit_code == code, (result.output, result.exception)
    return result


@pytest.fixture(scope="module")
def ours() -> Publication:
    point = PartyId("IP_DE_SANDBOX", PARTY_ID_TYPE)
    return publishing.publication(load(shipped("mappings")), datetime.now(UTC).date(), point)


@pytest.fixture(scope="module")
def double(tmp_path_factory: pytest.TempPathFactory, ours: Publication) -> Iterator[FastAPI]:
    """A running double beside a platform whose store holds the shipped mappings."""
    folder = tmp_path_factory.mktemp("platform")
    with platform_beside(folder, (ours, *load_publications())) as made:
        imported = run.invoke(app, ["mappings", "import", str(shipped("mappings")), "--reason", "first"])
        assert imported.exit_code == 0, imported.output
        yield made


@pytest.fixture(autouse=True)
def _in_order(double: FastAPI, ours: Publication) -> None:
    double.state.publications, double.state.fault = (ours, *load_publications()), None


def test_nothing_differs_where_the_directories_say_what_the_store_says() -> None:
    assert "no difference" in call("compare", "--anew").stdout


@requires_samples
def test_differences_are_told_and_submissions_written(
    double: FastAPI, ours: Publication, tmp_path: Path
) -> None:
    double.state.publications = (with_differences(ours),)
    shown = call("compare", "--anew", "--submissions", str(tmp_path), code=1).stdout
    assert "missing-here  Fishing licence" in shown
    assert "level-of-assurance: here «" in shown
    assert "Keeps as published" in shown
    assert "replaces everything" in shown
    assert problems("EB-SUB", (tmp_path / "eb-submission.xml").read_bytes()) == []
    assert problems("DSD-SUB", (tmp_path / "dsd-submission.xml").read_bytes()) == []


def test_answers_in_files_are_compared(ours: Publication, tmp_path: Path) -> None:
    eb, dsd = tmp_path / "eb.xml", tmp_path / "dsd.xml"
    eb.write_bytes(write_answer(Answer(requirements=ours.requirements), IDS))
    dsd.write_bytes(write_answer(Answer(services=ours.services), IDS))
    shown = call("compare", "--eb", str(eb), "--dsd", str(dsd)).stdout
    assert "no difference" in shown
    dsd.write_bytes(write_answer(Answer(services=ours.services[1:]), IDS))
    found = json.loads(call("compare", "--eb", str(eb), "--dsd", str(dsd), "--json", code=1).stdout)
    assert [(f["gap"], f["service"]) for f in found["findings"]] == [("missing-there", "dsd")]
    assert found["findings"][0]["remedy"].startswith("Publish it")
    assert [each["flaws"] for each in found["submissions"]] == [[], []]
    assert "AnswerUnreadable" in call("compare", "--eb", str(dsd), code=1).stderr
    call("compare", "--eb", str(tmp_path / "not-there.xml"), code=2)


@requires_samples
def test_official_samples_are_compared_as_they_are() -> None:
    eb = [arg for path in sorted((SAMPLES / "eb").glob("4.3*")) for arg in ("--eb", str(path))]
    dsd = [
        arg
        for path in sorted((SAMPLES / "dsd").glob("4.[34]*"))
        if "4.4.1" not in path.name
        for arg in ("--dsd", str(path))
    ]
    found = json.loads(call("compare", *eb, *dsd, "--json", code=1).stdout)
    assert {"missing-there", "missing-here"} == {each["gap"] for each in found["findings"]}
    assert all(not each["flaws"] for each in found["submissions"])
    refused = SAMPLES / "dsd" / "4.4.1-query-error-response-of-the-dsd-birth-certificate.xml"
    assert "DSD:ERR:0003" in call("compare", "--dsd", str(refused), code=1).stderr


def test_a_submission_that_would_be_refused_is_told(double: FastAPI, ours: Publication) -> None:
    service = ours.services[0]
    access = service.access_services[0]
    provider = replace(access.provider, identifier=PartyId("x", "a-scheme-of-its-own"))
    foreign = replace(service, access_services=(access, replace(access, provider=provider)))
    double.state.publications = (replace(ours, services=(foreign, *ours.services[1:])),)
    found = json.loads(call("compare", "--anew", "--json", code=1).stdout)
    (flaws,) = [each["flaws"] for each in found["submissions"] if each["service"] == "dsd"]
    assert any("R-DSD-SUB-C025" in flaw for flaw in flaws)


def test_from_procedure_to_provider() -> None:
    shown = call("requirements", "--procedure", "R1", "--country", "IT").stdout
    assert BIRTH in shown
    assert "R1 in IT" in shown
    shown = call("evidence-types", BIRTH, "--country", "IT").stdout
    assert "or Family record with identity" in shown
    assert "and Identity card record" in shown
    asked = call("services", ITALIAN, "IT", code=1).stdout
    assert f"--say {QUESTION}=" in asked
    shown = call("services", ITALIAN, "IT", "--say", f"{QUESTION}=InItaly", "--provider", "roma").stdout
    assert "Registry of Rome" in shown
    assert "Milan" not in shown
    assert "oots-edm:v2.0" in shown
    raw = call("services", ITALIAN, "IT", "--say", f"{QUESTION}=InItaly", "--raw").stdout
    assert raw.startswith("<?xml")
    as_json = json.loads(call("requirements", "--procedure", "R1", "--country", "IT", "--json").stdout)
    assert as_json["signer"]


def test_refusals_and_faults_are_told(double: FastAPI) -> None:
    assert "EB:ERR:0005" in call("requirements", "--procedure", "Z9", code=1).stderr
    call("services", "", "IT", code=2)
    double.state.fault = Fault.WRONG_DIGEST
    assert "digest-wrong" in call("requirements", "--anew", code=1).stderr

"""Registers that are as they should be pass, in both protocols; the command says so."""

import json
import re
from pathlib import Path
from typing import get_args

import yaml
from typer.testing import CliRunner

from intermediary.cli import app
from intermediary.mapping import load
from intermediary.provider_kit import CASES, Plan, Report, Verdict, read_plan, template
from intermediary.provider_kit.plan import CaseName
from intermediary.sandbox.people import COMPANIES
from tests.provider_kit.conftest import RESIDENTS, VEHICLES, Bench


def verdicts(report: Report) -> dict[str, Verdict]:
    return {result.case.id: result.verdict for result in report.results}


def explained(report: Report) -> list[str]:
    return [
        f"{r.case.id}: {'; '.join(map(str, r.came))}" for r in report.results if r.verdict is Verdict.FAIL
    ]


def test_the_vehicle_register_passes(bench: Bench, vehicles_plan: Plan) -> None:
    report = bench.run(bench.provider(bench.world.url("vehicle-register"), "zfzr"), vehicles_plan)
    assert explained(report) == []
    found = verdicts(report)
    assert {case for case, verdict in found.items() if verdict is Verdict.SKIPPED} == {
        "several",
        "large",
        "callback",
    }
    assert found["token-expired"] is found["token-audience"] is found["deferred"] is Verdict.PASS
    assert list(found) == [case.id for case in CASES]
    assert "Rossi" not in json.dumps(report.plain())


def test_the_residents_register_passes(bench: Bench) -> None:
    provider = bench.provider(bench.world.url("residents-register"), "melderegister")
    report = bench.run(provider, read_plan(RESIDENTS))
    assert explained(report) == []
    assert verdicts(report)["several"] is Verdict.PASS


def test_the_register_with_an_interface_of_its_own_passes_by_the_command(
    bench: Bench, tmp_path: Path
) -> None:
    world = bench.world
    provider = load(world.data("platform") / "mappings").providers["unternehmensbasisregister"]
    first, slow = (
        {"legal": {"name": c.name, "identifiers": {"euid": c.euid}}} for c in (COMPANIES[0], COMPANIES[1])
    )
    plan = {
        "evidence_type": {"id": "urn:de:nachweistyp:unternehmensbasisdaten"},
        "formats": [{"media_type": "application/xml"}],
        "cases": {
            "delivered": first,
            "deferred": slow,
            "unknown": {"legal": {"name": "Niemand GmbH"}},
            "missing_input": {"natural": _person()},
        },
    }
    (tmp_path / "data.yaml").write_text(yaml.safe_dump(plan, allow_unicode=True))
    (tmp_path / "options.yaml").write_text(yaml.safe_dump(dict(provider.options), allow_unicode=True))
    arguments = [
        *("provider", "check", world.url("business-register"), "--protocol", "rest"),
        *("--data", str(tmp_path / "data.yaml"), "--options", str(tmp_path / "options.yaml")),
        *("--audience", "basisregister", "--ca", str(world.authority)),
        *("--certificate", str(world.certificate("platform", "tls-client"))),
        *("--key", str(world.key("platform", "tls-client"))),
        *("--token-url", world.url("iam", "/token"), "--client-id", "platform"),
        *("--token-key", str(world.key("platform", "token"))),
        *("--report", str(tmp_path / "report.html"), "--json"),
    ]
    answer = CliRunner().invoke(app, arguments)
    assert answer.exit_code == 0, answer.output
    found = {r["case"]: r["verdict"] for r in json.loads(answer.stdout)["results"]}
    assert found["delivered"] == found["deferred"] == found["repeated"] == found["malformed"] == "pass"
    assert found["missing-input"] == found["entities"] == "not-applicable"
    page = (tmp_path / "report.html").read_text()
    assert "conforms" in page
    assert "<script" not in page


def _person() -> dict[str, str]:
    return {"family_name": "A", "given_names": "B", "date_of_birth": "1990-01-01"}


def test_the_template_can_be_read_and_is_not_overwritten(tmp_path: Path) -> None:
    assert set(read_plan(template()).cases) == {"delivered", "unknown"}
    uncommented = re.sub(r"(?m)^  # ", "  ", template()).replace("tokens: {}", "tokens:")
    assert set(read_plan(uncommented).cases) == set(get_args(CaseName))
    file = tmp_path / "data.yaml"
    assert CliRunner().invoke(app, ["provider", "template", str(file)]).exit_code == 0
    assert CliRunner().invoke(app, ["provider", "template", str(file)]).exit_code == 2
    assert read_plan(file.read_text()) == read_plan(template())


def test_wrong_calls_say_what_to_do(tmp_path: Path) -> None:
    data = tmp_path / "data.yaml"
    data.write_text(VEHICLES.replace("delivered:", "delivred:"))
    for arguments, said in (
        (["https://localhost", "--data", str(data)], "delivred"),
        (["http://localhost", "--data", str(_written(tmp_path))], "TLS only"),
        (["https://localhost", "--data", str(_written(tmp_path)), "--protocol", "rest"], "--options"),
    ):
        answer = CliRunner().invoke(app, ["provider", "check", *arguments])
        assert answer.exit_code != 0
        assert said in str(answer.exception), answer.exception


def _written(folder: Path) -> Path:
    file = folder / "good.yaml"
    file.write_text(VEHICLES)
    return file

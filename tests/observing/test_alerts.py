"""Each alert is fired by what the platform really shows while something goes wrong, and by nothing else."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from intermediary.exchange import ProviderUnavailable
from tests.exchange.house import a_request
from tests.observing.conftest import Scrape, Watched, signing_certificate

FOLDER = Path(__file__).parents[2] / "deploy" / "observability"
RULES = FOLDER / "alerts.yaml"
MINUTES = 20
QUIET = "quiet"
Script = Callable[[Watched, int], None]
"""What happens in a minute, by its number."""

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None,
    reason="NO ALERT IS TESTED: promtool (Debian package prometheus) is missing",
)


def an_exchange(watched: Watched) -> None:
    """A whole exchange with evidence, if everybody answers."""
    house, request = watched.house, a_request()
    token, view = house.preview(request)
    house.push(house.second(request, token))
    house.desk.decide(token, "visitor-1", frozenset(d.id for d in view.documents))
    house.work()


def _first_request(watched: Watched, minute: int) -> None:
    if minute in (1, 2, 3):
        watched.house.push(a_request())
    watched.house.work()


def quiet(watched: Watched, minute: int) -> None:
    if minute in (1, 10):
        an_exchange(watched)


def unreachable(watched: Watched, minute: int) -> None:
    watched.house.partner.unreachable = 1000
    _first_request(watched, minute)


def silent(watched: Watched, minute: int) -> None:
    watched.house.partner.silent = 1000
    _first_request(watched, minute)


def register_down(watched: Watched, minute: int) -> None:
    if minute in (1, 2, 3):
        watched.house.register.script.clear()
        watched.house.register.script += [ProviderUnavailable("timeout")] * 50
        watched.house.preview(a_request())
    watched.house.work()


def breaking(watched: Watched, minute: int) -> None:
    def broken(*_given: object) -> None:
        raise RuntimeError("PLANTED-SECRET")

    watched.house.register.ask = broken  # type: ignore[assignment,method-assign]
    if minute == 1:
        watched.house.preview(a_request())
    watched.house.work()


def no_workers(watched: Watched, minute: int) -> None:
    if minute == 1:
        watched.house.push(a_request())


def certificate_ends(days: int) -> Script:
    def script(watched: Watched, minute: int) -> None:
        clock, ends = watched.house.clock, signing_certificate(watched.house).not_valid_after_utc
        if minute == 1:
            clock.advance(seconds=(ends - clock()).total_seconds() - days * 86_400)

    return script


def clock_leaps(watched: Watched, minute: int) -> None:
    watched.ahead["machine"] = timedelta(hours=-1 if minute > 5 else 0)


def schema_lost(watched: Watched, minute: int) -> None:
    if minute == 5:
        with watched.house.engine.begin() as connection:
            connection.exec_driver_sql("delete from alembic_version")


SCRIPTS: dict[str, Script] = {
    QUIET: quiet,
    "PartnerUnreachable": unreachable,
    "NoReceipts": silent,
    "DeliveryGivenUp": unreachable,
    "RegisterDown": register_down,
    "StepsFailing": breaking,
    "Backlog": no_workers,
    "CertificateEnding": certificate_ends(25),
    "CertificateUrgent": certificate_ends(5),
    "ClockWrong": clock_leaps,
    "NotReady": schema_lost,
}


def test_each_alert_has_a_script() -> None:
    names = {rule["alert"] for rule in _rules()}
    assert names == SCRIPTS.keys() - {QUIET}


@needs_promtool
def test_the_rules_are_well_formed() -> None:
    subprocess.run(["promtool", "check", "rules", str(RULES)], check=True, capture_output=True)


@needs_promtool
@pytest.mark.parametrize("alert", SCRIPTS)
def test_what_goes_wrong_fires_the_alert(alert: str, watched: Watched, tmp_path: Path) -> None:
    scrapes = []
    for minute in range(MINUTES):
        if minute:
            SCRIPTS[alert](watched, minute)
        scrapes.append(watched.scrape())
        watched.house.clock.advance(minutes=1)
    _assert_fired(alert, _series(scrapes), tmp_path)


@needs_promtool
def test_a_node_that_does_not_answer_fires_the_alert(tmp_path: Path) -> None:
    series = [{"series": 'up{instance="node-1",job="intermediary-worker"}', "values": "1 1" + " 0" * MINUTES}]
    _assert_fired("NotReady", series, tmp_path)


def test_every_metric_of_alerts_and_dashboard_exists(watched: Watched) -> None:
    an_exchange(watched)
    watched.house.partner.unreachable = 1
    watched.house.ask(a_request())
    watched.house.push(a_request("oots-edm:v2.0", id="no-uuid"))
    watched.house.work()
    shown = {name for name, _labels in watched.scrape()}
    dashboard = json.loads((FOLDER / "grafana-dashboard.json").read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    assert len(expressions) > 8
    for expression in [*expressions, *(rule["expr"] for rule in _rules())]:
        names = set(re.findall(r"intermediary_\w+", expression))
        assert names <= shown, names - shown


@needs_promtool
def test_the_expressions_of_the_dashboard_can_be_read(tmp_path: Path) -> None:
    dashboard = json.loads((FOLDER / "grafana-dashboard.json").read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    rules = [
        {"record": f"panel:{n}", "expr": e.replace("$__rate_interval", "5m")}
        for n, e in enumerate(expressions)
    ]
    file = tmp_path / "panels.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    run = subprocess.run(
        ["promtool", "check", "rules", str(file)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


def _assert_fired(alert: str, series: list[dict[str, str]], folder: Path) -> None:
    wanted = [] if alert == QUIET else [{"labels": f'{{alertname="{alert}"}}', "value": 1}]
    which = "" if alert == QUIET else f', alertname="{alert}"'
    expression = f'count by (alertname) (ALERTS{{alertstate="firing"{which}}})'
    # An alert may end again (a counter falls out of its window), but it has to have fired.
    expression = f"max by (alertname) (max_over_time({expression}[{MINUTES}m:1m]))"
    test = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": series,
                "promql_expr_test": [
                    {"expr": expression, "eval_time": f"{MINUTES - 1}m", "exp_samples": wanted}
                ],
            }
        ],
    }
    file = folder / "test.yaml"
    file.write_text(yaml.safe_dump(test))
    run = subprocess.run(
        ["promtool", "test", "rules", str(file)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


def _rules() -> list[dict[str, str]]:
    (group,) = yaml.safe_load(RULES.read_text())["groups"]
    return list(group["rules"])


def _series(scrapes: list[Scrape]) -> list[dict[str, str]]:
    """One minute between two scrapes; `_` where a series was not there yet."""
    found = dict.fromkeys(key for scrape in scrapes for key in scrape)
    series: list[tuple[str, tuple[tuple[str, str], ...], list[str]]] = [("up", (), ["1"] * len(scrapes))]
    for name, labels in found:
        values = [f"{s[name, labels]:g}" if (name, labels) in s else "_" for s in scrapes]
        if not name.endswith("_created"):
            series.append((name, labels, values))
    return [
        {
            "series": name
            + "{"
            + ",".join(f'{k}="{v}"' for k, v in (*labels, ("instance", "node-1"), ("job", "intermediary")))
            + "}",
            "values": " ".join(values),
        }
        for name, labels, values in series
    ]

"""The chart, rendered by Helm itself: against Kubernetes' schemas, and against our own settings."""

import os
import shutil
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

from intermediary.settings import Settings
from tests.deploy.processes import DEPLOY

CHART = DEPLOY / "helm" / "intermediary"
CASES = ("small", "everything", "gateway")
CUSTOM = {"ServiceMonitor", "PrometheusRule"}
"""Kinds of the Prometheus operator, which Kubernetes' schemas do not know."""
Rendered = list[dict[str, Any]]


@cache
def helm() -> str:
    """Path of helm; skips where there is none."""
    go = os.environ.get("GOBIN") or str(Path.home() / "go" / "bin")
    found = shutil.which("helm", path=f"{os.environ.get('PATH', '')}:{go}")
    if found is None:
        pytest.skip("The chart is NOT TESTED: no helm; go install helm.sh/helm/v3/cmd/helm@v3.22.0")
    return found


def files(case: str) -> list[str]:
    """Options that name the values of a case."""
    names = ["small"] if case == "small" else ["small", case]
    return [option for name in names for option in ("-f", str(CHART / "ci" / f"{name}-values.yaml"))]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run helm."""
    return subprocess.run([helm(), *arguments], capture_output=True, text=True, check=False)


def template(*options: str) -> subprocess.CompletedProcess[str]:
    """Run `helm template` for a release `oots` in the name space `exchange`."""
    return run("template", "oots", str(CHART), "-n", "exchange", "--kube-version", "1.37.0", *options)


@cache
def rendered(case: str) -> Rendered:
    """All objects of a case."""
    done = template(*files(case))
    assert done.returncode == 0, done.stderr
    return [each for each in yaml.safe_load_all(done.stdout) if each]


def of(objects: Rendered, kind: str) -> dict[str, dict[str, Any]]:
    """Objects of a kind by name."""
    return {each["metadata"]["name"]: each for each in objects if each["kind"] == kind}


def pods(objects: Rendered) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and pod template of all that runs pods."""
    for kind in ("Deployment", "Job"):
        for name, each in of(objects, kind).items():
            yield name, each["spec"]["template"]


def settings_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """The TOML of a ConfigMap."""
    return tomllib.loads(config["data"]["intermediary.toml"])


@pytest.mark.parametrize("case", CASES)
def test_helm_finds_nothing_to_complain_of(case: str) -> None:
    done = run("lint", "--strict", "--kube-version", "1.37.0", str(CHART), *files(case))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stdout


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("version", ["1.27", "1.37"])
def test_objects_are_what_kubernetes_takes(case: str, version: str) -> None:
    objects = rendered(case)
    for each in objects:
        if each["kind"] not in CUSTOM:
            kubernetes_validate.validate(each, version, strict=True)
    assert len({(each["kind"], each["metadata"]["name"]) for each in objects}) == len(objects)


def test_the_schemas_would_notice() -> None:
    (deployment, *_) = of(rendered("small"), "Deployment").values()
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(
            {**deployment, "spec": {**deployment["spec"], "replica": 2}}, "1.37", strict=True
        )


@pytest.mark.parametrize("case", CASES)
def test_the_platform_takes_the_settings_and_every_file_is_mounted(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects = rendered(case)
    main, hook = of(objects, "ConfigMap").values()
    assert main["data"] == hook["data"]
    written = settings_of(main)
    assert written.keys() <= Settings.model_fields.keys()
    toml = tmp_path / "intermediary.toml"
    toml.write_text(main["data"]["intermediary.toml"])
    monkeypatch.setenv("INTERMEDIARY_SETTINGS", str(toml))
    for name, pod in pods(objects):
        (container,) = pod["spec"]["containers"]
        environment = {each["name"]: each.get("value", "") for each in container["env"]}
        ours = {key.removeprefix("INTERMEDIARY_").lower() for key in environment if "INTERMEDIARY_" in key}
        assert ours - {"settings"} <= Settings.model_fields.keys(), name
        with pytest.MonkeyPatch.context() as patch:
            for key, value in environment.items():
                if key.startswith("INTERMEDIARY_") and key != "INTERMEDIARY_SETTINGS":
                    patch.setenv(key, value)
            settings = Settings()
        assert settings.workers == {"oots-intermediary-serve": 0, "oots-intermediary-worker": 4}.get(
            name if case == "everything" or name.endswith("serve") else "", 2
        )
        mounted = [mount["mountPath"] for mount in container["volumeMounts"]]
        assert {mount["name"] for mount in container["volumeMounts"]} == {
            v["name"] for v in pod["spec"]["volumes"]
        }
        assert environment["TMPDIR"] in mounted
        (config,) = (v["configMap"] for v in pod["spec"]["volumes"] if v["name"] == "settings")
        assert {item["key"] for item in config["items"]} == set(main["data"])
        there = {f"/etc/intermediary/{item['path']}" for item in config["items"]}
        for path in _paths(written):
            below = [mount for mount in mounted if mount != "/etc/intermediary"]
            known = path in there or path in {"/etc/intermediary/pmodes", *below}
            # The migration needs no content, and has no volume for it.
            assert known or any(path.startswith(f"{mount}/") for mount in below) or "-migrate" in name, path


def _paths(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _paths(each)
    elif isinstance(value, str) and value.startswith("/"):
        yield value


@pytest.mark.parametrize("case", CASES)
def test_selectors_find_their_pods_and_nobody_elses(case: str) -> None:
    objects = rendered(case)
    labels = {name: pod["metadata"]["labels"] for name, pod in pods(objects)}

    def found(selector: Mapping[str, str]) -> set[str]:
        return {name for name, has in labels.items() if selector.items() <= has.items()}

    for kind in ("Deployment", "PodDisruptionBudget"):
        for name, each in of(objects, kind).items():
            assert found(each["spec"]["selector"]["matchLabels"]) == {name}
    for name, each in of(objects, "Service").items():
        assert found(each["spec"]["selector"]) == {name}
        (port,) = each["spec"]["ports"]
        (container,) = of(objects, "Deployment")[name]["spec"]["template"]["spec"]["containers"]
        assert port["targetPort"] in {p["name"] for p in container["ports"]}
    for each in of(objects, "NetworkPolicy").values():
        assert found(each["spec"]["podSelector"]["matchLabels"]) == set(labels)
    for name, each in of(objects, "HorizontalPodAutoscaler").items():
        assert each["spec"]["scaleTargetRef"]["name"] == name
        assert "replicas" not in of(objects, "Deployment")[name]["spec"]


@pytest.mark.parametrize("case", CASES)
def test_probes_and_doors_lead_to_routes_that_exist(case: str) -> None:
    objects = rendered(case)
    for name, each in of(objects, "Deployment").items():
        (container,) = each["spec"]["template"]["spec"]["containers"]
        (port,) = (p["containerPort"] for p in container["ports"])
        probes = [container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")]
        assert [probe["path"] for probe in probes] == ["/health/live", "/health/live", "/health/ready"]
        assert {probe["port"] for probe in probes} == {port}
        environment = {e["name"]: e.get("value") for e in container["env"]}
        told = "INTERMEDIARY_PORT" if name.endswith("serve") else "INTERMEDIARY_WORKER_METRICS_PORT"
        assert environment[told] == str(port)
        assert each["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    doors = {
        name.rpartition("-")[2]: [p["path"] for p in each["spec"]["rules"][0]["http"]["paths"]]
        for name, each in of(objects, "Ingress").items()
    }
    known = {
        "citizens": ["/preview", "/validate", "/providers"],
        "partners": ["/as4"],
        "providers": ["/national", "/domibus/backend"],
    }
    assert doors.items() <= known.items()
    source = "".join(file.read_text() for file in (DEPLOY.parent / "intermediary").rglob("*.py"))
    for path in ("/as4", "/validate", "/national/v1/nachweislieferungen", "/domibus/backend", "/preview",
                 "/health/live", "/health/ready", "/metrics"):  # fmt: skip
        assert f'"{path}"' in source


def test_a_door_for_machines_demands_a_certificate() -> None:
    for case, key in (
        ("everything", "haproxy-ingress.github.io"),
        ("gateway", "nginx.ingress.kubernetes.io"),
    ):
        for name, each in of(rendered(case), "Ingress").items():
            annotations = each["metadata"]["annotations"]
            demanded = annotations.get(f"{key}/auth-tls-verify-client")
            assert demanded == (None if name.endswith("citizens") else "on")
            assert each["spec"]["tls"][0]["hosts"] == [each["spec"]["rules"][0]["host"]]


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("settings.public_url=http://plain.example", "public_url"),
        ("settings.workers=3", "workers"),
        ("existingSecret=", "existingSecret"),
        ("serve.replicsa=3", "replicsa"),
        ("certificates.a=-----BEGIN PRIVATE KEY-----", "certificates"),
        ("ingress.partners.host=intermediary.example", "the host of another door"),
        ("ingress.partners.caSecret=", "ca.crt"),
        ("ingress.citizens.tlsSecret=", "no door without TLS"),
    ],
)
def test_values_that_cannot_be_meant_are_refused(option: str, says: str) -> None:
    done = template(*files("everything"), "--set", option)
    assert done.returncode != 0
    assert says in done.stderr


@pytest.mark.parametrize("case", CASES)
def test_pods_are_restricted(case: str) -> None:
    for name, pod in pods(rendered(case)):
        spec = pod["spec"]
        (container,) = spec["containers"]
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert {"requests", "limits"} <= container["resources"].keys()


def test_the_migration_comes_first_and_needs_nothing_that_comes_later() -> None:
    objects = rendered("everything")
    (job,) = of(objects, "Job").values()
    (config,) = (each for each in of(objects, "ConfigMap").values() if "annotations" in each["metadata"])
    first, second = (each["metadata"]["annotations"] for each in (config, job))
    assert first["helm.sh/hook"] == second["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert int(first["helm.sh/hook-weight"]) < int(second["helm.sh/hook-weight"])
    volumes = job["spec"]["template"]["spec"]["volumes"]
    assert [v["configMap"]["name"] for v in volumes if "configMap" in v] == [config["metadata"]["name"]]
    assert not [v for v in volumes if "persistentVolumeClaim" in v]
    assert "serviceAccountName" not in job["spec"]["template"]["spec"]


def test_prometheus_finds_both_kinds_of_pods_and_the_rules() -> None:
    objects = rendered("everything")
    (monitor,) = of(objects, "ServiceMonitor").values()
    (rule,) = of(objects, "PrometheusRule").values()
    shipped = yaml.safe_load((DEPLOY / "observability" / "alerts.yaml").read_text())
    assert rule["spec"] == shipped
    selector = monitor["spec"]["selector"]["matchLabels"]
    watched = [
        s for s in of(objects, "Service").values() if selector.items() <= s["metadata"]["labels"].items()
    ]
    ports = {port["name"] for service in watched for port in service["spec"]["ports"]}
    assert ports == {endpoint["port"] for endpoint in monitor["spec"]["endpoints"]}
    jobs = {service["metadata"]["labels"][monitor["spec"]["jobLabel"]] for service in watched}
    assert jobs == {"intermediary"}  # what the alert NotReady asks for

"""compose.yaml, its settings and the image: against the compose specification and our own settings."""

import json
import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose

from intermediary.settings import Settings
from tests.deploy.processes import DEPLOY

COMPOSE = DEPLOY / "compose"
ROOT = DEPLOY.parent
RUNS_US = ("migrate", "node-1", "node-2", "worker")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The file with its merge keys merged and its variables at their defaults."""
    text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", (COMPOSE / "compose.yaml").read_text())
    read: dict[str, Any] = yaml.safe_load(text)
    return read


def test_it_is_a_compose_file_and_names_only_what_it_has(compose: dict[str, Any]) -> None:
    PyCompose.from_json(json.dumps(compose)).validate()
    damages: list[dict[str, Any]] = [{"volumez": []}, {"networks": ["nowhere"]}, {"secrets": ["none"]}]
    damages.append({"restart": "maybe"})
    for damage in damages:
        damaged = {**compose, "services": {"node-1": {**compose["services"]["node-1"], **damage}}}
        with pytest.raises(ValueError, match=r".+"):
            PyCompose.from_json(json.dumps(damaged)).validate()


def test_the_platform_takes_the_settings(compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    written = tomllib.loads((COMPOSE / "intermediary.toml").read_text())
    assert written.keys() <= Settings.model_fields.keys()
    monkeypatch.setenv("INTERMEDIARY_SETTINGS", str(COMPOSE / "intermediary.toml"))
    for name in RUNS_US:
        with pytest.MonkeyPatch.context() as patch:
            given = compose["services"][name]["environment"]
            ours = {key: value for key, value in given.items() if key.startswith("INTERMEDIARY_")}
            assert {key.removeprefix("INTERMEDIARY_").lower() for key in ours} - {
                "settings"
            } <= Settings.model_fields.keys()
            for key, value in ours.items():
                if key != "INTERMEDIARY_SETTINGS":
                    patch.setenv(key, value)
            settings = Settings()
        port = settings.worker_metrics_port if name == "worker" else settings.port
        check = compose["services"][name].get("healthcheck", {}).get("test", [f":{port}/health"])[-1]
        assert f":{port}/health" in check


def test_every_path_of_the_settings_is_mounted(compose: dict[str, Any]) -> None:
    written = (COMPOSE / "intermediary.toml").read_text()
    paths: list[str] = re.findall(r'"(/[^"]+)"', written)
    for name in RUNS_US:
        service = compose["services"][name]
        there = [f"/run/secrets/{secret}" for secret in service["secrets"]]
        there += [each.split(":")[1] for each in service["volumes"] if isinstance(each, str)]
        for path in paths:
            assert any(path == mount or path.startswith(f"{mount}/") for mount in there), (name, path)
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["user"] == "10001:10001"


def test_only_the_edge_is_published_and_the_database_reaches_nobody(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert [name for name, each in services.items() if "ports" in each] == ["proxy"]
    assert [port.split(":")[1] for port in services["proxy"]["ports"]] == ["8443", "8444", "8445"]
    assert compose["networks"]["inside"]["internal"] is True
    assert services["database"]["networks"] == ["inside"]
    assert "inside" not in services["proxy"]["networks"]
    for name, each in services.items():
        assert each["deploy"]["resources"]["limits"].keys() >= {"cpus", "memory"}, name
        assert "healthcheck" in each or name in {"migrate", "archive-owner"}


def test_the_edge_is_told_all_that_its_configuration_asks_for(compose: dict[str, Any]) -> None:
    asked = set(re.findall(r'"\$\{(\w+)', (COMPOSE / "haproxy.cfg").read_text()))
    told = compose["services"]["proxy"]["environment"]
    assert asked == told.keys()
    nodes = {value for name, value in told.items() if name.startswith("NODE_")}
    assert nodes == {"node-1:8080", "node-2:8080"}


def test_what_can_be_random_is_made_once_and_the_rest_is_asked_for(
    compose: dict[str, Any], tmp_path: Path
) -> None:
    if os.getuid():
        pytest.skip("prepare gives secrets to the containers' users: only as root")
    script = tmp_path / "prepare"
    script.write_text((COMPOSE / "prepare").read_text())
    first = subprocess.run(["sh", str(script)], capture_output=True, text=True, check=False)
    assert first.returncode == 1
    made = {file.name: file.read_bytes() for file in (tmp_path / "secrets").iterdir()}
    assert len(made["platform-key"]) == 32
    assert len(made["session-secret"].strip()) >= 32
    assert made["pgpass"].strip().endswith(b":" + made["database-password"])
    asked = set(re.findall(r"secrets/([\w-]+)", first.stderr))
    assert asked | made.keys() == compose["secrets"].keys()
    assert all(file.stat().st_mode & 0o777 == 0o400 for file in (tmp_path / "secrets").iterdir())
    for path in re.findall(r"(?:secrets|certificates)/[\w.-]+", first.stderr):
        (tmp_path / path).touch()
    second = subprocess.run(["sh", str(script)], capture_output=True, text=True, check=False)
    assert second.returncode == 0, second.stderr
    assert {name: (tmp_path / "secrets" / name).read_bytes() for name in made} == made


def test_volumes_belong_to_those_who_write_them(compose: dict[str, Any]) -> None:
    # Docker gives a new volume the owner of the folder that the image has there, else root.
    made = re.search(r"install -d -o 10001 -g 10001 -m 0700 (.*)$", dockerfile(), re.M)
    assert made is not None
    for each in compose["services"]["node-1"]["volumes"]:
        if isinstance(each, dict) and each["type"] == "volume":
            assert each["target"] in made[1].split()
    assert "content:/var/lib/intermediary" in compose["services"]["node-1"]["volumes"]
    assert "/var/lib/intermediary" in made[1].split()
    assert compose["services"]["node-1"]["environment"]["TMPDIR"] in made[1].split()
    first = compose["services"]["database"]["depends_on"]
    assert first == {"archive-owner": {"condition": "service_completed_successfully"}}


def dockerfile() -> str:
    """The text, continued lines joined."""
    return (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")


def test_the_image_is_made_of_locked_packages_and_runs_as_nobody() -> None:
    text = dockerfile()
    (install,) = re.findall(r"^RUN .*(uv pip install .*--requirements.*)$", text, re.M)
    uv = ROOT / ".venv" / "bin" / "uv"
    if not uv.exists():
        pytest.skip("no uv in .venv")
    command = install.replace("uv pip", f"{uv} pip").replace("/opt/intermediary", str(ROOT / ".venv"))
    done = subprocess.run(
        [*command.split(), "--dry-run"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "--require-hashes" in install
    last = text.rpartition("\nFROM ")[2]
    assert re.findall(r"^USER (.*)$", last, re.M) == ["10001:10001"]
    assert "HEALTHCHECK" in last
    assert not re.search(r"^(ADD|FROM) \S*(https?:|\.[a-z]{2,}/)", text, re.M), "image names only"
    copied = {path for line in re.findall(r"^COPY (?!--from)(.*) \S+$", text, re.M) for path in line.split()}
    allowed = {
        line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().split() if line.startswith("!")
    }
    assert copied == allowed
    assert all((ROOT / path).exists() for path in copied)

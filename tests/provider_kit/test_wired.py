"""The wired platform: a provider is invited by the API, tries its register with the platform's own keys."""

import threading

import pytest
from starlette.testclient import TestClient

from intermediary.app import build, create_app
from intermediary.selfservice import ProviderCounts, reach_of
from intermediary.settings import ConsoleGroup, load_settings
from tests.provider_kit.conftest import VEHICLES, Bench


def test_a_register_is_tried_by_its_own_pages(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    world = bench.world
    monkeypatch.setenv("INTERMEDIARY_SETTINGS", str(world.data("platform") / "platform.toml"))
    platform = build(load_settings())
    browser = TestClient(create_app(platform), base_url="https://localhost", follow_redirects=False)
    token = browser.post(
        "/console/login/development", data={"who": "ada"}, headers={"accept": "application/json"}
    ).json()["access_token"]
    invited = browser.post(
        "/console/api/v1/provider-invitations",
        json={"organisation": "KBA", "provider": "kba-zfzr", "audience": "zfzr"},
        headers={"Authorization": f"Bearer {token}"},
    ).json()
    assert browser.post(_path(invited["link"])).status_code == 303
    csrf = browser.get("/providers/endpoint").text.partition('name="csrf" value="')[2].partition('"')[0]
    form = {"url": world.url("vehicle-register"), "protocol": "xnachweis", "options": "", "ca": ""}
    form |= {"csrf": csrf, "test_data": VEHICLES}
    assert browser.post("/providers/endpoint", data=form).status_code == 303
    run = browser.post("/providers/runs", data={"csrf": csrf}).headers["location"]
    for _ in range(600):
        state = browser.get(f"{run}/progress").json()["state"]
        if state != "running":
            break
        threading.Event().wait(0.1)
    assert state == "done"
    answer = browser.get(
        f"/console/api/v1/provider-invitations/{invited['id']}", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.json()["passed"] is True
    assert "fahrzeugregistrierung" in browser.get("/providers/mappings").text
    assert ProviderCounts(platform.engine, platform.clock)("kba-zfzr") == ()
    platform.engine.dispose()


def _path(link: str) -> str:
    return "/providers/" + link.rsplit("/", 1)[1]


def test_this_machine_is_called_in_the_sandbox_only() -> None:
    assert "127.0.0.0/8" in reach_of(ConsoleGroup(), sandbox=True).allowed
    assert reach_of(ConsoleGroup(provider_hosts=["Test.Example"]), sandbox=False).allowed == ("test.example",)

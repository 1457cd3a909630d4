"""The operators' log, sessions, partners and certificates: on the wired platform of the sandbox."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser
from starlette.testclient import TestClient

from tests.browsing import look_at, visit
from tests.preview.serving import certificate, listening, serve


def _sign_in(platform: TestClient, who: str) -> dict[str, str]:
    platform.cookies.clear()
    assert platform.post("/console/login/development", data={"who": who}).status_code == 303
    form = {"accept": "application/json"}
    token = platform.post("/console/login/development", data={"who": who}, headers=form).json()
    return {"Authorization": f"Bearer {token['access_token']}"}


def _csrf(page: str) -> str:
    return page.partition('name="csrf" value="')[2].partition('"')[0]


def test_the_auditor_reads_what_operators_did_and_checks_the_chain(platform: TestClient) -> None:
    for who in ("erik", "vera", "otto"):
        bearer = _sign_in(platform, who)
    page = platform.get("/console/log").text
    assert page.index("otto") < page.index("erik"), "newest first"
    assert "vera" not in platform.get("/console/log?actor=erik").text
    done = platform.post("/console/log/check", data={"csrf": _csrf(page)})
    assert "The chain of the log holds" in platform.get(done.headers["location"]).text
    acts = platform.get("/console/api/v1/acts", headers=bearer).json()["acts"]
    assert (acts[0]["actor"], acts[0]["action"], acts[0]["data"]) == (
        "otto",
        "log-checked",
        {"intact": "True"},
    )
    assert platform.get("/console/api/v1/acts", headers=_sign_in(platform, "anna")).status_code == 403
    assert platform.get("/console/log").status_code == 403


def test_the_administrator_ends_a_session(platform: TestClient) -> None:
    _sign_in(platform, "erik")
    his = platform.cookies["__Host-console"]
    _sign_in(platform, "ada")
    page = platform.get("/console/sessions").text
    row = next(part for part in page.split("<tr")[1:] if "Erik Editor" in part)
    action = row.partition('action="')[2].partition('"')[0]
    for part in page.split('action="/console/sessions/')[1:]:
        assert platform.post(f"/console/sessions/{part.partition('/')[0]}/end").status_code == 403
    while "Erik Editor" in page:
        row = next(part for part in page.split("<tr")[1:] if "Erik Editor" in part)
        action = row.partition('action="')[2].partition('"')[0]
        assert platform.post(action, data={"csrf": _csrf(page)}).status_code == 303
        page = platform.get("/console/sessions").text
    platform.cookies.clear()
    platform.cookies.set("__Host-console", his)
    assert platform.get("/console/").status_code == 303


def test_partners_and_their_certificates(platform: TestClient) -> None:
    bearer = _sign_in(platform, "vera")
    listed = platform.get("/console/api/v1/partners", headers=bearer).json()
    assert [(p["id"], p["return_hosts"], p["exchanges"]) for p in listed] == [("portal", ["localhost"], 0)]
    assert {c["purpose"] for c in listed[0]["certificates"]} == {"AS4 signing", "AS4 encryption"}
    page = platform.get("/console/partners/portal").text
    assert "AS4 encryption" in page
    assert platform.get("/console/partners/nobody").status_code == 404
    assert platform.get("/console/api/v1/partners/nobody", headers=bearer).status_code == 404
    owners = {c["owner"] for c in platform.get("/console/api/v1/certificates", headers=bearer).json()}
    assert {"us", "partners", "partner portal"} <= owners


@pytest.mark.browser
@pytest.mark.parametrize("language", ["en", "de"])
def test_the_pages_in_a_browser(
    platform: TestClient, browser: Browser, axe: str, tmp_path: Path, language: str
) -> None:
    with listening() as (bound, url), serve(platform.app, bound, *certificate(tmp_path)):
        context = visit(browser, language)
        for who, paths in (
            ("ada", ("sessions", "partners", "partners/portal", "certificates")),
            ("otto", ("log",)),
        ):
            page = context.new_page()
            context.clear_cookies()
            page.goto(f"{url}/console/login")
            page.locator(f"button[value={who}]").click()
            for path in paths:
                page.goto(f"{url}/console/{path}")
                look_at(page, axe, f"console-{path.replace('/', '-')}-{language}")

"""Who gets into the console, what their role lets them do, and what is recorded of it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

import pytest
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from intermediary import console
from intermediary.console.desk import Change, Desk, Submitted
from intermediary.console.pages import Area
from intermediary.web import SettingsInvalid
from tests.console.conftest import SECRET, ConsoleHouse

House = Callable[..., ConsoleHouse]


def _pages(desk: Desk) -> APIRouter:
    router = APIRouter()

    @router.get("/things")
    def things(
        request: Request, operator: Annotated[console.Operator, Depends(desk.may(console.Role.VIEWER))]
    ) -> Response:
        return desk.page(request, operator, "home.html", notices=())

    @router.post("/things")
    def change(sent: Annotated[Submitted, Depends(desk.form(console.Role.APPROVER))]) -> Response:
        if sent.text("what"):
            sent.record("thing-changed", thing=sent.text("what"))
        return desk.to("/things", "success", "%(what)s is done.", what=sent.text("what") or "It")

    return router


def _api(desk: Desk) -> APIRouter:
    router = APIRouter()

    @router.get("/things")
    def things(caller: Annotated[console.Operator, Depends(desk.caller(console.Role.VIEWER))]) -> Response:
        return JSONResponse({"asked-by": caller.subject})

    @router.post("/things")
    def change(made: Annotated[Change, Depends(desk.change(console.Role.APPROVER))]) -> Response:
        return JSONResponse({"changed-by": made.operator.subject})

    return router


THINGS = console.Part(_pages, _api, areas=(Area("/things", "Things", "checklist"),))


def test_who_is_not_signed_in_is_led_to_the_login_and_back(console_house: House) -> None:
    browser = console_house(THINGS).browser()
    answer = browser.get("/console/things?page=2")
    assert answer.headers["location"] == "/console/login?to=%2Fthings%3Fpage%3D2"
    form = browser.get(answer.headers["location"]).text
    assert 'value="/things?page=2"' in form
    back = browser.post("/console/login/development", data={"who": "vera", "to": "/things?page=2"})
    assert back.headers["location"] == "/console/things?page=2"
    assert browser.get("/console/things").status_code == 200


@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example/", "/\\evil.example", ""])
def test_the_login_leads_nowhere_else(console_house: House, to: str) -> None:
    answer = console_house().browser().post("/console/login/development", data={"who": "vera", "to": to})
    assert answer.headers["location"] == "/console/"


def test_a_role_may_do_what_it_may(console_house: House) -> None:
    house = console_house(THINGS)
    for who, status in (("vera", 403), ("erik", 403), ("ada", 403), ("otto", 403), ("anna", 303)):
        browser = house.browser(who)
        answer = browser.post("/console/things", data={"csrf": house.csrf(browser), "what": "lamp"})
        assert answer.status_code == status, who
    changed = [entry for entry in house.journal if entry[1] == "thing-changed"]
    assert changed == [("anna", "thing-changed", {"thing": "lamp"})]


def test_what_a_page_forgets_to_record_is_recorded_all_the_same(console_house: House) -> None:
    house = console_house(THINGS)
    browser = house.browser("anna")
    browser.post("/console/things", data={"csrf": house.csrf(browser)})
    assert house.journal[-1] == ("anna", "changed", {"by": "POST /things"})
    browser.post("/console/api/v1/things", headers=house.token("anna"))
    assert house.journal[-1] == ("anna", "changed", {"by": "POST /things"})


@pytest.mark.parametrize("csrf", [None, "", "forged"])
def test_a_form_from_elsewhere_changes_nothing(console_house: House, csrf: str | None) -> None:
    house = console_house(THINGS)
    browser = house.browser("anna")
    done = len(house.journal)
    answer = browser.post("/console/things", data={"what": "lamp"} | ({} if csrf is None else {"csrf": csrf}))
    assert answer.status_code == 403
    assert "was not sent from this session" in answer.text
    fits = {"csrf": house.csrf(browser), "what": "lamp"}
    assert (
        browser.post("/console/things", data=fits, headers={"sec-fetch-site": "cross-site"}).status_code
        == 403
    )
    assert len(house.journal) == done


def test_the_value_of_one_session_does_not_fit_another(console_house: House) -> None:
    house = console_house(THINGS)
    anna, again = house.browser("anna"), house.browser("anna")
    answer = anna.post("/console/things", data={"csrf": house.csrf(again), "what": "lamp"})
    assert answer.status_code == 403


def test_a_session_ends_when_unused_or_too_old_or_told_to(console_house: House) -> None:
    house = console_house(THINGS)
    browser = house.browser("vera")
    for _ in range(19):
        house.clock.advance(minutes=29)
        assert browser.get("/console/things").status_code == 200
    for _ in range(2):
        house.clock.advance(minutes=29)
        last = browser.get("/console/things").status_code
    assert last == 303, "ten hours are over"
    browser = house.browser("vera")
    house.clock.advance(minutes=31)
    assert browser.get("/console/things").status_code == 303
    browser = house.browser("vera")
    copy = browser.cookies["__Host-console"]
    browser.post("/console/logout", data={"csrf": house.csrf(browser)})
    browser.cookies.set("__Host-console", copy, domain="localhost.local", path="/")
    assert browser.get("/console/things").status_code == 303, "a copied cookie is worth nothing any more"


def test_the_cookie_is_not_in_the_database(console_house: House) -> None:
    house = console_house()
    browser = house.browser("ada")
    with house.engine.connect() as connection:
        stored = str(connection.exec_driver_sql("SELECT * FROM operator_session").fetchall())
    assert browser.cookies["__Host-console"] not in stored
    assert [session.operator.subject for session in house.desk.sessions.active()] == ["ada"]


def test_the_next_page_says_once_what_was_done(console_house: House) -> None:
    house = console_house(THINGS)
    browser = house.browser("anna")
    answer = browser.post("/console/things", data={"csrf": house.csrf(browser), "what": "<b>Lamp</b>"})
    assert "&lt;b&gt;Lamp&lt;/b&gt; is done." in browser.get(answer.headers["location"]).text
    assert "is done." not in browser.get(answer.headers["location"]).text


def test_the_language_is_remembered(console_house: House) -> None:
    browser = console_house(THINGS).browser("vera")
    assert '<html lang="de">' in browser.get("/console/things?lang=de").text
    assert '<html lang="de">' in browser.get("/console/things", headers={"accept-language": "en"}).text


def test_the_api_takes_tokens_and_no_cookies(console_house: House) -> None:
    house = console_house(THINGS)
    browser = house.browser("anna")
    refused = browser.get("/console/api/v1/things")
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert refused.headers["content-type"] == "application/problem+json"
    assert browser.get("/console/api/v1/things", headers=house.token("vera")).json() == {"asked-by": "vera"}
    forbidden = browser.post("/console/api/v1/things", headers=house.token("vera"))
    assert forbidden.status_code == 403
    assert "approver" in forbidden.json()["detail"]
    assert browser.get("/console/api/v1/openapi.json").json()["paths"].keys() == {"/things"}


def test_pages_carry_their_policy(console_house: House) -> None:
    answer = console_house(THINGS).browser("vera").get("/console/things")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    missing = console_house(THINGS).browser("vera").get("/console/nothing")
    assert missing.status_code == 404
    assert "This page does not exist" in missing.text


def test_the_development_login_is_refused_outside_the_sandbox() -> None:
    safe = console.ConsoleSettings(SECRET, "https://localhost:8443", development_login=True, sandbox=True)
    with pytest.raises(SettingsInvalid, match="for the sandbox only"):
        replace(safe, sandbox=False)
    for url in ("https://ip.example.de", "https://localhost.example.de", "https://10.0.0.1"):
        with pytest.raises(SettingsInvalid, match="on this machine"):
            replace(safe, public_url=url)
    with pytest.raises(SettingsInvalid, match="OpenID Connect"):
        replace(safe, development_login=False)


def test_roles_come_from_claims_wherever_the_provider_puts_them() -> None:
    settings = console.ConsoleSettings(
        SECRET,
        "https://localhost",
        development_login=True,
        sandbox=True,
        roles_claim="realm_access.roles",
        role_names={"oots-freigabe": "approver"},
    )
    tokens = console.Tokens(settings, None)
    found = tokens.from_claims(
        {"sub": "1", "name": "N", "realm_access": {"roles": ["oots-freigabe", "root", 7]}}
    )
    assert found == console.Operator("1", "N", frozenset({console.Role.APPROVER}))
    for nobody in (
        {"sub": "1", "roles": ["approver"]},
        {"realm_access": {"roles": ["viewer"]}},
        {"sub": "1"},
    ):
        assert tokens.from_claims(nobody) is None

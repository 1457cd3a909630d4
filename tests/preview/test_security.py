"""Attacks on the pages: foreign visitors, forged forms, scripts in data, open redirects, leaks."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from intermediary.exchange.preview import InputField, PreviewDocument, PreviewStep, PreviewView
from intermediary.preview import PreviewSettings
from intermediary.web import SettingsInvalid
from tests.preview.conftest import SETTINGS, log_in
from tests.preview.scripted_desk import KIM, TOKEN, VEHICLE_XML, VIEW, ScriptedDesk
from tests.preview.test_pages import LINK, XML_DOCUMENT, csrf

SCRIPT = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>"


class Tags(HTMLParser):
    """The elements of a page and the names of their attributes, as a browser reads them."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, list[str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Noted."""
        self.seen.append((tag, [name for name, _ in attrs]))


def policy(headers: str) -> dict[str, list[str]]:
    """Content-Security-Policy by directive."""
    return {words[0]: words[1:] for part in headers.split(";") if (words := part.split())}


@pytest.mark.parametrize(
    "path",
    [LINK, "/preview/unknown", f"{LINK}/login", "/preview/login/callback", "/preview/static/preview.css",
     f"{LINK}/documents/certificate", f"{LINK}/documents/{XML_DOCUMENT}/view", "/preview/static/missing.css"],
)  # fmt: skip
def test_every_answer_carries_the_security_headers(citizen: TestClient, path: str) -> None:
    log_in(citizen)
    answer = citizen.get(path)
    headers = answer.headers
    assert "max-age=" in headers["strict-transport-security"]
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store" or "/static/" in path
    rules = policy(headers["content-security-policy"])
    assert rules["default-src"] == ["'none'"]
    assert rules["frame-ancestors"] == ["'none'"]
    assert "unsafe-eval" not in str(rules)
    assert "unsafe-inline" not in str(rules.get("script-src"))


def test_pages_run_only_their_own_scripts(citizen: TestClient) -> None:
    log_in(citizen)
    nonces = set()
    for _visit in range(2):
        page = citizen.get(LINK)
        (nonce,) = policy(page.headers["content-security-policy"])["script-src"]
        nonces.add(nonce)
        for script in re.findall(r"<script[^>]*>", page.text):
            assert f'nonce="{nonce[7:-1]}"' in script
        assert not re.search(r"\s(style|on\w+)=", page.text), "inline style or handler"
        assert set(re.findall(r'(?:src|action)="([^"/]*//[^"]*)"', page.text)) == set()
    assert len(nonces) == 2


def test_evidence_runs_nothing_when_opened(citizen: TestClient, desk: ScriptedDesk) -> None:
    html = PreviewDocument("page", {"en": "Page"}, "text/html", 10, "Register")
    svg = PreviewDocument("drawing", {"en": "Drawing"}, "image/svg+xml", 10, "Register")
    desk.current = replace(desk.current, documents=(html, svg, *desk.current.documents))
    desk.contents |= {"page": ("text/html", b"<script>1</script>"), "drawing": ("image/svg+xml", b"<svg/>")}
    log_in(citizen)
    for name in ("page", "drawing", XML_DOCUMENT):
        answer = citizen.get(f"{LINK}/documents/{name}")
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith("attachment")
        assert "sandbox" in policy(answer.headers["content-security-policy"])
    assert policy(citizen.get(f"{LINK}/documents/certificate").headers["content-security-policy"])[
        "default-src"
    ] == ["'none'"]


def test_cookies_are_safe_and_say_nothing(citizen: TestClient, desk: ScriptedDesk) -> None:
    cookies = citizen.get(f"{LINK}/login").headers.get_list("set-cookie")
    back = citizen.get("/preview/login/callback?code=c0de&state=state-of-the-login")
    cookies += back.headers.get_list("set-cookie")
    cookies += citizen.get(f"{LINK}?lang=de").headers.get_list("set-cookie")
    assert len(cookies) >= 4
    for cookie in cookies:
        assert cookie.startswith("__Secure-preview-")
        for flag in ("HttpOnly", "Secure", "SameSite=lax", "Path=/preview"):
            assert flag in cookie
        for secret in (KIM.family_name, KIM.given_name, KIM.identifier, "1990"):
            assert str(secret) not in cookie
    (visitor,) = [cookie for cookie in cookies if "-visitor=" in cookie]
    assert f"Path={LINK};" in visitor
    assert "Max-Age" not in visitor, "gone when the browser is closed"


def test_nothing_personal_is_in_any_address(citizen: TestClient) -> None:
    answers = [citizen.get(f"{LINK}/login"), log_in(citizen), citizen.get(LINK)]
    addresses = [answer.headers.get("location", "") for answer in answers]
    addresses += re.findall(r'(?:href|src|action)="([^"]*)"', answers[-1].text)
    for secret in (KIM.family_name, KIM.given_name, "Kim", "Beispiel", "WBX", "1990"):
        assert not any(secret in address for address in addresses)


def test_another_browser_gets_nothing(citizen: TestClient, app: FastAPI, desk: ScriptedDesk) -> None:
    log_in(citizen)
    token = csrf(citizen.get(LINK).text)
    stranger = TestClient(app, base_url="https://ip.example.de", follow_redirects=False)
    assert stranger.get(LINK).headers["x-preview-step"] == PreviewStep.TAKEN
    for path in (f"{LINK}/documents/certificate", f"{LINK}/documents/{XML_DOCUMENT}/view"):
        assert stranger.get(path).status_code == 404
    for path in ("decision", "inputs"):
        sent = stranger.post(
            f"{LINK}/{path}", data={"csrf": token, "document": "certificate", "decision": "approve"}
        )
        assert sent.headers["location"] == LINK
    assert (desk.decisions, desk.supplied) == ([], [])


def test_forged_and_foreign_cookies_are_worth_nothing(
    citizen: TestClient, app: FastAPI, desk: ScriptedDesk
) -> None:
    log_in(citizen)
    good = citizen.cookies.get("__Secure-preview-visitor")
    assert good
    forged = [good[:-1], good + "A", "", f"{good.split('.')[0]}.AAAA", desk.owner or ""]
    for value in forged:
        stranger = TestClient(app, base_url="https://ip.example.de", follow_redirects=False)
        stranger.cookies.set("__Secure-preview-visitor", value)
        assert stranger.get(LINK).headers["x-preview-step"] == PreviewStep.TAKEN
    same = TestClient(app, base_url="https://ip.example.de", follow_redirects=False)
    same.cookies.set("__Secure-preview-visitor", good)
    assert same.get(LINK).headers["x-preview-step"] == PreviewStep.DECIDE


def test_a_visitor_cookie_is_bound_to_its_link(
    citizen: TestClient, desk: ScriptedDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(citizen)
    asked: list[str | None] = []
    original = desk.view

    def view(token: str, visitor: str | None) -> PreviewView:
        asked.append(visitor)
        return original(TOKEN, None)

    monkeypatch.setattr(desk, "view", view)
    good = citizen.cookies.get("__Secure-preview-visitor")
    citizen.get("/preview/another-link", headers={"cookie": f"__Secure-preview-visitor={good}"})
    assert asked == [None]


@pytest.mark.parametrize("forged", ["", "wrong", "ü", "A" * 5_000])
def test_forms_without_the_right_token_change_nothing(
    citizen: TestClient, desk: ScriptedDesk, forged: str
) -> None:
    log_in(citizen)
    for data in ({"csrf": forged}, {}):
        sent = citizen.post(
            f"{LINK}/decision", data={**data, "document": "certificate", "decision": "approve"}
        )
        assert sent.status_code == 403
        assert "Something went wrong" in sent.text
        assert citizen.post(f"{LINK}/inputs", data={**data, "input-number": "1"}).status_code == 403
    assert (desk.decisions, desk.supplied) == ([], [])


@pytest.mark.parametrize("step", list(PreviewStep))
def test_texts_from_outside_stay_texts(citizen: TestClient, desk: ScriptedDesk, step: PreviewStep) -> None:
    log_in(citizen)
    evil = {"en": SCRIPT}
    desk.current = replace(
        VIEW,
        step=step,
        requester_name=SCRIPT,
        requester_country=SCRIPT,
        procedure=SCRIPT,
        evidence_title=evil,
        provider_name=evil,
        inputs=(
            InputField(SCRIPT, evil, evil, True, None, {SCRIPT: evil}),
            InputField("b", evil, evil, True),
        ),
        documents=(
            PreviewDocument(XML_DOCUMENT, evil, "application/xml", 9, SCRIPT),
            PreviewDocument(SCRIPT, evil, SCRIPT, 9, SCRIPT),
        ),
    )
    desk.contents[XML_DOCUMENT] = (
        "application/xml",
        VEHICLE_XML.replace(b"electric", b"&lt;script&gt;alert(3)&lt;/script&gt;"),
    )
    page = citizen.get(LINK).text
    assert "<script>" not in page
    silent = {PreviewStep.UNKNOWN_PERSON, PreviewStep.EXPIRED, PreviewStep.TAKEN}
    assert ("alert(1)" in page) is (step not in silent), "the attack must have been tried"
    tags = Tags()
    tags.feed(page)
    assert {tag for tag, _ in tags.seen} & {"img", "iframe", "object"} == set()
    assert [name for _, names in tags.seen for name in names if name.startswith("on")] == []
    if step is PreviewStep.DECIDE:
        assert "alert(3)" in page
        assert "<script>" not in citizen.get(f"{LINK}/documents/{XML_DOCUMENT}/view").text
        name = citizen.get(f"{LINK}/documents/{XML_DOCUMENT}").headers["content-disposition"]
        assert re.fullmatch(r"attachment; filename=\"[\w .-]+\"; filename\*=UTF-8''[\w%.-]+", name)


@pytest.mark.parametrize(
    "location",
    [
        "javascript:alert(1)",
        "http://portal.example.fr/",
        "data:text/html,x",
        "//evil.example",
        "https://",
        "https:///x",
        "https://[::1",
    ],
)
def test_nobody_is_sent_where_no_portal_is(citizen: TestClient, desk: ScriptedDesk, location: str) -> None:
    for method in ("GET", "POST"):
        desk.current = replace(VIEW, return_location=location, return_method=method)
        page = citizen.get(LINK)
        assert location.rstrip("/") not in page.text.replace("https://authority", "")
        assert policy(page.headers["content-security-policy"])["form-action"] == ["'self'"]


def test_forms_may_go_to_the_portal_only_where_it_wants_a_form(
    citizen: TestClient, desk: ScriptedDesk
) -> None:
    target = 'https://portal.example.fr:8443/a?b="><script>;x'
    desk.current = replace(VIEW, return_location=target, return_method="POST")
    page = citizen.get(LINK)
    rules = policy(page.headers["content-security-policy"])
    assert rules["form-action"] == ["'self'", "https://portal.example.fr:8443"]
    assert (
        '<form method="post" action="https://portal.example.fr:8443/a?b=&#34;&gt;&lt;script&gt;;x">'
        in page.text
    )
    desk.current = replace(desk.current, return_method="GET")
    page = citizen.get(LINK)
    assert policy(page.headers["content-security-policy"])["form-action"] == ["'self'"]
    assert "<form" not in page.text


def test_a_return_address_cannot_widen_the_policy(citizen: TestClient, desk: ScriptedDesk) -> None:
    desk.current = replace(
        VIEW, return_location="https://a.example;script-src * 'unsafe-inline'/", return_method="POST"
    )
    rules = policy(citizen.get(LINK).headers["content-security-policy"])
    assert rules["script-src"][0].startswith("'nonce-")
    assert len(rules["form-action"]) == 2


def test_the_language_switch_is_no_redirector(citizen: TestClient) -> None:
    for path in (f"{LINK}?lang=de&x=//evil.example", f"{LINK}?lang=https://evil.example"):
        assert citizen.get(path).headers["location"].startswith(LINK)
    assert "set-cookie" not in citizen.get(f"{LINK}?lang=xx").headers
    assert citizen.get("//evil.example/preview/x?lang=de").headers["location"] == "/preview/x"


def test_settings_that_cannot_work_are_refused() -> None:
    for changes in (
        {"session_secret": "short"},
        {"base_path": "preview"},
        {"base_path": "/preview/"},
        {"languages": ()},
        {"timezone": "Middle/Earth"},
    ):
        with pytest.raises(SettingsInvalid):
            replace(SETTINGS, **changes)
    assert "only-for-tests" not in repr(SETTINGS)
    assert PreviewSettings(session_secret="x" * 32).base_path == "/preview"

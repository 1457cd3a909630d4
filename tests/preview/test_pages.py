"""What a citizen sees and does, page by page, without JavaScript."""

import re
from dataclasses import replace
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from intermediary.content import Content
from intermediary.exchange.preview import PreviewDocument, PreviewStep, PreviewUnknown
from intermediary.web import LoginCancelled, LoginFailed
from tests.preview.conftest import log_in
from tests.preview.scripted_desk import KIM, PORTAL, TOKEN, VIEW, ScriptedDesk, ScriptedLogin

LINK = f"/preview/{TOKEN}"
XML_DOCUMENT = VIEW.documents[0].id


def csrf(page: str) -> str:
    """The token of the form on a page."""
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found
    return found[1]


def test_the_landing_page_says_who_asks_for_what_and_where_it_comes_from(citizen: TestClient) -> None:
    page = citizen.get(LINK)
    assert page.status_code == 200
    for text in (
        "Préfecture de Police, France",
        "Registering a motor vehicle",
        "Vehicle registration certificate",
        "Central Vehicle Register",
        "What happens next",
        "17 May 2030, 14:35 UTC",
        f'href="{LINK}/login"',
    ):
        assert text in page.text


def test_the_portals_return_address_is_remembered_and_leaves_the_address_bar(
    citizen: TestClient, desk: ScriptedDesk
) -> None:
    page = citizen.get(f"{LINK}?returnurl={quote(PORTAL, safe='')}&returnmethod=POST")
    assert (page.status_code, page.headers["location"]) == (303, LINK)
    assert desk.returns == [(PORTAL, "POST")]


def test_robots_and_curious_programs_consume_nothing(citizen: TestClient, desk: ScriptedDesk) -> None:
    assert citizen.head(f"{LINK}?returnurl=https%3A%2F%2Fportal.example.fr").status_code == 303
    for _visit in range(3):
        page = citizen.head(LINK)
        assert page.status_code == 200
        assert page.content == b""
        assert "set-cookie" not in citizen.get(LINK).headers
    options = citizen.options(LINK)
    assert options.status_code == 405
    assert "GET" in options.headers["allow"]
    assert citizen.get(f"{LINK}/decision").status_code == 405
    assert (desk.returns, desk.identified, desk.decisions, desk.owner) == ([], [], [], None)


def test_login_binds_the_browser_to_the_link(citizen: TestClient, desk: ScriptedDesk) -> None:
    start = citizen.get(f"{LINK}/login", headers={"accept-language": "de"})
    assert start.headers["location"] == "https://login.example.de/authorize?ui_locales=de"
    back = log_in(citizen)
    assert (back.status_code, back.headers["location"]) == (303, LINK)
    assert desk.identified == [KIM]
    assert desk.owner
    assert len(desk.owner) >= 32
    assert "This document may be sent" in citizen.get(LINK).text
    assert citizen.get(f"{LINK}/login").headers["location"] == LINK, "who is logged in need not log in again"


@pytest.mark.parametrize(
    ("trouble", "title"),
    [(LoginFailed, "The login did not work"), (LoginCancelled, "The login was cancelled")],
)
def test_a_failed_login_is_explained_and_can_be_tried_again(
    citizen: TestClient,
    desk: ScriptedDesk,
    login: ScriptedLogin,
    trouble: type[LoginFailed],
    title: str,
) -> None:
    login.trouble = trouble
    assert log_in(citizen).headers["location"] == LINK
    page = citizen.get(LINK).text
    assert f'<h1 class="kern-heading-x-large">{title}</h1>' in page
    assert f'href="{LINK}/login"' in page
    assert desk.identified == []
    login.trouble = None
    log_in(citizen)
    assert "This document may be sent" in citizen.get(LINK).text


@pytest.mark.parametrize("step", [PreviewStep.UNKNOWN_PERSON, PreviewStep.TAKEN])
def test_somebody_else_learns_only_that_they_are_the_wrong_person(
    citizen: TestClient, desk: ScriptedDesk, step: PreviewStep
) -> None:
    desk.after_login = step
    log_in(citizen)
    page = citizen.get(LINK)
    assert page.headers["x-preview-step"] == step
    assert "Registration data" not in page.text
    assert citizen.get(f"{LINK}/documents/{XML_DOCUMENT}").status_code == 404


def test_a_login_that_this_browser_did_not_start_is_refused(citizen: TestClient, desk: ScriptedDesk) -> None:
    page = citizen.get("/preview/login/callback?code=c0de&state=state-of-the-login")
    assert page.status_code == 400
    assert "The login could not be finished" in page.text
    citizen.get(f"{LINK}/login")
    assert citizen.get("/preview/login/callback?code=c0de&state=another").status_code == 400
    assert citizen.get("/preview/login/callback").status_code == 400
    assert desk.identified == []


def test_an_answer_of_the_login_counts_once(citizen: TestClient) -> None:
    log_in(citizen)
    again = citizen.get("/preview/login/callback?code=c0de&state=state-of-the-login")
    assert again.status_code == 400


def test_inputs_go_to_the_register(citizen: TestClient, desk: ScriptedDesk) -> None:
    desk.after_login = PreviewStep.INPUT
    log_in(citizen)
    page = citizen.get(LINK).text
    for text in ("Registration number", "For example B-OO 2030", "Motorcycle", "optional"):
        assert text in page
    sent = citizen.post(
        f"{LINK}/inputs",
        data={"csrf": csrf(page), "input-number": " B-OO 2030 ", "input-kind": "", "input-foreign": "x"},
    )
    assert (sent.status_code, sent.headers["location"]) == (303, LINK)
    assert desk.supplied == [{"number": "B-OO 2030"}]
    waiting = citizen.get(LINK).text
    assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in waiting
    assert 'role="status"' in waiting


def test_wrong_inputs_come_back_with_errors_at_the_field_and_on_top(
    citizen: TestClient, desk: ScriptedDesk
) -> None:
    desk.after_login, desk.wrong_inputs = PreviewStep.INPUT, ("number", "kind")
    log_in(citizen)
    token = csrf(citizen.get(LINK).text)
    page = citizen.post(f"{LINK}/inputs", data={"csrf": token, "input-number": 'B"<00'})
    assert page.status_code == 422
    assert "<title>Error: We need a little more from you" in page.text
    assert '<a href="#field-1">Registration number: This does not have the right form.' in page.text
    assert '<a href="#field-2">Kind of vehicle: Choose an answer.' in page.text
    assert 'aria-describedby="field-1-hint field-1-error" aria-invalid="true"' in page.text
    assert 'value="B&#34;&lt;00"' in page.text
    assert f'href="{LINK}?lang=de"' in page.text, "the language switch leads to a page that GET can show"


def test_asking_whether_it_goes_on_reads_no_evidence(
    citizen: TestClient, desk: ScriptedDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(citizen)
    monkeypatch.delattr(ScriptedDesk, "document")
    answer = citizen.head(LINK)
    assert (answer.status_code, answer.headers["x-preview-step"]) == (200, PreviewStep.DECIDE)
    assert citizen.head(f"{LINK}/documents/certificate").status_code == 405


def test_documents_without_title_or_issuer_have_a_name(citizen: TestClient, desk: ScriptedDesk) -> None:
    desk.current = replace(
        desk.current, documents=(PreviewDocument("certificate", {}, "application/pdf", 9, ""),)
    )
    log_in(citizen)
    for path in (LINK, f"{LINK}/documents/certificate/view"):
        page = citizen.get(path).text
        assert "Vehicle registration certificate</h" in page
        assert "Issued by" not in page


def test_the_same_person_can_go_on_with_a_new_session(citizen: TestClient, desk: ScriptedDesk) -> None:
    log_in(citizen)
    desk.owner = "a newer session"
    page = citizen.get(LINK)
    assert page.headers["x-preview-step"] == PreviewStep.TAKEN
    assert f'href="{LINK}/login"' in page.text
    log_in(citizen)
    assert citizen.get(LINK).headers["x-preview-step"] == PreviewStep.DECIDE


def test_only_ticked_documents_are_approved(citizen: TestClient, desk: ScriptedDesk) -> None:
    log_in(citizen)
    page = citizen.get(LINK).text
    assert " checked" not in page
    sent = citizen.post(
        f"{LINK}/decision",
        data={"csrf": csrf(page), "document": [XML_DOCUMENT, "not-one-of-them"], "decision": "approve"},
    )
    assert (sent.status_code, sent.headers["location"]) == (303, LINK)
    assert desk.decisions == [frozenset({XML_DOCUMENT})]
    done = citizen.get(LINK).text
    assert "You allowed one document to be sent." in done
    assert f'href="{PORTAL.replace("&", "&amp;")}"' in done


def test_approving_nothing_is_an_error_and_decides_nothing(citizen: TestClient, desk: ScriptedDesk) -> None:
    log_in(citizen)
    token = csrf(citizen.get(LINK).text)
    for data in ({"decision": "approve"}, {"decision": "approve", "document": "foreign"}, {}):
        page = citizen.post(f"{LINK}/decision", data={"csrf": token, **data})
        assert page.status_code == 422
        assert "<title>Error: " in page.text
        assert '<a href="#tick-1">Tick at least one document' in page.text
    assert desk.decisions == []


def test_declining_sends_nothing_even_if_something_is_ticked(citizen: TestClient, desk: ScriptedDesk) -> None:
    log_in(citizen)
    token = csrf(citizen.get(LINK).text)
    citizen.post(f"{LINK}/decision", data={"csrf": token, "document": "certificate", "decision": "decline"})
    assert desk.decisions == [frozenset()]
    assert "You decided not to send any document." in citizen.get(LINK).text
    again = citizen.post(
        f"{LINK}/decision", data={"csrf": token, "document": "certificate", "decision": "approve"}
    )
    assert again.status_code == 303
    assert desk.decisions == [frozenset()], "deciding twice changes nothing"


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (PreviewStep.WAITING, "We have asked Central Vehicle Register"),
        (PreviewStep.LATER, "expects to answer by 19 May 2030, 08:00 UTC"),
        (PreviewStep.NOT_FOUND, "No evidence was found"),
        (PreviewStep.REGISTER_DOWN, "The register cannot be reached"),
        (PreviewStep.EXPIRED, "This link is no longer valid"),
        (PreviewStep.UNKNOWN_PERSON, "You are not the person of this request"),
        (PreviewStep.TAKEN, "This link is already in use"),
        (PreviewStep.DONE, "Nothing is sent"),
    ],
)
def test_every_step_has_its_page_and_a_way_back(
    citizen: TestClient, desk: ScriptedDesk, step: PreviewStep, text: str
) -> None:
    log_in(citizen)
    desk.at(step)
    page = citizen.get(LINK)
    assert (page.status_code, page.headers["x-preview-step"]) == (200, step)
    assert text in page.text
    assert "Back to portal.example.fr" in page.text
    desk.current = replace(desk.current, return_location=None)
    assert "You can close this page" in citizen.get(LINK).text


def test_the_last_page_looks_a_few_times_whether_the_way_back_has_come(
    citizen: TestClient, desk: ScriptedDesk
) -> None:
    log_in(citizen)
    desk.at(PreviewStep.UNKNOWN_PERSON, return_location=None)
    seen, address = list[int](), LINK
    while len(seen) < 20:
        page = citizen.get(address)
        assert page.headers["x-preview-way-back"] == "no"
        found = re.search(r'<noscript><meta http-equiv="refresh" content="(\d+); url=([^"]+)">', page.text)
        if found is None:
            break
        seen.append(int(found[1]))
        address = found[2]
    assert seen == [1, 2, 4, 8, 16]
    assert "waiting.mjs" not in page.text
    for wrong in ("9", "-1", "1000", "x", "", "%C2%B2"):
        assert 'http-equiv="refresh"' not in citizen.get(f"{LINK}?look={wrong}").text
    desk.at(PreviewStep.UNKNOWN_PERSON, return_location=PORTAL)
    assert citizen.head(LINK).headers["x-preview-way-back"] == "yes"
    arrived = citizen.get(address).text
    assert "Back to portal.example.fr" in arrived
    assert "waiting.mjs" not in arrived


def test_a_page_with_something_to_do_is_never_loaded_anew(citizen: TestClient, desk: ScriptedDesk) -> None:
    for step in (PreviewStep.LOGIN, PreviewStep.INPUT, PreviewStep.DECIDE):
        desk.at(step, return_location=None)
        page = citizen.get(LINK).text
        assert 'http-equiv="refresh"' not in page
        log_in(citizen)


def test_unknown_links_are_answered_with_a_page(citizen: TestClient) -> None:
    for path in ("/preview/no-such-link", "/preview/a%2Fb", f"{LINK}/nothing", f"/preview/{'x' * 500}"):
        page = citizen.get(path)
        assert page.status_code == 404
        assert "We do not know this link" in page.text
    assert citizen.get("/preview/no-such-link?returnurl=https%3A%2F%2Fa.example").status_code == 404
    assert citizen.post("/preview/no-such-link/decision", data={}).status_code == 303


def test_documents_are_handed_out_to_their_owner(citizen: TestClient, desk: ScriptedDesk) -> None:
    log_in(citizen)
    pdf = citizen.get(f"{LINK}/documents/certificate")
    assert pdf.headers["content-type"] == "application/pdf"
    assert pdf.headers["content-disposition"].startswith('inline; filename="Registration certificate.pdf"')
    assert pdf.content == desk.contents["certificate"][1]
    assert (
        citizen.get(f"{LINK}/documents/certificate?download")
        .headers["content-disposition"]
        .startswith("attachment")
    )
    xml = citizen.get(f"{LINK}/documents/{XML_DOCUMENT}")
    assert xml.headers["content-type"] == "application/octet-stream"
    assert xml.headers["content-disposition"].startswith('attachment; filename="Registration data.xml"')
    view = citizen.get(f"{LINK}/documents/{XML_DOCUMENT}/view").text
    assert "First registration date" in view
    assert "&lt;v:VIN&gt;WBX00000000000001&lt;/v:VIN&gt;" in view
    assert 'data-pdf="' in citizen.get(f"{LINK}/documents/certificate/view").text
    assert citizen.get(f"{LINK}/documents/another").status_code == 404
    assert citizen.get(f"{LINK}/documents/another/view").status_code == 404


@pytest.mark.parametrize(
    ("media_type", "data", "text"),
    [
        ("application/zip", b"PK", "cannot be shown in the page"),
        ("application/xml", b"<unclosed>", "cannot be shown in the page"),
        ("application/xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "cannot be shown in the page"),
        ("application/xml", b"<a>" + b"<b>1</b>" * 5_000 + b"</a>", "cannot be shown in the page"),
        ("application/json", b'{"name":"Kim","n":1}', "&#34;name&#34;: &#34;Kim&#34;"),
        ("application/json", b"[" * 100_000, "cannot be shown in the page"),
        ("text/plain", "Größe".encode(), "Größe"),
        ("text/plain", "Größe".encode("latin-1"), "cannot be shown in the page"),
        ("image/png", b"\x89PNG", "<img "),
        ("image/svg+xml", b"<svg/>", "cannot be shown in the page"),
    ],
)
def test_what_cannot_be_shown_is_offered_for_download(
    citizen: TestClient, desk: ScriptedDesk, media_type: str, data: bytes, text: str
) -> None:
    document = PreviewDocument("one", {"en": "Document"}, media_type, len(data), "Register")
    desk.current = replace(desk.current, documents=(document,))
    desk.contents["one"] = (media_type, data)
    log_in(citizen)
    for path in (LINK, f"{LINK}/documents/one/view"):
        page = citizen.get(path)
        assert page.status_code == 200
        assert text in page.text
        assert f'href="{LINK}/documents/one?download"' in page.text


def test_time_that_runs_out_while_the_page_is_made(
    citizen: TestClient, desk: ScriptedDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(citizen)

    def too_late(*_: str) -> tuple[str, Content]:
        desk.at(PreviewStep.EXPIRED, documents=())
        raise PreviewUnknown

    monkeypatch.setattr(desk, "document", too_late)
    page = citizen.get(LINK)
    assert (page.status_code, page.headers["x-preview-step"]) == (200, PreviewStep.EXPIRED)

"""The pages and the API of dry runs: choose, try, look; what a draft would change; nothing is stored."""

import base64
from typing import Any

from sqlalchemy import func, select
from starlette.testclient import TestClient

from intermediary import edm
from intermediary.console.dryrun import would_change_summary
from intermediary.exchange.dryrun import sample_request
from intermediary.mapping import documents_of
from intermediary.store.tables import EventRow, ExchangeRow, MessageRow
from tests.console.dryrun.conftest import ENTRY, Studio
from tests.exchange.dryrun.test_dry_run import NOW, new_id
from tests.exchange.house import MAPPINGS, VEHICLE

REST = "evidence/unternehmensbasisdaten"


def _rows(studio: Studio) -> list[int]:
    with studio.house.engine.connect() as connection:
        return [
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (ExchangeRow, MessageRow, EventRow)
        ]


def _upload() -> str:
    mapping = MAPPINGS.by_key(VEHICLE)
    assert mapping is not None
    return edm.write(sample_request(mapping, MAPPINGS, edm.LATEST, now=NOW, new_id=new_id)).decode()


def test_choose_then_try_then_look(studio: Studio) -> None:
    client = studio.console.browser("vera")
    page = client.get("/console/dry-run").text
    assert f'value="{ENTRY}"' in page
    assert f'value="{ENTRY}@{studio.draft}"' in page
    form = client.get(f"/console/dry-run?entry={ENTRY}").text
    assert 'name="input-kennzeichen"' in form
    assert 'name="exchange"' not in form, "for auditors only"
    before = _rows(studio)
    result = studio.post(client)
    assert "Evidence would be sent" in result
    for part in (
        "nachweisanfrage",
        "query:QueryResponse",
        "srcdoc=",
        "Kraftfahrt-Bundesamt",
        "EvidenceRequester",
    ):
        assert part in result
    assert "The register does not identify people by it" in result
    assert result.count('class="dr-lost"') > 5, "what is lost is marked in the request"
    assert _rows(studio) == before, "nothing is stored"
    assert studio.console.journal[-1][1:] == (
        "dry-run",
        {"entry": ENTRY, "version": None, "source": "sample"},
    )


def test_a_draft_is_tried_beside_what_is_live(studio: Studio) -> None:
    client = studio.console.browser("vera")
    body = _upload()
    assert "Evidence would be sent" in studio.post(client, text=body)
    refused = studio.post(client, entry=f"{ENTRY}@{studio.draft}", text=body)
    assert "asks for what is not offered" in refused
    assert "DistributedAs: no wanted format is on offer" in refused
    file = {"file": ("request.xml", body.encode(), "text/xml")}
    data = {"csrf": studio.console.csrf(client), "entry": f"{ENTRY}@{studio.draft}", "edm": "oots-edm:v2.0"}
    assert "not offered" in client.post("/console/dry-run", data=data, files=file).text
    assert studio.console.journal[-1][2]["source"] == "upload"
    assert body[:200] not in repr(studio.console.journal)


def test_findings_stand_at_their_lines_and_the_answer_may_be_given(studio: Studio) -> None:
    client = studio.console.browser("vera")
    broken = studio.post(client, text=_upload().replace("urn:uuid:", "urn:x:", 1))
    assert "breaks a rule" in broken
    assert 'class="dr-error"' in broken
    nothing = studio.post(
        client, entry=REST, answer_text='{"ergebnis": "KEIN_TREFFER"}', answer_type="application/json"
    )
    assert "holds no such evidence" in nothing
    assert "basisregister.destatis.example" in nothing
    unusable = studio.post(client, answer_text="<a/>")
    assert "no usable answer" in unusable
    assert "What stands in the way" in unusable
    assert "for later" in studio.post(client, answer="later")
    assert "declines" in studio.post(client, decline="yes")


def test_only_an_auditor_tries_the_request_of_an_exchange_and_that_is_recorded(studio: Studio) -> None:
    auditor = studio.console.browser("otto")
    assert 'name="exchange"' in auditor.get(f"/console/dry-run?entry={ENTRY}").text
    result = studio.post(auditor, exchange=studio.open_exchange)
    assert "Evidence would be sent" in result
    assert "Giulia" in result
    done = [(who, action) for who, action, _ in studio.console.journal[-2:]]
    assert done == [("otto", "request-opened"), ("otto", "dry-run")]
    assert "request-opened" in {dict(e.data).get("action") for e in studio.house.story().events}
    assert "There is no such exchange" in studio.post(auditor, exchange="nothing")
    viewer = studio.console.browser("vera")
    data = {"csrf": studio.console.csrf(viewer), "entry": ENTRY, "exchange": studio.open_exchange}
    assert viewer.post("/console/dry-run", data=data).status_code == 403


def test_what_would_change(studio: Studio) -> None:
    client = studio.console.browser("vera")
    page = client.get(f"/console/dry-run/changes?entry={ENTRY}&version={studio.draft}").text
    assert "One request would be answered otherwise." in page
    assert "One that is answered now would be refused." in page
    assert f"/console/exchanges/{studio.open_exchange}" in page
    assert "The same for one request." in page
    summary = would_change_summary(studio.trials, ((ENTRY, studio.draft),))
    assert summary is not None
    assert (summary.requests, summary.changed, summary.refused) == (2, 1, 1)
    assert client.get(f"/console{summary.path}").text == page
    assert would_change_summary(studio.trials, ((ENTRY, 99),)) is None


def test_what_is_not_there(studio: Studio) -> None:
    client = studio.console.browser("vera")
    for path in (
        "/dry-run?entry=evidence/nothing",
        f"/dry-run?entry={ENTRY}&version=99",
        "/dry-run?entry=provider/nothing",
        f"/dry-run/changes?entry={ENTRY}",
        f"/dry-run/changes?entry={ENTRY}&version=99",
    ):
        assert client.get(f"/console{path}").status_code == 404, path
    provider = client.get("/console/dry-run?entry=provider/kba-zfzr").text
    assert ENTRY in provider, "a provider is tried by a mapping that leads to it"
    assert client.post("/console/dry-run", data={"entry": ENTRY}).status_code == 403


def test_a_version_that_cannot_be_read_is_told_with_its_remedy(studio: Studio) -> None:
    studio.store.draft(
        "evidence/geburtsurkunde", {"formats": 5}, expected=1, actor="erik", reason="x", at=NOW
    )
    client = studio.console.browser("vera")
    for path in ("/dry-run", "/dry-run/changes"):
        answer = client.get(f"/console{path}?entry=evidence/geburtsurkunde&version=2")
        assert answer.status_code == 422
        assert "Mend it first" in answer.text
    call = {"entry": "evidence/geburtsurkunde", "version": 2}
    for path in ("/dry-runs", "/replays"):
        refused = client.post(f"/console/api/v1{path}", json=call, headers=studio.console.token("vera"))
        assert refused.status_code == 422
        assert refused.json()["findings"]


def _call(client: TestClient, path: str, body: dict[str, Any], bearer: dict[str, str]) -> Any:
    answer = client.post(f"/console/api/v1{path}", json=body, headers=bearer)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_api(studio: Studio) -> None:
    client, bearer = studio.console.browser(), studio.console.token("vera")
    run = _call(client, "/dry-runs", {"entry": ENTRY, "subject": "legal"}, bearer)
    assert (run["answered"], run["outcome"], run["provider"]) == (True, "approved", "kba-zfzr")
    assert run["person_found_by"] == ["legal_name", "identifier:BusinessCode"]
    assert [page["step"] for page in run["pages"]] == ["login", "input", "decide"]
    answer = {"body": base64.b64encode(b"{}").decode(), "content_type": "application/json", "status": 404}
    run = _call(client, "/dry-runs", {"entry": REST, "answer": answer}, bearer)
    assert run["outcome"] == "not-found"
    refused = {"entry": ENTRY, "version": studio.draft, "request": _upload()}
    assert _call(client, "/dry-runs", refused, bearer)["outcome"] == "unsupported"
    found = _call(client, "/replays", {"entry": ENTRY, "version": studio.draft}, bearer)
    assert (found["requests"], found["changed"], found["refused"], found["same"]) == (2, 1, 1, 1)
    assert found["changes"][0]["exchanges"] == [studio.open_exchange]
    for path, body, status in (
        ("/dry-runs", {"entry": "evidence/nothing"}, 404),
        ("/dry-runs", {"entry": "x"}, 422),
        ("/dry-runs", {"entry": ENTRY, "answer": {"body": "ä"}}, 422),
        ("/dry-runs", {"entry": ENTRY, "edm_version": "oots-edm:v9"}, 422),
        ("/replays", {"entry": ENTRY, "version": 99}, 404),
    ):
        assert client.post(f"/console/api/v1{path}", json=body, headers=bearer).status_code == status
    assert client.post("/console/api/v1/replays", json={}).status_code == 401


def test_a_provider_that_is_only_being_made_comes_with_the_mapping_that_leads_to_it(studio: Studio) -> None:
    documents, now = documents_of(MAPPINGS), studio.console.clock.now
    provider = {**documents["provider/kba-zfzr"], "agent_id": "991-99999-99"}
    leads = {"routing": {"provider": "neu"}, "evidence_type_classifications": ["urn:neu"]}
    for entry, said in (("provider/neu", provider), ("evidence/neu", {**documents[ENTRY], **leads})):
        studio.store.draft(entry, said, expected=0, actor="erik", reason="new", at=now)
    browser = studio.console.browser("erik")
    page = browser.get("/console/dry-run?entry=evidence/neu&version=1").text
    assert "provider/neu@1" in page
    assert "991-99999-99" in studio.post(browser, entry="evidence/neu@1", **{"with": "provider/neu@1"})
    assert studio.post(browser, entry="evidence/neu@1"), "it goes without being named, too"

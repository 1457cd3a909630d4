"""What operators see of exchanges, who may see it, and that nobody sees what belongs to a person."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from intermediary import edm
from intermediary.console.exchanges import api, pages
from intermediary.edm.model import EvidenceRequest, Identifier, NaturalPerson
from intermediary.exchange.model import Direction
from tests.console.exchanges.conftest import Watch
from tests.edm import examples
from tests.exchange.house import House, a_request, inputs_for

CASE = "case file 17-2026"
PERSON = ("Rossi", "Giulia", "RSSGLI84E47", "1984-05-07", "Via Claudia Augusta", "B-OO 2026")
"""Of the person of the request, and of what they typed."""


def _ids(page: str) -> list[str]:
    return re.findall(r'href="/console/exchanges/([0-9a-f-]{36})"', page)


def _said(page: str) -> str:
    main = page[page.index("<main") :]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def _finished(house: House) -> str:
    """One exchange to its end; its id."""
    request = a_request()
    token, view = house.preview(request)
    house.desk.decide(token, "visitor-1", frozenset(d.id for d in view.documents))
    house.ask(house.second(request, token))
    house.work()
    return house.story().summary.id


def _refused(house: House) -> str:
    house.ask(replace(a_request(), explicit_request_given=False))
    house.work()
    return _newest(house)


def _newest(house: House) -> str:
    with house.engine.connect() as connection:
        found: str = connection.execute(
            text("SELECT id FROM exchange ORDER BY created_at DESC LIMIT 1")
        ).scalar_one()
        return found


def test_the_story_is_told_with_all_four_kinds_of_messages(watch: Watch) -> None:
    exchange = _finished(watch.house)
    vera = watch.browser()
    page = vera.get(f"/console/exchanges/{exchange}").text
    said = _said(page)
    for sentence in (
        "portal sent an evidence request",
        "by the mapping fahrzeugregistrierung",
        "The citizen signed in, level of assurance High",
        "The platform asked the provider kba-zfzr, attempt 1",
        "The citizen decided: 2 of 2 documents may be sent",
        "confirmed that it has the answer",
        "The exchange is closed",
        "Request of the requester",
        "National request to the provider",
        "The provider's answer",
        "Our answer to the requester",
    ):
        assert sentence in said.replace("&#39;", "'"), sentence
    german = _said(vera.get(f"/console/exchanges/{exchange}?lang=de").text)
    assert "Die Person hat entschieden: 2 von 2 Dokumenten" in german
    assert "Nationale Anfrage an den Datenlieferanten" in german
    assert 'href="/console/mappings/evidence/fahrzeugregistrierung' in page


def test_nothing_of_the_person_or_the_evidence_is_anywhere(
    watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    house = watch.house
    exchange = _finished(house)
    _refused(house)
    request = a_request()
    token = house.begin(request)  # one that is still open
    house.desk.supply(token, "visitor-1", inputs_for(house.log_in(request, token)))
    seen = []
    for who in ("vera", "erik", "anna", "otto", "ada"):
        browser = watch.browser(who)
        bearer = watch.console.token(who)
        addresses = ["/console/", "/console/exchanges", "/console/exchanges/refused-messages"]
        for each in _ids(browser.get("/console/exchanges").text):
            addresses.append(f"/console/exchanges/{each}")
            for call in ("", "/messages"):
                address = f"/console/api/v1/exchanges/{each}{call}"
                seen.append(browser.get(address, headers=bearer).text)
        seen += [browser.get(address).text for address in addresses]
        seen.append(browser.get("/console/api/v1/exchanges", headers=bearer).text)
    otto = watch.browser("otto")
    seen.append(
        watch.post(otto, "/exchanges/person", family_name="Rossi", date_of_birth="1984-05-07", reason=CASE)
    )
    first = watch.exchanges.records.record(exchange)
    assert first is not None
    message = next(m.message_id for m in first.carried if m.direction is Direction.IN)
    for release in watch.exchanges.releases():
        seen.append(watch.post(otto, f"/exchanges/{exchange}/recheck", message=message, release=release))
    seen.append(str(watch.journal))
    seen.append(str([(e.fact, e.data) for e in first.events]))
    seen.append(caplog.text)
    assert len(seen) > 40
    everything = "\n".join(seen).casefold()
    assert "fahrzeugregistrierung" in everything
    for value in PERSON:
        assert value.casefold() not in everything, value
    assert "%pdf" not in everything


def test_the_list_is_walked_by_key_and_narrowed(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    for room in (api, pages):
        monkeypatch.setattr(room, "PAGE", 2)
    house = watch.house
    for _ in range(3):
        house.begin(a_request())
    refused = _refused(house)
    vera = watch.browser()
    page, met = vera.get("/console/exchanges").text, []
    while True:
        met += list(dict.fromkeys(_ids(page)))
        more = re.search(r'rel="next" href="([^"]+)"', page)
        if more is None:
            break
        page = vera.get(more[1].replace("&amp;", "&")).text
    assert len(met) == len(set(met)) == 4
    assert met[0] == refused, "newest first"
    assert _ids(vera.get("/console/exchanges?failed=yes").text) == [refused]
    assert _ids(vera.get("/console/exchanges?outcome=invalid&state=closed").text) == [refused]
    assert _ids(vera.get("/console/exchanges?partner=nobody").text) == []
    day = house.clock().date()
    assert len(_ids(vera.get(f"/console/exchanges?since={day}&until={day}").text)) == 2
    assert _ids(vera.get(f"/console/exchanges?until={day - timedelta(days=2)}").text) == []
    bearer, found, before = watch.console.token("vera"), [], ""
    while before is not None:
        answer = vera.get(f"/console/api/v1/exchanges?before={before}", headers=bearer).json()
        found += [each["id"] for each in answer["exchanges"]]
        before = answer["next"]
    assert found == met


def test_an_exchange_is_found_by_every_id_it_has(watch: Watch) -> None:
    exchange = _finished(watch.house)
    record = watch.exchanges.records.record(exchange)
    assert record is not None
    of = record.exchange
    names = [
        *(of.id, of.conversation_id, of.request_message_id, of.request_id, of.request_id[9:]),
        *(of.second_request_id or "", of.national_request_id, of.answer_message_id),
        *(m.message_id for m in record.carried),
    ]
    vera = watch.browser()
    for name in names:
        answer = vera.get("/console/exchanges", params={"id": name})
        assert answer.headers.get("location") == f"/console/exchanges/{exchange}", name
    nothing = vera.get("/console/exchanges", params={"id": "no such id"})
    assert nothing.status_code == 200
    assert "Nothing here has this id" in nothing.text


def test_a_refusal_names_rule_place_and_remedy_in_both_languages(watch: Watch) -> None:
    house = watch.house
    request = a_request()
    house.ask(request, body=_without_requester(request))
    house.work()
    exchange, vera = _newest(house), watch.browser()
    said = _said(vera.get(f"/console/exchanges/{exchange}").text)
    assert "Why it was refused" in said
    assert re.search(r"R-EDM-REQ-\w+|XSD:", said)
    assert "What to do:" in said
    german = _said(vera.get(f"/console/exchanges/{exchange}?lang=de").text)
    assert "Warum zurückgewiesen wurde" in german


def _without_requester(request: EvidenceRequest) -> bytes:
    body = edm.write(request)
    return re.sub(rb'<rim:Slot name="EvidenceRequester">.*?</rim:Slot>', b"", body, flags=re.S)


def test_a_message_that_began_no_exchange_is_listed_with_its_rule(watch: Watch) -> None:
    house = watch.house
    packed = house.partner.pack(a_request())
    house.exchanges.access_point.receive(packed.content_type, packed.body.replace(b"cid:", b"cjd:"))
    answer = house.receive(house.partner.pack(a_request()))
    assert answer[0] == 200
    vera = watch.browser()
    page = vera.get("/console/exchanges/refused-messages").text
    found = watch.exchanges.records.turned_away(None, 10)[0]
    assert found
    assert found[0].code in page
    listed = vera.get("/console/api/v1/refused-messages", headers=watch.console.token("vera")).json()
    assert listed["messages"][0]["code"] == found[0].code
    if found[0].message_id:
        led = vera.get("/console/exchanges", params={"id": found[0].message_id})
        assert "refused-messages" in led.headers["location"]


def test_only_an_auditor_finds_the_exchanges_of_a_person_and_says_why(watch: Watch) -> None:
    house = watch.house
    exchange, refused = _finished(house), _refused(house)
    other = replace(
        examples.GIULIA, family_name="Bianchi", identifier=Identifier("IT/DE/BNCGLI84E47", "eidas")
    )
    house.begin(a_request(subject=other))
    person = a_request().subject
    assert isinstance(person, NaturalPerson) and person.identifier is not None
    otto = watch.browser("otto")
    ways = (
        {"identifier": person.identifier.value.lower()},
        {"family_name": " ROSSI", "date_of_birth": "1984-05-07"},
    )
    for way in ways:
        page = watch.post(otto, "/exchanges/person", reason=CASE, **way)
        assert set(_ids(page)) == {exchange, refused}
        assert all(value not in page for value in way.values())
    assert watch.journal[-1] == (
        "otto",
        "person-searched",
        {"by": "name-and-birth", "reason": CASE, "found": 2},
    )
    for given in ({"identifier": "X"}, {"reason": CASE}, {"family_name": "Rossi", "reason": CASE}):
        assert "There is a problem" in watch.post(otto, "/exchanges/person", **given)
    named = watch.post(otto, "/exchanges/person", identifier="IT/DE/X", reason="about rossi it/de/x")
    assert "leave out what belongs to the person" in named
    for who in ("vera", "erik", "anna", "ada"):
        browser = watch.browser(who)
        assert browser.get("/console/exchanges/person").status_code == 403
        sent = {"csrf": watch.console.csrf(browser), "identifier": "X", "reason": CASE}
        assert browser.post("/console/exchanges/person", data=sent).status_code == 403
        call = browser.post(
            "/console/api/v1/exchange-searches",
            json={"identifier": "X", "reason": CASE},
            headers=watch.console.token(who),
        )
        assert call.status_code == 403
    bearer = watch.console.token("otto")
    found = otto.post(
        "/console/api/v1/exchange-searches",
        json={"identifier": person.identifier.value, "reason": CASE},
        headers=bearer,
    ).json()
    assert {each["id"] for each in found["exchanges"]} == {exchange, refused}
    refusal = otto.post("/console/api/v1/exchange-searches", json={"reason": "x"}, headers=bearer)
    assert (refusal.status_code, refusal.headers["content-type"]) == (400, "application/problem+json")


def test_a_company_is_found_by_its_identifier(watch: Watch) -> None:
    house = watch.house
    house.ask(a_request(subject=examples.DAIRY))
    exchange = _newest(house)
    identifier = examples.DAIRY.legal_person_identifier
    assert identifier is not None
    page = watch.post(
        watch.browser("otto"), "/exchanges/person", legal_identifier=identifier.value, reason=CASE
    )
    assert _ids(page) == [exchange]


def test_an_auditor_opens_a_request_only_while_it_is_open_and_that_is_recorded(watch: Watch) -> None:
    house = watch.house
    request = a_request()
    token, view = house.preview(request)
    exchange = _newest(house)
    otto, path = watch.browser("otto"), f"/exchanges/{exchange}/open"
    record = watch.exchanges.records.record(exchange)
    assert record is not None
    message = record.exchange.request_message_id
    assert "Say why" in watch.post(otto, path, message=message, reason="")
    assert "Rossi" not in watch.post(otto, path, message="another", reason=CASE)
    shown = watch.post(otto, path, message=message, reason=CASE)
    assert "Rossi" in shown
    assert watch.journal[-1] == (
        "otto",
        "request-opened",
        {"exchange": exchange, "message": message, "reason": CASE},
    )
    assert "otto acted: request-opened" in _said(watch.browser().get(f"/console/exchanges/{exchange}").text)
    for who in ("vera", "erik", "anna", "ada"):
        browser = watch.browser(who)
        assert "Open the request" not in browser.get(f"/console/exchanges/{exchange}").text
        sent = {"csrf": watch.console.csrf(browser), "message": message, "reason": CASE}
        assert browser.post(f"/console{path}", data=sent).status_code == 403
    house.desk.decide(token, "visitor-1", frozenset(d.id for d in view.documents))
    house.ask(house.second(request, token))
    house.work()
    assert "Open the request" not in otto.get(f"/console/exchanges/{exchange}").text
    late = watch.post(otto, path, message=message, reason=CASE)
    assert "Rossi" not in late
    assert "nothing was opened" in late


def test_a_request_is_checked_again_by_another_release_as_long_as_it_is_kept(watch: Watch) -> None:
    exchange = _finished(watch.house)
    record = watch.exchanges.records.record(exchange)
    assert record is not None
    erik, path = watch.browser("erik"), f"/exchanges/{exchange}/recheck"
    message = record.exchange.request_message_id
    page = watch.post(erik, path, message=message, release="oots-edm:v1.0")
    assert "By this release the request is not valid" in page
    assert "the request is valid" in watch.post(erik, path, message=message, release="oots-edm:v2.0")
    assert (
        watch.post(erik, path, message=message, release="oots-edm:v9")
        and erik.post(
            f"/console{path}",
            data={"csrf": watch.console.csrf(erik), "message": message, "release": "oots-edm:v9"},
        ).status_code
        == 404
    )
    bearer = watch.console.token("erik")
    call = f"/console/api/v1/exchanges/{exchange}/rechecks"
    asked = {"message_id": message, "release": "oots-edm:v1.0"}
    answer = erik.post(call, json=asked, headers=bearer).json()
    assert not answer["valid"]
    assert answer["findings"][0]["rule"].startswith("XSD:")
    assert erik.post(call, json=asked, headers=watch.console.token("vera")).status_code == 403
    with watch.house.engine.begin() as connection:
        connection.execute(text("UPDATE message SET key = NULL, sealed = NULL, blob = NULL"))
    assert "not kept any more" in watch.post(erik, path, message=message, release="oots-edm:v1.0")
    assert "cannot be checked again here" in _said(erik.get(f"/console/exchanges/{exchange}").text)
    assert erik.post(call, json=asked, headers=bearer).status_code == 404


def test_home_says_what_failed_and_whose_log_was_changed(watch: Watch) -> None:
    vera = watch.browser()
    assert "co-notice--" not in vera.get("/console/").text
    exchange = _finished(watch.house)
    _refused(watch.house)
    home = vera.get("/console/").text
    assert "Exchanges that failed in the last day: 1" in home
    with watch.house.engine.begin() as connection:
        connection.execute(
            text("UPDATE event SET data = '{\"approved\": \"9\"}' WHERE stream = :s AND fact = 'decided'"),
            {"s": exchange},
        )
    assert "was changed after it was written" in vera.get("/console/").text
    assert "was changed after it was written" in vera.get(f"/console/exchanges/{exchange}").text


@pytest.mark.parametrize(
    "query",
    [
        "before=1_x",
        "before=99999999999999999_x",
        "before=%00",
        "before=-1_x",
        "id=%00x",
        "since=0001-01-01",
        "until=9999-12-31",
        "since=2026-13-01",
        "state=nothing",
        "happened=closed",
        "partner=%00",
        "evidence_type=" + "x" * 5000,
    ],
)
def test_no_query_breaks_the_list(watch: Watch, query: str) -> None:
    vera = watch.browser()
    assert vera.get(f"/console/exchanges?{query}").status_code == 200
    called = vera.get(f"/console/api/v1/exchanges?{query}", headers=watch.console.token("vera"))
    assert called.status_code in (200, 422)


def test_what_is_not_there_is_said_so(watch: Watch) -> None:
    vera, bearer = watch.browser(), watch.console.token("vera")
    for name in ("nothing", "%00", "x" * 300):
        assert vera.get(f"/console/exchanges/{name}").status_code == 404
        assert vera.get(f"/console/api/v1/exchanges/{name}", headers=bearer).status_code in (404, 422)
        assert vera.get(f"/console/api/v1/exchanges/{name}/messages", headers=bearer).status_code in (
            404,
            422,
        )
    assert vera.get("/console/exchanges/refused-messages?before=0").status_code == 422

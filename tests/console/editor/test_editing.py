"""The editor's pages: what is shown, checked, kept, refused, and not lost."""

from typing import Any

import pytest

from intermediary.mapping import State
from tests.console.editor.conftest import NOW, EditorHouse, Form

BIRTH = "evidence/geburtsurkunde"
EDIT = f"/console/mappings/{BIRTH}/edit"


@pytest.mark.parametrize(
    "entry", ["evidence/meldebescheinigung", "provider/unternehmensbasisregister", "platform", "references"]
)
def test_every_kind_of_entry_is_in_the_form_as_it_is(editing: EditorHouse, entry: str) -> None:
    browser, path = editing.browser(), f"/console/mappings/{entry}/edit"
    page = browser.get(path)
    assert page.status_code == 200
    form = Form(page.text)
    assert ("mode", "form") in form.fields
    kept = browser.post(path, data=form.with_("save", reason="nothing new"))
    assert kept.status_code == 303, kept.text
    assert editing.store.document(entry, 2) == editing.store.document(entry, 1)


def test_a_draft_is_kept_with_its_reason_and_recorded(editing: EditorHouse) -> None:
    browser = editing.browser()
    form = Form(browser.get(EDIT).text)
    kept = browser.post(EDIT, data=form.with_("save", reason="new law", d__legal_basis="§ 99 PStG"))
    assert kept.headers["location"] == f"/console/mappings/{BIRTH}"
    version = editing.store.version(BIRTH, 2)
    assert (version.state, version.author, version.reason, version.based_on) == (
        State.DRAFT,
        "erik",
        "new law",
        1,
    )
    assert editing.store.document(BIRTH, 2)["legal_basis"] == "§ 99 PStG"
    assert editing.house.journal[-1] == ("erik", "mapping-drafted", {"entry": BIRTH, "version": 2})
    assert "Version 2 is kept as a draft" in browser.get(kept.headers["location"]).text


def test_checking_shows_findings_at_their_fields_and_changes_nothing(editing: EditorHouse) -> None:
    browser = editing.browser()
    form = Form(browser.get(EDIT).text)
    before = len(editing.house.journal)
    sent = form.with_("check", d__level_of_assurance="", d__formats__0__media_type="text")
    page = browser.post(EDIT, data=sent).text
    assert 'href="#d.level_of_assurance"' in page
    assert "Level of assurance: This must be filled in." in page
    assert editing.store.versions(BIRTH)[0].number == 1
    assert len(editing.house.journal) == before
    page = browser.post(EDIT, data=form.with_("check", d__formats__0__media_type="text")).text
    assert 'href="#d.formats.0.media_type"' in page
    assert 'id="d.formats.0.media_type-error"' in page
    assert "The rules find nothing" in browser.post(EDIT, data=form.with_("check")).text


def test_a_draft_may_have_findings_but_must_be_readable_and_have_a_reason(editing: EditorHouse) -> None:
    browser = editing.browser()
    form = Form(browser.get(EDIT).text)
    assert "Say why" in browser.post(EDIT, data=form.with_("save", reason=" ")).text
    twice = browser.post(EDIT, data=form.with_("save", reason="x", d__titles__1__key="de")).text
    assert "This is there twice" in twice
    assert editing.store.versions(BIRTH)[0].number == 1
    kept = browser.post(EDIT, data=form.with_("save", reason="x", d__level_of_assurance="Enormous"))
    assert "What is to be mended before review: 1" in browser.get(kept.headers["location"]).text


def test_rows_come_and_go_without_javascript(editing: EditorHouse) -> None:
    browser = editing.browser()
    form = Form(browser.get(EDIT).text)
    page = browser.post(EDIT, data=form.with_("add:d.additional_inputs")).text
    form = Form(page)
    page = browser.post(
        EDIT, data=form.with_("add:d.additional_inputs.2.titles", d__additional_inputs__2__key="new")
    ).text
    form = Form(page)
    assert ("d.additional_inputs.2.key", "new") in form.fields
    assert ("d.additional_inputs.2.titles.rows", "0") in form.fields
    form = Form(browser.post(EDIT, data=form.with_("remove:d.additional_inputs.0")).text)
    browser.post(EDIT, data=form.with_("save", reason="rows"))
    keys = [asked["key"] for asked in editing.store.document(BIRTH, 2)["additional_inputs"]]
    assert keys == ["geburtsjahr", "new"]


def test_switching_to_yaml_and_back_keeps_what_was_entered(editing: EditorHouse) -> None:
    browser = editing.browser()
    form = Form(browser.get(EDIT).text)
    form = Form(browser.post(EDIT, data=form.with_("expert", d__legal_basis="§ 98", reason="because")).text)
    text = dict(form.fields)["yaml"]
    assert "legal_basis: § 98" in text
    changed = text.replace("§ 98", "§ 97")
    form = Form(browser.post(EDIT, data=form.with_("form", yaml=changed)).text)
    assert ("d.legal_basis", "§ 97") in form.fields
    assert ("reason", "because") in form.fields
    form = Form(browser.post(EDIT, data=form.with_("expert")).text)
    page = browser.post(EDIT, data=form.with_("form", yaml=changed + "unknown: {a: b}\n")).text
    assert "The form has no place for «unknown»" in page
    assert "unknown:" in dict(Form(page).fields)["yaml"]
    page = browser.post(EDIT, data=form.with_("save", yaml="titles: {en: [")).text
    assert "This is no YAML" in page
    assert dict(Form(page).fields)["yaml"].startswith("titles: {en: [")
    assert browser.post(EDIT, data=form.with_("save", yaml=changed)).status_code == 303


def test_a_new_entry_and_a_copy(editing: EditorHouse) -> None:
    browser, path = editing.browser(), "/console/mappings/new"
    form = Form(browser.get(path, params={"copy": BIRTH}).text)
    assert not [v for name, v in form.fields if "classifications" in name and "rows" not in name and v]
    page = browser.post(path, data=form.with_("save", reason="x", key="Not A Key")).text
    assert 'href="#key"' in page
    page = browser.post(path, data=form.with_("save", reason="x", key="geburtsurkunde")).text
    assert "There is an entry of this name already" in page
    kept = browser.post(path, data=form.with_("save", reason="x", key="taufschein"))
    assert kept.headers["location"] == "/console/mappings/evidence/taufschein"
    blank = Form(browser.get("/console/providers/new").text)
    page = browser.post("/console/providers/new", data=blank.with_("check")).text
    assert "National identifier: This must be filled in." in page
    assert browser.get(path, params={"copy": "evidence/nothing"}).status_code == 404
    assert browser.get(path, params={"copy": "provider/kba-zfer"}).status_code == 404


def test_a_mapping_may_lead_to_a_provider_that_is_still_a_draft(editing: EditorHouse) -> None:
    said = {**editing.store.document("provider/kba-zfer", 1), "national_id": "urn:de:behoerde:neu"}
    who: dict[str, Any] = {"actor": "erik", "reason": "new", "at": NOW}
    editing.store.draft("provider/new-register", said, expected=0, **who)
    browser = editing.browser()
    page = browser.get(EDIT).text
    assert '<option value="new-register">' in page
    page = browser.post(EDIT, data=Form(page).with_("check", d__routing__provider="new-register")).text
    assert "The rules find nothing" in page


def test_who_saves_second_sees_both_and_loses_nothing(editing: EditorHouse) -> None:
    erik, anna = editing.browser("erik"), editing.browser("anna")
    his, hers = Form(erik.get(EDIT).text), Form(anna.get(EDIT).text)
    anna.post(EDIT, data=hers.with_("save", reason="hers", d__legal_basis="§ 1 hers"))
    answer = erik.post(EDIT, data=his.with_("save", reason="his", d__legal_basis="§ 2 his"))
    assert answer.status_code == 409
    page = answer.text
    assert "Somebody saved meanwhile" in page
    for text in ("§ 1 hers", "§ 2 his", "hers", 'value="over:2"'):
        assert text in page
    form = Form(page)
    assert "Somebody saved meanwhile" in erik.post(EDIT, data=form.with_("save")).text, "only on purpose"
    assert erik.post(EDIT, data=form.with_("over:2")).status_code == 303
    assert editing.store.document(BIRTH, 3)["legal_basis"] == "§ 2 his"
    assert editing.store.document(BIRTH, 2)["legal_basis"] == "§ 1 hers"


def test_a_session_that_ends_loses_nothing(editing: EditorHouse) -> None:
    browser = editing.browser()
    form = Form(browser.get(EDIT).text)
    editing.house.clock.advance(hours=2)
    lost = browser.post(EDIT, data=form.with_("save", reason="why", d__legal_basis="§ 96"))
    assert lost.status_code == 403
    assert "Your session has ended" in lost.text
    assert editing.store.versions(BIRTH)[0].number == 1
    browser.post("/console/login/development", data={"who": "erik"})
    page = browser.post(EDIT, data=Form(lost.text).with_("resume")).text
    assert "You have signed in anew" in page
    form = Form(page)
    assert ("d.legal_basis", "§ 96") in form.fields
    assert browser.post(EDIT, data=form.with_("save")).status_code == 303
    assert editing.store.document(BIRTH, 2)["legal_basis"] == "§ 96"


def test_what_is_handed_back_is_only_ones_own(editing: EditorHouse) -> None:
    browser = editing.browser()
    form = Form(browser.get(EDIT).text)
    forged = {**form.with_("save", reason="x"), "csrf": ["0" * 64]}
    assert "You have signed in anew" in browser.post(EDIT, data=forged).text
    assert browser.post(EDIT, data=forged, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert editing.browser("anna").post(EDIT, data=forged).status_code == 403, "another's pass"
    assert browser.post(EDIT, data={**forged, "pass": ["nonsense"]}).status_code == 403
    nobody = editing.house.browser()
    assert nobody.post(EDIT, data={"do": "save"}).headers["location"] == "/console/login"
    assert editing.store.versions(BIRTH)[0].number == 1


@pytest.mark.parametrize("who", ["vera", "otto", "ada"])
def test_who_may_not_edit_is_refused(editing: EditorHouse, who: str) -> None:
    browser = editing.browser(who)
    for path in (EDIT, "/console/mappings/new", "/console/providers/new"):
        assert browser.get(path).status_code == 403
        sent = {"csrf": editing.house.csrf(browser), "do": "save", "reason": "x", "key": "x"}
        assert browser.post(path, data=sent).status_code == 403
    assert editing.browser().get("/console/mappings/evidence/nothing/edit").status_code == 404


def test_nonsense_in_the_fields_is_no_failure(editing: EditorHouse) -> None:
    browser = editing.browser()
    form = Form(browser.get(EDIT).text)
    assert browser.post(EDIT, data=form.with_("save", reason="x", based_on="99")).status_code == 404
    nowhere = EDIT.replace("geburtsurkunde", "nowhere")
    for do in ("save", "check", "over:0"):
        assert browser.post(nowhere, data=form.with_(do, reason="x", expected="0")).status_code == 404
    for changes in (
        {"expected": "-1", "based_on": "99"},
        {"expected": "9" * 30},
        {"d__formats__rows": "x"},
        {"mode": "other"},
        {"d__retention_days": "9" * 400},
        {"d__valid_from": "31.12.2026"},
        {"d__titles__0__value": "\x00"},
    ):
        for do in ("check", "save", "expert", "over:x", "add:d.d.d", "remove:", "fly"):
            answer = browser.post(EDIT, data=form.with_(do, reason="x", **changes))
            assert answer.status_code in (200, 303, 409), (changes, do)

"""The life of a version, led by people of different roles through forms."""

from datetime import date

import pytest
from sqlmodel import Session, select

from intermediary.mapping import State
from intermediary.mapping.tables import MappingContentRow
from tests.console.mappings.conftest import BIRTH, LICENCE, Studio

PROVIDER = "provider/kba-neu"


def _states(studio: Studio, entry: str = LICENCE) -> list[tuple[int, State]]:
    return [(v.number, v.state) for v in studio.store.versions(entry)]


def test_from_draft_to_force_and_back_again(studio: Studio) -> None:
    erik, anna = studio.browser("erik"), studio.browser("anna")
    version = studio.draft(level_of_assurance="High")
    answer = studio.take(erik, "submit", version, reason="asks for High now")
    assert answer.headers["location"] == f"/console/mappings/{LICENCE}"
    assert "Somebody else has to approve it." in studio.text(erik, f"/mappings/{LICENCE}")
    assert studio.take(anna, "approve", version).status_code == 303
    assert studio.take(anna, "go-live", version).status_code == 303
    live = studio.store.live(date(2026, 11, 24)).by_key("fahrerlaubnis")
    assert live is not None
    assert live.level_of_assurance == "High"
    back = studio.text(anna, f"/mappings/{LICENCE}/versions/1/roll-back")
    assert "High Substantial" in back, "it says what changes"
    assert studio.take(anna, "roll-back", studio.store.version(LICENCE, 1)).status_code == 303
    assert _states(studio)[0] == (3, State.LIVE)
    assert studio.store.document(LICENCE, 3)["level_of_assurance"] == "Substantial"
    assert [(who, what, data["version"]) for who, what, data in studio.journal if "mapping" in what] == [
        ("erik", "mapping-submitted", 2),
        ("anna", "mapping-approved", 2),
        ("anna", "mapping-published", 2),
        ("anna", "mapping-rolled-back", 1),
    ]
    step = studio.store.history(LICENCE)[-3]
    assert (step.actor, step.reason, step.via) == ("erik", "asks for High now", "console")


def test_whoever_drafted_is_told_that_somebody_else_must_approve(studio: Studio) -> None:
    version, anna = studio.in_review(by="anna"), studio.browser("anna")
    words = "You drafted this: somebody else must approve it."
    assert words in studio.text(anna, f"/mappings/{LICENCE}")
    page = anna.get(studio.page_to("approve", version)).text
    assert words in page
    assert 'name="reason"' not in page
    answer = studio.take(anna, "approve", version)
    assert answer.status_code == 403
    assert words in answer.text
    assert _states(studio)[0] == (2, State.IN_REVIEW)
    refused = {"step": "approve", "entry": LICENCE, "version": 2, "status": 403}
    assert studio.journal[-1] == ("anna", "mapping-step-refused", refused)


@pytest.mark.parametrize(
    ("who", "allowed"),
    [
        ("vera", set()),
        ("erik", {"submit"}),
        ("anna", {"submit", "approve", "reject", "go-live", "retire", "roll-back"}),
        ("otto", set()),
        ("ada", set()),
    ],
)
def test_a_role_sees_and_may_only_what_is_its_own(studio: Studio, who: str, allowed: set[str]) -> None:
    browser = studio.browser(who)
    version = studio.draft(by="somebody")
    page = browser.get(f"/console/mappings/{LICENCE}/versions").text
    for action in ("submit", "approve", "reject", "go-live", "retire", "roll-back"):
        path = studio.page_to(action, version)
        looked = browser.get(path).status_code
        assert (looked == 403) is (action not in allowed), action
        if action not in allowed:
            assert path not in page
            form = {"csrf": studio.csrf(browser), "reason": "because", "seen": "2"}
            assert browser.post(path, data=form).status_code == 403, action
    assert (studio.page_to("submit", version) in page) is ("submit" in allowed)
    assert _states(studio)[0] == (2, State.DRAFT)


def test_an_editor_gives_up_an_own_draft_and_retires_nothing_else(studio: Studio) -> None:
    erik = studio.browser("erik")
    mine, other = studio.draft(LICENCE), studio.draft(BIRTH, by="bob")
    assert studio.take(erik, "retire", mine).status_code == 303
    assert _states(studio)[0] == (2, State.RETIRED)
    assert studio.take(erik, "retire", other).status_code == 403
    assert studio.take(erik, "retire", studio.store.version(BIRTH, 1)).status_code == 403


def test_without_a_reason_nothing_happens_and_ticks_stay(studio: Studio) -> None:
    version, anna = studio.in_review(), studio.browser("anna")
    answer = studio.take(anna, "approve", version, reason="  ", at_once="yes")
    assert answer.status_code == 422
    assert "Say why: it is kept for ever" in answer.text
    assert 'name="at_once" value="yes" checked' in answer.text
    assert _states(studio)[0] == (2, State.IN_REVIEW)


def test_who_comes_second_reads_what_happened_and_keeps_the_reason(studio: Studio) -> None:
    version = studio.in_review()
    first, second = studio.browser("anna"), studio.browser("anna")
    path = studio.page_to("approve", version)
    before = second.get(path).text
    seen = before.partition('name="seen" value="')[2].partition('"')[0]
    assert studio.take(first, "reject", version).status_code == 303
    answer = second.post(
        path, data={"csrf": studio.csrf(second), "reason": "I have read every line", "seen": seen}
    )
    assert answer.status_code == 409
    assert "This cannot be done as things stand now." in answer.text
    assert "I have read every line" in answer.text
    assert _states(studio)[0] == (2, State.DRAFT)


def test_what_was_changed_while_reading_is_shown_again_before_it_is_done(studio: Studio) -> None:
    anna = studio.browser("anna")
    live = studio.store.version(LICENCE, 1)
    path = studio.page_to("retire", live)
    seen = anna.get(path).text.partition('name="seen" value="')[2].partition('"')[0]
    studio.draft()
    form = {"csrf": studio.csrf(anna), "reason": "stop it", "seen": seen}
    answer = anna.post(path, data=form)
    assert answer.status_code == 409
    assert "Meanwhile something was changed here" in answer.text
    assert "stop it</textarea>" in answer.text
    assert studio.take(anna, "retire", live).status_code == 303


def test_errors_refuse_with_every_finding(studio: Studio) -> None:
    erik = studio.browser("erik")
    version = studio.draft(procedures=["Z9"], level_of_assurance="Enough")
    answer = studio.take(erik, "submit", version, reason="quickly")
    assert answer.status_code == 422
    assert "«Z9» is no procedure of Annex II." in answer.text
    assert "«Enough» is no level of assurance." in answer.text
    assert "quickly</textarea>" in answer.text
    assert _states(studio)[0] == (2, State.DRAFT)


def test_a_mapping_and_its_new_provider_go_together(studio: Studio) -> None:
    erik, anna = studio.browser("erik"), studio.browser("anna")
    said = studio.store.document("provider/kba-zfer", 1)
    studio.store.draft(
        PROVIDER, {**said, "national_id": "urn:x"}, expected=0, actor="erik", reason="new", at=studio.clock()
    )
    version = studio.draft(routing={"provider": "kba-neu"})
    other = studio.draft(BIRTH)
    alone = erik.post(
        studio.page_to("submit", version),
        data={"csrf": studio.csrf(erik), "reason": "x", "seen": str(studio.store.history(LICENCE)[0].change)},
    )
    assert alone.status_code == 422
    assert "There is no provider «kba-neu»" in alone.text.replace("&#34;", "").replace("&#39;", "'")
    page = erik.get(studio.page_to("submit", version)).text
    assert f'value="{PROVIDER}@1" checked' in page, "they belong together"
    assert "urn:x" in page, "what goes along is shown, too"
    assert f'value="{BIRTH}@2"' in page
    assert f'value="{BIRTH}@2" checked' not in page
    assert studio.take(erik, "submit", version, **{"with": f"{PROVIDER}@1"}).status_code == 303
    assert _states(studio, BIRTH)[0] == (other.number, State.DRAFT)
    done = studio.take(anna, "approve", version, at_once="yes", **{"with": f"{PROVIDER}@1"})
    assert done.status_code == 303
    assert _states(studio, PROVIDER) == [(1, State.LIVE)]
    live = studio.store.live(date(2026, 11, 24))
    assert live.providers["kba-neu"].national_id == "urn:x"


def test_a_forged_companion_is_refused(studio: Studio) -> None:
    version, anna = studio.in_review(), studio.browser("anna")
    for name in ("evidence/none@1", f"{BIRTH}@99", f"{BIRTH}@1"):
        answer = studio.take(anna, "approve", version, **{"with": name})
        assert answer.status_code in (404, 409), name
        assert _states(studio)[0] == (2, State.IN_REVIEW)


def test_to_retire_a_provider_names_the_mappings_that_need_it(studio: Studio) -> None:
    anna = studio.browser("anna")
    path = "/mappings/provider/kba-zfer/versions/1/retire"
    assert "Driving licence" in studio.text(anna, path)
    answer = studio.take(anna, "retire", studio.store.version("provider/kba-zfer", 1))
    assert answer.status_code == 422
    assert "kba-zfer" in answer.text
    assert studio.store.versions("provider/kba-zfer")[0].state is State.LIVE


def test_home_says_what_needs_attention_to_whom_it_concerns(studio: Studio) -> None:
    anna, erik, vera = (studio.browser(who) for who in ("anna", "erik", "vera"))
    assert "Nothing needs your attention" in studio.text(anna, "/")
    studio.draft(BIRTH)
    assert f"Your draft of {BIRTH} is not handed in" in studio.text(erik, "/")
    version = studio.in_review(LICENCE, valid_until="2026-12-10")
    assert f"A version of {LICENCE} waits for your review" in studio.text(anna, "/")
    assert "waits for your review" not in studio.text(erik, "/")
    studio.take(anna, "approve", version)
    assert "is approved, and not in force yet" in studio.text(anna, "/")
    studio.take(anna, "go-live", version)
    assert f"{LICENCE} ends in 16 days, and nothing follows" in studio.text(vera, "/")
    assert "ends soon" in studio.text(vera, "/mappings?standing=ending")
    assert "ends on 10 December 2026" in studio.text(vera, f"/mappings/{LICENCE}")


def test_home_says_when_what_is_in_force_breaks_the_rules(studio: Studio) -> None:
    """As after an update of the platform that brings a stricter rule."""
    with Session(studio.engine) as session:
        row = session.exec(select(MappingContentRow).where(MappingContentRow.entry == LICENCE)).one()
        row.document = {**row.document, "level_of_assurance": "Enough"}
        session.add(row)
        session.commit()
    vera = studio.browser("vera")
    page = vera.get("/console/", headers={"accept-language": "en"}).text
    assert f"What is in force breaks the rules (errors: 1): {LICENCE}" in page
    assert f'href="/console/mappings/{LICENCE}"' in page
    assert "«Enough» is no level of assurance." in studio.text(vera, f"/mappings/{LICENCE}")

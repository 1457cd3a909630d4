"""The store on real databases: a version's life, four eyes, nothing edited in place, several at once."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import Engine, event, select, text
from sqlmodel import Session

from intermediary.audit import AuditLog
from intermediary.exchange.model import Fact
from intermediary.mapping import (
    FourEyes,
    MappingConflict,
    MappingError,
    MappingInvalid,
    MappingMissing,
    MappingStore,
    State,
    StoredMappings,
    documents_of,
    needed_by,
)
from intermediary.mapping.model import Routing
from intermediary.store.tables import EventRow
from tests.mapping.studio import ADA, BOB, LICENCE, NOW, SHIPPED, TODAY, approved, edited, published

LAW = "§ 1 Neues Gesetz"
WHO: dict[str, Any] = {"actor": ADA, "reason": "test", "at": NOW}


def law(store: MappingStore, day: date = TODAY) -> str | None:
    """The legal basis of the driving licence that is in force on a day; None: nobody asks for one."""
    classification = SHIPPED.by_key("fahrerlaubnis")
    assert classification is not None
    found = store.live(day).find(classification.evidence_type_classifications[0], day)
    return found.legal_basis if found else None


# ---------------------------------------------------------------------------------------------- the first set


def test_the_first_set_is_live_at_once(kept: MappingStore) -> None:
    assert kept.live(TODAY) == SHIPPED
    assert StoredMappings(kept)(TODAY) == SHIPPED
    assert kept.live(TODAY).revision == kept.revision() == 1
    assert set(kept.live(TODAY).versions.values()) == {1}
    assert kept.version(LICENCE, 1).state is State.LIVE


def test_an_empty_store_says_so(engine: Engine) -> None:
    store = MappingStore(engine)
    assert store.revision() == 0
    with pytest.raises(MappingMissing, match="import a set first"):
        store.live(TODAY)


def test_only_an_empty_store_takes_a_set_without_review(kept: MappingStore) -> None:
    with pytest.raises(MappingConflict, match="review"):
        kept.adopt(SHIPPED, **WHO)


def test_an_invalid_set_never_becomes_live(engine: Engine) -> None:
    store = MappingStore(engine)
    broken = replace(SHIPPED.mappings[0], routing=Routing("nobody"))
    with pytest.raises(MappingInvalid, match="no provider «nobody»"):
        store.adopt(replace(SHIPPED, mappings=(broken,)), **WHO)
    assert store.revision() == 0


# ------------------------------------------------------------------------------------------- a version's life


def test_an_edit_is_in_force_only_after_another_has_approved_it(everywhere: MappingStore) -> None:
    old = law(everywhere)
    draft = edited(everywhere, legal_basis=LAW)
    assert (draft.number, draft.state, draft.authors, draft.based_on) == (2, State.DRAFT, (ADA,), 1)
    assert law(everywhere) == old
    approved(everywhere, draft)
    assert law(everywhere) == old
    (live,) = everywhere.go_live(draft.ref, **WHO)
    assert (live.state, live.reviewer, live.published) == (State.LIVE, BOB, everywhere.revision())
    assert law(everywhere) == LAW
    assert everywhere.live(TODAY).versions[LICENCE] == 2
    assert everywhere.version(LICENCE, 1).state is State.RETIRED
    assert law(MappingStore(everywhere._engine)) == LAW, "another process sees it at its next look"


@pytest.mark.parametrize("name", [ADA, "ada lovelace", "  Ada  Lovelace ", "Ａda Lovelace"])
def test_nobody_approves_their_own_draft(kept: MappingStore, name: str) -> None:
    draft = edited(kept, legal_basis=LAW)
    kept.submit(draft.ref, actor=BOB, reason="x", at=NOW)
    with pytest.raises(FourEyes, match="somebody else"):
        kept.approve(draft.ref, actor=name, reason="fine", at=NOW)
    assert kept.version(*draft.ref).state is State.IN_REVIEW


def test_nothing_named_is_nothing_done(kept: MappingStore) -> None:
    before = kept.history()
    for action in (kept.submit, kept.approve, kept.reject, kept.go_live, kept.retire):
        assert action(**WHO) == ()
    assert kept.history() == before


def test_a_change_of_several_is_done_whole_or_not_at_all(kept: MappingStore) -> None:
    mine, other = edited(kept, by=ADA), edited(kept, "provider/kba-zfer", by=BOB, component="x")
    kept.submit(mine.ref, other.ref, **WHO)
    with pytest.raises(FourEyes):
        kept.approve(mine.ref, other.ref, actor=BOB, reason="fine", at=NOW)
    assert kept.version(*mine.ref).state is State.IN_REVIEW


def test_who_edited_a_draft_on_the_way_may_not_approve_what_became_of_it(kept: MappingStore) -> None:
    edited(kept, by=ADA, legal_basis="first")
    second = edited(kept, by=BOB, legal_basis="second")
    assert second.authors == (ADA, BOB)
    kept.submit(second.ref, **WHO)
    for author in (ADA, BOB):
        with pytest.raises(FourEyes):
            kept.approve(second.ref, actor=author, reason="fine", at=NOW)
    assert kept.approve(second.ref, actor="Cem", reason="fine", at=NOW)[0].reviewer == "Cem"


def test_giving_a_draft_up_and_letting_another_repeat_it_is_no_way_around_four_eyes(
    kept: MappingStore,
) -> None:
    first = edited(kept, by=ADA, legal_basis=LAW)
    kept.retire(first.ref, **WHO)
    again = edited(kept, by=BOB)
    assert again.authors == (ADA, BOB)


def test_an_edit_of_what_was_approved_is_reviewed_anew(kept: MappingStore) -> None:
    first = approved(kept, edited(kept, legal_basis=LAW))
    second = edited(kept, legal_basis="another")
    assert kept.version(*first.ref).state is State.RETIRED
    assert (second.state, second.reviewer) == (State.DRAFT, None)
    for ref in (first.ref, second.ref):
        with pytest.raises(MappingConflict):
            kept.go_live(ref, **WHO)


def test_a_rejected_version_goes_back_to_its_author(kept: MappingStore) -> None:
    draft = approved(kept, edited(kept, legal_basis=LAW))
    (back,) = kept.reject(draft.ref, actor=BOB, reason="wrong law", at=NOW)
    assert (back.state, back.reviewer) == (State.DRAFT, None)
    kept.submit(draft.ref, **WHO)
    assert kept.history(LICENCE)[1].reason == "wrong law"


@pytest.mark.parametrize("action", ["submit", "approve", "reject", "go_live"])
def test_a_step_out_of_turn_is_refused(kept: MappingStore, action: str) -> None:
    with pytest.raises(MappingConflict, match="is live, not"):
        getattr(kept, action)((LICENCE, 1), actor=BOB, reason="x", at=NOW)


def test_what_is_not_there_is_said(kept: MappingStore) -> None:
    for call in (
        lambda: kept.version(LICENCE, 7),
        lambda: kept.versions("evidence/none"),
        lambda: kept.document(LICENCE, 7),
        lambda: kept.approve((LICENCE, 7), **WHO),
        lambda: kept.roll_back(LICENCE, 7, **WHO),
        lambda: kept.as_of(7, TODAY),
        lambda: kept.usage("platform"),
    ):
        with pytest.raises(MappingMissing):
            call()


@pytest.mark.parametrize("empty", ["actor", "reason"])
def test_nothing_happens_without_name_and_reason(kept: MappingStore, empty: str) -> None:
    with pytest.raises(MappingInvalid, match=empty):
        kept.retire((LICENCE, 1), **{**WHO, empty: "  "})


# -------------------------------------------------------------------------------------------- what is refused


def test_a_draft_may_be_wrong_but_is_not_handed_in_so(kept: MappingStore) -> None:
    draft = edited(kept, procedures=["Z9"], titles=None)
    findings = kept.findings(draft.ref, day=TODAY)
    assert [(f.entry, f.path) for f in findings] == [(LICENCE, ("titles",))]
    with pytest.raises(MappingInvalid, match="«titles» is missing") as refused:
        kept.submit(draft.ref, **WHO)
    assert refused.value.findings == findings
    better = edited(kept, titles={"en": "Driving licence"})
    with pytest.raises(MappingInvalid, match="«Z9» is no procedure"):
        kept.submit(better.ref, **WHO)


def test_what_a_draft_would_do_to_others_is_a_finding_too(kept: MappingStore) -> None:
    said = kept.document(LICENCE, 1)
    draft = kept.draft("evidence/aaa", {**said, "national_id": "urn:x"}, expected=0, **WHO)
    found = kept.findings(draft.ref, day=TODAY)
    assert [(f.entry, f.rule) for f in found] == [
        (LICENCE, "MAP-DAYS-OVERLAP"),
        (LICENCE, "MAP-DAYS-SHADOWED"),
    ]
    assert "«aaa» maps the same" in found[0].text
    with pytest.raises(MappingInvalid):
        kept.submit(draft.ref, **WHO)


def test_what_depends_on_each_other_is_handed_in_together(everywhere: MappingStore) -> None:
    register = everywhere.document("provider/kba-zfer", 1) | {"national_id": "urn:de:new"}
    provider = everywhere.draft("provider/new", register, expected=0, **WHO)
    mapping = edited(everywhere, routing={"provider": "new"})
    with pytest.raises(MappingInvalid, match="no provider «new»"):
        everywhere.submit(mapping.ref, **WHO)
    refs = (provider.ref, mapping.ref)
    everywhere.submit(*refs, **WHO)
    everywhere.approve(*refs, actor=BOB, reason="fine", at=NOW)
    with pytest.raises(MappingInvalid, match="no provider «new»"):
        everywhere.go_live(mapping.ref, **WHO)
    everywhere.go_live(*refs, **WHO)
    live = everywhere.live(TODAY)
    assert needed_by(live, "provider/new") == (LICENCE,)
    with pytest.raises(MappingInvalid, match="no provider «new»"):
        everywhere.retire(provider.ref, **WHO)
    everywhere.retire(*refs, **WHO)
    assert everywhere.live(TODAY).by_key("fahrerlaubnis") is None


@pytest.mark.parametrize("entry", ["evidence/Ö", "evidence/", "other/x", "", "provider/a/b", "platform/x"])
def test_an_entry_has_a_proper_name(kept: MappingStore, entry: str) -> None:
    with pytest.raises(MappingInvalid):
        kept.draft(entry, {}, expected=0, **WHO)


@pytest.mark.parametrize("document", [[], "x", {"a": {1, 2}}, {"a": float("nan")}, {"a": "x" * (1 << 20)}])
def test_what_json_cannot_hold_is_no_document(kept: MappingStore, document: Any) -> None:
    with pytest.raises(MappingInvalid):
        kept.draft(LICENCE, document, expected=1, **WHO)


def test_an_error_that_was_there_before_stops_nobody_else(kept: MappingStore, monkeypatch: Any) -> None:
    from intermediary.mapping import rules

    monkeypatch.setattr(rules, "_PROTOCOLS", ("xnachweis",))  # a stricter release of ours
    assert published(kept, legal_basis=LAW).state is State.LIVE
    with pytest.raises(MappingInvalid, match="no protocol"):
        published(kept, "provider/unternehmensbasisregister", component="x")


# -------------------------------------------------------------------------------------- validity by the clock


def test_a_version_takes_effect_on_its_first_day_without_a_job(everywhere: MappingStore) -> None:
    old = law(everywhere)
    published(everywhere, legal_basis=LAW, valid_from="2027-01-01")
    revision = everywhere.revision()
    assert law(everywhere, date(2026, 12, 31)) == old
    assert law(everywhere, date(2027, 1, 1)) == LAW
    assert law(everywhere, date(2026, 12, 31)) == old
    assert everywhere.revision() == revision
    (shown,) = (e for e in everywhere.entries(TODAY) if e.name == LICENCE)
    assert shown.in_force is not None
    assert (shown.in_force.number, [v.number for v in shown.scheduled]) == (1, [2])


def test_a_version_ends_with_its_last_day(kept: MappingStore) -> None:
    published(kept, legal_basis=LAW, valid_until="2026-12-31")
    assert law(kept, date(2026, 12, 31)) == LAW
    assert law(kept, date(2027, 1, 1)) is None, "what it replaced does not come back"


def test_a_provider_moves_on_a_day(kept: MappingStore) -> None:
    published(kept, "provider/kba-zfer", url="https://new.example", valid_from="2027-01-01")
    urls = [kept.live(date(2026, 12, 31) + timedelta(days=n)).providers["kba-zfer"].url for n in (0, 1)]
    assert urls == ["https://zfer.kba.example", "https://new.example"]


def test_what_is_to_follow_is_not_pushed_aside_by_accident(kept: MappingStore) -> None:
    later = published(kept, legal_basis=LAW, valid_from="2027-01-01")
    correction = approved(kept, edited(kept, legal_basis="§ 0", valid_from="2026-01-01"))
    with pytest.raises(MappingConflict, match="is to follow on 2027-01-01"):
        kept.go_live(correction.ref, **WHO)
    ended = approved(kept, edited(kept, legal_basis="§ 0", valid_from="2026-01-01", valid_until="2026-12-31"))
    kept.go_live(ended.ref, **WHO)
    assert (law(kept), law(kept, date(2027, 1, 1))) == ("§ 0", LAW)
    corrected = published(kept, legal_basis="§ 2", valid_from="2027-01-01", valid_until=None)
    assert law(kept, date(2027, 1, 1)) == "§ 2"
    assert kept.version(*later.ref).state is State.RETIRED
    assert corrected.state is State.LIVE


def test_what_is_over_does_not_go_live(kept: MappingStore) -> None:
    draft = approved(kept, edited(kept, valid_until="2026-11-23"))
    with pytest.raises(MappingConflict, match="ended on 2026-11-23"):
        kept.go_live(draft.ref, **WHO)


def test_a_set_that_would_break_on_a_later_day_is_refused_now(kept: MappingStore) -> None:
    """The provider's mapping is valid for ever, the other's classification begins in 2027."""
    residence = kept.document("evidence/meldebescheinigung", 1)
    draft = edited(
        kept,
        evidence_type_classifications=residence["evidence_type_classifications"],
        valid_from="2027-01-01",
    )
    with pytest.raises(MappingInvalid, match="in the same time"):
        kept.submit(draft.ref, **WHO)


# ------------------------------------------------------------------------------------------ roll back, retire


def test_roll_back_is_one_action_and_a_new_version(everywhere: MappingStore) -> None:
    old = law(everywhere)
    published(everywhere, legal_basis=LAW)
    assert everywhere.before(LICENCE, TODAY).number == 1
    back = everywhere.roll_back(LICENCE, 1, actor=ADA, reason="wrong law", at=NOW)
    assert (back.number, back.state, back.based_on, back.reason) == (3, State.LIVE, 1, "wrong law")
    assert law(everywhere) == old
    assert everywhere.document(LICENCE, 3) == everywhere.document(LICENCE, 1)
    assert everywhere.diff(LICENCE, 1, 3) == ()
    assert [v.state for v in everywhere.versions(LICENCE)] == [State.LIVE, State.RETIRED, State.RETIRED]


def test_rolled_back_to_what_somebody_approved_it_keeps_the_reviewer(kept: MappingStore) -> None:
    published(kept, legal_basis=LAW)
    published(kept, legal_basis="§ 2")
    assert kept.roll_back(LICENCE, 2, **WHO).reviewer == BOB


def test_nothing_comes_into_force_by_rolling_back_that_was_never_approved(kept: MappingStore) -> None:
    draft = edited(kept, legal_basis=LAW)
    with pytest.raises(MappingConflict, match="never live"):
        kept.roll_back(LICENCE, draft.number, **WHO)
    with pytest.raises(MappingConflict, match="is in force"):
        kept.roll_back(LICENCE, 1, **WHO)


def test_rolling_back_takes_what_was_scheduled_along(kept: MappingStore) -> None:
    old = law(kept)
    published(kept, legal_basis="§ 2")
    published(kept, legal_basis=LAW, valid_from="2027-01-01")
    kept.roll_back(LICENCE, 1, **WHO)
    assert (law(kept), law(kept, date(2027, 1, 1))) == (old, old)


def test_retiring_what_is_scheduled_leaves_what_is_in_force(kept: MappingStore) -> None:
    old = law(kept)
    later = published(kept, legal_basis=LAW, valid_from="2027-01-01")
    kept.retire(later.ref, **WHO)
    assert (law(kept), law(kept, date(2027, 1, 1))) == (old, old)


def test_what_was_replaced_does_not_come_back_by_retiring_what_replaced_it(kept: MappingStore) -> None:
    later = published(kept, legal_basis=LAW, valid_from="2027-01-01")
    kept.retire(later.ref, actor=ADA, reason="stop", at=NOW + timedelta(days=60))
    assert law(kept, date(2027, 1, 23)) is None
    assert kept.version(LICENCE, 1).state is State.RETIRED


def test_a_retired_mapping_is_gone_and_may_come_back(kept: MappingStore) -> None:
    old = law(kept)
    kept.retire((LICENCE, 1), **WHO)
    assert law(kept) is None
    with pytest.raises(MappingConflict):
        kept.retire((LICENCE, 1), **WHO)
    assert kept.before(LICENCE, TODAY).number == 1
    kept.roll_back(LICENCE, 1, **WHO)
    assert law(kept) == old


# --------------------------------------------------------------------------------------------------- for ever


def test_every_revision_stays_as_it_was(everywhere: MappingStore) -> None:
    sets = [everywhere.live(TODAY)]
    for change in ("a", "b"):
        published(everywhere, legal_basis=change)
        sets.append(everywhere.live(TODAY))
    everywhere.retire((LICENCE, 3), **WHO)
    fresh = MappingStore(everywhere._engine)
    for held in sets:
        assert fresh.as_of(held.revision, TODAY) == held
        assert fresh.as_of(held.revision, TODAY).versions == held.versions


def test_nothing_is_edited_in_place(kept: MappingStore) -> None:
    statements: list[str] = []
    event.listen(kept._engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    published(kept, legal_basis=LAW)
    kept.roll_back(LICENCE, 1, **WHO)
    kept.retire((LICENCE, 3), **WHO)
    assert not [s for s in statements if s.lstrip().startswith(("UPDATE", "DELETE"))]


def test_every_step_is_in_the_log_and_the_log_proves_what_was_said(everywhere: MappingStore) -> None:
    published(everywhere, legal_basis=LAW)
    with Session(everywhere._engine.execution_options(reading=True)) as session:
        rows = session.scalars(select(EventRow).where(EventRow.stream == "mappings")).all()  # type: ignore[arg-type]
    last = [(row.fact, row.data["entry"], row.data["version"], row.data["actor"]) for row in rows[-5:]]
    assert last == [
        (Fact.MAPPING_DRAFTED, LICENCE, "2", ADA),
        (Fact.MAPPING_SUBMITTED, LICENCE, "2", ADA),
        (Fact.MAPPING_APPROVED, LICENCE, "2", BOB),
        (Fact.MAPPING_RETIRED, LICENCE, "1", ADA),
        (Fact.MAPPING_LIVE, LICENCE, "2", ADA),
    ]
    assert {row.data["via"] for row in rows} == {"test"}
    assert len(rows[-5].data["content"]) == 64
    assert AuditLog(everywhere._engine).broken_streams() == ()
    with everywhere._engine.begin() as connection:
        connection.execute(text("UPDATE event SET fact = 'mapping-live' WHERE fact = 'mapping-drafted'"))
    assert AuditLog(everywhere._engine).broken_streams() == ("mappings",)


def test_the_history_says_who_did_what_and_why(everywhere: MappingStore) -> None:
    published(everywhere, legal_basis=LAW)
    steps = [(s.version, s.action, s.state, s.actor, s.via) for s in everywhere.history(LICENCE, limit=3)]
    assert steps == [
        (2, "go-live", "live", ADA, "test"),
        (1, "go-live", "retired", ADA, "test"),
        (2, "approve", "approved", BOB, "test"),
    ]
    assert len(everywhere.history()) == 5 + len(documents_of(SHIPPED))


# -------------------------------------------------------------------------------------------- several at once


def test_who_did_not_see_the_newest_version_is_told(everywhere: MappingStore) -> None:
    said = everywhere.document(LICENCE, 1)
    edited(everywhere, by=BOB, legal_basis=LAW)
    with pytest.raises(
        MappingConflict, match=r"version 2, by Bob at 2026-11-24 12:00 UTC; you saw version 1"
    ):
        everywhere.draft(LICENCE, said, expected=1, **WHO)
    with pytest.raises(MappingConflict, match="no entry"):
        everywhere.draft("evidence/none", said, expected=1, **WHO)


def test_of_two_who_save_at_once_one_is_told(everywhere: MappingStore) -> None:
    said, start = everywhere.document(LICENCE, 1), Barrier(2)
    told: list[object] = []

    def save(who: str) -> None:
        start.wait()
        try:
            told.append(
                MappingStore(everywhere._engine).draft(
                    LICENCE, said, expected=1, actor=who, reason="x", at=NOW
                )
            )
        except MappingError as conflict:
            told.append(type(conflict))

    people = [Thread(target=save, args=(who,)) for who in (ADA, BOB)]
    for each in people:
        each.start()
    for each in people:
        each.join()
    assert told.count(MappingConflict) == 1
    assert len(everywhere.versions(LICENCE)) == 2


def test_of_two_nodes_that_start_at_once_one_brings_the_first_set(engine: Engine) -> None:
    start = Barrier(2)
    told: list[object] = []

    def begin() -> None:
        start.wait()
        try:
            told.append(MappingStore(engine).adopt(SHIPPED, **WHO))
        except MappingConflict as conflict:
            told.append(type(conflict))

    nodes = [Thread(target=begin) for _ in range(2)]
    for node in nodes:
        node.start()
    for node in nodes:
        node.join()
    assert sorted(map(str, told)) == ["1", str(MappingConflict)]


def test_an_unchanged_set_is_not_read_again(everywhere: MappingStore) -> None:
    live = everywhere.live(TODAY)
    statements: list[str] = []
    event.listen(everywhere._engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    assert everywhere.live(TODAY) is live
    assert everywhere.live(TODAY + timedelta(days=1)) is live
    reads = [s for s in statements if s.startswith("SELECT")]
    assert len(reads) == 2
    assert not any("mapping_content" in s for s in reads)


# ---------------------------------------------------------------------------------------------- sets from git


def with_law(text: str) -> dict[str, Any]:
    """The shipped set as documents, the driving licence by another law."""
    return documents_of(SHIPPED) | {LICENCE: {**documents_of(SHIPPED)[LICENCE], "legal_basis": text}}


def test_of_a_set_only_what_differs_is_handed_in(everywhere: MappingStore) -> None:
    assert everywhere.propose(documents_of(SHIPPED), **WHO) == ()
    (version,) = everywhere.propose(with_law(LAW), **WHO)
    assert (version.ref, version.state, version.author) == ((LICENCE, 2), State.IN_REVIEW, ADA)
    assert everywhere.propose(with_law(LAW), **WHO) == (version,), "the same again changes nothing"
    (corrected,) = everywhere.propose(with_law("§ 2"), **WHO)
    assert (corrected.number, everywhere.version(LICENCE, 2).state) == (3, State.RETIRED)
    with pytest.raises(FourEyes):
        everywhere.approve(corrected.ref, **WHO)


def test_going_back_in_git_is_a_change_also_where_a_date_has_replaced_the_version(kept: MappingStore) -> None:
    published(kept, legal_basis=LAW, valid_from="2027-01-01")
    assert kept.propose(documents_of(SHIPPED), **WHO) == ()
    later = NOW + timedelta(days=60)
    (version,) = kept.propose(documents_of(SHIPPED), actor=ADA, reason="back", at=later)
    assert version.ref == (LICENCE, 3)


def test_a_set_from_git_does_not_run_over_what_somebody_else_has_in_work(kept: MappingStore) -> None:
    edited(kept, by=BOB, legal_basis="§ 7")
    with pytest.raises(MappingConflict, match="version 2 is draft, by Bob"):
        kept.propose(with_law(LAW), **WHO)


def test_a_draft_that_says_the_same_is_handed_in(kept: MappingStore) -> None:
    draft = edited(kept, by=BOB, legal_basis=LAW)
    (version,) = kept.propose(with_law(LAW), **WHO)
    assert (version.ref, version.state, version.authors) == (draft.ref, State.IN_REVIEW, (BOB,))


def test_a_set_from_git_that_breaks_a_rule_leaves_nothing_behind(kept: MappingStore) -> None:
    broken = with_law(LAW) | {"provider/kba-zfer": {"url": "http://x"}}
    with pytest.raises(MappingInvalid):
        kept.propose(broken, **WHO)
    assert len(kept.versions(LICENCE)) == 1


# ------------------------------------------------------------------------------------------------- looking up


def test_entries_are_found_by_what_they_say(everywhere: MappingStore) -> None:
    draft = edited(everywhere, legal_basis=LAW)
    names = {
        kind: [e.name for e in everywhere.entries(TODAY, kind=kind)] for kind in ("evidence", "platform")
    }
    assert (len(names["evidence"]), names["platform"]) == (14, ["platform"])
    assert [e.name for e in everywhere.entries(TODAY, text="driving LICENCE", kind="evidence")] == [LICENCE]
    (found,) = everywhere.entries(TODAY, state=State.DRAFT)
    assert (found.key, found.pending, found.titles["en"]) == ("fahrerlaubnis", draft, "Driving licence")
    assert everywhere.entries(TODAY, text="nothing like it") == ()


def test_a_draft_may_be_tried_before_it_is_live(kept: MappingStore) -> None:
    draft = edited(kept, legal_basis=LAW, valid_from="2027-01-01")
    tried = kept.would_be(draft.ref, day=TODAY).by_key("fahrerlaubnis")
    assert tried is not None
    assert tried.legal_basis == LAW
    assert kept.live(TODAY) == SHIPPED


def test_a_draft_is_kept_as_it_would_be_exported(everywhere: MappingStore) -> None:
    said = dict(reversed(everywhere.document(LICENCE, 1).items())) | {
        "preview": "required",
        "retention_days": 0,
    }
    draft = everywhere.draft(LICENCE, said, expected=1, **WHO)
    assert list(everywhere.document(*draft.ref).items()) == list(everywhere.document(LICENCE, 1).items())


def test_times_are_aware(everywhere: MappingStore) -> None:
    version = published(everywhere, legal_basis=LAW)
    assert (version.drafted_at, version.published_at, version.changed_at) == (NOW, NOW, NOW)
    assert version.drafted_at.tzinfo is not None
    with pytest.raises(Exception, match="without zone"):
        everywhere.retire(version.ref, actor=ADA, reason="x", at=datetime(2026, 1, 1))
    assert NOW.tzinfo is UTC


def test_what_the_rules_say_of_a_document_before_it_is_kept(kept: MappingStore) -> None:
    said = kept.document(LICENCE, 1)
    assert kept.findings_if(LICENCE, said, day=TODAY) == kept.findings((LICENCE, 1), day=TODAY)
    wrong = {**said, "routing": {"provider": "new-register"}}
    found = kept.findings_if(LICENCE, wrong, day=TODAY)
    assert [f.path for f in found] == [("routing", "provider")]
    new = {**kept.document("provider/kba-zfer", 1), "national_id": "urn:de:behoerde:neu"}
    register = kept.draft("provider/new-register", new, expected=0, **WHO)
    assert kept.findings_if(LICENCE, wrong, register.ref, day=TODAY) == found[:0]
    assert kept.findings_if("evidence/empty", {}, day=TODAY), "much is missing"
    with pytest.raises(MappingInvalid):
        kept.findings_if("evidence/Not A Key", said, day=TODAY)

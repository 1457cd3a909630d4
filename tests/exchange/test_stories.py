"""Whole exchanges on real bytes and a real database, time in our hands."""

from dataclasses import replace
from datetime import timedelta

import pytest

from intermediary.as4.codes import EbmsErrorCode
from intermediary.as4.model import Receipt
from intermediary.edm.codes import ErrorCode
from intermediary.edm.model import EvidenceErrorResponse, EvidenceRequest, EvidenceResponse, NaturalPerson
from intermediary.exchange import Identity, PreviewStep, PreviewUnknown, ProviderUnavailable
from intermediary.national.model import NationalAnswer, Outcome
from intermediary.sandbox.doubles import PDF, Delivered
from tests.exchange.house import House, a_request, inputs_for, login_of

VERSIONS = ("oots-edm:v1.0", "oots-edm:v1.2", "oots-edm:v2.0")
STRANGER = Identity("High", "IT/DE/STRANGER", "Neri", "Paolo")


def error(delivered: Delivered) -> tuple[ErrorCode | str, str]:
    """Code and detail of the error that was sent."""
    assert isinstance(delivered.message, EvidenceErrorResponse), delivered.message
    (raised,) = delivered.message.exceptions
    return raised.code, raised.detail or ""


def evidence(delivered: Delivered) -> EvidenceResponse:
    """The evidence response that was sent."""
    assert isinstance(delivered.message, EvidenceResponse), delivered.message
    return delivered.message


@pytest.mark.parametrize("version", VERSIONS)
def test_evidence_is_sent_once_the_citizen_has_approved_it(house: House, version: str) -> None:
    request = a_request(version)
    token, view = house.preview(request)
    assert view.step is PreviewStep.DECIDE
    # Only 2.0 knows how to ask for a human-readable companion (R-EDM-REQ-C032: one DistributedAs).
    wanted = {"application/xml", "application/pdf"} if version == "oots-edm:v2.0" else {"application/xml"}
    assert {d.media_type for d in view.documents} == wanted
    house.push(house.second(request, token))
    house.work()
    assert len(house.partner.delivered) == 1, "nothing may leave before the citizen has decided"
    view = house.desk.decide(token, "visitor-1", frozenset(d.id for d in view.documents))
    assert view.step is PreviewStep.DONE
    house.work()
    sent = house.partner.delivered[-1]
    assert evidence(sent).specification_identifier == version
    assert len(evidence(sent).documents) == len(wanted)
    assert {d.content_id for d in evidence(sent).documents} == {p.content_id for p in sent.payloads[1:]}
    assert (PDF in [p.content for p in sent.payloads]) == ("application/pdf" in wanted)
    assert house.facts()[-2:] == ["evidence-destroyed", "closed"]


def test_the_order_of_decision_and_second_request_does_not_matter(house: House) -> None:
    request = a_request()
    token, view = house.preview(request)
    house.desk.decide(token, "visitor-1", frozenset(d.id for d in view.documents))
    house.work()
    assert len(house.partner.delivered) == 1
    sent = house.ask(house.second(request, token))
    assert len(evidence(sent).documents) == 2


def test_only_the_documents_that_were_ticked_are_sent(house: House) -> None:
    request = a_request()
    token, view = house.preview(request)
    (pdf,) = [d for d in view.documents if d.media_type == "application/pdf"]
    house.push(house.second(request, token))
    house.desk.decide(token, "visitor-1", frozenset({pdf.id}))
    house.work()
    sent = house.partner.delivered[-1]
    assert [p.media_type for p in sent.payloads[1:]] == ["application/pdf"]
    assert [d.content_id for d in evidence(sent).documents] == [pdf.id]


def test_a_declined_preview_is_answered_without_evidence_which_is_gone_at_once(house: House) -> None:
    request = a_request()
    token, _view = house.preview(request)
    assert house.desk.decide(token, "visitor-1", frozenset()).declined
    assert "evidence-destroyed" in house.facts()
    sent = house.ask(house.second(request, token))
    assert error(sent)[0] is ErrorCode.AUTHORIZATION
    assert len(sent.payloads) == 1


def test_deciding_twice_changes_nothing(house: House) -> None:
    request = a_request()
    token, view = house.preview(request)
    house.desk.decide(token, "visitor-1", frozenset())
    again = house.desk.decide(token, "visitor-1", frozenset(d.id for d in view.documents))
    assert again.declined
    assert error(house.ask(house.second(request, token)))[0] is ErrorCode.AUTHORIZATION


def test_another_person_gets_nothing_and_the_portal_is_told(house: House) -> None:
    request = a_request()
    token = house.begin(request)
    assert house.desk.identify(token, "visitor-2", STRANGER).step is PreviewStep.UNKNOWN_PERSON
    assert error(house.ask(house.second(request, token)))[0] is ErrorCode.AUTHENTICATION
    assert house.register.asked == []


def test_a_second_citizen_on_the_first_ones_link_sees_nothing(house: House) -> None:
    request = a_request()
    token, view = house.preview(request)
    assert house.desk.identify(token, "visitor-2", STRANGER).step is PreviewStep.TAKEN
    assert house.desk.view(token, "visitor-2").documents == ()
    with pytest.raises(PreviewUnknown):
        house.desk.document(token, "visitor-2", view.documents[0].id)
    with pytest.raises(PreviewUnknown):
        house.desk.decide(token, "visitor-2", frozenset())
    assert house.desk.view(token, "visitor-1").step is PreviewStep.DECIDE
    assert "visitor-refused" in house.facts()


def test_the_same_person_may_come_back_with_a_new_session(house: House) -> None:
    request = a_request()
    token, _view = house.preview(request)
    assert house.desk.identify(token, "visitor-9", login_of(request)).step is PreviewStep.DECIDE
    assert house.desk.view(token, "visitor-1").step is PreviewStep.TAKEN


def test_a_login_of_too_low_a_level_is_refused(house: House) -> None:
    request = a_request()
    token = house.begin(request)
    assert house.desk.identify(token, "v", login_of(request, "Low")).step is PreviewStep.UNKNOWN_PERSON


def test_inputs_that_are_not_well_formed_are_named_and_asked_again(house: House) -> None:
    request = a_request()
    token = house.begin(request)
    view = house.desk.identify(token, "visitor-1", login_of(request))
    assert view.step is PreviewStep.INPUT
    (field,) = view.inputs
    assert house.desk.supply(token, "visitor-1", {field.key: "<script>"}) == (field.key,)
    assert house.desk.supply(token, "visitor-1", {}) == (field.key,)
    assert house.register.asked == []
    assert house.desk.supply(token, "visitor-1", inputs_for(view)) == ()
    house.work()
    assert dict(house.register.asked[0].additional) == inputs_for(view)


def test_a_register_that_is_down_is_asked_again_with_the_same_key(house: House) -> None:
    house.register.script += [ProviderUnavailable("down"), ProviderUnavailable("down")]
    request = a_request()
    token, view = house.preview(request)
    assert view.step is PreviewStep.WAITING
    for _ in range(2):
        house.clock.advance(seconds=5)
        house.work()
    assert house.desk.view(token, "visitor-1").step is PreviewStep.DECIDE
    assert len({r.request_id for r in house.register.asked}) == 1
    assert len(house.register.asked) == 3


def test_a_register_that_stays_down_ends_the_exchange(house: House) -> None:
    house.register.script += [ProviderUnavailable("down")] * 50
    request = a_request()
    token, _view = house.preview(request)
    for _ in range(50):
        house.clock.advance(seconds=10)
        house.work()
    assert house.desk.view(token, "visitor-1").step is PreviewStep.REGISTER_DOWN
    assert error(house.ask(house.second(request, token)))[0] is ErrorCode.QUERY


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome.NOT_FOUND, ErrorCode.OBJECT_NOT_FOUND),
        (Outcome.AMBIGUOUS, ErrorCode.OBJECT_NOT_FOUND),
        (Outcome.REJECTED, ErrorCode.QUERY),
    ],
)
def test_a_register_without_evidence(house: House, outcome: Outcome, code: ErrorCode) -> None:
    house.register.script.append(NationalAnswer("", outcome))
    request = a_request()
    token, view = house.preview(request)
    assert view.step is PreviewStep.NOT_FOUND
    assert error(house.ask(house.second(request, token)))[0] is code


def test_an_answer_that_comes_while_the_citizen_waits(house: House) -> None:
    soon = house.clock() + timedelta(seconds=30)
    house.register.script.append(NationalAnswer("", Outcome.LATER, available_at=soon, poll_url="https://r/1"))
    request = a_request()
    token, view = house.preview(request)
    assert view.step is PreviewStep.WAITING
    house.clock.advance(seconds=31)
    house.work()
    assert house.register.polled == ["https://r/1"]
    assert house.desk.view(token, "visitor-1").step is PreviewStep.DECIDE


def test_an_answer_that_the_register_pushes(house: House) -> None:
    from intermediary.sandbox.doubles import delivery

    soon = house.clock() + timedelta(minutes=5)
    house.register.script.append(NationalAnswer("", Outcome.LATER, available_at=soon))
    request = a_request()
    token, _view = house.preview(request)
    answer = delivery(house.register.asked[0])
    assert not house.exchanges.deliver(replace(answer, request_id="nobody asked"))
    assert house.exchanges.deliver(answer)
    assert house.desk.view(token, "visitor-1").step is PreviewStep.DECIDE
    assert house.exchanges.deliver(answer), "a repeat is acknowledged"
    assert len(house.desk.view(token, "visitor-1").documents) == 2


def test_an_answer_that_comes_tomorrow_is_deferred(house: House) -> None:
    tomorrow = (house.clock() + timedelta(days=1)).replace(microsecond=0)
    house.register.script.append(NationalAnswer("", Outcome.LATER, available_at=tomorrow))
    request = a_request()
    token, view = house.preview(request)
    assert view.step is PreviewStep.LATER
    answer = evidence(house.ask(house.second(request, token)))
    assert answer.response_available_date_time == tomorrow
    assert answer.documents == ()


def test_nobody_comes_within_t2(house: House) -> None:
    request = a_request()
    token = house.begin(request)
    house.push(house.second(request, token))
    house.work()
    house.clock.advance(minutes=17)
    house.work()
    assert error(house.partner.delivered[-1])[0] is ErrorCode.TIMEOUT
    assert house.desk.view(token, None).step is PreviewStep.EXPIRED


def test_a_late_citizen_is_told_before_the_timer_runs(house: House) -> None:
    request = a_request()
    token = house.begin(request)
    house.clock.advance(minutes=15, seconds=1)
    assert house.desk.identify(token, "v", login_of(request)).step is PreviewStep.EXPIRED
    assert house.register.asked == []


def test_nobody_decides_within_t3_and_the_evidence_is_destroyed(house: House) -> None:
    request = a_request()
    token, view = house.preview(request)
    house.clock.advance(minutes=41)
    assert (
        house.desk.decide(token, "visitor-1", frozenset(d.id for d in view.documents)).step
        is PreviewStep.EXPIRED
    )
    house.work()
    assert "evidence-destroyed" in house.facts()
    assert error(house.ask(house.second(request, token)))[0] is ErrorCode.TIMEOUT


def test_a_second_request_that_never_comes_ends_the_exchange_and_destroys_the_evidence(house: House) -> None:
    request = a_request()
    token, view = house.preview(request)
    house.desk.decide(token, "visitor-1", frozenset(d.id for d in view.documents))
    house.clock.advance(minutes=17)
    house.work()
    assert house.facts()[-2:] == ["evidence-destroyed", "closed"]
    assert error(house.ask(house.second(request, token)))[0] is ErrorCode.TIMEOUT
    assert len(house.partner.delivered) == 2


def test_a_preview_location_is_good_for_one_second_request(house: House) -> None:
    request = a_request()
    token, _view = house.preview(request)
    house.push(house.second(request, token))
    house.work()
    assert error(house.ask(house.second(request, token)))[0] is ErrorCode.INVALID_REQUEST


def test_a_second_request_for_another_person_is_refused(house: House) -> None:
    request = a_request()
    token = house.begin(request)
    assert isinstance(request.subject, NaturalPerson)
    neri = replace(request.subject, family_name="Neri")
    other = house.second(request, token, subject=neri)
    code, detail = error(house.ask(other))
    assert code is ErrorCode.INVALID_REQUEST
    assert "Neri" not in detail


def test_an_unknown_preview_location_is_refused(house: House) -> None:
    assert error(house.ask(house.second(a_request(), "invented")))[0] is ErrorCode.UNRESOLVED_REFERENCE
    with pytest.raises(PreviewUnknown):
        house.desk.view("invented", None)


def test_a_preview_location_on_another_host_is_refused(house: House) -> None:
    request = a_request()
    token = house.begin(request)
    elsewhere = f"https://evil.example/preview/{token}"
    sent = house.ask(house.second(request, token, preview_location=elsewhere))
    assert error(sent)[0] is ErrorCode.UNRESOLVED_REFERENCE


@pytest.mark.parametrize(
    ("code", "pushes"), [(EbmsErrorCode.OTHER, 2), (EbmsErrorCode.FAILED_AUTHENTICATION, 1)]
)
def test_an_error_of_the_partner_is_final_only_if_it_is_about_the_message(
    house: House, code: EbmsErrorCode, pushes: int
) -> None:
    house.partner.refusals.append(code)
    house.push(a_request())
    house.work()
    house.clock.advance(minutes=1)
    house.work()
    assert house.partner.pushes == pushes
    assert len(house.partner.delivered) == pushes - 1


def test_a_partner_that_calls_the_repeat_a_duplicate_has_the_message(house: House) -> None:
    house.partner.silent = 1
    house.push(a_request())
    house.work()
    house.partner.refusals, house.partner.refusal = [EbmsErrorCode.OTHER], "already handled: a duplicate"
    house.clock.advance(minutes=1)
    house.work()
    assert house.partner.pushes == 2
    told = [dict(e.data) for e in house.story().events if e.fact == "message-acknowledged"]
    assert [data.get("receipt") for data in told] == ["lost"]


def test_a_first_push_that_is_called_a_duplicate_is_tried_again(house: House) -> None:
    house.partner.refusals, house.partner.refusal = [EbmsErrorCode.OTHER], "duplicate"
    house.push(a_request())
    house.work()
    assert "message-acknowledged" not in house.facts()


def test_a_request_id_is_good_once(house: House) -> None:
    request = a_request()
    house.ask(request)
    assert error(house.ask(request))[0] is ErrorCode.INVALID_REQUEST


def test_an_unmapped_evidence_type(house: House) -> None:
    request = a_request()
    unmapped = replace(
        request.evidence_type,
        evidence_type_classification=request.evidence_type.evidence_type_classification[:-4] + "ffff",
    )
    code, detail = error(house.ask(replace(request, evidence_type=unmapped)))
    assert code is ErrorCode.OBJECT_NOT_FOUND
    assert "EvidenceTypeClassification" in detail


def test_a_preview_that_the_portal_cannot_offer(house: House) -> None:
    code, detail = error(house.ask(a_request(possibility_for_preview=False)))
    assert code is ErrorCode.UNSUPPORTED_CAPABILITY
    assert "PossibilityForPreview" in detail


def test_a_request_that_the_user_did_not_make(house: House) -> None:
    assert error(house.ask(a_request(explicit_request_given=False)))[0] is ErrorCode.INVALID_REQUEST


def test_a_broken_request_is_answered_with_rule_place_and_remedy(house: House) -> None:
    request = a_request("oots-edm:v1.2")
    from intermediary import edm

    body = edm.write(request).replace(b"EvidenceTypeClassification", b"EvidenceTypeKlassification")
    code, detail = error(house.ask(request, body=body))
    assert code is ErrorCode.INVALID_REQUEST
    assert "XSD:" in detail
    assert "DataServiceEvidenceType" in detail


@pytest.mark.parametrize("body", [b"no xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", b"<other/>"])
def test_what_is_no_edm_message_is_answered_all_the_same(house: House, body: bytes) -> None:
    code, _detail = error(house.ask(a_request(), body=body))
    assert code in (ErrorCode.INVALID_REQUEST, ErrorCode.UNSUPPORTED_CAPABILITY)


def test_the_same_message_is_acknowledged_twice_and_handled_once(house: House) -> None:
    packed = house.partner.pack(a_request())
    first, again = house.receive(packed), house.receive(packed)
    assert first == again
    house.work()
    assert house.receive(packed) == first
    house.work()
    assert len(house.partner.delivered) == 1
    assert house.facts().count("duplicate-received") == 1


def test_a_message_id_with_other_content_is_refused(house: House) -> None:
    from intermediary.as4.model import ErrorSignal

    request = a_request()
    packed = house.partner.pack(request)
    house.receive(packed)
    message_id = _message_id(house, packed)
    other = house.partner.pack(a_request(), message_id=message_id)
    _status, content_type, body = house.receive(other)
    signal = house.partner.read_signal(other, content_type, body, message_id)
    assert isinstance(signal, ErrorSignal)


def _message_id(house: House, packed: object) -> str:
    house.work()
    found = house.partner.delivered[-1].header.ref_to_message_id
    assert found is not None
    return found


def test_the_receipt_names_what_was_signed(house: House) -> None:
    packed = house.partner.pack(a_request())
    _status, content_type, body = house.receive(packed)
    message_id = _message_id(house, packed)
    assert isinstance(house.partner.read_signal(packed, content_type, body, message_id), Receipt)


def test_an_answer_is_pushed_until_it_is_acknowledged(house: House) -> None:
    house.partner.unreachable = 3
    house.push(a_request())
    house.work()
    assert house.partner.delivered == []
    for _ in range(3):
        house.clock.advance(minutes=1)
        house.work()
    assert len(house.partner.delivered) == 1


def test_an_answer_without_receipt_is_repeated_with_the_same_message_id(house: House) -> None:
    house.partner.silent = 1
    house.push(a_request())
    house.work()
    house.clock.advance(minutes=1)
    house.work()
    first, second = house.partner.delivered
    assert first.header.message_id == second.header.message_id


def test_an_answer_that_nobody_takes_is_given_up_and_the_evidence_destroyed(house: House) -> None:
    request = a_request()
    token, view = house.preview(request)
    house.push(house.second(request, token))
    house.partner.unreachable = 1000
    house.desk.decide(token, "visitor-1", frozenset(d.id for d in view.documents))
    for _ in range(20):
        house.clock.advance(minutes=3)
        house.work()
    assert house.facts()[-3:] == ["delivery-given-up", "evidence-destroyed", "closed"]


def test_without_preview_the_first_request_is_answered(house: House) -> None:
    request = a_request()
    procedure = tuple(replace(text, value="00") for text in request.procedure)
    from intermediary.mapping.model import PreviewPolicy

    house.mappings = replace(
        house.mappings,
        mappings=tuple(
            replace(m, preview=PreviewPolicy.NOT_NEEDED, preview_legal_basis="law", additional_inputs=())
            for m in house.mappings.mappings
        ),
    )
    sent = house.ask(replace(request, procedure=procedure, possibility_for_preview=False))
    assert len(evidence(sent).documents) == 2


def test_the_return_location_of_version_1_is_kept_if_it_is_the_portals(house: House) -> None:
    request = a_request("oots-edm:v1.2")
    token = house.begin(request)
    house.desk.remember_return(token, "https://evil.example/", "GET")
    assert house.desk.view(token, None).return_location is None
    house.desk.remember_return(token, "https://portal.example/back", "POST")
    house.desk.remember_return(token, "https://portal.example/other", "GET")
    view = house.desk.view(token, None)
    assert (view.return_location, view.return_method) == ("https://portal.example/back", "POST")
    assert "return-location-refused" in house.facts()


def test_the_return_location_of_version_2_comes_with_the_second_request(house: House) -> None:
    request = a_request()
    token = house.begin(request)
    house.push(house.second(request, token, return_location="https://portal.example/back2"))
    house.work()
    assert house.desk.view(token, None).return_location == "https://portal.example/back2"


def test_a_step_that_breaks_is_tried_again_and_leaves_the_kind_in_the_log(house: House) -> None:
    broken = iter([RuntimeError("PLANTED-SECRET"), RuntimeError("PLANTED-SECRET")])
    ask = house.register.ask

    def ask_or_break(provider: object, request: object) -> NationalAnswer:
        error = next(broken, None)
        if error is not None:
            raise error
        return ask(provider, request)  # type: ignore[arg-type]

    house.register.ask = ask_or_break  # type: ignore[method-assign]
    request = a_request()
    token, _view = house.preview(request)
    for _ in range(3):
        house.clock.advance(seconds=10)
        house.work()
    assert house.desk.view(token, "visitor-1").step is PreviewStep.DECIDE
    told = [e for e in house.story().events if e.fact == "step-failed"]
    assert len(told) == 2
    assert "RuntimeError" in dict(told[0].data)["reason"]
    assert "PLANTED-SECRET" not in str(told)


def test_no_personal_data_and_no_evidence_lies_readable_in_the_database(house: House) -> None:
    request = a_request()
    token, view = house.preview(request)
    house.push(house.second(request, token))
    house.desk.decide(token, "visitor-1", frozenset(d.id for d in view.documents))
    house.work()
    stored = b"".join(f.read_bytes() for f in house.folder.iterdir() if f.name.startswith("ledger"))
    assert b"PLANTED-EVIDENCE" not in stored
    for word in _personal(request):
        assert word not in stored, word


def _personal(request: EvidenceRequest) -> list[bytes]:
    identity = login_of(request)
    return [
        identity.family_name.encode(),
        identity.given_name.encode(),
        (identity.identifier or "x/x").encode(),
    ]

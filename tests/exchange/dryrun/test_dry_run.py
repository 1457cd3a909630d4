"""A dry run is what a real exchange would be; drafts that break things are seen; nobody is asked."""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree

from intermediary import edm, xml
from intermediary.edm.model import EvidenceErrorResponse, EvidenceRequest, EvidenceResponse
from intermediary.exchange import Outcome, PreviewStep
from intermediary.exchange.dryrun import (
    DryRun,
    Expected,
    PastRequest,
    Plan,
    Recorded,
    dry_run,
    replay,
    sample_request,
)
from intermediary.exchange.shape import shape_of
from intermediary.mapping.model import EvidenceMapping, MappingSet, Routing, SubjectKind
from intermediary.national import xnachweis
from intermediary.national.model import (
    Authority,
    Format,
    NationalAnswer,
    NationalEvidence,
    NationalRequest,
    Representation,
)
from intermediary.national.model import Outcome as Answered
from intermediary.transport.national import PaperConnector
from tests.exchange.house import MAPPINGS, VALIDATOR, VEHICLE, House, a_request, login_of

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
CASES = [
    pytest.param(mapping, version, kind, id=f"{mapping.key}-{version[-4:]}-{kind}")
    for mapping in MAPPINGS.mappings
    for version in edm.PROFILES
    for kind in mapping.subjects
]
REST = "unternehmensbasisdaten"
INPUT = next(m for m in MAPPINGS.mappings if m.key == VEHICLE).additional_inputs[0]


def new_id() -> str:
    return str(uuid.uuid4())


def check(root: etree._Element) -> object:
    return VALIDATOR.check(root, "xnachweis-profile:1")


def tried(
    request: EvidenceRequest | bytes, mappings: MappingSet = MAPPINGS, now: datetime = NOW, **plan: object
) -> DryRun:
    """A dry run of a request."""
    body = request if isinstance(request, bytes) else edm.write(request)
    return dry_run(
        Plan(body, **plan),  # type: ignore[arg-type]
        mappings,
        validator=VALIDATOR,
        connectors=lambda answers, clock: PaperConnector(check, answers, clock),  # type: ignore[arg-type]
        now=now,
        new_id=new_id,
    )


def sample(key: str = VEHICLE, version: str = edm.LATEST, mappings: MappingSet = MAPPINGS) -> EvidenceRequest:
    mapping = mappings.by_key(key)
    assert mapping is not None
    return sample_request(mapping, mappings, version, now=NOW, new_id=new_id)


def changed(key: str = VEHICLE, **changes: object) -> MappingSet:
    """The shipped set with one mapping changed."""
    rows = tuple(replace(m, **changes) if m.key == key else m for m in MAPPINGS.mappings)  # type: ignore[arg-type]
    return replace(MAPPINGS, mappings=rows)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    yield House(tmp_path_factory.mktemp("house"))


def _without_ids(request: NationalRequest) -> NationalRequest:
    return replace(request, message_id="", request_id="", conversation_id="", issued_at=NOW)


@pytest.mark.parametrize(("mapping", "version", "kind"), CASES)
def test_it_is_what_a_real_exchange_would_be(
    house: House, mapping: EvidenceMapping, version: str, kind: SubjectKind
) -> None:
    request = sample_request(mapping, MAPPINGS, version, now=NOW, new_id=new_id, subject=kind)
    run = tried(request)
    assert run.outcome is Outcome.APPROVED
    assert run.answered
    assert not [f for f in run.findings if f.severity != "info"], "a sample is a valid request"
    assert run.national is not None and run.provider is not None and run.rule is not None
    token = house.begin(request)
    view = house.desk.identify(token, "visitor", login_of(request))
    if view.step is PreviewStep.INPUT:
        assert house.desk.supply(token, "visitor", run.inputs) == ()
    house.work()
    assert _without_ids(house.register.asked[-1]) == _without_ids(run.national)
    assert run.sent[-1].action == "ExecuteQueryResponse"
    response = edm.read(xml.parse(run.sent[-1].body))
    assert isinstance(response, EvidenceResponse)
    assert response.specification_identifier == version
    assert {d.content_id for d in response.documents} == {d[0] for d in run.sent[-1].documents}
    assert VALIDATOR.check(xml.parse(run.sent[-1].body), version).ok


def test_both_protocols_show_the_call_that_would_be_made() -> None:
    run = tried(sample())
    (call,) = run.calls
    assert (call.method, dict(call.headers)["Content-Type"]) == ("POST", "application/xml")
    assert xnachweis.read_request(xml.parse(call.body)) == run.national
    (call,) = tried(sample(REST)).calls
    assert call.url == "https://basisregister.destatis.example/v1/unternehmen/basisdaten"
    assert b'"name": "Sample Bakery BV"' in call.body
    assert all("authorization" not in name.lower() for name, _ in call.headers)


def test_pages_are_those_that_the_citizen_would_see() -> None:
    run = tried(sample())
    assert [page.view.step for page in run.pages] == [
        PreviewStep.LOGIN,
        PreviewStep.INPUT,
        PreviewStep.DECIDE,
    ]
    shown = run.pages[-1]
    assert {d.media_type for d in shown.view.documents} == {"application/xml", "application/pdf"}
    assert set(shown.documents) == {d.id for d in shown.view.documents}
    assert run.inputs == {"kennzeichen": "B-GR 1990"}


@pytest.mark.parametrize(
    ("expected", "outcome", "code"),
    [
        (Expected.NOT_FOUND, Outcome.NOT_FOUND, "EDM:ERR:0004"),
        (Expected.AMBIGUOUS, Outcome.AMBIGUOUS, "EDM:ERR:0004"),
        (Expected.REJECTED, Outcome.REJECTED, "EDM:ERR:0008"),
        (Expected.UNREACHABLE, Outcome.PROVIDER_DOWN, "EDM:ERR:0008"),
    ],
)
def test_a_provider_without_evidence(expected: Expected, outcome: Outcome, code: str) -> None:
    run = tried(sample(), answer=expected)
    assert run.outcome is outcome
    answer = edm.read(xml.parse(run.sent[-1].body))
    assert isinstance(answer, EvidenceErrorResponse)
    assert answer.exceptions[0].code == code
    assert len(run.calls) == 1, "repeats are the same call"


def test_evidence_that_comes_later_and_a_citizen_who_declines() -> None:
    run = tried(sample(), answer=Expected.LATER)
    assert run.outcome is Outcome.DEFERRED
    deferred = edm.read(xml.parse(run.sent[-1].body))
    assert isinstance(deferred, EvidenceResponse)
    assert deferred.response_available_date_time == NOW + timedelta(days=1)
    declined = edm.read(xml.parse(tried(sample(), decline=True).sent[-1].body))
    assert isinstance(declined, EvidenceErrorResponse)


def _delivered(run: DryRun, media_type: str = "application/pdf") -> Recorded:
    """An answer to what a dry run would ask, as the register would write it."""
    assert run.national is not None
    asked = run.national
    evidence = NationalEvidence(
        "4711",
        asked.evidence_type,
        Authority("urn:de:behoerde:kba", "KBA"),
        NOW.date(),
        (Representation(Format(media_type), b"%PDF-1.7 given"),),
    )
    answer = NationalAnswer("REQUEST-ID", Answered.DELIVERED, (evidence,))
    written = xnachweis.write_answer(answer, xnachweis.reply_head(asked, new_id(), NOW))
    return Recorded(written.xml)


def test_a_recorded_answer_is_read_as_the_connector_reads_it() -> None:
    mapping = MAPPINGS.by_key(VEHICLE)
    assert mapping is not None
    request = sample_request(mapping, MAPPINGS, edm.LATEST, now=NOW, new_id=new_id, form=mapping.formats[1])
    run = tried(request, answer=_delivered(tried(request)))
    assert run.outcome is Outcome.APPROVED
    assert [d[1:] for d in run.sent[-1].documents] == [("application/pdf", b"%PDF-1.7 given")]
    assert "R-EDM-RESP-C015" in run.answer_losses[0].reason
    broken = tried(request, answer=Recorded(b"<answer/>"))
    assert broken.outcome is Outcome.PROVIDER_DOWN
    assert {p.rule.partition(":")[0] for p in broken.problems} == {"XSD"}
    assert broken.problems[0].remedy
    wrong = tried(request, answer=_delivered(run, "image/png"))
    assert wrong.outcome is Outcome.FAILED
    assert "form that was asked for" in wrong.reason


def test_a_recorded_json_answer() -> None:
    given = b'{"ergebnis": "KEIN_TREFFER"}'
    run = tried(sample(REST), answer=Recorded(given, "application/json"))
    assert run.outcome is Outcome.NOT_FOUND


def test_a_request_that_breaks_rules_is_refused_with_all_findings() -> None:
    request = sample()
    body = edm.write(replace(request, id="not-a-uuid", requirements=()))
    run = tried(body)
    assert run.outcome is Outcome.INVALID
    errors = [f for f in run.findings if f.severity == "error"]
    assert len(errors) >= 2
    assert all(f.place and f.remedy for f in errors)
    answer = edm.read(xml.parse(run.sent[-1].body))
    assert isinstance(answer, EvidenceErrorResponse)
    assert answer.exceptions[0].code == "EDM:ERR:0003"


@pytest.mark.parametrize("body", [b"", b"no xml", b"<!DOCTYPE a><a/>", b"<a/>", b"\xff\xfe\x00"])
def test_what_is_no_request_is_answered_or_dropped(body: bytes) -> None:
    run = tried(body)
    assert run.outcome in (None, Outcome.INVALID, Outcome.UNSUPPORTED)
    assert run.calls == ()
    assert run.reason


def test_an_answer_of_somebody_is_no_request() -> None:
    run = tried(tried(sample()).sent[-1].body)
    assert run.outcome is None
    assert "response" in run.reason
    assert run.sent == ()


def test_a_second_request_is_tried_as_a_first_one() -> None:
    run = tried(replace(sample(), preview_location="https://platform.example/preview/abc"))
    assert run.answered
    assert "PreviewLocation" in run.notes[0]


@pytest.mark.parametrize(
    ("mappings", "outcome", "says"),
    [
        (changed(valid_until=NOW.date() - timedelta(days=1)), Outcome.UNMAPPED, "EvidenceTypeClassification"),
        (changed(subjects=(SubjectKind.LEGAL,)), Outcome.UNSUPPORTED, "Subject"),
        (changed(formats=()), Outcome.UNSUPPORTED, "DistributedAs"),
        (
            changed(routing=Routing(by="kennzeichen", table={"X": "kba-zfzr"})),
            Outcome.UNSUPPORTED,
            "no provider",
        ),
        (changed(identification=()), Outcome.UNSUPPORTED, "NaturalPerson"),
    ],
)
def test_drafts_that_break_things_are_seen(mappings: MappingSet, outcome: Outcome, says: str) -> None:
    run = tried(sample(), mappings)
    assert run.outcome is outcome
    assert says in run.reason
    assert run.calls == ()
    assert not run.answered


def test_a_mapping_out_of_force_is_named() -> None:
    run = tried(sample(), changed(valid_from=NOW.date() + timedelta(days=30)))
    assert run.outcome is Outcome.UNMAPPED
    assert run.notes == (f"{VEHICLE} maps it, but from 2026-12-25 only",)


def test_a_provider_that_cannot_be_told_is_a_problem_with_a_place() -> None:
    provider = replace(
        MAPPINGS.providers["unternehmensbasisregister"], options={"request": {"method": "PUT"}}
    )
    run = tried(sample(REST), replace(MAPPINGS, providers={**MAPPINGS.providers, provider.key: provider}))
    assert run.outcome is Outcome.FAILED
    assert run.problems
    assert all(problem.place and problem.remedy for problem in run.problems)


def test_inputs_that_cannot_be_made_up_are_asked_for() -> None:
    mapping = MAPPINGS.by_key(VEHICLE)
    assert mapping is not None
    odd = replace(mapping.additional_inputs[0], pattern="(?=.*x)[^a]{3}", hints={})
    mappings = changed(additional_inputs=(odd,))
    run = tried(sample(), mappings)
    assert run.missing == ("kennzeichen",)
    assert run.outcome is None
    assert tried(sample(), mappings, inputs={"kennzeichen": "xyz"}).answered


@pytest.mark.parametrize(
    "mappings",
    [
        changed(additional_inputs=(replace(INPUT, pattern="["),)),
        changed(routing=Routing(provider="nobody")),
        changed(routing=Routing(by="nothing", table={"x": "kba-zfzr"})),
        changed(level_of_assurance="enormous"),
    ],
)
def test_a_draft_that_no_rule_allows_is_tried_all_the_same(mappings: MappingSet) -> None:
    run = tried(sample(), mappings)
    assert not run.answered
    assert run.problems or run.reason
    request = sample()
    past = PastRequest(
        "1",
        NOW,
        request.specification_identifier,
        request.evidence_type.evidence_type_classification,
        request.procedure_code,
        "BE",
        "kba-zfzr",
        shape_of(request, ()),
    )
    assert replay([past], MAPPINGS, mappings, NOW.date()).unknown == 0


def test_losses_of_both_ways_are_told(house: House) -> None:
    run = tried(sample())
    assert "EvidenceRequester" in {loss.place for loss in run.request_losses}
    assert run.rule is not None
    assert run.rule.fields == ("family_name", "given_name", "date_of_birth")
    assert "identifier" in run.identity
    assert "identifier" not in run.sent_fields


def test_the_result_shows_no_person_in_its_repr() -> None:
    text = repr(tried(a_request()))
    assert "Giulia" not in text
    assert "RSSGLI" not in text

"""Every outcome of an exchange in every version, in one process: what the partner gets is clean."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from lxml import etree

from intermediary import edm, xml
from intermediary.as4.model import Party, UserMessage
from intermediary.edm.model import EvidenceRequest, NaturalPerson
from intermediary.exchange import Outcome, PreviewStep, ProviderUnavailable
from intermediary.mapping.model import SubjectKind
from intermediary.national import model as national
from intermediary.sandbox.doubles import CONVERSATION, Delivered
from tests.edm.examples import DAIRY
from tests.end_to_end.message_facts import Header, header_problems, prose_problems
from tests.exchange.house import MAPPINGS, VEHICLE, House, a_request, login_of
from tests.exchange.test_stories import STRANGER
from tests.oracles import official_problems, requires_official

VERSIONS = ("oots-edm:v1.0", "oots-edm:v1.1", "oots-edm:v1.2", "oots-edm:v2.0")


INPUTS = {
    "kennzeichen": "B-OO 2026",
    "standesamt": "München",
    "hochschule": "Technische Universität München",
    "steuerjahr": "2024",
    "gemeindeschluessel": "11000000",
    "abschlussjahr": "2008",
    "versicherungsnummer": "65190490R012",
}


def _asking(version: str, key: str = VEHICLE) -> EvidenceRequest:
    """A request with the identifiers of its version's Semantic Repository, about whom the mapping allows."""
    request, mapping = a_request(version, key), MAPPINGS.by_key(key)
    assert mapping is not None
    path = request.evidence_type.evidence_type_classification.partition("/evidencetypeclassifications/")[2]
    host = edm.profile_for(version).semantic_repository
    kind = replace(
        request.evidence_type, evidence_type_classification=f"{host}/evidencetypeclassifications/{path}"
    )
    if SubjectKind.NATURAL in mapping.subjects:
        return replace(request, evidence_type=kind)
    person = request.subject
    assert isinstance(person, NaturalPerson)
    return replace(request, evidence_type=kind, subject=DAIRY, authorized_representative=person)


Way = Callable[[House, EvidenceRequest], None]


def _finish(house: House, request: EvidenceRequest, token: str) -> None:
    house.ask(house.second(request, token))


def _preview(house: House, request: EvidenceRequest, ticked: int | None) -> None:
    token, view = house.preview(request)
    assert view.step is PreviewStep.DECIDE
    house.desk.decide(token, "visitor-1", frozenset(d.id for d in view.documents[:ticked]))
    _finish(house, request, token)


def approved(house: House, request: EvidenceRequest) -> None:
    _preview(house, request, None)


def partly_approved(house: House, request: EvidenceRequest) -> None:
    _preview(house, request, 1)


def declined(house: House, request: EvidenceRequest) -> None:
    _preview(house, request, 0)


def _scripted(
    *answers: national.NationalAnswer | ProviderUnavailable,
) -> Callable[[House, EvidenceRequest], None]:
    def tell(house: House, request: EvidenceRequest) -> None:
        house.register.script += answers
        token, _view = house.preview(request)
        for _ in answers:
            house.clock.advance(seconds=10)
            house.work()
        _finish(house, request, token)

    return tell


def deferred(house: House, request: EvidenceRequest) -> None:
    tomorrow = (house.clock() + timedelta(days=1)).replace(microsecond=0)
    _scripted(national.NationalAnswer("", national.Outcome.LATER, available_at=tomorrow))(house, request)


def unknown_person(house: House, request: EvidenceRequest) -> None:
    token = house.begin(request)
    house.desk.identify(token, "visitor-1", STRANGER)
    _finish(house, request, token)


def timed_out(house: House, request: EvidenceRequest) -> None:
    token = house.begin(request)
    house.push(house.second(request, token))
    house.work()
    house.clock.advance(minutes=17)
    house.work()


def invalid(house: House, request: EvidenceRequest) -> None:
    house.ask(replace(request, explicit_request_given=False))


def unsupported(house: House, request: EvidenceRequest) -> None:
    house.ask(replace(request, possibility_for_preview=False))


def unmapped(house: House, request: EvidenceRequest) -> None:
    classification = request.evidence_type.evidence_type_classification[:-4] + "ffff"
    kind = replace(request.evidence_type, evidence_type_classification=classification)
    house.ask(replace(request, evidence_type=kind))


def unresolved(house: House, request: EvidenceRequest) -> None:
    house.ask(house.second(request, "invented"))


def failed(house: House, request: EvidenceRequest) -> None:
    def ask(_provider: object, _request: object) -> national.NationalAnswer:
        raise RuntimeError("planted")

    house.register.ask = ask  # type: ignore[method-assign,assignment]
    _scripted(*[ProviderUnavailable("never reached")] * 20)(house, request)


WAYS: dict[str, tuple[Outcome, Way]] = {
    "approved": (Outcome.APPROVED, approved),
    "partly-approved": (Outcome.APPROVED, partly_approved),
    "declined": (Outcome.DECLINED, declined),
    "deferred": (Outcome.DEFERRED, deferred),
    "unknown-person": (Outcome.UNKNOWN_PERSON, unknown_person),
    "not-found": (
        Outcome.NOT_FOUND,
        _scripted(national.NationalAnswer("", national.Outcome.NOT_FOUND)),
    ),
    "ambiguous": (Outcome.AMBIGUOUS, _scripted(national.NationalAnswer("", national.Outcome.AMBIGUOUS))),
    "rejected": (Outcome.REJECTED, _scripted(national.NationalAnswer("", national.Outcome.REJECTED))),
    "provider-down": (Outcome.PROVIDER_DOWN, _scripted(*[ProviderUnavailable("down")] * 20)),
    "timed-out": (Outcome.TIMED_OUT, timed_out),
    "invalid": (Outcome.INVALID, invalid),
    "unsupported": (Outcome.UNSUPPORTED, unsupported),
    "unmapped": (Outcome.UNMAPPED, unmapped),
    "unresolved": (Outcome.UNRESOLVED, unresolved),
    "failed": (Outcome.FAILED, failed),
}


def test_every_outcome_is_told() -> None:
    assert {outcome for outcome, _ in WAYS.values()} == set(Outcome)


@requires_official
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("way", WAYS)
def test_an_outcome_is_told_in_clean_messages(house: House, way: str, version: str) -> None:
    outcome, tell = WAYS[way]
    tell(house, _asking(version))
    assert house.story().summary.outcome == outcome
    assert house.story().summary.edm_version == version
    assert _problems(house) == []


@requires_official
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("key", [mapping.key for mapping in MAPPINGS.mappings])
def test_every_shipped_mapping_gives_clean_evidence(house: House, key: str, version: str) -> None:
    request = _asking(version, key)
    token = house.begin(request)
    view = house.desk.identify(token, "visitor-1", login_of(request))
    if view.step is PreviewStep.INPUT:
        given = {f.key: INPUTS.get(f.key) or next(iter(f.choices), "") for f in view.inputs}
        assert house.desk.supply(token, "visitor-1", given) == ()
    house.work()
    view = house.desk.view(token, "visitor-1")
    assert view.documents
    house.desk.decide(token, "visitor-1", frozenset(d.id for d in view.documents))
    _finish(house, request, token)
    assert house.story().summary.outcome == Outcome.APPROVED
    assert _problems(house) == []


def _problems(house: House) -> list[str]:
    """Everything that is wrong with anything that the partner got."""
    assert house.partner.delivered
    problems = []
    for delivered in house.partner.delivered:
        root = xml.parse(delivered.payloads[0].data)
        problems += [*official_problems(root), *prose_problems(root), *_header_problems(delivered, root)]
    return problems


def _header_problems(delivered: Delivered, root: etree._Element) -> list[str]:
    answer = _header(delivered.header, [p.content_id for p in delivered.payloads])
    corners = {"originalSender": "finalRecipient", "finalRecipient": "originalSender"}
    request = replace(
        answer,
        message_id=answer.ref_to_message_id or "",
        sender=answer.receiver,
        receiver=answer.sender,
        conversation_id=CONVERSATION,
        properties={corners.get(name, name): value for name, value in answer.properties.items()},
    )
    problems = list(header_problems(answer, request, root))
    if delivered.header.ref_to_message_id is None:
        problems.append("no RefToMessageId")
    return problems


def _header(message: UserMessage, parts: list[str]) -> Header:
    def party(one: Party) -> tuple[str, str | None, str]:
        return one.id, one.type, one.role

    return Header(
        message.message_id,
        message.ref_to_message_id,
        party(message.sender),
        party(message.receiver),
        (message.service, message.service_type),
        message.action,
        message.conversation_id,
        {p.name: (p.value, p.type) for p in message.properties},
        parts,
    )

"""The HTTP API: exchanges, their messages, re-checks, search by person, messages that began none."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.exceptions import HTTPException

from intermediary.console.access import Operator, Role
from intermediary.console.checking import finding_json
from intermediary.console.desk import Change, Desk
from intermediary.console.errors import NotThere
from intermediary.console.exchanges.asking import NO_NUL, PAGE, Filters, filters, place, place_of, sought
from intermediary.console.exchanges.contracts import ExchangeDesk
from intermediary.console.exchanges.pages import MOST_FOUND, RECHECKS
from intermediary.exchange.model import Fact, MessageState, Outcome, State
from intermediary.exchange.records import Listed, Record
from intermediary.exchange.transcripts import Kind, Transcript
from intermediary.validation import UnknownRelease

ExchangeId = Annotated[str, Path(max_length=100, pattern=NO_NUL, description="Id of the exchange")]
_PROBLEM: dict[str, Any] = {
    "content": {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "properties": {"status": {"type": "integer"}, "detail": {"type": "string"}},
                "required": ["status", "detail"],
            }
        }
    }
}
REFUSED: dict[int | str, dict[str, Any]] = {
    401: {**_PROBLEM, "description": "No bearer token, or none that is good"},
    403: {**_PROBLEM, "description": "The token's roles do not allow it"},
}
NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {**_PROBLEM, "description": "Nothing of that name"}}
UNFIT: dict[int | str, dict[str, Any]] = {400: {**_PROBLEM, "description": "What was sent is not complete"}}
Text = Annotated[str, StringConstraints(max_length=300, pattern=NO_NUL)]


class ExchangeOut(BaseModel):
    """One exchange, without what belongs to a person."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    created_at: datetime
    updated_at: datetime
    due_at: datetime | None = Field(description="When the platform looks at it next")
    state: State
    outcome: Outcome | None
    outcome_rule: str | None = Field(description="Rule, place and remedy of a refusal")
    failed: bool
    pmode_id: str = Field(description="The partner")
    edm_version: str
    conversation_id: str
    request_message_id: str
    request_id: str
    second_request_id: str | None
    edm_exchange_id: str | None
    national_request_id: str
    answer_message_id: str
    requester_id: str
    requester_country: str | None
    procedure: str
    evidence_type: str
    mapping_key: str | None
    mapping_version: int | None
    provider_key: str | None
    preview_deadline: datetime | None
    available_at: datetime | None


class ExchangesOut(BaseModel):
    """Exchanges, newest first."""

    exchanges: list[ExchangeOut]
    next: str | None = Field(description="Send it as `before` for the older ones; null: there are none")


class FoundOut(BaseModel):
    """The newest exchanges of a person."""

    exchanges: list[ExchangeOut]
    more: bool = Field(description="There are older ones that are not listed")


class EventOut(BaseModel):
    """One entry of the log of an exchange."""

    at: datetime
    fact: Fact
    data: dict[str, str]


class StoryOut(BaseModel):
    """One exchange with its log."""

    exchange: ExchangeOut
    intact: bool = Field(description="The log's chain of digests holds")
    events: list[EventOut]


class LineOut(BaseModel):
    """One element or attribute (`@`) of a message; `masked`: the value's length, where it is not shown."""

    model_config = ConfigDict(from_attributes=True)

    depth: int
    name: str
    value: str | None
    masked: int | None


class MessageOut(BaseModel):
    """One message without what belongs to a person."""

    kind: Kind
    at: datetime
    message_id: str
    delivery: MessageState | None = Field(description="Of AS4 messages")
    lines: list[LineOut]


class RefusedOut(BaseModel):
    """A message that was refused before an exchange could begin."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    at: datetime
    code: str
    reason: str
    message_id: str
    partner: str


class RefusedMessagesOut(BaseModel):
    """Messages of no exchange, newest first."""

    messages: list[RefusedOut]
    next: int | None = Field(description="Send it as `before` for the older ones; null: there are none")


class PersonIn(BaseModel):
    """Whom to look for: any of identifier, family name with date of birth, legal identifier."""

    model_config = ConfigDict(extra="forbid")

    identifier: Text = ""
    family_name: Text = ""
    date_of_birth: Text = Field(default="", description="YYYY-MM-DD")
    legal_identifier: Text = ""
    reason: Text = Field(description="Recorded; it must not name the person")


class RecheckIn(BaseModel):
    """Which request to check, and by which release."""

    model_config = ConfigDict(extra="forbid")

    message_id: Text
    release: Text = Field(description="E.g. oots-edm:v1.2")


class RecheckOut(BaseModel):
    """What the rules of the release say; findings quote no value of a person."""

    valid: bool
    findings: list[dict[str, Any]]


def exchange_api(desk: Desk, exchanges: ExchangeDesk) -> APIRouter:
    """All calls of the area."""
    router = APIRouter(tags=["exchanges"], responses=REFUSED)
    Sees = Annotated[Operator, Depends(desk.caller(Role.VIEWER))]  # noqa: N806 - a type

    @router.get("/exchanges", summary="Exchanges, newest first")
    def index(
        _caller: Sees,
        asked: Annotated[Filters, Depends(filters)],
        before: Annotated[str, Query(max_length=120, description="`next` of the page before")] = "",
        id: Annotated[  # noqa: A002 - the parameter's name
            str,
            Query(
                max_length=300,
                pattern=NO_NUL,
                description="An id of any kind; the filters then do not matter",
            ),
        ] = "",
    ) -> ExchangesOut:
        if id.strip():
            return _listed(exchanges.records.named(id.strip()), more=False)
        wanted = asked.wanted(desk.settings.zone())
        found, more = exchanges.records.page(wanted, place(before), PAGE)
        return _listed(found, more=more)

    @router.get("/exchanges/{exchange_id}", summary="One exchange and its log", responses=NOT_FOUND)
    def one(exchange_id: ExchangeId, _caller: Sees) -> StoryOut:
        record = _record(exchanges, exchange_id)
        events = [EventOut(at=e.at, fact=e.fact, data=dict(e.data)) for e in record.events]
        return StoryOut(exchange=_out(record.exchange), intact=record.intact, events=events)

    @router.get(
        "/exchanges/{exchange_id}/messages",
        summary="Its messages, without what belongs to a person",
        responses=NOT_FOUND,
    )
    def messages(exchange_id: ExchangeId, _caller: Sees) -> list[MessageOut]:
        record = _record(exchanges, exchange_id)
        delivery = {m.message_id: m.state for m in record.carried}
        return [_message(told, delivery.get(told.message_id)) for told in record.transcripts]

    @router.post(
        "/exchanges/{exchange_id}/rechecks",
        summary="Check a request by the rules of another release",
        responses=NOT_FOUND,
    )
    def recheck(
        exchange_id: ExchangeId,
        asked: RecheckIn,
        change: Annotated[Change, Depends(desk.change(*RECHECKS))],
    ) -> RecheckOut:
        record = _record(exchanges, exchange_id)
        try:
            report = exchanges.recheck(record.exchange.id, asked.message_id, asked.release)
        except UnknownRelease:
            raise NotThere("There is no such release here") from None
        change.record("request-rechecked", exchange=record.exchange.id, release=asked.release[:40])
        if report is None:
            raise NotThere("The message is no request of this exchange, or is not kept any more")
        findings = [finding_json(finding, "en") for finding in report.findings]
        return RecheckOut(valid=report.ok, findings=findings)

    @router.post(
        "/exchange-searches", summary="The exchanges of a person (auditors; recorded)", responses=UNFIT
    )
    def search(person: PersonIn, change: Annotated[Change, Depends(desk.change(Role.AUDITOR))]) -> FoundOut:
        checked = sought(person.model_dump())
        if checked.errors:
            change.record("person-search-refused", fields=" ".join(checked.errors))
            raise HTTPException(400, " ".join(checked.errors.values()))
        found, more = exchanges.records.of_persons(exchanges.values(checked.attributes), MOST_FOUND)
        change.record("person-searched", by=checked.by, reason=checked.reason, found=len(found))
        return FoundOut(exchanges=[_out(each) for each in found], more=more)

    @router.get("/refused-messages", summary="Messages that began no exchange, newest first")
    def refused(
        _caller: Sees,
        before: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
        id: Annotated[str, Query(max_length=300, pattern=NO_NUL, description="AS4 MessageId")] = "",  # noqa: A002
    ) -> RefusedMessagesOut:
        found, more = exchanges.records.turned_away(before, PAGE, id.strip())
        return RefusedMessagesOut(
            messages=[RefusedOut.model_validate(each) for each in found],
            next=found[-1].number if more else None,
        )

    return router


def _record(exchanges: ExchangeDesk, exchange_id: str) -> Record:
    found = exchanges.records.record(exchange_id)
    if found is None:
        raise NotThere(f"There is no exchange {exchange_id}")
    return found


def _out(exchange: Listed) -> ExchangeOut:
    return ExchangeOut.model_validate(exchange)


def _listed(found: tuple[Listed, ...], *, more: bool) -> ExchangesOut:
    return ExchangesOut(exchanges=[_out(each) for each in found], next=place_of(found[-1]) if more else None)


def _message(told: Transcript, delivery: MessageState | None) -> MessageOut:
    return MessageOut(
        kind=told.kind,
        at=told.at,
        message_id=told.message_id,
        delivery=delivery,
        lines=[LineOut.model_validate(line) for line in told.lines],
    )

"""Results for machines: the API and the command line say the same."""

import base64
from datetime import date
from typing import Annotated

from pydantic import BaseModel, Field

from intermediary.exchange.dryrun import Call, DryRun, Replay, Sent
from intermediary.translation import Loss


class FindingOut(BaseModel):
    """What a rule has to say about a message."""

    rule: str
    severity: str
    place: str
    line: int | None
    text: str
    remedy: str


class LossOut(BaseModel):
    """A field that is not carried over; never its value."""

    place: str
    reason: str


class CallOut(BaseModel):
    """The HTTP call that the provider would get, without the token."""

    method: str
    url: str
    headers: dict[str, str]
    body: str


class DocumentOut(BaseModel):
    """A document of the answer."""

    content_id: str
    media_type: str
    size: int
    base64: str


class SentOut(BaseModel):
    """A message that would leave."""

    action: str
    xml: str
    findings: list[FindingOut]
    documents: list[DocumentOut]


class PageOut(BaseModel):
    """What the citizen would see at a step."""

    step: str
    inputs: list[str]
    documents: list[str]


class MappingOut(BaseModel):
    """The mapping that serves the request."""

    key: str
    version: int | None
    titles: dict[str, str]


class DryRunOut(BaseModel):
    """What a request would become; what was not reached is empty."""

    answered: bool
    outcome: str | None
    reason: str
    edm_version: str
    notes: list[str]
    request: Annotated[str, Field(description="The request as it was tried")]
    findings: list[FindingOut]
    mapping: MappingOut | None
    provider: str | None
    person_found_by: list[str]
    person_fields: Annotated[list[str], Field(description="Fields of the person in the request")]
    person_fields_sent: list[str]
    inputs: Annotated[dict[str, str], Field(description="What the citizen was assumed to say")]
    inputs_missing: list[str]
    calls: list[CallOut]
    problems: Annotated[
        list[FindingOut], Field(description="Why the national request or the given answer is unusable")
    ]
    request_losses: list[LossOut]
    answer_losses: list[LossOut]
    pages: list[PageOut]
    sent: list[SentOut]


class AspectOut(BaseModel):
    """One thing in which the answer differs."""

    name: str
    was: str
    will: str


class ChangeOut(BaseModel):
    """Requests that would be answered otherwise in the same way."""

    count: int
    refused: bool
    answered: bool
    aspects: list[AspectOut]
    exchanges: list[str]


class ReplayOut(BaseModel):
    """What versions would have changed for the last requests."""

    day: date
    requests: int
    changed: int
    refused: Annotated[int, Field(description="Answered now, and refused then")]
    same: int
    unknown: Annotated[int, Field(description="Requests of which the log does not know the shape")]
    changes: list[ChangeOut]


def run_out(run: DryRun) -> DryRunOut:
    """A dry run for machines."""
    return DryRunOut(
        answered=run.answered,
        outcome=run.outcome,
        reason=run.reason,
        edm_version=run.edm_version,
        notes=list(run.notes),
        request=run.request.decode("utf-8", "replace"),
        findings=[_finding(f) for f in run.findings],
        mapping=MappingOut(key=run.mapping.key, version=run.mapping_version, titles=dict(run.mapping.titles))
        if run.mapping
        else None,
        provider=run.provider.key if run.provider else None,
        person_found_by=list(run.rule.fields) if run.rule else [],
        person_fields=list(run.identity),
        person_fields_sent=list(run.sent_fields),
        inputs=dict(run.inputs),
        inputs_missing=list(run.missing),
        calls=[_call(call) for call in run.calls],
        problems=[
            FindingOut(
                rule=p.rule, severity="error", place=p.place, line=p.line, text=p.text, remedy=p.remedy
            )
            for p in run.problems
        ],
        request_losses=_losses(run.request_losses),
        answer_losses=_losses(run.answer_losses),
        pages=[
            PageOut(
                step=page.view.step,
                inputs=[asked.key for asked in page.view.inputs],
                documents=[document.media_type for document in page.view.documents],
            )
            for page in run.pages
        ],
        sent=[_sent(sent) for sent in run.sent],
    )


def replay_out(found: Replay) -> ReplayOut:
    """A replay for machines."""
    return ReplayOut(
        day=found.day,
        requests=found.changed + found.same + found.unknown,
        changed=found.changed,
        refused=found.refused,
        same=found.same,
        unknown=found.unknown,
        changes=[
            ChangeOut(
                count=len(change.exchanges),
                refused=change.refused,
                answered=change.answered,
                aspects=[AspectOut(name=a.name, was=a.was, will=a.will) for a in change.aspects],
                exchanges=list(change.exchanges),
            )
            for change in found.changes
        ],
    )


def _finding(found: object) -> FindingOut:
    return FindingOut.model_validate(found, from_attributes=True)


def _losses(losses: tuple[Loss, ...]) -> list[LossOut]:
    return [LossOut(place=loss.place, reason=loss.reason) for loss in losses]


def _call(call: Call) -> CallOut:
    return CallOut(
        method=call.method,
        url=call.url,
        headers=dict(call.headers),
        body=call.body.decode("utf-8", "replace"),
    )


def _sent(sent: Sent) -> SentOut:
    return SentOut(
        action=sent.action,
        xml=sent.body.decode("utf-8", "replace"),
        findings=[_finding(f) for f in sent.findings],
        documents=[
            DocumentOut(
                content_id=name, media_type=kind, size=len(data), base64=base64.b64encode(data).decode()
            )
            for name, kind, data in sent.documents
        ],
    )

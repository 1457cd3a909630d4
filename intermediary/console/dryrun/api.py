"""The HTTP API: POST /dry-runs, POST /replays. Nothing that is sent is kept."""

import base64
import binascii
from typing import Annotated, Self

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field, model_validator
from starlette.exceptions import HTTPException

from intermediary import edm
from intermediary.console.access import Role
from intermediary.console.desk import Change, Desk
from intermediary.console.dryrun.asked import name_of, ref_of, subject_of
from intermediary.console.dryrun.contracts import Trials
from intermediary.console.dryrun.out import DryRunOut, ReplayOut, replay_out, run_out
from intermediary.console.dryrun.summary import LAST
from intermediary.console.errors import NotThere
from intermediary.exchange.dryrun import Expected, Plan, Recorded
from intermediary.mapping import MappingStore, Ref
from intermediary.mapping.model import SubjectKind

_ENTRY = r"^(?:(?:evidence|provider)/[a-z0-9][a-z0-9_-]{0,63}|platform|references)$"
_REF = r"^(?:(?:evidence|provider)/[a-z0-9][a-z0-9_-]{0,63}|platform|references)@[1-9][0-9]{0,8}$"
_BYTES = 8 * 1024 * 1024
EntryField = Annotated[str, Field(pattern=_ENTRY, description="evidence/<key>, provider/<key>, …")]
NumberField = Annotated[int, Field(ge=1, le=999_999_999)]
WithField = Annotated[
    list[Annotated[str, Field(pattern=_REF)]],
    Field(alias="with", max_length=50, description="Further versions, as ENTRY@VERSION"),
]


class AnswerIn(BaseModel):
    """What the provider says: one of `expected`, or an answer as it would come over the wire."""

    expected: Expected = Expected.DELIVERED
    content_type: Annotated[str, Field(max_length=300, pattern=r"^[\x20-\x7e]+$")] = "application/xml"
    status: Annotated[int, Field(ge=200, le=499)] = 200
    body: Annotated[
        str | None, Field(max_length=_BYTES, description="Base64; takes the place of `expected`")
    ] = None


class DryRunIn(BaseModel):
    """What is tried."""

    entry: EntryField
    version: NumberField | None = None
    with_: WithField = []
    request: Annotated[
        str | None,
        Field(max_length=_BYTES, description="An evidence request as XML; without it one is made up"),
    ] = None
    edm_version: Annotated[str, Field(description="Of the request that is made up")] = edm.LATEST
    subject: SubjectKind | None = None
    media_type: Annotated[str, Field(max_length=200)] = ""
    inputs: Annotated[dict[str, str], Field(max_length=50, description="What the citizen adds")] = {}
    answer: AnswerIn = AnswerIn()
    decline: Annotated[bool, Field(description="The citizen allows nothing to be sent")] = False

    @model_validator(mode="after")
    def _version_is_spoken(self) -> Self:
        if self.edm_version not in edm.PROFILES:
            raise ValueError(f"edm_version: use one of {', '.join(edm.PROFILES)}")
        return self


class ReplayIn(BaseModel):
    """Which versions are replayed against the last requests."""

    entry: EntryField
    version: NumberField
    with_: WithField = []
    last: Annotated[int, Field(ge=1, le=5000)] = LAST


def dryrun_api(desk: Desk, store: MappingStore, trials: Trials) -> APIRouter:
    """The two calls."""
    router = APIRouter(tags=["dry runs"])
    Made = Annotated[Change, Depends(desk.change(Role.VIEWER))]  # noqa: N806 - a type

    @router.post("/dry-runs", summary="Try a request: what would become of it")
    def dry_run(asked: DryRunIn, made: Made) -> DryRunOut:
        subject = subject_of(store, trials, asked.entry, asked.version, _refs(asked.with_))
        made.record(
            "dry-run",
            entry=asked.entry,
            version=asked.version,
            source="sample" if asked.request is None else "upload",
        )
        if asked.request is not None:
            request = asked.request.encode("utf-8", "replace")
        else:
            request = trials.sample(
                subject.mapping.key,
                *subject.refs,
                version=asked.edm_version,
                subject=asked.subject,
                media_type=asked.media_type,
            )
        answer = _answer(asked.answer)
        plan = Plan(request, inputs=asked.inputs, answer=answer, decline=asked.decline)
        return run_out(trials.run(plan, *subject.refs))

    @router.post("/replays", summary="What versions would have changed for the last requests")
    def replay(asked: ReplayIn, made: Made) -> ReplayOut:
        refs = tuple(dict.fromkeys([(asked.entry, asked.version), *_refs(asked.with_)]))
        made.record("replay", versions=" ".join(map(name_of, refs)), last=asked.last)
        return replay_out(trials.replay(*refs, last=asked.last))

    return router


def _refs(texts: list[str]) -> list[Ref]:
    found = [ref_of(text) for text in texts]
    if any(ref is None for ref in found):
        raise NotThere("There is no such version")
    return [ref for ref in found if ref is not None]


def _answer(given: AnswerIn) -> Expected | Recorded:
    if given.body is None:
        return given.expected
    try:
        body = base64.b64decode(given.body, validate=True)
    except (binascii.Error, ValueError):
        raise HTTPException(422, "answer.body is no base64") from None
    return Recorded(body, given.content_type, given.status)

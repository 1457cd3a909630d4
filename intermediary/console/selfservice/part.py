"""The operators' side: invite a provider, see what it did, end the invitation."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import AwareDatetime, BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from intermediary.console.access import Operator, Role
from intermediary.console.contracts import Notice
from intermediary.console.desk import Change, Desk, Submitted
from intermediary.console.errors import NotThere
from intermediary.console.pages import _N, Area
from intermediary.console.refusals import refusals
from intermediary.console.selfservice import drafting
from intermediary.console.selfservice.invitations import LONGEST_KEY, PROVIDER_KEY, Invitation, Invitations
from intermediary.console.selfservice.runs import Run, Runs
from intermediary.console.service import Part
from intermediary.mapping import MappingStore

PATH = "/provider-invitations"
MOST_DAYS = 365
_MAY = (Role.ADMINISTRATOR, Role.EDITOR)
_SEE = (*_MAY, Role.APPROVER)
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")
_AUDIENCE = re.compile(r"[\x21-\x7e]{1,200}")
Id = Annotated[str, Path(max_length=36, pattern=r"^[0-9a-f-]+$")]


class InviteIn(BaseModel):
    """Whom to invite."""

    organisation: Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
    provider: Annotated[
        str,
        Field(
            pattern=f"^{PROVIDER_KEY.pattern}$",
            max_length=LONGEST_KEY,
            description="Key in the mapping store, new or known",
        ),
    ]
    days: Annotated[int, Field(ge=1, le=MOST_DAYS, description="How long the link works")] = 30
    email: Annotated[str | None, Field(pattern=f"^{_EMAIL.pattern}$", description="For information")] = None
    audience: Annotated[
        str | None, Field(pattern=f"^{_AUDIENCE.pattern}$", description="Of access tokens for the tests")
    ] = None


class InvitationOut(BaseModel):
    """One invitation."""

    id: str
    organisation: str
    provider: str
    created_by: str
    created_at: AwareDatetime
    expires_at: AwareDatetime
    revoked_at: AwareDatetime | None
    handed_in_at: AwareDatetime | None
    open: bool
    last_run: str | None
    """State of the newest run of the conformance kit: running, done, failed, interrupted."""
    passed: bool | None
    """Whether it passed."""


class InvitedOut(InvitationOut):
    """A new invitation; the link is shown this once."""

    link: str


def selfservice_part(  # noqa: PLR0915, PLR0917
    store: MappingStore,
    invitations: Invitations,
    runs: Runs,
    public_url: str,
    clock: Callable[[], datetime],
    base_path: str = "/providers",
) -> Part:
    """Invitations of providers."""

    def link(token: str) -> str:
        return f"{public_url}{base_path}/{token}"

    def one(invitation_id: str) -> Invitation:
        found = invitations.one(invitation_id)
        if found is None:
            raise NotThere("There is no such invitation")
        return found

    def out(invitation: Invitation) -> dict[str, object]:
        last = next(iter(runs.of(invitation)), None)
        said = {name: getattr(invitation, name, None) for name in InvitationOut.model_fields}
        return {**said, "open": invitation.open(clock()), **_last(last)}

    def pages(desk: Desk) -> APIRouter:
        router = APIRouter()

        def shown(
            request: Request,
            operator: Operator,
            values: Mapping[str, str],
            errors: Mapping[str, str],
            status: int = 200,
        ) -> Response:
            return desk.page(
                request,
                operator,
                "selfservice/invite.html",
                values=values,
                errors=desk_texts(desk, request, errors),
                status=status,
            )

        @router.get(PATH, include_in_schema=False)
        def listed(request: Request, operator: Annotated[Operator, Depends(desk.may(*_SEE))]) -> Response:
            found = [(i, next(iter(runs.of(i)), None)) for i in invitations.all()]
            return desk.page(
                request, operator, "selfservice/invitations.html", invitations=found, now=clock()
            )

        @router.get(PATH + "/new", include_in_schema=False)
        def new(request: Request, operator: Annotated[Operator, Depends(desk.may(*_MAY))]) -> Response:
            blank = {"organisation": "", "provider": "", "days": "30", "email": "", "audience": ""}
            return shown(request, operator, blank, {})

        @router.post(PATH + "/new", include_in_schema=False)
        def invite(request: Request, sent: Annotated[Submitted, Depends(desk.form(*_MAY))]) -> Response:
            values = {
                name: sent.text(name) for name in ("organisation", "provider", "days", "email", "audience")
            }
            errors = _errors(values)
            if errors:
                sent.record("provider-invitation-refused")
                return shown(request, sent.operator, values, errors, 422)
            made, token = invitations.invite(
                " ".join(values["organisation"].split()),
                values["provider"],
                by=sent.operator.subject,
                expires_at=clock() + timedelta(days=int(values["days"])),
                email=values["email"] or None,
                audience=values["audience"] or None,
            )
            _record(sent, made)
            # Not by a redirect: the link must be in no address and no cookie.
            return desk.page(
                request, sent.operator, "selfservice/invited.html", invitation=made, url=link(token)
            )

        @router.get(PATH + "/{invitation_id}", include_in_schema=False)
        def invitation(
            request: Request,
            invitation_id: Id,
            operator: Annotated[Operator, Depends(desk.may(*_SEE))],
        ) -> Response:
            found, now = one(invitation_id), clock()
            return desk.page(
                request,
                operator,
                "selfservice/invitation.html",
                invitation=found,
                open=found.open(now),
                known=drafting.entry_of(store, found.entry, now) is not None,
                endpoint=runs.endpoint(found),
                runs=runs.of(found),
                waiting=drafting.waiting(store, found, now),
            )

        @router.get(PATH + "/{invitation_id}/runs/{run_id}", include_in_schema=False)
        def run(
            request: Request,
            invitation_id: Id,
            run_id: Id,
            operator: Annotated[Operator, Depends(desk.may(*_SEE))],
        ) -> Response:
            found = one(invitation_id)
            made = runs.one(found, run_id)
            if made is None:
                raise NotThere
            return desk.page(request, operator, "selfservice/run.html", invitation=found, run=made)

        @router.post(PATH + "/{invitation_id}/revoke", include_in_schema=False)
        def revoke(invitation_id: Id, sent: Annotated[Submitted, Depends(desk.form(*_MAY))]) -> Response:
            found = one(invitation_id)
            invitations.revoke(found.id)
            sent.record("provider-invitation-revoked", invitation=found.id, provider=found.provider)
            return desk.to(PATH, "success", _N("The invitation is revoked; its link works no more."))

        return router

    def api(desk: Desk) -> APIRouter:
        router = APIRouter(tags=["provider invitations"])

        @router.get(PATH, summary="Invitations of providers, the newest first")
        def listed(_caller: Annotated[Operator, Depends(desk.caller(*_MAY))]) -> list[InvitationOut]:
            return [InvitationOut.model_validate(out(i)) for i in invitations.all()]

        @router.post(PATH, summary="Invite a provider; the link is shown this once", status_code=201)
        def invite(asked: InviteIn, change: Annotated[Change, Depends(desk.change(*_MAY))]) -> InvitedOut:
            made, token = invitations.invite(
                " ".join(asked.organisation.split()),
                asked.provider,
                by=change.operator.subject,
                expires_at=clock() + timedelta(days=asked.days),
                email=asked.email,
                audience=asked.audience,
            )
            _record(change, made)
            return InvitedOut.model_validate({**out(made), "link": link(token)})

        @router.get(
            PATH + "/{invitation_id}", summary="One invitation", responses=refusals(s404="There is none")
        )
        def invitation(
            invitation_id: Id, _caller: Annotated[Operator, Depends(desk.caller(*_MAY))]
        ) -> InvitationOut:
            return InvitationOut.model_validate(out(one(invitation_id)))

        @router.post(
            PATH + "/{invitation_id}/revoke",
            summary="End an invitation",
            responses=refusals(s404="There is none"),
        )
        def revoke(
            invitation_id: Id, change: Annotated[Change, Depends(desk.change(*_MAY))]
        ) -> InvitationOut:
            found = one(invitation_id)
            invitations.revoke(found.id)
            change.record("provider-invitation-revoked", invitation=found.id, provider=found.provider)
            return InvitationOut.model_validate(out(one(invitation_id)))

        return router

    def attention(operator: Operator) -> Iterable[Notice]:
        if not operator.has(*_SEE):
            return
        now = clock()
        for found in invitations.all():
            if found.handed_in_at is None or now - found.handed_in_at > timedelta(days=MOST_DAYS):
                continue
            count = len(drafting.waiting(store, found, now))
            if count:
                yield Notice(
                    "info",
                    _N("%(organisation)s handed in %(count)s entries for review."),
                    f"{PATH}/{found.id}",
                    {"organisation": found.organisation, "count": count},
                )

    area = Area(
        PATH,
        _N("Provider invitations"),
        "mail",
        _SEE,
        _N("Let a provider describe its service and test it by itself."),
    )
    return Part(pages, api, (area,), (attention,))


def desk_texts(desk: Desk, request: Request, errors: Mapping[str, str]) -> dict[str, str]:
    """Messages of the catalogue in the language of the page."""
    from intermediary.console.languages import catalogue

    said = catalogue(desk.tongue(request).language)
    return {name: said.gettext(text) for name, text in errors.items()}


def _record(change: Change, made: Invitation) -> None:
    until = f"{made.expires_at:%Y-%m-%d}"
    change.record("provider-invited", invitation=made.id, provider=made.provider, until=until)


def _errors(values: Mapping[str, str]) -> dict[str, str]:
    errors = {}
    if not values["organisation"] or len(values["organisation"]) > 200:
        errors["organisation"] = _N("Write the name of the organisation, at most 200 characters.")
    key = values["provider"]
    if len(key) > LONGEST_KEY or not PROVIDER_KEY.fullmatch(key):
        errors["provider"] = _N("Up to 40 lower-case letters, digits, _ and single hyphens.")
    days = values["days"]
    if not re.fullmatch(r"[1-9][0-9]{0,2}", days) or int(days) > MOST_DAYS:
        errors["days"] = _N("A number from 1 to 365.")
    if values["email"] and not _EMAIL.fullmatch(values["email"]):
        errors["email"] = _N("This is no e-mail address.")
    if values["audience"] and not _AUDIENCE.fullmatch(values["audience"]):
        errors["audience"] = _N("Letters, digits and signs without spaces, at most 200.")
    return errors


def _last(run: Run | None) -> dict[str, object]:
    if run is None:
        return {"last_run": None, "passed": None}
    return {"last_run": run.state, "passed": run.report.passed if run.report else None}

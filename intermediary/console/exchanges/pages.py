"""The pages: list and search, one exchange, search by person, messages of no exchange, re-check, opening."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query
from lxml import etree
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from intermediary import xml
from intermediary.console.access import Operator, Role
from intermediary.console.checking import words as words_of
from intermediary.console.desk import Desk, Submitted
from intermediary.console.errors import NotThere
from intermediary.console.exchanges import words
from intermediary.console.exchanges.asking import (
    NO_NUL,
    PAGE,
    from_form,
    place,
    place_of,
    reason_error,
    sought,
)
from intermediary.console.exchanges.contracts import ExchangeDesk
from intermediary.console.exchanges.telling import failures, grouped, steps
from intermediary.console.languages import catalogue
from intermediary.console.pages import _N
from intermediary.exchange.model import Direction, Outcome, State
from intermediary.exchange.records import Listed, Record
from intermediary.exchange.transcripts import Kind
from intermediary.validation import UnknownRelease

MOST_FOUND = 200
"""Exchanges of one person on one page."""
RECHECKS = (Role.EDITOR, Role.APPROVER, Role.AUDITOR)
SHARED: Mapping[str, Any] = {
    "words": words,
    "place_of": place_of,
    "State": State,
    "Outcome": Outcome,
    "Kind": Kind,
    "Direction": Direction,
    "RECHECKS": RECHECKS,
    "grouped": grouped,
}


def exchange_pages(desk: Desk, exchanges: ExchangeDesk) -> APIRouter:
    """All pages of the area."""
    router = APIRouter(include_in_schema=False)
    Sees = Annotated[Operator, Depends(desk.may(Role.VIEWER))]  # noqa: N806 - a type
    Audits = Annotated[Operator, Depends(desk.may(Role.AUDITOR))]  # noqa: N806

    @router.get("/exchanges")
    def index(request: Request, operator: Sees) -> Response:
        return _index(desk, exchanges, request, operator)

    @router.get("/exchanges/refused-messages")
    def refused(
        request: Request,
        operator: Sees,
        before: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
        id: Annotated[str, Query(max_length=300, pattern=NO_NUL)] = "",  # noqa: A002 - the field's name
    ) -> Response:
        found, more = exchanges.records.turned_away(before, PAGE, id.strip())
        return desk.page(
            request, operator, "exchanges/refused.html", **SHARED, found=found, more=more, id=id.strip()
        )

    @router.get("/exchanges/person")
    def person(request: Request, operator: Audits) -> Response:
        return desk.page(request, operator, "exchanges/person.html", **SHARED, found=None, sought=None)

    @router.post("/exchanges/person")
    def search(request: Request, sent: Annotated[Submitted, Depends(desk.form(Role.AUDITOR))]) -> Response:
        return _search(desk, exchanges, request, sent)

    @router.get("/exchanges/{exchange_id}")
    def one(request: Request, exchange_id: str, operator: Sees) -> Response:
        return _one(desk, exchanges, request, operator, exchange_id)

    @router.post("/exchanges/{exchange_id}/recheck")
    def recheck(
        request: Request, exchange_id: str, sent: Annotated[Submitted, Depends(desk.form(*RECHECKS))]
    ) -> Response:
        return _recheck(desk, exchanges, request, exchange_id, sent)

    @router.post("/exchanges/{exchange_id}/open")
    def disclose(
        request: Request, exchange_id: str, sent: Annotated[Submitted, Depends(desk.form(Role.AUDITOR))]
    ) -> Response:
        return _disclose(desk, exchanges, request, exchange_id, sent)

    return router


def _index(desk: Desk, exchanges: ExchangeDesk, request: Request, operator: Operator) -> Response:
    asked = {name: value[:300].replace("\x00", "") for name, value in request.query_params.items()}
    name, sought_for = asked.get("id", "").strip(), from_form(asked)
    found: tuple[Listed, ...] = ()
    more, errors = False, dict[str, str]()
    if name:
        found = exchanges.records.named(name)
        if len(found) == 1:
            return RedirectResponse(f"{desk.settings.base_path}/exchanges/{found[0].id}", 303)
        if not found and exchanges.records.turned_away(None, 1, name)[0]:
            return desk.to(f"/exchanges/refused-messages?id={quote(name, safe='')}")
        if not found:
            gettext = catalogue(desk.tongue(request).language).gettext
            errors["id"] = gettext(_N("Nothing here has this id. It may be over twelve months old."))
    else:
        wanted = sought_for.wanted(desk.settings.zone())
        found, more = exchanges.records.page(wanted, place(asked.get("before", "")), PAGE)
    return desk.page(
        request,
        operator,
        "exchanges/list.html",
        **SHARED,
        found=found,
        more=more,
        name=name,
        filters=sought_for,
        choices=exchanges.choices(),
        errors=errors,
    )


def _search(desk: Desk, exchanges: ExchangeDesk, request: Request, sent: Submitted) -> Response:
    given = {name: value for name, value in sent.fields.items() if isinstance(value, str)}
    person = sought(given)
    gettext = catalogue(desk.tongue(request).language).gettext
    if person.errors:
        sent.record("person-search-refused", fields=" ".join(person.errors))
        shown = {name: gettext(text) for name, text in person.errors.items()}
        return desk.page(
            request,
            sent.operator,
            "exchanges/person.html",
            status=422,
            **SHARED,
            found=None,
            sought=person,
            errors=shown,
        )
    found, more = exchanges.records.of_persons(exchanges.values(person.attributes), MOST_FOUND)
    sent.record("person-searched", by=person.by, reason=person.reason, found=len(found))
    return desk.page(
        request,
        sent.operator,
        "exchanges/person.html",
        **SHARED,
        found=found,
        more=more,
        sought=None,
        choices=exchanges.choices(),
    )


def _record(exchanges: ExchangeDesk, exchange_id: str) -> Record:
    found = exchanges.records.record(exchange_id) if "\x00" not in exchange_id else None
    if found is None:
        raise NotThere(f"There is no exchange {exchange_id[:100]}")
    return found


def _one(
    desk: Desk,
    exchanges: ExchangeDesk,
    request: Request,
    operator: Operator,
    exchange_id: str,
    *,
    status: int = 200,
    errors: Mapping[str, str] | None = None,
) -> Response:
    record, tongue = _record(exchanges, exchange_id), desk.tongue(request)
    kept = {m.message_id for m in record.carried if m.direction is Direction.IN and m.kept}
    return desk.page(
        request,
        operator,
        "exchanges/one.html",
        status=status,
        **SHARED,
        record=record,
        exchange=record.exchange,
        carried={m.message_id: m for m in record.carried},
        kept=kept,
        steps=steps(record, tongue),
        failed=failures(record, tongue.language),
        choices=exchanges.choices(),
        releases=exchanges.releases(),
        errors=errors or {},
    )


def _recheck(
    desk: Desk, exchanges: ExchangeDesk, request: Request, exchange_id: str, sent: Submitted
) -> Response:
    record = _record(exchanges, exchange_id)
    message_id, release = sent.text("message"), sent.text("release")
    try:
        report = exchanges.recheck(exchange_id, message_id, release)
    except UnknownRelease:
        raise NotThere("There is no such release here") from None
    sent.record("request-rechecked", exchange=record.exchange.id, release=release[:40])
    language = desk.tongue(request).language
    told = () if report is None else tuple((f, *words_of(f, language)) for f in report.findings)
    return desk.page(
        request,
        sent.operator,
        "exchanges/recheck.html",
        **SHARED,
        exchange=record.exchange,
        message_id=message_id,
        by=release,
        report=report,
        told=told,
        releases=exchanges.releases(),
    )


def _disclose(
    desk: Desk, exchanges: ExchangeDesk, request: Request, exchange_id: str, sent: Submitted
) -> Response:
    record, reason, message_id = _record(exchanges, exchange_id), sent.text("reason"), sent.text("message")
    wrong = reason_error(reason, [])
    if wrong:
        sent.record("request-opening-refused", exchange=record.exchange.id)
        gettext = catalogue(desk.tongue(request).language).gettext
        return _one(
            desk,
            exchanges,
            request,
            sent.operator,
            exchange_id,
            status=422,
            errors={"reason": gettext(wrong)},
        )
    sent.record("request-opened", exchange=record.exchange.id, message=message_id[:200], reason=reason)
    body = exchanges.disclose(exchange_id, message_id, sent.operator.subject)
    if body is None:
        return desk.to(
            f"/exchanges/{record.exchange.id}",
            "warning",
            _N("The exchange is over, or the message is none of its requests: nothing was opened."),
        )
    return desk.page(
        request,
        sent.operator,
        "exchanges/opened.html",
        **SHARED,
        exchange=record.exchange,
        message_id=message_id,
        text=_readable(body),
        reason=reason,
    )


def _readable(body: bytes) -> str:
    """Indented, where it is XML."""
    try:
        root = xml.parse(body)
    except xml.XmlRefused:
        return body.decode("utf-8", "replace")
    etree.indent(root)
    return str(etree.tostring(root, encoding="unicode"))

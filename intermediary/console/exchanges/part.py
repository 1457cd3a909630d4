"""The area as a part of the console."""

from collections.abc import Iterable
from datetime import timedelta

from fastapi import APIRouter

from intermediary.console.access import Operator, Role
from intermediary.console.contracts import Notice
from intermediary.console.desk import Desk
from intermediary.console.exchanges.api import exchange_api
from intermediary.console.exchanges.contracts import ExchangeDesk
from intermediary.console.exchanges.pages import exchange_pages
from intermediary.console.pages import _N, Area
from intermediary.console.service import Part
from intermediary.exchange.contracts import Clock

DAY = timedelta(days=1)


def exchanges_part(exchanges: ExchangeDesk, clock: Clock) -> Part:
    """Exchanges, and messages that began none."""
    area = Area(
        "/exchanges",
        _N("Exchanges"),
        "content-copy",
        (Role.VIEWER,),
        _N("What was asked and answered; find one, read its story, check it again."),
    )

    def pages(desk: Desk) -> APIRouter:
        return exchange_pages(desk, exchanges)

    def api(desk: Desk) -> APIRouter:
        return exchange_api(desk, exchanges)

    def attention(operator: Operator) -> Iterable[Notice]:
        if not operator.has(Role.VIEWER):
            return
        now = clock()
        worries = exchanges.records.worries(now - DAY)
        since = (now - DAY).date().isoformat()
        if worries.changed:
            text = _N("The log of the exchange %(exchange)s was changed after it was written.")
            for exchange_id in worries.changed:
                yield Notice("danger", text, f"/exchanges/{exchange_id}", {"exchange": exchange_id[:8]})
        if worries.given_up:
            text = _N("Messages that never arrived in the last day: %(count)s")
            yield Notice(
                "danger",
                text,
                f"/exchanges?happened=delivery-given-up&since={since}",
                {"count": worries.given_up},
            )
        if worries.broken:
            text = _N("Steps of the platform that broke in the last day: %(count)s")
            path = f"/exchanges?happened=step-failed&since={since}"
            yield Notice("warning", text, path, {"count": worries.broken})
        if worries.failed:
            text = _N("Exchanges that failed in the last day: %(count)s")
            path = f"/exchanges?failed=yes&since={since}"
            yield Notice("warning", text, path, {"count": worries.failed})

    return Part(pages, api, (area,), (attention,))

"""Partners and certificates: whom we exchange messages with, how, and how long certificates last.

P-Modes are files (deploy/README.md): here they are looked at, not changed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from intermediary.as4.model import Party, PMode
from intermediary.console.access import Operator, Role
from intermediary.console.contracts import Notice
from intermediary.console.desk import Desk
from intermediary.console.errors import NotThere
from intermediary.console.pages import _N, Area
from intermediary.console.service import Part
from intermediary.trust import Entry

_READS = Role.VIEWER


@dataclass(frozen=True, slots=True)
class Traffic:
    """What went to and from one partner in the last thirty days."""

    exchanges: int = 0
    last_message: datetime | None = None


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a partner's file, and what to do."""

    severity: str
    """error or warning."""
    text: str
    remedy: str


class Partners(Protocol):
    """What other rooms know of partners."""

    def pmodes(self) -> tuple[PMode, ...]:
        """The partners' P-Modes, in the order of their ids."""

    def return_hosts(self, pmode_id: str) -> tuple[str, ...]:
        """Hosts to which the partner's portals may send users back; empty: any."""

    def certificates(self) -> tuple[Entry, ...]:
        """All certificates, ours and theirs, the most urgent first."""

    def traffic(self) -> Callable[[str], Traffic]:
        """What went to and from the partner of an id."""

    def flaws(self, pmode_id: str) -> tuple[Flaw, ...]:
        """What is wrong with the partner's file."""


class CertificateOut(BaseModel):
    """One certificate, or a key without one."""

    owner: str
    purpose: str
    subject: str
    issuer: str
    serial: str
    starts: datetime | None
    ends: datetime | None
    days_left: int | None
    alarm: str
    next_action: str
    urgent: bool


class PartyOut(BaseModel):
    """A party of AS4 messages."""

    id: str
    type: str | None
    role: str


class PartnerOut(BaseModel):
    """A partner and how we exchange messages with it."""

    id: str
    us: PartyOut
    partner: PartyOut
    url: str
    service: str
    security: str
    return_hosts: list[str]
    exchanges: int
    last_message: datetime | None
    certificates: list[CertificateOut]


def partners_part(partners: Partners) -> Part:
    """Partners, and all certificates."""
    areas = (
        Area(
            "/partners",
            _N("Partners"),
            "mail",
            (_READS,),
            _N("Access points that we exchange messages with."),
        ),
        Area(
            "/certificates",
            _N("Certificates"),
            "calendar-today",
            (_READS,),
            _N("What ends when, and what to do."),
        ),
    )

    def attention(operator: Operator) -> Iterable[Notice]:
        for entry in partners.certificates():
            if entry.urgent and operator.has(_READS):
                kind = "danger" if (entry.days_left or 0) < 0 else "warning"
                text = (
                    _N("The certificate «%(purpose)s» of %(owner)s has expired.")
                    if kind == "danger"
                    else _N("The certificate «%(purpose)s» of %(owner)s ends in %(days)s days.")
                )
                values = {"purpose": entry.purpose, "owner": entry.owner, "days": entry.days_left}
                yield Notice(kind, text, "/certificates", values)

    return Part(lambda desk: _pages(desk, partners), lambda desk: _api(desk, partners), areas, (attention,))


def _pages(desk: Desk, partners: Partners) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/partners")
    def index(request: Request, operator: Annotated[Operator, Depends(desk.may(_READS))]) -> Response:
        traffic, soonest = partners.traffic(), _soonest(partners.certificates())
        rows = [(pmode, traffic(pmode.id), soonest.get(pmode.id)) for pmode in partners.pmodes()]
        return desk.page(request, operator, "partners.html", rows=rows)

    @router.get("/partners/{pmode_id}")
    def one(
        request: Request, pmode_id: str, operator: Annotated[Operator, Depends(desk.may(_READS))]
    ) -> Response:
        pmode = _pmode(partners, pmode_id)
        return desk.page(
            request,
            operator,
            "partner.html",
            pmode=pmode,
            return_hosts=partners.return_hosts(pmode.id),
            traffic=partners.traffic()(pmode.id),
            certificates=_of(partners, pmode.id),
            flaws=partners.flaws(pmode.id),
        )

    @router.get("/certificates")
    def certificates(request: Request, operator: Annotated[Operator, Depends(desk.may(_READS))]) -> Response:
        return desk.page(request, operator, "certificates.html", certificates=partners.certificates())

    return router


def _api(desk: Desk, partners: Partners) -> APIRouter:
    router = APIRouter(tags=["partners"])
    Caller = Annotated[Operator, Depends(desk.caller(_READS))]  # noqa: N806 - a type

    @router.get("/partners", summary="All partners")
    def index(_caller: Caller) -> list[PartnerOut]:
        traffic = partners.traffic()
        return [_out(partners, pmode, traffic(pmode.id)) for pmode in partners.pmodes()]

    @router.get("/partners/{pmode_id}", summary="One partner")
    def one(pmode_id: str, _caller: Caller) -> PartnerOut:
        return _out(partners, _pmode(partners, pmode_id), partners.traffic()(pmode_id))

    @router.get("/certificates", summary="All certificates, the most urgent first")
    def certificates(_caller: Caller) -> list[CertificateOut]:
        return [_certificate(entry) for entry in partners.certificates()]

    return router


def _pmode(partners: Partners, pmode_id: str) -> PMode:
    for pmode in partners.pmodes():
        if pmode.id == pmode_id:
            return pmode
    raise NotThere(f"There is no partner {pmode_id[:100]}")


def _of(partners: Partners, pmode_id: str) -> tuple[Entry, ...]:
    return tuple(entry for entry in partners.certificates() if entry.owner == f"partner {pmode_id}")


def _soonest(entries: Iterable[Entry]) -> dict[str, Entry]:
    """Of each partner the certificate that ends first among those that nothing has replaced."""
    found: dict[str, Entry] = {}
    for entry in entries:
        if entry.owner.startswith("partner ") and entry.alarm != "replaced":
            found.setdefault(entry.owner.removeprefix("partner "), entry)
    return found


def _out(partners: Partners, pmode: PMode, traffic: Traffic) -> PartnerOut:
    return PartnerOut(
        id=pmode.id,
        us=_party(pmode.us),
        partner=_party(pmode.partner),
        url=pmode.url,
        service=pmode.service,
        security=pmode.security.name,
        return_hosts=list(partners.return_hosts(pmode.id)),
        exchanges=traffic.exchanges,
        last_message=traffic.last_message,
        certificates=[_certificate(entry) for entry in _of(partners, pmode.id)],
    )


def _party(party: Party) -> PartyOut:
    return PartyOut(id=party.id, type=party.type, role=party.role)


def _certificate(entry: Entry) -> CertificateOut:
    return CertificateOut(
        owner=entry.owner,
        purpose=entry.purpose,
        subject=entry.subject,
        issuer=entry.issuer,
        serial=entry.serial,
        starts=entry.starts,
        ends=entry.ends,
        days_left=entry.days_left,
        alarm=entry.alarm,
        next_action=entry.next_action,
        urgent=entry.urgent,
    )

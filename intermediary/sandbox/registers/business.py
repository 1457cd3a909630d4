"""Trade office, commercial register and base register of companies, behind one door.

The first two speak the national protocol, the last one a REST interface of its own: the shipped mapping
(provider `unternehmensbasisregister`) describes it.
"""

import base64
from typing import Annotated

from fastapi import FastAPI, Header, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from intermediary.national.model import NationalLegalPerson, Outcome
from intermediary.sandbox import documents
from intermediary.sandbox.documents import Fact, Section, Sheet
from intermediary.sandbox.people import COMPANIES, Company
from intermediary.sandbox.registers.access import Unauthorised, problem, unauthorised
from intermediary.sandbox.registers.records import USUAL, Behaviour, Record, find
from intermediary.sandbox.registers.service import Desk, create_register
from intermediary.sandbox.world import World

TRADE = "urn:de:nachweistyp:gewerbeanmeldung"
COMMERCIAL = "urn:de:nachweistyp:handelsregisterauszug"
BASE = "urn:de:nachweistyp:unternehmensbasisdaten"
AUDIENCES = ("gewerberegister", "handelsregister", "basisregister")
REST_PATH = "/v1/unternehmen/basisdaten"

_RESULTS = {
    Outcome.DELIVERED: "GEFUNDEN",
    Outcome.NOT_FOUND: "KEIN_TREFFER",
    Outcome.AMBIGUOUS: "MEHRERE_TREFFER",
}


class Question(BaseModel):
    """Which company is meant."""

    name: Annotated[str, Field(min_length=1)]
    euid: str | None = None
    ust_id: Annotated[str | None, Field(alias="ustId")] = None
    business_id: Annotated[str | None, Field(alias="wirtschaftsId")] = None


def records() -> tuple[Record, ...]:
    """Three entries of each company."""
    return tuple(
        record
        for number, company in enumerate(COMPANIES, 1)
        for record in (_trade(number, company), _commercial(number, company), _base(number, company))
    )


def create_app(world: World) -> FastAPI:
    """The register as a service."""
    desk = Desk(world, AUDIENCES, records())
    app = create_register("Unternehmensregister", desk)

    @app.post(REST_PATH)
    def ask(
        question: Question,
        idempotency_key: Annotated[str, Header(min_length=1)],
        authorization: Annotated[str, Header()] = "",
    ) -> Response:
        try:
            desk.tokens.check(authorization)
        except Unauthorised as refusal:
            return unauthorised(refusal)
        case = desk.cases.ask(idempotency_key, lambda: _search(desk.records, question))
        if case.outcome is Outcome.REJECTED:
            return problem(403, "about:blank", case.reason or "")
        if not case.ready:
            return Response(status_code=202, headers={"Retry-After": "1"})
        answer: dict[str, object] = {"ergebnis": _RESULTS[case.outcome]}
        if case.record is not None:
            (sheet,) = case.record.sheets
            answer["auskunft"] = {
                "id": sheet.number,
                "datum": documents.ISSUED.isoformat(),
                "xml": base64.b64encode(documents.xml(sheet)).decode(),
            }
        return JSONResponse(answer)

    return app


def _search(held: tuple[Record, ...], question: Question) -> tuple[Record, ...]:
    given = (("euid", question.euid), ("vat", question.ust_id))
    identifiers = tuple((scheme, value) for scheme, value in given if value)
    further = (("wirtschafts_id", question.business_id),) if question.business_id else ()
    return find(held, BASE, NationalLegalPerson(question.name, identifiers), further)


def _trade(number: int, company: Company) -> Record:
    sheet = Sheet(
        number=company.trade_number,
        title="Gewerbeauskunft",
        authority=f"Gewerbeamt {company.address.city}",
        data_model="urn:de:xgewerbe:gewerbeauskunft:1",
        root="gewerbeauskunft",
        sections=(
            _company(company),
            Section(
                "gewerbe",
                "Angemeldetes Gewerbe",
                (
                    Fact("registernummer", "Nummer der Anmeldung", company.trade_number),
                    Fact("taetigkeit", "Tätigkeit", company.purpose),
                    Fact("beginn", "Beginn", company.founded.isoformat()),
                ),
            ),
        ),
    )
    return _record(company, TRADE, sheet, {"registernummer": company.trade_number})


def _commercial(number: int, company: Company) -> Record:
    sheet = Sheet(
        number=f"HR-2026-{number:06}",
        title="Aktueller Abdruck aus dem Handelsregister",
        authority=company.register_court,
        data_model="urn:de:xjustiz:registerauszug:1",
        root="registerauszug",
        sections=(
            _company(company),
            Section(
                "eintrag",
                "Eintragung",
                (
                    Fact("registergericht", "Registergericht", company.register_court),
                    Fact("registernummer", "Registernummer", company.register_number),
                    Fact("euid", "EUID", company.euid),
                    Fact("gegenstand", "Gegenstand", company.purpose),
                    Fact("ersteintragung", "Tag der ersten Eintragung", company.founded.isoformat()),
                ),
            ),
        ),
    )
    keys = {"registernummer": company.register_number, "registergericht": company.register_court}
    return _record(company, COMMERCIAL, sheet, keys)


def _base(number: int, company: Company) -> Record:
    sheet = Sheet(
        number=f"BR-2026-{number:06}",
        title="Basisdaten aus dem Basisregister für Unternehmen",
        authority="Statistisches Bundesamt",
        data_model="urn:de:destatis:unternehmensbasisdaten:1",
        root="unternehmensbasisdaten",
        sections=(
            _company(company),
            Section(
                "kennungen",
                "Kennungen",
                (
                    Fact("wirtschaftsId", "Wirtschafts-Identifikationsnummer", company.business_id),
                    Fact("ustId", "Umsatzsteuer-Identifikationsnummer", company.vat),
                    Fact("euid", "EUID", company.euid),
                ),
            ),
        ),
    )
    return _record(company, BASE, sheet, {"wirtschafts_id": company.business_id})


def _company(company: Company) -> Section:
    address = company.address
    facts = (
        Fact("firma", "Firma", company.name),
        Fact("strasse", "Straße", f"{address.street} {address.house_number}"),
        Fact("ort", "Ort", f"{address.post_code} {address.city}"),
    )
    return Section("unternehmen", "Unternehmen", facts)


def _record(company: Company, evidence_type: str, sheet: Sheet, keys: dict[str, str]) -> Record:
    return Record(company, evidence_type, (sheet,), keys, USUAL.get(company.key, Behaviour.AT_ONCE))

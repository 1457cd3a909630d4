"""The residents' register: certificates of residence, asked with the person alone; the fishing authority."""

from fastapi import FastAPI

from intermediary.sandbox.documents import Fact, Section, Sheet
from intermediary.sandbox.people import PEOPLE, SECOND_HOMES, Address, Person
from intermediary.sandbox.registers import fisheries
from intermediary.sandbox.registers.records import USUAL, Behaviour, Record
from intermediary.sandbox.registers.service import Desk, create_register
from intermediary.sandbox.world import World

EVIDENCE_TYPE = "urn:de:nachweistyp:meldebescheinigung"
DATA_MODEL = "urn:de:xmeld:meldebescheinigung:1"
AUDIENCES = ("melderegister",)

_ABSENT = ("paolo",)
_TWICE = ("luca",)


def records() -> tuple[Record, ...]:
    """All residents."""
    residents = [p for p in PEOPLE if p.key not in _ABSENT]
    residents += [p for p in PEOPLE if p.key in _TWICE]
    return tuple(
        _record(number, who, who.address)
        for number, who in enumerate(residents, 1)
        if who.address is not None
    )


def _record(number: int, who: Person, home: Address) -> Record:
    second = SECOND_HOMES.get(who.key)
    heading = "Alleinige Wohnung" if second is None else "Hauptwohnung"
    sheets = [_sheet(f"MB-2026-{number:06}", who, home, heading)]
    if second is not None:
        sheets.append(_sheet(f"MB-2026-{number:06}-N", who, second, "Nebenwohnung"))
    return Record(who, EVIDENCE_TYPE, tuple(sheets), behaviour=USUAL.get(who.key, Behaviour.AT_ONCE))


def _sheet(number: str, who: Person, address: Address, heading: str) -> Sheet:
    birth_name = () if who.birth_name is None else (Fact("geburtsname", "Geburtsname", who.birth_name),)
    return Sheet(
        number=number,
        title="Meldebescheinigung",
        authority=f"Meldebehörde {address.city}",
        data_model=DATA_MODEL,
        root="meldebescheinigung",
        sections=(
            Section(
                "person",
                "Person",
                (
                    Fact("familienname", "Familienname", who.family_name),
                    *birth_name,
                    Fact("vornamen", "Vornamen", who.given_names),
                    Fact("geburtsdatum", "Geburtsdatum", who.date_of_birth.isoformat()),
                    Fact("geburtsort", "Geburtsort", who.place_of_birth),
                ),
            ),
            Section(
                "wohnung",
                heading,
                (
                    Fact("art", "Art der Wohnung", heading),
                    Fact("strasse", "Straße", address.street),
                    Fact("hausnummer", "Hausnummer", address.house_number),
                    Fact("postleitzahl", "Postleitzahl", address.post_code),
                    Fact("ort", "Ort", address.city),
                    Fact("einzugsdatum", "Einzugsdatum", "2018-09-01"),
                ),
            ),
        ),
    )


def create_app(world: World) -> FastAPI:
    """The register as a service."""
    app = create_register("Melderegister", Desk(world, AUDIENCES, records()))
    app.include_router(fisheries.router(Desk(world, (fisheries.AUDIENCE,), fisheries.records())))
    return app

"""Central vehicle register: asked with the holder, and a licence plate or vehicle identification number."""

from fastapi import FastAPI

from intermediary.sandbox.documents import Fact, Section, Sheet
from intermediary.sandbox.people import KAESEHAUS, Company, Person, person
from intermediary.sandbox.registers.records import USUAL, Behaviour, Record
from intermediary.sandbox.registers.service import Desk, create_register
from intermediary.sandbox.world import World

EVIDENCE_TYPE = "urn:de:nachweistyp:fahrzeugregistrierung"
DATA_MODEL = "urn:de:kba:fahrzeugauskunft:1"
AUDIENCES = ("zfzr",)

# holder, plate, VIN, make and model, first registration, behaviour (None: as usual for the holder)
_VEHICLES: tuple[tuple[str, str, str, str, str, Behaviour | None], ...] = (
    ("giulia", "B-GR 1990", "ZFA31200000451207", "Fiat 500", "2019-06-03", None),
    ("giulia", "B-GR 3000", "ZFA31200000451215", "Fiat Panda", "2021-02-11", Behaviour.SOON),
    ("giulia", "B-GR 8000", "ZFA31200000451223", "Fiat Tipo", "2022-09-30", Behaviour.TOMORROW),
    ("giulia", "B-GR 4030", "ZFA31200000451231", "Fiat Doblò", "2017-04-18", Behaviour.REFUSED),
    ("bjoern", "L-ÖG 85", "WVWZZZ1KZ8W105237", "Volkswagen Golf", "2008-03-27", None),
    ("rene", "HH-RD 778", "WDB2030461A512943", "Mercedes-Benz C 180", "2004-10-12", None),
    ("marco", "K-MB 820", "WAUZZZ8V5HA048311", "Audi A3", "2017-05-02", None),
    ("lucia", "NF-LF 69", "WF0DXXGAKDEK47162", "Ford Fiesta", "2014-11-20", None),
    ("luca", "F-LR 2902", "VF1RFB00X58213644", "Renault Clio", "2017-08-08", None),
    ("luca", "F-LR 2902", "VF1RFB00X58213644", "Renault Clio", "2017-08-08", None),
    ("elena", "DD-EC 1224", "TMBJJ7NE8G0123917", "Škoda Octavia", "2016-01-14", None),
    ("matteo", "S-MG 203", "W0L0XEP68L4075318", "Opel Corsa", "2020-07-07", None),
    ("kaesehaus", "M-KH 17", "WV1ZZZ2KZHX085526", "Volkswagen Caddy", "2017-02-28", None),
)


def records() -> tuple[Record, ...]:
    """All vehicles."""
    return tuple(_record(number, *row) for number, row in enumerate(_VEHICLES, 1))


def _record(  # noqa: PLR0917
    number: int, holder: str, plate: str, vin: str, model: str, registered: str, behaviour: Behaviour | None
) -> Record:
    subject = KAESEHAUS if holder == KAESEHAUS.key else person(holder)
    sheet = Sheet(
        number=f"ZFZR-2026-{number:06}",
        title="Auskunft aus dem Zentralen Fahrzeugregister",
        authority="Kraftfahrt-Bundesamt",
        data_model=DATA_MODEL,
        root="fahrzeugauskunft",
        sections=(
            Section("halter", "Halterin oder Halter", _holder(subject)),
            Section(
                "fahrzeug",
                "Fahrzeug",
                (
                    Fact("kennzeichen", "Amtliches Kennzeichen", plate),
                    Fact("fahrzeugidentifizierungsnummer", "Fahrzeug-Ident.-Nr.", vin),
                    Fact("handelsbezeichnung", "Marke und Handelsbezeichnung", model),
                    Fact("fahrzeugklasse", "Fahrzeugklasse", "M1"),
                    Fact("erstzulassung", "Erstzulassung", registered),
                    Fact("status", "Status", "zugelassen"),
                ),
            ),
        ),
    )
    keys = {"kennzeichen": plate, "fin": vin}
    return Record(subject, EVIDENCE_TYPE, (sheet,), keys, behaviour or USUAL.get(holder, Behaviour.AT_ONCE))


def _holder(holder: Person | Company) -> tuple[Fact, ...]:
    address = holder.address
    place = (
        ()
        if address is None
        else (
            Fact("strasse", "Straße", f"{address.street} {address.house_number}"),
            Fact("ort", "Ort", f"{address.post_code} {address.city}"),
        )
    )
    if isinstance(holder, Company):
        return (Fact("firma", "Firma", holder.name), *place)
    return (
        Fact("familienname", "Familienname", holder.family_name),
        Fact("vornamen", "Vornamen", holder.given_names),
        Fact("geburtsdatum", "Geburtsdatum", holder.date_of_birth.isoformat()),
        *place,
    )


def create_app(world: World) -> FastAPI:
    """The register as a service."""
    return create_register("Zentrales Fahrzeugregister", Desk(world, AUDIENCES, records()))

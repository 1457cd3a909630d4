"""The civil-status register: birth certificates of those who were born here (some of the Italians were)."""

from fastapi import FastAPI

from intermediary.sandbox.documents import Fact, Section, Sheet
from intermediary.sandbox.people import person
from intermediary.sandbox.registers.records import USUAL, Behaviour, Record
from intermediary.sandbox.registers.service import Desk, create_register
from intermediary.sandbox.world import World

EVIDENCE_TYPE = "urn:de:nachweistyp:geburtsurkunde"
DATA_MODEL = "urn:de:xpersonenstand:geburtsurkunde:1"
AUDIENCES = ("personenstandsregister",)

# key, registry office, parents
_BIRTHS = (
    ("bjoern", "München", "Annegret Größl, geborene Weiß", "Jörg Größl"),
    ("marco", "Köln", "Francesca Bianchi", "Carlo Bianchi"),
    ("lucia", "Niebüll", "Teresa Ferrari", "Aldo Ferrari"),
    ("luca", "Frankfurt am Main", "Ines Romano", "Sergio Romano"),
    ("luca", "Frankfurt am Main", "Paola Romano", "Dino Romano"),
    ("elena", "Dresden", "Sabine Conti", "Enzo Conti"),
)


def records() -> tuple[Record, ...]:
    """All births."""
    return tuple(_record(number, *row) for number, row in enumerate(_BIRTHS, 1))


def _record(number: int, key: str, office: str, mother: str, father: str) -> Record:
    child = person(key)
    year = child.date_of_birth.year
    sheet = Sheet(
        number=f"G-{year}-{number:05}",
        title="Geburtsurkunde",
        authority=f"Standesamt {office}",
        data_model=DATA_MODEL,
        root="geburtsurkunde",
        sections=(
            Section(
                "kind",
                "Kind",
                (
                    Fact("geburtsname", "Geburtsname", child.birth_name or child.family_name),
                    Fact("vornamen", "Vornamen", child.given_names),
                    Fact("geschlecht", "Geschlecht", "weiblich" if child.gender == "Female" else "männlich"),
                    Fact("geburtsdatum", "Tag der Geburt", child.date_of_birth.isoformat()),
                    Fact("geburtsort", "Ort der Geburt", child.place_of_birth),
                ),
            ),
            Section("eltern", "Eltern", (Fact("mutter", "Mutter", mother), Fact("vater", "Vater", father))),
            Section(
                "eintrag",
                "Registereintrag",
                (
                    Fact("standesamt", "Standesamt", office),
                    Fact("registernummer", "Registernummer", f"G {number:04}/{year}"),
                ),
            ),
        ),
    )
    keys = {"standesamt": office, "geburtsjahr": str(year)}
    return Record(child, EVIDENCE_TYPE, (sheet,), keys, USUAL.get(key, Behaviour.AT_ONCE))


def create_app(world: World) -> FastAPI:
    """The register as a service."""
    return create_register("Personenstandsregister", Desk(world, AUDIENCES, records()))

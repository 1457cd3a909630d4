"""The sandbox's test persons and companies. All invented; README.md says what each of them triggers."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Address:
    """A German postal address."""

    street: str
    house_number: str
    post_code: str
    city: str


@dataclass(frozen=True, slots=True)
class Company:
    """A legal person; `identifier` is its eIDAS identifier."""

    key: str
    name: str
    identifier: str
    register_court: str
    register_number: str
    euid: str
    vat: str
    business_id: str
    """The national business identification number (wID)."""
    trade_number: str
    """Number of the business registration at the trade office."""
    founded: date
    purpose: str
    address: Address


@dataclass(frozen=True, slots=True)
class Person:
    """A natural person with an eIDAS means; `gender` as in eIDAS, `assurance` is low, substantial or high."""

    key: str
    family_name: str
    given_names: str
    date_of_birth: date
    place_of_birth: str
    gender: str
    identifier: str
    remark: str
    """What this person is good for, shown on the login page."""
    birth_name: str | None = None
    assurance: str = "substantial"
    address: Address | None = None
    represents: Company | None = None


KAESEHAUS = Company(
    key="kaesehaus",
    name="Käsehaus Südtirol GmbH",
    identifier="IT/DE/02618540213",
    register_court="Amtsgericht München",
    register_number="HRB 214785",
    euid="DED2601V.HRB214785",
    vat="DE298765432",
    business_id="DE298765432-00001",
    trade_number="GA-2014-00815",
    founded=date(2014, 5, 20),
    purpose="Import und Vertrieb von Käse und Feinkost",
    address=Address("Sendlinger Straße", "17", "80331", "München"),
)

NEBELHORN = Company(
    key="nebelhorn",
    name="Nebelhorn Optik GmbH",
    identifier="IT/DE/01750230219",
    register_court="Amtsgericht Kempten",
    register_number="HRB 9471",
    euid="DED2304V.HRB9471",
    vat="DE301446281",
    business_id="DE301446281-00001",
    trade_number="GA-2016-00233",
    founded=date(2016, 3, 1),
    purpose="Herstellung und Vertrieb von Ferngläsern",
    address=Address("Nebelhornstraße", "8", "87561", "Oberstdorf"),
)

COMPANIES = (KAESEHAUS, NEBELHORN)

PEOPLE = (
    Person(
        key="giulia",
        family_name="Rossi",
        given_names="Giulia",
        date_of_birth=date(1990, 4, 12),
        place_of_birth="Roma",
        gender="Female",
        identifier="IT/DE/RSSGLI90D52H501K",
        remark="everything is found at once",
        address=Address("Kastanienallee", "12", "10435", "Berlin"),
    ),
    Person(
        key="bjoern",
        family_name="Größl-Fabbri",
        given_names="Björn André",
        date_of_birth=date(1985, 11, 3),
        place_of_birth="München",
        gender="Male",
        identifier="IT/DE/GRSBRN85S03Z112Q",
        remark="umlauts and a double name; everything is found at once",
        birth_name="Größl",
        assurance="high",
        address=Address("Straße der Völkerfreundschaft", "5a", "04179", "Leipzig"),
    ),
    Person(
        key="rene",
        family_name="Đorđević",
        given_names="René",
        date_of_birth=date(1978, 7, 21),
        place_of_birth="Trieste",
        gender="Male",
        identifier="IT/DE/DRDRNE78L21L424B",
        remark="letters that are not German; everything is found at once",
        address=Address("Hafenstraße", "101", "20359", "Hamburg"),
    ),
    Person(
        key="marco",
        family_name="Bianchi",
        given_names="Marco",
        date_of_birth=date(1982, 1, 30),
        place_of_birth="Köln",
        gender="Male",
        identifier="IT/DE/BNCMRC82A30Z112T",
        remark="the registers answer after three seconds",
        address=Address("Am Markt", "3", "50667", "Köln"),
    ),
    Person(
        key="lucia",
        family_name="Ferrari",
        given_names="Lucia",
        date_of_birth=date(1969, 9, 8),
        place_of_birth="Niebüll",
        gender="Female",
        identifier="IT/DE/FRRLCU69P48Z112M",
        remark="the registers answer only tomorrow",
        address=Address("Dorfstraße", "1", "25899", "Niebüll"),
    ),
    Person(
        key="luca",
        family_name="Romano",
        given_names="Luca",
        date_of_birth=date(2000, 2, 29),
        place_of_birth="Frankfurt am Main",
        gender="Male",
        identifier="IT/DE/RMNLCU00B29Z112C",
        remark="two people of this name and date of birth are in the registers",
        address=Address("Ringstraße", "40", "60311", "Frankfurt am Main"),
    ),
    Person(
        key="elena",
        family_name="Conti",
        given_names="Elena",
        date_of_birth=date(1995, 12, 24),
        place_of_birth="Dresden",
        gender="Female",
        identifier="IT/DE/CNTLNE95T64Z112L",
        remark="the registers refuse to answer (bar on disclosure)",
        address=Address("Lindenweg", "9", "01067", "Dresden"),
    ),
    Person(
        key="paolo",
        family_name="Esposito",
        given_names="Paolo",
        date_of_birth=date(1973, 3, 17),
        place_of_birth="Bari",
        gender="Male",
        identifier="IT/DE/SPSPLA73C17A662R",
        remark="is in no register",
    ),
    Person(
        key="matteo",
        family_name="Greco",
        given_names="Matteo",
        date_of_birth=date(2003, 6, 2),
        place_of_birth="Bologna",
        gender="Male",
        identifier="IT/DE/GRCMTT03H02A944F",
        remark="logs in with level of assurance low",
        assurance="low",
        address=Address("Bahnhofstraße", "22", "70173", "Stuttgart"),
    ),
    Person(
        key="chiara",
        family_name="Ricci",
        given_names="Chiara",
        date_of_birth=date(1988, 10, 5),
        place_of_birth="Bolzano",
        gender="Female",
        identifier="IT/DE/RCCCHR88R45A952Y",
        remark="acts for Käsehaus Südtirol GmbH",
        assurance="high",
        represents=KAESEHAUS,
        address=Address("Sendlinger Straße", "17", "80331", "München"),
    ),
    Person(
        key="davide",
        family_name="Moser",
        given_names="Davide",
        date_of_birth=date(1979, 8, 14),
        place_of_birth="Merano",
        gender="Male",
        identifier="IT/DE/MSRDVD79M14F132S",
        remark="acts for Nebelhorn Optik GmbH, of which the registers answer after three seconds",
        represents=NEBELHORN,
    ),
)


SECOND_HOMES: dict[str, Address] = {"bjoern": Address("Kirchgasse", "2", "82481", "Mittenwald")}
"""Key of a person to a second home: their residence is two documents."""


def person(key: str) -> Person:
    """The test person of that key; raises KeyError."""
    for candidate in PEOPLE:
        if candidate.key == key:
            return candidate
    raise KeyError(key)

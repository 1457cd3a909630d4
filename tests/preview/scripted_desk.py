"""A scripted exchange and a scripted login for the pages; the real desk has its own tests."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cache
from io import BytesIO

from reportlab.pdfgen.canvas import Canvas

from intermediary.content import Content, InMemory
from intermediary.exchange.preview import (
    Identity,
    InputField,
    PreviewDocument,
    PreviewStep,
    PreviewUnknown,
    PreviewView,
)
from intermediary.web import LoginCancelled, LoginFailed, LoginStart

TOKEN = "kZr0vD2mQe8sX1yW4tB7nA5pLcJ6hG9f"
PORTAL = "https://portal.example.fr/retour?dossier=4711&etape=2"
DEADLINE = datetime(2030, 5, 17, 14, 35, tzinfo=UTC)

VEHICLE_XML = """<?xml version="1.0" encoding="UTF-8"?>
<v:VehicleRegistration xmlns:v="urn:example:vehicle" schemaVersion="1.2">
  <v:RegistrationNumber>B-OO 2030</v:RegistrationNumber>
  <v:FirstRegistrationDate>2021-03-09</v:FirstRegistrationDate>
  <v:Vehicle>
    <v:Make>Beispielwerke</v:Make>
    <v:VIN>WBX00000000000001</v:VIN>
    <v:EngineType code="E">electric</v:EngineType>
  </v:Vehicle>
  <v:Holder>
    <v:Person><v:FamilyName>Beispiel</v:FamilyName><v:GivenName>Kim</v:GivenName></v:Person>
    <v:Address><v:Street>Musterstraße 2</v:Street><v:Town>Musterstadt</v:Town></v:Address>
  </v:Holder>
</v:VehicleRegistration>""".encode()


@cache
def pdf(pages: int = 2) -> bytes:
    """A small PDF that says what it is."""
    out = BytesIO()
    canvas = Canvas(out, pagesize=(420, 300))
    for number in range(1, pages + 1):
        canvas.setFont("Helvetica-Bold", 18)
        canvas.drawString(40, 240, "Certificate of registration")
        canvas.setFont("Helvetica", 12)
        canvas.drawString(40, 200, f"Holder: Kim Beispiel - page {number}")
        canvas.showPage()
    canvas.save()
    return out.getvalue()


VIEW = PreviewView(
    step=PreviewStep.LOGIN,
    requester_name="Préfecture de Police",
    requester_country="FR",
    procedure="V2",
    evidence_title={"en": "Vehicle registration certificate", "de": "Zulassungsbescheinigung"},
    provider_name={"en": "Central Vehicle Register", "de": "Zentrales Fahrzeugregister"},
    deadline=DEADLINE,
    inputs=(
        InputField(
            key="number",
            titles={"en": "Registration number", "de": "Kennzeichen"},
            hints={"en": "For example B-OO 2030", "de": "Zum Beispiel B-OO 2030"},
            required=True,
            pattern=r"[A-Z]{1,3}-[A-Z]{1,2} \\d{1,4}",
        ),
        InputField(
            key="kind",
            titles={"en": "Kind of vehicle", "de": "Art des Fahrzeugs"},
            hints={},
            required=False,
            choices={"car": {"en": "Car", "de": "Auto"}, "bike": {"en": "Motorcycle", "de": "Motorrad"}},
        ),
    ),
    documents=(
        PreviewDocument(
            id="urn:uuid:11111111-1111-4111-8111-111111111111",
            title={"en": "Registration data", "de": "Zulassungsdaten"},
            media_type="application/xml",
            size=len(VEHICLE_XML),
            issuing_authority="Central Vehicle Register",
            issuing_date=date(2030, 5, 2),
        ),
        PreviewDocument(
            id="certificate",
            title={"en": "Registration certificate", "de": "Zulassungsbescheinigung Teil I"},
            media_type="application/pdf",
            size=48_200,
            issuing_authority="Central Vehicle Register",
            issuing_date=date(2030, 5, 2),
        ),
    ),
    available_at=datetime(2030, 5, 19, 8, 0, tzinfo=UTC),
    return_location=PORTAL,
)

KIM = Identity(
    level_of_assurance="High",
    identifier="DE/FR/Kim-Beispiel-0815",
    family_name="Geheimnisvoll",
    given_name="Kimberly",
    date_of_birth=date(1990, 4, 1),
)


@dataclass
class ScriptedDesk:
    """A desk with one link, whose step is what the test says; it records what it was told."""

    current: PreviewView = VIEW
    after_login: PreviewStep = PreviewStep.DECIDE
    owner: str | None = None
    returns: list[tuple[str | None, str | None]] = field(default_factory=list)
    identified: list[Identity] = field(default_factory=list)
    supplied: list[Mapping[str, str]] = field(default_factory=list)
    decisions: list[frozenset[str]] = field(default_factory=list)
    wrong_inputs: tuple[str, ...] = ()
    contents: dict[str, tuple[str, bytes]] = field(
        default_factory=lambda: {
            VIEW.documents[0].id: ("application/xml", VEHICLE_XML),
            "certificate": ("application/pdf", pdf()),
        }
    )

    def at(self, step: PreviewStep, **changes: object) -> None:
        """Put the exchange into a step."""
        self.current = replace(self.current, step=step, **changes)  # type: ignore[arg-type]

    def view(self, token: str, visitor: str | None) -> PreviewView:
        """The current view; login for strangers, taken for others once somebody owns the link."""
        if token != TOKEN:
            raise PreviewUnknown
        final = self.current.step in (PreviewStep.EXPIRED, PreviewStep.TAKEN)
        if (visitor is not None and visitor == self.owner) or final:
            return self.current
        step = PreviewStep.TAKEN if self.owner else PreviewStep.LOGIN
        return replace(self.current, step=step, documents=(), inputs=())

    def remember_return(self, token: str, return_url: str | None, return_method: str | None) -> None:
        """Recorded."""
        if token != TOKEN:
            raise PreviewUnknown
        self.returns.append((return_url, return_method))

    def identify(self, token: str, visitor: str, identity: Identity) -> PreviewView:
        """Bound to the visitor, unless the script says that it is somebody else."""
        self.identified.append(identity)
        if self.after_login in (PreviewStep.UNKNOWN_PERSON, PreviewStep.TAKEN):
            return replace(self.current, step=self.after_login)
        self.owner = visitor
        self.at(self.after_login)
        return self.current

    def supply(self, token: str, visitor: str, inputs: Mapping[str, str]) -> tuple[str, ...]:
        """Accepted unless the script says otherwise."""
        assert visitor == self.owner
        self.supplied.append(inputs)
        if not self.wrong_inputs:
            self.at(PreviewStep.WAITING)
        return self.wrong_inputs

    def document(self, token: str, visitor: str, document_id: str) -> tuple[str, Content]:
        """The bytes, for the owner."""
        if visitor != self.owner or document_id not in self.contents:
            raise PreviewUnknown
        media_type, data = self.contents[document_id]
        return media_type, InMemory(data)

    def decide(self, token: str, visitor: str, approved: frozenset[str]) -> PreviewView:
        """Recorded once."""
        assert visitor == self.owner
        self.decisions.append(approved)
        self.at(PreviewStep.DONE, approved=len(approved), declined=not approved)
        return self.current


@dataclass
class ScriptedLogin:
    """Sends the browser away and vouches for Kim when it comes back; `trouble` makes it fail."""

    trouble: type[LoginFailed] | None = None

    def begin(self, language: str) -> LoginStart:
        """A login page in the language."""
        url = f"https://login.example.de/authorize?ui_locales={language}"
        return LoginStart(url, "state-of-the-login", {"verifier": "v3rifier"})

    def finish(self, memory: Mapping[str, str], answer: Mapping[str, str]) -> Identity:
        """Kim, if the memory came back unchanged."""
        if self.trouble:
            raise self.trouble("scripted")
        if memory != {"verifier": "v3rifier"}:
            raise LoginFailed("memory")
        if answer.get("error"):
            raise LoginCancelled("scripted")
        return KIM

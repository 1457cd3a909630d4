"""The platform's exchange room on a real database, between a partner and a register that are doubles."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Engine

from intermediary import edm, store
from intermediary.as4.model import Packed
from intermediary.audit import AuditLog, Story
from intermediary.edm.codes import DocumentRole
from intermediary.edm.model import Distribution, EvidenceRequest, NaturalPerson
from intermediary.exchange import Exchanges, Identity, OwnAs4, Ports, PreviewStep, PreviewView, Timing
from intermediary.exchange.contracts import Ledger
from intermediary.mapping import load
from intermediary.mapping.model import MappingSet
from intermediary.sandbox import doubles
from intermediary.sandbox.pki import make_pki
from intermediary.sandbox.world import World
from intermediary.shipped import shipped
from intermediary.validation import Validator
from intermediary.validation.rules.published import published_rules
from tests.edm import examples

MAPPINGS = load(shipped("mappings"))
VALIDATOR = Validator(shipped("xsd"), published_rules())
VEHICLE = "fahrzeugregistrierung"
PREVIEW_BASE = "https://platform.sandbox/preview"


@dataclass
class Clock:
    """The real time plus what a test has let pass."""

    passed: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.passed

    def advance(self, **duration: float) -> None:
        """Let time pass."""
        self.passed += timedelta(**duration)


def a_request(version: str = "oots-edm:v2.0", key: str = VEHICLE, **changes: object) -> EvidenceRequest:
    """A request for the evidence of a shipped mapping, with a fresh id."""
    request: EvidenceRequest = examples.request(version=version)
    mapping = MAPPINGS.by_key(key)
    assert mapping is not None
    host = edm.profile_for(version).semantic_repository
    packaged, first = edm.profile_for(version).packaged, mapping.formats[0]
    companions = (DocumentRole.HUMAN_READABLE_VERSION,) if packaged and len(mapping.formats) > 1 else ()
    form = Distribution(first.media_type, first.data_model(version), associated_documents=companions)
    wanted = replace(
        request.evidence_type,
        evidence_type_classification=next(
            each for each in mapping.evidence_type_classifications if each.startswith(f"{host}/")
        ),
        distributed_as=(form,),
    )
    changed = {"id": f"urn:uuid:{uuid4()}", "evidence_type": wanted, "preview_location": None, **changes}
    return replace(request, **changed)  # type: ignore[arg-type]


def login_of(request: EvidenceRequest, level: str = "High") -> Identity:
    """The identity of the person that a request is about, as the identity provider would say it."""
    person = request.authorized_representative or request.subject
    assert isinstance(person, NaturalPerson)
    identifier = person.identifier.value if person.identifier else None
    return Identity(level, identifier, person.family_name, person.given_name, person.date_of_birth)


class House:
    """One platform process without sockets; `again()` is the same platform after a restart."""

    def __init__(
        self,
        folder: Path,
        *,
        mappings: MappingSet = MAPPINGS,
        timing: Timing | None = None,
        world: World | None = None,
        ledger_of: type[store.SqlLedger] = store.SqlLedger,
        database: str | None = None,
        blobs_of: Callable[[Path, store.KeyVault], store.SweptBlobs] = store.FileBlobs,
    ) -> None:
        self.folder = folder
        self.world = world or World(folder)
        make_pki(self.world)
        self.clock = Clock()
        self.partner = doubles.Partner(self.world)
        self.register = doubles.Register(self.world)
        self.mappings = mappings
        self.timing = timing or Timing()
        self.engine: Engine = store.open_engine(database or f"sqlite:///{folder}/ledger.sqlite")
        if not store.is_current(self.engine):
            store.migrate(self.engine)
        self.vault = store.KeyVault.from_file(folder / "platform.key")
        self.blobs = blobs_of(folder / "blobs", self.vault)
        self.ledger: Ledger = ledger_of(self.engine, self.blobs)
        self.again()

    def again(self) -> None:
        """Start (again) on what the database holds."""
        self.ports = Ports(
            ledger=self.ledger,
            vault=self.vault,
            blobs=self.blobs,
            clock=self.clock,
            new_id=lambda: str(uuid4()),
            mappings=lambda day, revision=None: self.mappings,
            connector=self.register,
            messaging=OwnAs4(
                push=self.partner,
                signing=doubles.signing_key(self.world, "platform"),
                keys=doubles.own_keys(self.world, "platform"),
                certificate_check=lambda _now: lambda _certificate: None,
                clock=self.clock,
            ),
            validator=VALIDATOR,
            pmodes=(doubles.pmode(self.world, "platform", "portal"),),
            timing=self.timing,
            preview_base=PREVIEW_BASE,
            message_domain="platform.sandbox",
            return_hosts={"portal": ("portal.example",)},
            blind_index=store.KeyedIndex(self.engine, self.vault),
        )
        self.exchanges = Exchanges(self.ports)
        self.desk = self.exchanges.desk
        self.worker = self.exchanges.worker(f"worker-{uuid4()}")

    def receive(self, packed: Packed) -> tuple[int, str, bytes]:
        """Push a message to the platform's access point."""
        answer = self.exchanges.access_point.receive(packed.content_type, packed.body)
        return answer.status, answer.content_type, answer.body

    def push(self, request: EvidenceRequest, **pack: object) -> tuple[int, str, bytes]:
        """Push an evidence request."""
        return self.receive(self.partner.pack(request, **pack))  # type: ignore[arg-type]

    def work(self) -> None:
        """Let the worker do everything that is due now."""
        for _ in range(200):
            if not self.worker.run_due():
                return
        raise AssertionError("the worker never comes to rest")

    def ask(self, request: EvidenceRequest, **pack: object) -> doubles.Delivered:
        """Push a request, work, and return the newest message that the partner got."""
        self.push(request, **pack)
        self.work()
        return self.partner.delivered[-1]

    def begin(self, request: EvidenceRequest) -> str:
        """Push a first request and return the token of the preview location that came back."""
        self.ask(request)
        location = self.partner.journal.read()[-1]["location"]
        assert location is not None
        assert location.startswith(PREVIEW_BASE)
        return location.rpartition("/")[2]

    def second(self, request: EvidenceRequest, token: str, **changes: object) -> EvidenceRequest:
        """The second request of an exchange."""
        changed = {"id": f"urn:uuid:{uuid4()}", "preview_location": f"{PREVIEW_BASE}/{token}", **changes}
        return replace(request, **changed)  # type: ignore[arg-type]

    def log_in(self, request: EvidenceRequest, token: str, visitor: str = "visitor-1") -> PreviewView:
        """The citizen of the request logs in, gives what the register needs, and the register is asked."""
        view = self.desk.identify(token, visitor, login_of(request))
        if view.step is PreviewStep.INPUT:
            assert self.desk.supply(token, visitor, inputs_for(view)) == ()
        self.work()
        return self.desk.view(token, visitor)

    def preview(self, request: EvidenceRequest) -> tuple[str, PreviewView]:
        """Everything up to the decision: token and what the citizen sees."""
        token = self.begin(request)
        return token, self.log_in(request, token)

    def story(self) -> Story:
        """The story of the oldest exchange."""
        log = AuditLog(self.engine)
        found = log.story(log.exchanges()[-1].id)
        assert found is not None
        return found

    def facts(self) -> list[str]:
        """What happened in the oldest exchange."""
        return [str(event.fact) for event in self.story().events]


def inputs_for(view: PreviewView) -> dict[str, str]:
    """Values that fit what the page asks for."""
    samples = {"kennzeichen": "B-OO 2026"}
    return {f.key: samples.get(f.key) or next(iter(f.choices), "12345") for f in view.inputs}


TODAY = date(2026, 11, 24)

"""The platform's side of the portal tests: an AS4 peer, answers to send, the portal as scripts see it."""

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
import lxml.html
import uvicorn
from fastapi import FastAPI, Request, Response

from intermediary import as4, edm, xml
from intermediary.as4.model import Packed, Payload, Property, Receipt, Received, UserMessage
from intermediary.edm.codes import ErrorCode
from intermediary.edm.model import (
    Agent,
    EdmMessage,
    EvidenceDocument,
    EvidenceErrorResponse,
    EvidenceException,
    EvidencePackage,
    EvidenceRequest,
    EvidenceResponse,
    Identifier,
    Preview,
    Text,
)
from intermediary.sandbox.portal.access_point import pinned, platform_pmode, tls_context
from intermediary.sandbox.world import World

PDF = b"%PDF-1.4\n% an evidence\n%%EOF\n"
LOCATION = "https://preview.example/preview/t0ken?a=b"
AGENT = Agent(Identifier("991-1", "urn:cef.eu:names:identifier:EAS:0204"), (Text("Provider", "EN"),))


class Server(threading.Thread):
    """An ASGI application on a TLS port, in a thread."""

    def __init__(self, app: FastAPI, world: World, system: str) -> None:
        super().__init__(daemon=True)
        config = uvicorn.Config(
            app,
            host="127.0.0.1",
            port=world.port(system),
            ssl_certfile=world.certificate(system, "tls-server"),
            ssl_keyfile=str(world.key(system, "tls-server")),
            log_level="error",
        )
        self._server = uvicorn.Server(config)
        self.start()
        until(lambda: self._server.started)

    def run(self) -> None:
        self._server.run()

    def stop(self) -> None:
        self._server.should_exit = True
        self.join()


T = TypeVar("T")


def until(look: Callable[[], T], seconds: float = 20) -> T:
    """The first true value of `look`."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, "nothing came"
        time.sleep(0.02)
    return found


class Platform:
    """The other side: receives what the portal sends, answers what a test wants."""

    def __init__(self, world: World) -> None:
        theirs = platform_pmode(world)
        self.world = world
        self.pmode = replace(
            theirs,
            id="portal",
            us=theirs.partner,
            partner=theirs.us,
            url=world.url("portal", "/as4"),
            partner_signing_certificates=(world.certificate("portal", "as4-signing").read_bytes(),),
            partner_encryption_certificate=world.certificate("portal", "as4-encryption").read_bytes(),
        )
        self.signing = as4.SigningKey.from_pem(
            world.key("platform", "as4-signing").read_bytes(),
            world.certificate("platform", "as4-signing").read_bytes(),
        )
        self.keys = as4.OwnKeys.from_pem(
            (
                world.key("platform", "as4-encryption").read_bytes(),
                world.certificate("platform", "as4-encryption").read_bytes(),
            )
        )
        self.inbox: list[Received] = []
        self.refuse: list[as4.EbmsError] = []
        self.spoil_receipts = 0
        self.http = httpx.Client(verify=tls_context(world), trust_env=False)
        self.app = FastAPI()

        @self.app.post("/as4")
        async def receive(request: Request) -> Response:
            now = datetime.now(UTC)
            body = await request.body()
            unpacked = as4.unpack(
                request.headers["content-type"], body, (self.pmode,), self.keys, pinned, now
            )
            self.inbox.append(unpacked.received)
            if self.refuse:
                signal = as4.pack_error(tuple(self.refuse), message_id(), now, self.signing)
            else:
                signal = as4.pack_receipt(unpacked.received, message_id(), now, self.signing)
            content = signal.body
            if self.spoil_receipts:
                self.spoil_receipts -= 1
                content = content.replace(b"RefToMessageId>", b"RefToMessageid>")
            return Response(content, headers={"Content-Type": signal.content_type})

    def requests(self, conversation_id: str) -> list[Received]:
        return [r for r in self.inbox if r.message.conversation_id == conversation_id]

    def push(
        self, asked: Received, answer: EdmMessage, action: str, *attachments: Payload, **header: Any
    ) -> tuple[Packed, UserMessage]:
        """Pack an answer and push it; the receipt must hold."""
        message = UserMessage(
            message_id=message_id(),
            timestamp=datetime.now(UTC),
            sender=self.pmode.us,
            receiver=self.pmode.partner,
            service=self.pmode.service,
            service_type=self.pmode.service_type,
            action=action,
            conversation_id=asked.message.conversation_id,
            ref_to_message_id=asked.message.message_id,
            properties=(Property("originalSender", "a"), Property("finalRecipient", "b")),
        )
        message = replace(message, **header)
        part = Payload(message_id(), "application/x-ebrs+xml", edm.write(answer))
        packed = as4.pack(message, (part, *attachments), self.pmode, self.signing)
        self.deliver(packed, message)
        return packed, message

    def deliver(self, packed: Packed, message: UserMessage) -> Receipt:
        response = self.http.post(
            self.pmode.url, content=packed.body, headers={"Content-Type": packed.content_type}
        )
        signal = as4.read_signal(
            response.headers["content-type"],
            response.content,
            packed,
            message.message_id,
            self.pmode,
            pinned,
        )
        assert isinstance(signal, Receipt)
        return signal


@dataclass
class Portal:
    """The portal's JSON API and pages, as a script and a browser see them."""

    world: World
    http: httpx.Client = field(repr=False)

    def begin(self, **body: Any) -> dict[str, Any]:
        body = {"evidence": "vehicle-registration", "person": "giulia", "version": "2.0"} | body
        answer = self.http.post("/api/exchanges", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()  # type: ignore[no-any-return]

    def exchange(self, exchange_id: str) -> dict[str, Any]:
        return self.http.get(f"/api/exchanges/{exchange_id}").json()  # type: ignore[no-any-return]

    def state(self, exchange_id: str, wanted: str) -> dict[str, Any]:
        return until(lambda: (e := self.exchange(exchange_id))["state"] == wanted and e)

    def archive(self, message: str, way: str = "received") -> Path:
        return next((self.world.data("portal") / way).glob(f"*-{message}"))


def html(text: str) -> lxml.html.HtmlElement:
    page = lxml.html.document_fromstring(text)
    assert isinstance(page, lxml.html.HtmlElement)
    return page


def message_id() -> str:
    return f"{uuid.uuid4()}@platform.test"


def asked(platform: Platform, exchange: dict[str, Any], n: int = 1) -> tuple[Received, EvidenceRequest]:
    """The n-th request of an exchange as it reached the platform."""
    received = until(lambda: platform.requests(exchange["conversation_id"])[n - 1 :])[0]
    request = edm.read(xml.parse(received.payloads[0].data))
    assert isinstance(request, EvidenceRequest)
    return received, request


def error(request: EvidenceRequest, code: ErrorCode, preview: Preview | None = None) -> EvidenceErrorResponse:
    profile = edm.profile_for(request.specification_identifier)
    return EvidenceErrorResponse(
        id=str(uuid.uuid4()),
        specification_identifier=request.specification_identifier,
        error_provider=replace(AGENT, classification="ERRP"),
        evidence_requester=Agent(request.evidence_requester.identifier, request.evidence_requester.names),
        exceptions=(
            EvidenceException(code, profile.messages[code], datetime.now(UTC), "why", preview=preview),
        ),
        request_id=request.id,
    )


def evidence(request: EvidenceRequest, *documents: EvidenceDocument) -> EvidenceResponse:
    packages = tuple(EvidencePackage((d,), f"urn:uuid:{uuid.uuid4()}") for d in documents)
    return EvidenceResponse(
        request_id=request.id,
        id=str(uuid.uuid4()),
        specification_identifier=request.specification_identifier,
        issue_date_time=datetime.now(UTC),
        evidence_providers=(replace(AGENT, classification="EP"),),
        evidence_requester=Agent(request.evidence_requester.identifier, request.evidence_requester.names),
        packages=packages,
    )


def document(title: str = "Vehicle & <b>registration</b>") -> EvidenceDocument:
    return EvidenceDocument(f"urn:uuid:{uuid.uuid4()}", message_id(), None, title)


def previewed(
    platform: Platform, portal: Portal, **body: Any
) -> tuple[dict[str, Any], Received, EvidenceRequest]:
    """An exchange up to its second request."""
    exchange = portal.begin(**body)
    received, request = asked(platform, exchange)
    preview = Preview(LOCATION, (Text("Please look", "EN"),), "GET")
    platform.push(received, error(request, ErrorCode.AUTHORIZATION, preview), "ExceptionResponse")
    return exchange, *asked(platform, exchange, 2)

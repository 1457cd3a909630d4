"""The evidence requester: begins exchanges, takes the answers, sends the second request at once.

Sources: oots-edm §3 (duties of the requester), §6 (choreography with preview).
"""

import logging
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

from intermediary import edm, xml
from intermediary.as4.model import Payload, Property, Received, UserMessage
from intermediary.edm.model import (
    EdmMessage,
    EvidenceErrorResponse,
    EvidenceRequest,
    EvidenceResponse,
)
from intermediary.sandbox.people import Person
from intermediary.sandbox.portal.access_point import AccessPoint, platform_pmode
from intermediary.sandbox.portal.archive import Archive
from intermediary.sandbox.portal.catalogue import Offer
from intermediary.sandbox.portal.exchanges import (
    Acknowledgement,
    Exchange,
    Exchanges,
    ReceivedDocument,
    ReceivedError,
    State,
    Step,
)
from intermediary.sandbox.portal.requests import first_request, second_request
from intermediary.sandbox.world import World

log = logging.getLogger(__name__)

EDM_MEDIA_TYPE = "application/x-ebrs+xml"
REQUEST = "ExecuteQueryRequest"


class EvidenceRequester:
    """The business side of the portal; AS4 messages come and go through its access point."""

    def __init__(self, world: World, offers: Mapping[str, Offer]) -> None:
        self.offers = offers
        self._world = world
        data = world.data("portal")
        self.exchanges = Exchanges(data / "exchanges")
        self.access_point = AccessPoint(world, platform_pmode(world), Archive(data), self._answered)
        self._sender = ThreadPoolExecutor(max_workers=8, thread_name_prefix="as4-push")

    def close(self) -> None:
        """Stop sending."""
        self.access_point.close()
        self._sender.shutdown(cancel_futures=True)

    def begin(
        self,
        evidence: str,
        person: Person,
        version: str,
        *,
        conversation_id: str | None = None,
        preview_possible: bool = True,
        explicit_request: bool = True,
        media_type: str | None = None,
    ) -> Exchange:
        """Send a first request in the background; returns the exchange as it begins.

        `version` is a specification identifier such as `oots-edm:v2.0`, `evidence` a key of the catalogue.
        Raises KeyError for an unknown evidence, edm.UnsupportedVersion for an unknown version.
        """
        offer = self.offers[evidence]
        profile = edm.profile_for(version)
        exchange_id, now = str(uuid.uuid4()), datetime.now(UTC)
        request = first_request(
            offer,
            person,
            profile,
            now,
            preview_possible=preview_possible,
            explicit_request=explicit_request,
            media_type=media_type,
        )
        exchange = Exchange(
            id=exchange_id,
            began_at=now,
            evidence=evidence,
            person=person.key,
            version=profile.specification_identifier,
            conversation_id=conversation_id or str(uuid.uuid4()),
            return_url=self._world.url("portal", f"/exchanges/{exchange_id}/return"),
            request=request,
            return_in_request=profile.return_location,
        )
        self.exchanges.add(exchange)
        self._push(exchange, request)
        return self.exchanges.get(exchange_id) or exchange

    def returned(self, exchange_id: str) -> Exchange:
        """The user came back from the preview. Raises KeyError."""
        now = datetime.now(UTC)
        return self.exchanges.update(exchange_id, lambda e: replace(e, returned_at=e.returned_at or now))

    def _push(self, exchange: Exchange, request: EvidenceRequest) -> None:
        """Show the message in the exchange, then send it in the background."""
        header = self._header(exchange, request)
        part = Payload(self.access_point.message_id(), EDM_MEDIA_TYPE, edm.write(request))
        step = Step(header.timestamp, True, REQUEST, header.message_id, edm_id=request.id)
        self.exchanges.update(exchange.id, lambda e: e.with_step(step))
        self._sender.submit(self._send, exchange.id, step, header, part)

    def _send(self, exchange_id: str, step: Step, header: UserMessage, part: Payload) -> None:
        try:
            delivery = self.access_point.send(header, part)
        except Exception:
            log.exception("Sending %s broke", step.message_id)
            raise
        if delivery.receipt_id:
            fate, note = Acknowledgement.RECEIPT, ""
        elif delivery.refusal:
            fate, note = Acknowledgement.REFUSED, delivery.refusal
        else:
            fate, note = Acknowledgement.GIVEN_UP, "the provider's access point could not be reached"

        def change(exchange: Exchange) -> Exchange:
            done = replace(
                step,
                acknowledgement=fate,
                receipt_id=delivery.receipt_id,
                attempts=delivery.attempts,
                note=note,
            )
            lost = fate is not Acknowledgement.RECEIPT and not exchange.state.final
            state = State.UNDELIVERABLE if lost else exchange.state
            return replace(exchange.with_step(done), state=state)

        self.exchanges.update(exchange_id, change)

    def _header(self, exchange: Exchange, request: EvidenceRequest) -> UserMessage:
        pmode, profile = self.access_point.pmode, edm.profile_for(exchange.version)
        corners = (
            ("originalSender", request.evidence_requester.identifier),
            ("finalRecipient", request.evidence_provider.identifier),
        )
        properties = [Property(name, identifier.value, identifier.scheme_id) for name, identifier in corners]
        if profile.exchange_id_property:
            properties.append(Property("ExchangeId", exchange.id))
        if profile.specification_id_property:
            properties.append(Property("SpecificationId", profile.specification_identifier))
        return UserMessage(
            message_id=self.access_point.message_id(),
            timestamp=datetime.now(UTC),
            sender=pmode.us,
            receiver=pmode.partner,
            service=pmode.service,
            service_type=pmode.service_type,
            action=REQUEST,
            conversation_id=exchange.conversation_id,
            properties=tuple(properties),
        )

    def _answered(self, received: Received, receipt_id: str) -> None:
        """Take one answer; what belongs to no exchange of ours is only kept in the archive."""
        header = received.message
        if header.is_test:
            return
        try:
            answer: EdmMessage | None = edm.read(xml.parse(received.payloads[0].data))
            note = ""
        except (xml.XmlRefused, edm.EdmUnreadable) as problem:
            answer, note = None, f"not processed: the answer cannot be read ({problem})"
        request_id = None if answer is None or isinstance(answer, EvidenceRequest) else answer.request_id
        exchange = self.exchanges.find(header.ref_to_message_id, header.conversation_id, request_id)
        if exchange is None:
            log.warning("The answer %s belongs to none of our requests; not processed", header.message_id)
            return
        step = Step(
            datetime.now(UTC),
            False,
            header.action,
            header.message_id,
            edm_id=None if answer is None else answer.id,
            ref_to_message_id=header.ref_to_message_id,
            acknowledgement=Acknowledgement.RECEIPT,
            receipt_id=receipt_id,
            note=note,
        )

        def change(before: Exchange) -> Exchange:
            if answer is None or isinstance(answer, EvidenceRequest):
                return before.with_step(step)
            wrong = _not_ours(before, header, answer)
            if wrong:
                return before.with_step(replace(step, note=f"not processed: {wrong}"))
            return _take(before.with_step(step), answer, received.payloads)

        after = self.exchanges.update(exchange.id, change)
        if after.state is State.PREVIEW_REQUIRED and exchange.state is State.SENT:
            self._push(after, second_request(after, datetime.now(UTC)))


def _not_ours(
    exchange: Exchange, header: UserMessage, answer: EvidenceResponse | EvidenceErrorResponse
) -> str | None:
    """Why an answer is not processed, or None (oots-edm §3: requestId must be that of the exchange)."""
    if header.conversation_id != exchange.conversation_id:
        return "ConversationId is not that of the exchange"
    answered = exchange.step(header.ref_to_message_id or "")
    known = [s.edm_id for s in exchange.steps if s.outgoing] if answered is None else [answered.edm_id]
    if answer.request_id is None and isinstance(answer, EvidenceErrorResponse) and answered is not None:
        return None  # a request that could not be read has no id to repeat (0003)
    if answer.request_id not in known:
        return "requestId is not that of the request"
    if exchange.state.final:
        return "the exchange is over"
    latest = [s.edm_id for s in exchange.steps if s.outgoing][-1]
    if answer.request_id not in (None, latest):
        return "a later request of the exchange waits for the answer"
    return None


def _take(
    exchange: Exchange,
    answer: EvidenceResponse | EvidenceErrorResponse,
    payloads: tuple[Payload, ...],
) -> Exchange:
    if isinstance(answer, EvidenceErrorResponse):
        raised = answer.exceptions[0]
        if raised.preview is not None and exchange.state is State.SENT:
            return replace(
                exchange,
                state=State.PREVIEW_REQUIRED,
                preview_location=raised.preview.location,
                preview_method=raised.preview.method,
                preview_descriptions=tuple((t.lang or "", t.value) for t in raised.preview.descriptions),
            )
        error = ReceivedError(str(raised.code), raised.message, raised.detail)
        return replace(exchange, state=State.ERROR, error=error)
    if answer.response_available_date_time is not None and not answer.documents:
        return replace(exchange, state=State.DEFERRED, available_at=answer.response_available_date_time)
    parts = {payload.content_id: payload for payload in payloads[1:]}
    missing = [d.content_id for d in answer.documents if d.content_id not in parts]
    if missing:
        error = ReceivedError("portal", f"{len(missing)} documents of the answer are not in the message")
        return replace(exchange, state=State.ERROR, error=error)
    documents = tuple(
        ReceivedDocument(
            title=document.title or (document.metadata.titles[0].value if document.metadata else document.id),
            media_type=parts[document.content_id].media_type,
            role=str(document.role),
            content=parts[document.content_id].data,
        )
        for document in answer.documents
    )
    return replace(exchange, state=State.EVIDENCE, documents=documents)

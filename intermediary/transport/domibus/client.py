"""The operations of the web-service plugin over HTTP."""

import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from intermediary.as4 import Packed
from intermediary.transport.domibus import envelopes
from intermediary.transport.domibus.envelopes import Arrival
from intermediary.transport.domibus.errors import ArrivalUnreadable, GatewayFault, GatewayUnreachable

_SENDING = "SENDING"


@dataclass(frozen=True, slots=True)
class GatewayAccess:
    """Where the plugin is and how we show who we are."""

    url: str
    """Of the plugin: `https://…/domibus/services/wsplugin`."""
    user: str
    password: str = field(repr=False)
    ca: Path | None = None
    """Certificates under which the gateway's lies; None: the system's."""
    client_certificate: Path | None = None
    client_key: Path | None = None
    max_answer_bytes: int = envelopes.LARGEST_TEXT
    """A longer answer is not read: an arriving message with payloads of about 7.5 MB."""


class WsPlugin:
    """One pooled client; threads may share it. Every call may raise GatewayUnreachable or GatewayFault."""

    def __init__(self, access: GatewayAccess, timeout_seconds: float = 60) -> None:
        tls = ssl.create_default_context(cafile=access.ca)
        if access.client_certificate is not None:
            tls.load_cert_chain(access.client_certificate, access.client_key)
        self._access = access
        self._client = httpx.Client(
            verify=tls,
            auth=(access.user, access.password),
            timeout=httpx.Timeout(timeout_seconds, connect=10),
            follow_redirects=False,
            trust_env=False,
        )

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def submit(self, packed: Packed) -> str:
        """Hand a submitRequest over; the MessageId that the gateway gave it (ours, where we named one)."""
        body = self._post(packed.content.chunks(), packed.content.size)
        _, response = envelopes.answer(body, "submitResponse")
        return next(iter(envelopes.texts(response, "messageID")), "")

    def status(self, message_id: str) -> str:
        """MessageStatus of a message that we sent; NOT_FOUND where the gateway never saw it."""
        asked = {"messageID": message_id, "accessPointRole": _SENDING}
        body = self._ask("statusRequestWithAccessPointRole", **asked)
        return (envelopes.answer(body, "getStatusResponse")[1].text or "").strip()

    def errors(self, message_id: str) -> tuple[str, ...]:
        """ebMS error codes (EBMS:0005) that sending a message has met, oldest first, each once."""
        asked = {"messageID": message_id, "accessPointRole": _SENDING}
        body = self._ask("getErrorsRequestWithAccessPointRole", **asked)
        _, response = envelopes.answer(body, "getMessageErrorsResponse")
        found = []
        for item in response.iterfind("item"):
            code = item.findtext("domibusErrorCode") or item.findtext("errorCode") or ""
            found.append(envelopes.ebms_code(code))
        return tuple(dict.fromkeys(code for code in found if code))

    def pending(self) -> tuple[str, ...]:
        """MessageIds that wait to be downloaded; the gateway bounds their number."""
        _, response = envelopes.answer(self._ask("listPendingMessagesRequest"), "listPendingMessagesResponse")
        return envelopes.texts(response, "messageID")

    def retrieve(self, message_id: str) -> Arrival:
        """A received message; it is not marked as downloaded where the gateway offers that (5.1 and later).

        Raises ArrivalUnreadable, also for one that is too large.
        """
        try:
            body = self._ask("retrieveMessageRequest", messageID=message_id, markAsDownloaded="false")
            header, response = envelopes.answer(body, "retrieveMessageResponse")
        except GatewayFault as fault:
            if fault.code != "soap:Sender":
                raise
            # An older plugin does not know the option: the retention of downloaded messages protects us then.
            body = self._ask("retrieveMessageRequest", messageID=message_id)
            header, response = envelopes.answer(body, "retrieveMessageResponse")
        return envelopes.arrival(header, response)

    def mark(self, message_id: str) -> None:
        """Mark a message as downloaded: the gateway may delete it."""
        body = self._ask("markMessageAsDownloadedRequest", messageID=message_id)
        envelopes.answer(body, "markMessageAsDownloadedResponse")

    def _ask(self, element: str, **children: str) -> bytes:
        body = envelopes.request(element, **children)
        return self._post((body,), len(body))

    def _post(self, body: Iterable[bytes | memoryview], size: int) -> bytes:
        headers = {"Content-Type": envelopes.CONTENT_TYPE, "Content-Length": str(size)}
        content = (bytes(piece) for piece in body)
        most, answer = self._access.max_answer_bytes, bytearray()
        try:
            with self._client.stream("POST", self._access.url, content=content, headers=headers) as response:
                for chunk in response.iter_bytes():
                    answer += chunk
                    if len(answer) > most:
                        raise ArrivalUnreadable(
                            f"the message has more than {most} bytes (gateway.max_answer_bytes); it stays at "
                            "the gateway: fetch it there by hand, and let its P-Mode limit the payload size"
                        )
        except httpx.HTTPError as error:
            # httpx texts name hosts and system errors, no content.
            raise GatewayUnreachable(f"the gateway: {type(error).__name__}: {error}") from None
        if response.status_code in (401, 403):
            raise GatewayUnreachable(
                f"the gateway answered HTTP {response.status_code}; check gateway.user, its password "
                "file, and that it is an active plugin user there"
            )
        kind = response.headers.get("content-type", "")
        if kind.lower().startswith("multipart/"):
            raise GatewayUnreachable("the gateway answers with MTOM; set wsplugin.mtom.enabled=false there")
        if "xml" not in kind.lower():
            raise GatewayUnreachable(f"the gateway answered HTTP {response.status_code} without SOAP")
        return bytes(answer)

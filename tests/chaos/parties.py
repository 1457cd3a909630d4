"""The other parties on sockets: a partner's access point and a register, each with faults, and their books.

They run in the process of the harness, which is never killed. What they do goes into their books (journals)
when they have done it: what is in a partner's book has arrived there, whatever the platform came to know.
"""

import random
import re
import socket
import ssl
import struct
import threading
import time
import traceback
from collections import Counter
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from uuid import uuid4

from intermediary import xml
from intermediary.as4.model import Packed
from intermediary.edm.model import EvidenceErrorResponse
from intermediary.national import xnachweis
from intermediary.sandbox.doubles import Journal, Partner, delivery
from intermediary.sandbox.world import World

Answer = tuple[int, str, bytes]

PARTNER_FAULTS = (
    "partner-refused",
    "partner-cut",
    "partner-slow",
    "partner-receipt-lost",
    "partner-500",
    "partner-wrong-signature",
)
REGISTER_FAULTS = ("register-refused", "register-cut", "register-503", "register-slow")
SLOW_SECONDS = (0.2, 1.6)
"""How late a slow party answers: some answers come before the caller's patience ends, some after."""
PATIENCE_SECONDS = 1.0
"""Of the platform, for one answer of a party."""


class Party:
    """A server of one party; `fault` names what is wrong with it at present, `hits` counts whom it struck."""

    def __init__(self, seed: str, tls: ssl.SSLContext | None = None) -> None:
        self.fault: str | None = None
        self.hits: Counter[str] = Counter()
        self.broken: list[str] = []
        """What the platform sent and this party could not make sense of: a defect, whatever the faults."""
        self.chance = random.Random(seed)
        self._tls = tls
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._server: ThreadingHTTPServer | None = None
        self.open()

    def open(self) -> None:
        """Listen."""
        self._server = _Server(self, self._tls)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def shut(self) -> None:
        """Listen no more: connections are refused. What was taken before is answered."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def begin(self, fault: str) -> None:
        """From now on this is wrong."""
        if fault.endswith("-refused"):
            self.shut()
            self.hits[fault] += 1  # nobody is there who could count
        self.fault = fault

    def end(self) -> None:
        """Everything is well again."""
        self.fault = None
        if self._server is None:
            self.open()

    def answer(self, content_type: str, body: bytes) -> Answer:
        """What the party does with a request when nothing is wrong."""
        raise NotImplementedError


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, party: Party, tls: ssl.SSLContext | None) -> None:
        self.party, self._tls = party, tls
        super().__init__(("127.0.0.1", party.port), _Handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self._tls is not None:
            request = self._tls.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Callers are killed all the time."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    _LENGTH: ClassVar = "Content-Length"

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""

    def do_POST(self) -> None:
        party, length = self.server.party, int(self.headers.get(self._LENGTH, 0))
        fault = party.fault
        kind = (fault or "").partition("-")[2]
        if fault is not None:
            party.hits[fault] += 1
        if fault == "partner-cut":
            self.rfile.read(length // 2)
            self._reset()
            return
        body = self.rfile.read(length)
        if len(body) < length:
            return  # the caller was killed in the middle
        if kind in ("500", "503"):
            self._send(int(kind), "text/plain", b"" if party.chance.random() < 0.5 else b"no\n")
            return
        try:
            status, content_type, answer = party.answer(self.headers.get("Content-Type", ""), body)
        except Exception:
            party.broken.append(traceback.format_exc())
            raise
        if kind in ("receipt-lost", "cut"):
            self._reset()
            return
        if kind == "wrong-signature":
            answer = _forged(answer)
        if kind == "slow":
            time.sleep(party.chance.uniform(*SLOW_SECONDS))
        self._send(status, content_type, answer)

    def _send(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header(self._LENGTH, str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _reset(self) -> None:
        """No farewell: the other side sees a connection reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()


_SIGNATURE = re.compile(rb"(SignatureValue>\s*)(\w)")


def _forged(receipt: bytes) -> bytes:
    """The receipt with another signature value."""
    forged, changes = _SIGNATURE.subn(
        lambda found: found[1] + (b"B" if found[2] == b"A" else b"A"), receipt, count=1
    )
    assert changes == 1, "a receipt has a signature"
    return forged


class PartnerParty(Party):
    """The partner's access point: what the platform pushes ends in `partner.jsonl`."""

    def __init__(self, double: Partner, seed: str) -> None:
        self._double = double
        self._guard = threading.Lock()
        self.answers: dict[str, str | None] = {}
        """MessageId that was answered to the preview location in the answer."""
        super().__init__(f"{seed}-partner")

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/as4"

    def answer(self, content_type: str, body: bytes) -> Answer:
        with self._guard:
            answered = self._double("", Packed(content_type, body))
            got = self._double.delivered.pop()
        raised = got.message.exceptions if isinstance(got.message, EvidenceErrorResponse) else ()
        location = next((each.preview.location for each in raised if each.preview), None)
        if got.header.ref_to_message_id is not None:
            self.answers[got.header.ref_to_message_id] = location
        return answered


class RegisterParty(Party):
    """A register that speaks XNachweis by mutual TLS; who asked for what stands in `register.jsonl`."""

    def __init__(self, world: World, journal: Journal, seed: str) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(
            world.certificate("vehicle-register", "tls-server"), world.key("vehicle-register", "tls-server")
        )
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(world.authority)
        self._journal, self._guard = journal, threading.Lock()
        super().__init__(f"{seed}-register", context)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"https://localhost:{self.port}"

    def answer(self, content_type: str, body: bytes) -> Answer:
        request = xnachweis.read_request(xml.parse(body))
        with self._guard:
            self._journal.write(request_id=request.request_id, provider=request.recipient.id)
        head = xnachweis.reply_head(request, str(uuid4()), datetime.now(UTC))
        written = xnachweis.write_answer(delivery(request), head)
        return 200, *xnachweis.pack(written.xml, written.attachments)

"""The gateway itself: a durable message log, AS4 to and from partners, retries, push notifications.

States as Domibus names them. Sent: SEND_ENQUEUED → (WAITING_FOR_RETRY →) ACKNOWLEDGED or SEND_FAILURE;
received: RECEIVED → DOWNLOADED, with retention 0 at once DELETED.
"""

import json
import logging
import sqlite3
import ssl
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from intermediary import as4
from intermediary.as4 import ErrorSignal, Packed, Party, Payload, PMode, UserMessage
from intermediary.sandbox.domibus.messages import Stored, header_json, parts_json, stored_in
from intermediary.sandbox.portal.access_point import pinned
from intermediary.sandbox.world import PARTY_ID_TYPE, World

log = logging.getLogger(__name__)

SENDING, RECEIVING = "SENDING", "RECEIVING"
_TABLES = """
create table if not exists message (role text, id text, status text, header text, parts text,
    downloaded int default 0, attempts int default 0, due real, errors text default '[]',
    receipt_type text, receipt blob,
    primary key (role, id));
create table if not exists notification (number integer primary key, operation text, id text, status text,
    attempts int default 0, due real);
"""
_REQUIRED_PROPERTIES = ("originalSender", "finalRecipient")
_NOTIFICATION_ATTEMPTS = 5


class Refused(Exception):  # noqa: N818
    """A request that the gateway refuses: `code` and text of its FaultDetail, `summary` of the fault."""

    def __init__(self, summary: str, code: str, text: str) -> None:
        super().__init__(text)
        self.summary, self.code = summary, code


@dataclass(frozen=True, slots=True)
class Options:
    """How the gateway is configured; what the real one says in properties and P-Mode."""

    attempts: int = 5
    """retry of the P-Mode: times that a message is pushed."""
    retry_seconds: float = 0.3
    retention_downloaded: int = 0
    """0: what was downloaded is deleted at once."""
    push: bool = True
    """wsplugin.push.enabled, with rules for everything."""
    push_marks: bool = False
    """wsplugin.push.markAsDownloaded; true in a gateway that nobody configured."""
    push_namespace: str = "eu.domibus.backend"
    lose: int = 0
    """Notifications that get lost on the way."""
    knows_mark: bool = True
    """Whether retrieveMessage knows markAsDownloaded (5.1 and later)."""
    send: bool = True
    """Whether the send queue is worked off."""


class Gateway:
    """One party's access point. `start` works off queues until `stop`."""

    def __init__(self, world: World, options: Options | None = None) -> None:
        self.options = options or Options()
        self._world = world
        self.pmode = partner_pmode(world)
        own = _pair(world, "as4-signing"), _pair(world, "as4-encryption")
        self._signing, self._keys = as4.SigningKey.from_pem(*own[0]), as4.OwnKeys.from_pem(own[1])
        self._client = httpx.Client(
            verify=ssl.create_default_context(cafile=world.authority), timeout=20, trust_env=False
        )
        self._lock = threading.RLock()
        path: Path = world.data("domibus") / "gateway.sqlite"
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        with self._lock:
            self._db.executescript(_TABLES)
        self._stop = threading.Event()
        self._to_send, self._to_tell = threading.Event(), threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to send and to notify."""
        queues = (self._send, self._to_send), (self._notify, self._to_tell)
        self._threads = [threading.Thread(target=self._run, args=queue) for queue in queues]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End, with everything kept."""
        self._stop.set()
        self._to_send.set()
        self._to_tell.set()
        for thread in self._threads:
            thread.join()
        self._client.close()
        with self._lock, closing(self._db):
            pass

    # What the plugin asks for

    def submit(self, header: UserMessage, parts: Sequence[Payload]) -> str:
        """Take a message to send; its MessageId. Raises Refused."""
        summary = "Message submission failed"
        message_id = header.message_id or f"{uuid.uuid4()}@domibus.sandbox"
        with self._lock:
            if self._row(SENDING, message_id) is not None:
                text = f"Message with id [{message_id}] already exists. Message identifiers must be unique"
                raise Refused(summary, "EBMS_0004", text)
            self._check_pmode(header, summary)
            stored = Stored(replace(header, message_id=message_id), tuple(parts))
            self._insert(SENDING, "SEND_ENQUEUED", stored, due=time.time())
        self._to_send.set()
        return message_id

    def _check_pmode(self, header: UserMessage, summary: str) -> None:
        ours, theirs = (header.sender.id, header.sender.type), (header.receiver.id, header.receiver.type)
        if ours != (self.pmode.us.id, self.pmode.us.type):
            raise Refused(summary, "EBMS_0003", f"Sender party could not be found for the value {ours[0]}")
        if theirs != (self.pmode.partner.id, self.pmode.partner.type):
            raise Refused(
                summary, "EBMS_0003", f"Receiver party could not be found for the value {theirs[0]}"
            )
        if (header.service, header.service_type) != (self.pmode.service, self.pmode.service_type):
            raise Refused(summary, "EBMS_0001", f"No matching service found for [{header.service}]")
        if header.action not in self.pmode.actions:
            raise Refused(summary, "EBMS_0001", f"No matching action found for [{header.action}]")
        for name in _REQUIRED_PROPERTIES:
            if header.property(name) is None:
                raise Refused(summary, "EBMS_0010", f"Required property missing [{name}]")

    def status(self, message_id: str, role: str) -> str:
        """MessageStatus."""
        row = self._row(role, message_id)
        return "NOT_FOUND" if row is None else str(row["status"])

    def errors(self, message_id: str, role: str) -> list[dict[str, str]]:
        """What went wrong with a message, oldest first. Raises Refused."""
        row = self._row(role, message_id)
        if row is None:
            raise _not_found(message_id)
        found: list[dict[str, str]] = json.loads(row["errors"])
        return found

    def pending(self) -> list[Stored]:
        """What waits to be downloaded; at most 500."""
        with self._lock:
            rows = self._db.execute(
                "select * from message where role = ? and downloaded = 0 order by rowid limit 500",
                (RECEIVING,),
            ).fetchall()
        return [stored_in(row) for row in rows]

    def retrieve(self, message_id: str, mark: bool) -> Stored:
        """A received message; with `mark` it counts as downloaded. Raises Refused."""
        with self._lock:
            row = self._row(RECEIVING, message_id)
            if row is None or row["status"] == "DELETED" or (mark and row["downloaded"]):
                raise _not_found(message_id)
            stored = stored_in(row)
            if mark:
                self._downloaded(message_id)
        return stored

    def mark(self, message_id: str) -> None:
        """Count a message as downloaded. Raises Refused."""
        with self._lock:
            row = self._row(RECEIVING, message_id)
            if row is None or row["downloaded"]:
                raise _not_found(message_id)
            self._downloaded(message_id)

    def _downloaded(self, message_id: str) -> None:
        gone = self.options.retention_downloaded == 0
        status = "DELETED" if gone else "DOWNLOADED"
        self._update(RECEIVING, message_id, downloaded=1, status=status)
        if gone:
            self._update(RECEIVING, message_id, parts="[]")

    def overview(self) -> list[dict[str, object]]:
        """All messages, without what is in them."""
        with self._lock:
            rows = self._db.execute("select role, id, status, attempts, downloaded from message").fetchall()
        return [dict(row) for row in rows]

    # AS4

    def receive(self, content_type: str, body: bytes) -> Packed:
        """What a partner pushed: kept, then acknowledged; a duplicate gets the old receipt."""
        now = datetime.now(UTC)
        try:
            unpacked = as4.unpack(content_type, body, (self.pmode,), self._keys, pinned, now)
        except as4.As4Refused as refused:
            log.warning("Message refused: %s", refused.reason)
            return as4.pack_error((refused.error,), self._id(), now, self._signing)
        received = unpacked.received
        with self._lock:
            row = self._row(RECEIVING, received.message.message_id)
            if row is not None:
                return Packed(row["receipt_type"], row["receipt"])
            receipt = as4.pack_receipt(received, self._id(), now, self._signing)
            if not received.message.is_test:
                self._insert(
                    RECEIVING, "RECEIVED", Stored(received.message, received.payloads), receipt=receipt
                )
                if self.options.push and self.options.push_marks:
                    self._downloaded(received.message.message_id)
                self._push("receiveSuccess", received.message.message_id)
        return receipt

    def _send(self) -> None:
        if not self.options.send:
            return
        with self._lock:
            rows = self._db.execute(
                "select * from message where role = ? and due <= ?", (SENDING, time.time())
            ).fetchall()
        for row in rows:
            self._send_one(row)

    def _send_one(self, row: sqlite3.Row) -> None:
        message_id, stored = str(row["id"]), stored_in(row)
        self._update(SENDING, message_id, status="SEND_IN_PROGRESS")
        packed = as4.pack(stored.header, stored.parts, self.pmode, self._signing)
        problems: list[tuple[str, str]] = []
        try:
            answer = self._client.post(
                self.pmode.url, content=packed.body, headers={"Content-Type": packed.content_type}
            )
            kind = answer.headers.get("Content-Type", "")
            signal = as4.read_signal(kind, answer.content, packed, message_id, self.pmode, pinned)
            if isinstance(signal, ErrorSignal):
                problems = [(e.code.code.replace(":", "_"), e.code.short_description) for e in signal.errors]
        except httpx.HTTPError as problem:
            problems = [("EBMS_0005", type(problem).__name__)]
        except as4.InvalidReceipt:
            problems = [("EBMS_0302", "Invalid receipt")]
        attempts = row["attempts"] + 1
        errors = json.loads(row["errors"])
        errors += [{"code": c, "detail": d, "at": datetime.now(UTC).isoformat()} for c, d in problems]
        if not problems:
            self._update(SENDING, message_id, status="ACKNOWLEDGED", due=None, attempts=attempts)
            self._push("sendSuccess", message_id)
        elif attempts < self.options.attempts:
            due = time.time() + self.options.retry_seconds
            values: dict[str, Any] = {"status": "WAITING_FOR_RETRY", "due": due}
            self._update(SENDING, message_id, attempts=attempts, errors=json.dumps(errors), **values)
            self._push("messageStatusChange", message_id, "WAITING_FOR_RETRY")
        else:
            values = {"status": "SEND_FAILURE", "due": None}
            self._update(SENDING, message_id, attempts=attempts, errors=json.dumps(errors), **values)
            self._push("sendFailure", message_id)

    # Push to the back end

    def _push(self, operation: str, message_id: str, status: str = "") -> None:
        if self.options.push:
            values = (operation, message_id, status, time.time())
            with self._lock:
                self._db.execute(
                    "insert into notification (operation, id, status, due) values (?, ?, ?, ?)", values
                )
            self._to_tell.set()

    def _notify(self) -> None:
        with self._lock:
            rows = self._db.execute("select * from notification where due <= ?", (time.time(),)).fetchall()
        for row in rows:
            done = self._lost() or self._told(row)
            attempts = row["attempts"] + 1
            due = None if done or attempts >= _NOTIFICATION_ATTEMPTS else time.time() + 0.5
            with self._lock:
                self._db.execute(
                    "update notification set due = ?, attempts = ? where number = ?",
                    (due, attempts, row["number"]),
                )

    def _lost(self) -> bool:
        if self.options.lose <= 0:
            return False
        self.options = replace(self.options, lose=self.options.lose - 1)
        return True

    def _told(self, row: sqlite3.Row) -> bool:
        change = f"<messageStatus>{row['status']}</messageStatus>" if row["status"] else ""
        operation, namespace = row["operation"], self.options.push_namespace
        body = (
            '<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope"><soap:Header/><soap:Body>'
            f'<ns2:{operation} xmlns:ns2="{namespace}"><messageID>{row["id"]}</messageID>{change}'
            f"</ns2:{operation}></soap:Body></soap:Envelope>"
        )
        try:
            answer = self._client.post(
                self._world.url("platform", "/domibus/backend"),
                content=body.encode(),
                headers={"Content-Type": "application/soap+xml"},
                auth=("domibus", self._world.secret("domibus-push").read_text()),
            )
        except httpx.HTTPError:
            return False
        return answer.status_code == 200

    # Rows

    def _run(self, work: Callable[[], None], wake: threading.Event) -> None:
        while not self._stop.is_set():
            wake.clear()
            try:
                work()
            except Exception:
                if not self._stop.is_set():
                    log.exception("A queue broke")
            wake.wait(0.1)

    def _row(self, role: str, message_id: str) -> sqlite3.Row | None:
        with self._lock:
            found: sqlite3.Row | None = self._db.execute(
                "select * from message where role = ? and id = ?", (role, message_id)
            ).fetchone()
        return found

    def _insert(
        self,
        role: str,
        status: str,
        stored: Stored,
        *,
        due: float | None = None,
        receipt: Packed | None = None,
    ) -> None:
        values = (
            role,
            stored.header.message_id,
            status,
            header_json(stored.header),
            parts_json(stored.parts),
            due,
            receipt.content_type if receipt else None,
            receipt.body if receipt else None,
        )
        with self._lock:
            self._db.execute(
                "insert into message (role, id, status, header, parts, due, receipt_type, receipt)"
                " values (?, ?, ?, ?, ?, ?, ?, ?)",
                values,
            )

    def _update(self, role: str, message_id: str, **values: Any) -> None:
        sets = ", ".join(f"{name} = ?" for name in values)
        with self._lock, suppress(sqlite3.ProgrammingError):  # closed while a push was under way
            self._db.execute(
                f"update message set {sets} where role = ? and id = ?",  # noqa: S608 - our own names
                (*values.values(), role, message_id),
            )

    @staticmethod
    def _id() -> str:
        return f"{uuid.uuid4()}@domibus.sandbox"


def partner_pmode(world: World) -> PMode:
    """How the gateway talks to the portal, in the name of the platform's party."""
    return PMode(
        id="portal",
        us=Party(world.party_id("platform"), PARTY_ID_TYPE),
        partner=Party(world.party_id("portal"), PARTY_ID_TYPE),
        url=world.url("portal", "/as4"),
        partner_signing_certificates=(world.certificate("portal", "as4-signing").read_bytes(),),
        partner_encryption_certificate=world.certificate("portal", "as4-encryption").read_bytes(),
        security=as4.PROFILES[world.security],
    )


def _pair(world: World, use: str) -> tuple[bytes, bytes]:
    return world.key("platform", use).read_bytes(), world.certificate("platform", use).read_bytes()


def _not_found(message_id: str) -> Refused:
    text = f"Message not found, id [{message_id}]"
    return Refused(text, "WS_PLUGIN_0001", text)

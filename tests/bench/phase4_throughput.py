"""Messages per second, ours ÷ phase4's: 100 KB, signed and encrypted, receipts verified, sender and receiver
each a process of its own on this machine. Both receivers write each part to a file and answer a receipt.

Without Java or Maven there is nothing to compare with: the figure is then left out, and said so.
"""

import os
import ssl
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import uvicorn
from cryptography.hazmat.primitives import serialization
from fastapi import FastAPI

from intermediary import as4
from intermediary.as4.model import PMode
from intermediary.content import Content
from intermediary.exchange import HttpAnswer
from intermediary.sandbox import doubles
from intermediary.sandbox.pki import make_pki
from intermediary.sandbox.world import World
from intermediary.transport.as4 import HttpPush, endpoint_router
from tests.as4 import pki
from tests.interop import parties, peer

PAYLOAD = os.urandom(100 * 1000)
WARM, MEASURED, THREADS = 150, 400, 2


def measure() -> dict[str, float]:
    """Ratio `as4_throughput_over_phase4`, and both sides in messages per second."""
    try:
        class_path = peer.build()
    except peer.Unavailable as unavailable:
        sys.stderr.write(f"NOT MEASURED against phase4: {unavailable}\n")
        return {}
    with TemporaryDirectory() as folder:
        theirs = _phase4(class_path, Path(folder))
        ours = _ours(Path(folder) / "ours")
    return {
        "as4_throughput_over_phase4": ours / theirs,
        "as4_messages_per_second": ours,
        "phase4_messages_per_second": theirs,
    }


def _phase4(class_path: str, folder: Path) -> float:
    """phase4 to phase4: two JVMs."""
    sides = {parties.PHASE4: parties.PLATFORM, parties.PLATFORM: parties.PHASE4}
    peers = []
    for us, partner in sides.items():
        home = folder / us.id
        home.mkdir()
        peers.append(peer.Peer(class_path, _settings(home, us, partner), home))
    sender, receiver = peers
    try:
        part = folder / "part"
        part.write_bytes(PAYLOAD)
        parts = [{"file": str(part), "id": "part-1@phase4.example", "mediaType": "application/pdf"}]
        properties = [{"name": name, "value": "EU-BENCH"} for name in ("originalSender", "finalRecipient")]
        loop = {"threads": THREADS, "parts": parts, "properties": properties}
        rate = 0.0
        for messages in (WARM, MEASURED):
            told = sender.ask(do="loop", url=receiver.url, messages=messages, **loop)
            assert told["acknowledged"] == messages, told
            rate = float(told["messagesPerSecond"])
        return rate
    finally:
        for each in peers:
            each.stop()


def _settings(home: Path, us: as4.Party, partner: as4.Party) -> dict[str, object]:
    for use in ("signing", "encryption"):
        parties.key_store(home / f"{use}.p12", parties.leaf(us, use))
    signing, encryption = parties.leaf(partner).certificate, parties.leaf(partner, "encryption").certificate
    authority = pki.authority().public_bytes(serialization.Encoding.PEM)
    (home / "trusted.pem").write_bytes(authority + signing + encryption)
    (home / "recipient.pem").write_bytes(encryption)
    return {
        "us": {"id": us.id, "type": us.type, "role": us.role},
        "partner": {"id": partner.id, "type": partner.type, "role": partner.role},
        "signing": str(home / "signing.p12"),
        "encryption": str(home / "encryption.p12"),
        "password": parties.PASSWORD,
        "trusted": str(home / "trusted.pem"),
        "recipient": str(home / "recipient.pem"),
    }


def _ours(folder: Path) -> float:
    """Ours to ours: this process and another."""
    world = World(folder)
    make_pki(world)
    command = [sys.executable, "-m", "tests.bench.phase4_throughput", str(folder)]
    receiver = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert receiver.stdout is not None
    try:
        url = receiver.stdout.readline().strip()
        mode, key = doubles.pmode(world, "portal", "platform"), doubles.signing_key(world, "portal")
        with HttpPush(ssl.create_default_context()) as push, ThreadPoolExecutor(THREADS) as pool:

            def send(_number: int) -> None:
                _exchange(push, url, mode, key)

            list(pool.map(send, range(WARM)))
            begin = time.perf_counter()
            list(pool.map(send, range(MEASURED)))
            return MEASURED / (time.perf_counter() - begin)
    finally:
        receiver.terminate()
        receiver.wait()


def _exchange(push: HttpPush, url: str, mode: PMode, key: as4.SigningKey) -> None:
    header = as4.UserMessage(
        message_id=f"{uuid4()}@portal.sandbox",
        timestamp=datetime.now(UTC),
        sender=mode.us,
        receiver=mode.partner,
        service=mode.service,
        service_type=mode.service_type,
        action=mode.actions[0],
        conversation_id="bench",
    )
    packed = as4.pack(header, (as4.Payload("part-1@x", "application/pdf", PAYLOAD),), mode, key)
    _status, kind, body = push(url, packed)
    told = as4.read_signal(kind, body, packed, header.message_id, mode, _trusted)
    assert isinstance(told, as4.Receipt)


def _trusted(_certificate: bytes) -> None:
    """Pinned by the P-Mode; the path is not what is measured."""


def _serve(folder: Path) -> None:
    """The receiving process: says its URL, then receives until it is ended."""
    world = World(folder)
    mode, keys = doubles.pmode(world, "platform", "portal"), doubles.own_keys(world, "platform")
    signing, inbox = doubles.signing_key(world, "platform"), folder / "inbox"
    inbox.mkdir()

    def receive(content_type: str, body: Content) -> HttpAnswer:
        now = datetime.now(UTC)
        received = as4.unpack(content_type, body, (mode,), keys, _trusted, now).received
        for payload in received.payloads:
            (inbox / received.message.message_id).write_bytes(payload.data)
        receipt = as4.pack_receipt(received, f"{uuid4()}@platform.sandbox", now, signing)
        return HttpAnswer(200, receipt.content_type, receipt.body)

    app = FastAPI()
    app.include_router(endpoint_router(receive, 10_000_000))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        pass
    sys.stdout.write(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/as4\n")
    sys.stdout.flush()
    thread.join()


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))

"""Memory of 250 MB in and out, over that of the idle process, each in a process of its own.

The receiver is the real endpoint and access point on a real database; the sender goes the way of the
outbox: a sealed document is packed, the packed message sealed and kept, then opened and pushed by HttpPush.
"""

import hashlib
import json
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import uvicorn
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR
from fastapi import FastAPI
from sqlalchemy import text

from intermediary import as4, store
from intermediary.content import CHUNK, Content, Spool
from intermediary.exchange.parts import split
from intermediary.exchange.sealing import unseal
from intermediary.sandbox import doubles
from intermediary.sandbox.pki import make_pki
from intermediary.sandbox.world import World
from intermediary.transport.as4 import HttpPush, endpoint_router
from tests.exchange.house import House, a_request

MEGABYTES = 250
_MB = 1000 * 1000


def measure() -> dict[str, float]:
    """MB over idle at the peak, of the hungrier of the two processes."""
    received, sent = run(MEGABYTES)
    return {"as4_250mb_extra_mb": max(float(received["extra_mb"]), float(sent["extra_mb"]))}


def run(megabytes: int) -> tuple[dict[str, str], dict[str, str]]:
    """One message from process to process; what each of them says: digest of the document, peak over idle."""
    with TemporaryDirectory() as folder:
        make_pki(World(Path(folder)))
        receiver = _child("receive", folder)
        assert receiver.stdout is not None and receiver.stdin is not None
        try:
            url = receiver.stdout.readline().strip()
            sender = _child("send", folder, url, str(megabytes))
            told, _ = sender.communicate(timeout=600)
            assert sender.returncode == 0, "the sender failed"
            receiver.stdin.write("done\n")
            receiver.stdin.flush()
            got = receiver.stdout.readline()
            receiver.communicate(timeout=60)
        finally:
            receiver.kill()
    return json.loads(got), json.loads(told)


def _child(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.bench.as4_memory", *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _status(field: str) -> float:
    line = next(x for x in Path("/proc/self/status").read_text().splitlines() if x.startswith(f"{field}:"))
    return int(line.split()[1]) * 1024 / _MB


def _extra() -> Callable[[], float]:
    """Called now, in the idle process; what it returns tells the peak over now, in MB."""
    with suppress(OSError):  # else the peak of the start counts too, which only makes it harder
        Path("/proc/self/clear_refs").write_text("5")
    idle = _status("VmRSS")
    return lambda: _status("VmHWM") - idle


def _digest(content: Content) -> str:
    found = hashlib.sha256()
    for chunk in content.chunks():
        found.update(chunk)
    return found.hexdigest()


def receive(folder: Path) -> None:
    """Serve; after a word on standard input say what the last message brought."""
    (folder / "receiver").mkdir()
    house = House(folder / "receiver", world=World(folder))
    app = FastAPI()
    app.include_router(endpoint_router(house.exchanges.access_point.receive, 400 * _MB))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        pass
    house.push(a_request())
    house.work()
    extra = _extra()
    _say(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/as4")
    sys.stdin.readline()
    house.work()
    told = extra()
    (blob,) = (folder / "receiver" / "blobs").iterdir()
    with house.engine.connect() as connection:
        query = text("SELECT item FROM message WHERE blob = :name")
        item = connection.execute(query, {"name": blob.name}).scalar_one()
    with house.ledger.begin() as tx:
        message = tx.message(item)
    assert message is not None
    document = split(unseal(house.ports, message.key, message))[1].content
    _say(json.dumps({"digest": _digest(document), "extra_mb": str(told)}))
    server.should_exit = True
    thread.join()


def send(folder: Path, url: str, megabytes: int) -> None:
    """Pack and push one document of that size; say what it was."""
    world = World(folder)
    vault = store.KeyVault(bytes(32))
    key = vault.new_key()
    blobs = store.FileBlobs(folder / "sender", vault)
    pmode = doubles.pmode(world, "portal", "platform")
    partner = doubles.Partner(world)
    with HttpPush(ssl.create_default_context()) as push:

        def deliver(document: Content) -> None:
            part = as4.Payload(f"{uuid4()}@x", "application/pdf", blobs.open(key, blobs.put(key, document)))
            message_id = f"{uuid4()}@portal.sandbox"
            packed = partner.pack(a_request(), extra_parts=(part,), message_id=message_id)
            kept = blobs.open(key, blobs.put(key, packed.content))
            packed.content.close()
            sent = as4.Packed(packed.content_type, kept, packed.references)
            _status_code, kind, answer = push(url, sent)
            signal = as4.read_signal(kind, answer, sent, message_id, pmode, lambda _: None)
            assert isinstance(signal, as4.Receipt)

        with _noise(1000) as small:
            deliver(small)
        extra = _extra()
        with _noise(megabytes * _MB) as large:
            deliver(large)
            told = extra()
            _say(json.dumps({"digest": _digest(large), "extra_mb": str(told)}))


def _noise(size: int) -> Spool:
    cipher = Cipher(AES256(bytes(32)), CTR(bytes(16))).encryptor()
    spool = Spool()
    for start in range(0, size, CHUNK):
        spool.write(cipher.update(bytes(min(CHUNK, size - start))))
    return spool


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["receive", folder]:
            receive(Path(folder))
        case ["send", folder, url, megabytes]:
            send(Path(folder), url, int(megabytes))
        case _:
            _say(json.dumps(measure()))

"""CPU of one AS4 send and one receive, divided by the cryptography that neither can do without.

The floor of a send: digest and encrypt the payload, wrap its key, sign, verify the receipt's signature.
The floor of a receive: unwrap, decrypt, digest, verify, sign the receipt. RSA-2048, 100 KB payload.
"""

import hashlib
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from intermediary import as4
from intermediary.as4.model import Payload, UserMessage
from intermediary.sandbox import doubles
from intermediary.sandbox.pki import make_pki
from intermediary.sandbox.world import World
from tests.bench.clock import cpu_seconds

PAYLOAD = os.urandom(100 * 1024)
NOW = datetime.now(UTC)


def measure() -> dict[str, float]:
    """Ratios `as4_send_over_floor` and `as4_receive_over_floor`."""
    with TemporaryDirectory() as folder:
        world = World(Path(folder))
        make_pki(world)
        here, there = doubles.pmode(world, "portal", "platform"), doubles.pmode(world, "platform", "portal")
        sender, receiver = doubles.signing_key(world, "portal"), doubles.signing_key(world, "platform")
        keys = doubles.own_keys(world, "platform")
    header = UserMessage(
        "m@portal.sandbox", NOW, here.us, here.partner, here.service, here.actions[0], "c",
        service_type=here.service_type,
    )  # fmt: skip
    payloads = (Payload("edm@portal.sandbox", "application/pdf", PAYLOAD),)

    def trust(_certificate: bytes) -> None:
        return None

    packed = as4.pack(header, payloads, here, sender)
    body = packed.body
    received = as4.unpack(packed.content_type, body, (there,), keys, trust, NOW).received
    receipt = as4.pack_receipt(received, "r@platform.sandbox", NOW, receiver)
    answer = receipt.body

    def send() -> None:
        sent = as4.pack(header, payloads, here, sender)
        as4.read_signal(receipt.content_type, answer, packed, header.message_id, here, trust)
        assert sent.content.size

    def receive() -> None:
        got = as4.unpack(packed.content_type, body, (there,), keys, trust, NOW).received
        as4.pack_receipt(got, "r@platform.sandbox", NOW, receiver)

    floor_send, floor_receive = _floors()
    ours_send, least_send, ours_receive, least_receive = cpu_seconds(send, floor_send, receive, floor_receive)
    return {
        "as4_send_over_floor": ours_send / least_send,
        "as4_receive_over_floor": ours_receive / least_receive,
        "as4_send_ms": ours_send * 1000,
        "as4_receive_ms": ours_receive * 1000,
    }


def _floors() -> tuple[Callable[[], None], Callable[[], None]]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key()
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    sign_with, digest = padding.PKCS1v15(), hashes.SHA256()
    aes = AESGCM.generate_key(128)
    iv = bytes(12)
    wrapped, cipher = public.encrypt(aes, oaep), AESGCM(aes).encrypt(iv, PAYLOAD, None)
    signed_info = os.urandom(1500)
    signature = key.sign(signed_info, sign_with, digest)

    def send() -> None:
        hashlib.sha256(PAYLOAD).digest()
        AESGCM(aes).encrypt(iv, PAYLOAD, None)
        public.encrypt(aes, oaep)
        key.sign(signed_info, sign_with, digest)
        public.verify(signature, signed_info, sign_with, digest)

    def receive() -> None:
        AESGCM(key.decrypt(wrapped, oaep)).decrypt(iv, cipher, None)
        hashlib.sha256(PAYLOAD).digest()
        public.verify(signature, signed_info, sign_with, digest)
        key.sign(signed_info, sign_with, digest)

    return send, receive

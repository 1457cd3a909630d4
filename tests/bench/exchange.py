"""CPU of one whole inbound exchange with preview, divided by what its cryptography alone costs.

The exchange: two requests received, preview offered, citizen identified, input given, register asked, two
documents shown and approved, evidence sent; on SQLite, whose commits reach the disk. Counted is what the
platform does (its certificate checks included); what the doubles do (the partner packing, unpacking, giving
receipts; the register) is not. The floor: the platform's share of the cryptography of the same four messages
and their four receipts, at their own sizes: RSA-2048 signatures, RSA-OAEP, AES-128-GCM, SHA-256.
"""

import hashlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from intermediary import trust
from intermediary.as4.model import Packed
from intermediary.exchange import Exchanges
from intermediary.exchange.own_as4 import OwnAs4
from intermediary.sandbox import doubles
from tests.bench.clock import cpu_seconds
from tests.exchange.house import House, a_request, inputs_for, login_of

ROUNDS, EXCHANGES = 10, 5
_SIGNED_INFO = 1500
"""Bytes of a SignedInfo, about."""


def measure() -> dict[str, float]:
    """Ratio `exchange_cpu_over_floor`, and both of its sides in milliseconds."""
    with TemporaryDirectory() as folder:
        bench = _Bench(Path(folder))
        bench.exchange()
        floor = _floor(bench.sizes_in, bench.sizes_out)
        ours = least = float("inf")
        for _ in range(ROUNDS):  # taking turns, so that noise hits both
            ours = min(ours, *(bench.exchange() for _ in range(EXCHANGES)))
            least = min(least, *cpu_seconds(floor, rounds=1, calls=EXCHANGES))
        bench.house.engine.dispose()
    return {
        "exchange_cpu_over_floor": ours / least,
        "exchange_cpu_ms": ours * 1000,
        "exchange_floor_ms": least * 1000,
    }


class _Bench:
    """One platform, its partner and register; counts the platform's CPU seconds."""

    def __init__(self, folder: Path) -> None:
        self.house = House(folder)
        self._ours = 0.0
        self.sizes_in: list[int] = []
        self.sizes_out: list[int] = []
        messaging = self.house.ports.messaging
        assert isinstance(messaging, OwnAs4)
        anchor = x509.load_pem_x509_certificate(self.house.world.authority.read_bytes())
        policy = trust.CertificatePolicy(revocation=trust.Revocation.OFF)
        self.house.ports = replace(
            self.house.ports,
            messaging=replace(
                messaging,
                push=self._push,
                certificate_check=lambda at: trust.certificate_check((anchor,), policy, at),
            ),
            connector=_Register(self),
        )
        exchanges = Exchanges(self.house.ports)
        self._receive, self._desk = exchanges.access_point.receive, exchanges.desk
        self._worker = exchanges.worker("bench")

    @contextmanager
    def counted(self, sign: int = 1) -> Iterator[None]:
        """What happens here is the platform's; with -1 it is not."""
        begin = time.process_time()
        yield
        self._ours += sign * (time.process_time() - begin)

    def exchange(self) -> float:
        """CPU seconds of one exchange."""
        self._ours, house = 0.0, self.house
        request = a_request()
        self._take(house.partner.pack(request))
        location = house.partner.journal.read()[-1]["location"]
        assert location is not None
        token = location.rpartition("/")[2]
        with self.counted():
            view = self._desk.identify(token, "visitor", login_of(request))
            self._desk.supply(token, "visitor", inputs_for(view))
            self._work()
            view = self._desk.view(token, "visitor")
        self._take(house.partner.pack(house.second(request, token)))
        with self.counted():
            self._desk.decide(token, "visitor", frozenset(d.id for d in view.documents))
            self._work()
        assert house.partner.journal.read()[-1]["kind"] == "EvidenceResponse"
        return self._ours

    def _take(self, packed: Packed) -> None:
        self.sizes_in.append(packed.content.size)
        with self.counted():
            assert self._receive(packed.content_type, packed.body).status == 200
            self._work()

    def _work(self) -> None:
        while self._worker.run_due():
            pass

    def _push(self, url: str, packed: Packed) -> tuple[int, str, bytes]:
        self.sizes_out.append(packed.content.size)
        with self.counted(-1):
            return self.house.partner(url, packed)


class _Register(doubles.Register):
    """The double, whose work is not the platform's."""

    def __init__(self, bench: _Bench) -> None:
        super().__init__(bench.house.world)
        self._bench = bench

    def ask(self, *asked: Any) -> Any:
        with self._bench.counted(-1):
            return super().ask(*asked)


def _floor(received: Sequence[int], sent: Sequence[int]) -> Callable[[], None]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key()
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    sign_with, digest = padding.PKCS1v15(), hashes.SHA256()
    signed_info, iv = bytes(_SIGNED_INFO), bytes(12)
    signature, aes = key.sign(signed_info, sign_with, digest), AESGCM.generate_key(128)
    wrapped = public.encrypt(aes, oaep)
    plain = [bytes(size) for size in sent]
    enciphered = [AESGCM(aes).encrypt(iv, bytes(size), None) for size in received]

    def floor() -> None:
        for content in enciphered:  # a message, and our receipt
            AESGCM(key.decrypt(wrapped, oaep)).decrypt(iv, content, None)
            hashlib.sha256(content).digest()
            public.verify(signature, signed_info, sign_with, digest)
            key.sign(signed_info, sign_with, digest)
        for content in plain:  # a message, and the partner's receipt
            hashlib.sha256(content).digest()
            AESGCM(aes).encrypt(iv, content, None)
            public.encrypt(aes, oaep)
            key.sign(signed_info, sign_with, digest)
            public.verify(signature, signed_info, sign_with, digest)

    return floor


if __name__ == "__main__":
    sys.stdout.write(f"{measure()}\n")

"""CPU of one whole inbound exchange with preview, divided by what its cryptography alone costs.

The exchange: two requests received, preview offered, citizen identified, register asked, two documents
shown and approved, evidence sent; the partner's own work (packing, unpacking, receipts) is part of both.
The floor: the same eight signatures, four key transports and their counterparts, nothing else.
"""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.bench.clock import cpu_seconds
from tests.exchange.house import House, a_request

SIGNATURES, KEY_TRANSPORTS = 8, 4
"""Four user messages and their four receipts; one encrypted message each way, twice."""


def measure() -> dict[str, float]:
    """Ratio `exchange_cpu_over_floor`."""
    with TemporaryDirectory() as folder:
        house = House(Path(folder))

        def exchange() -> None:
            request = a_request()
            token, view = house.preview(request)
            house.push(house.second(request, token))
            house.desk.decide(token, "visitor-1", frozenset(d.id for d in view.documents))
            house.work()

        ours, least = cpu_seconds(exchange, _floor(), rounds=5, calls=5)
        house.engine.dispose()
    return {"exchange_cpu_over_floor": ours / least, "exchange_cpu_ms": ours * 1000}


def _floor() -> Callable[[], None]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key()
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    sign_with, digest, signed_info = padding.PKCS1v15(), hashes.SHA256(), bytes(1500)

    def floor() -> None:
        for _ in range(SIGNATURES):
            public.verify(key.sign(signed_info, sign_with, digest), signed_info, sign_with, digest)
        for _ in range(KEY_TRANSPORTS):
            key.decrypt(public.encrypt(bytes(16), oaep), oaep)

    return floor

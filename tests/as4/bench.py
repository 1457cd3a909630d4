"""CPU milliseconds per message by profile: `python -m tests.as4.bench`. One payload, best of seven rounds."""

import os
import time
from collections.abc import Callable

from intermediary import as4
from tests.as4.parties import acknowledge, read, receive, receiving, send, under


def milliseconds(action: Callable[[], object], times: int = 50, rounds: int = 7) -> float:
    """CPU time of one call in the best round."""
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        for _ in range(times):
            action()
        best = min(best, (time.process_time() - start) / times)
    return best * 1000


def main() -> None:
    """Measure sending, receiving, acknowledging and reading the receipt, by each security profile."""
    for profile in as4.PROFILES.values():
        print(profile.name)  # noqa: T201
        with under(profile):
            _measure()


def _measure() -> None:
    print(f"{'payload':36}{'pack':>8}{'unpack':>8}{'receipt':>9}{'read':>7}")  # noqa: T201
    for size in (13 * 1024, 1024 * 1024):
        text = b"".join(b"<Value n='%d'>some text</Value>" % n for n in range(size // 24))[:size]
        for media_type, content in (("application/x-ebrs+xml", text), ("application/pdf", os.urandom(size))):
            payload = as4.Payload("p@portal.example", media_type, content)
            packed, pmode = send(payload), receiving()
            unpacked = receive(packed, pmode)
            receipt = acknowledge(unpacked)
            figures = (
                milliseconds(lambda payload=payload: send(payload)),  # type: ignore[misc]
                milliseconds(lambda packed=packed, pmode=pmode: receive(packed, pmode)),  # type: ignore[misc]
                milliseconds(lambda unpacked=unpacked: acknowledge(unpacked)),  # type: ignore[misc]
                milliseconds(lambda receipt=receipt, packed=packed: read(receipt, packed)),  # type: ignore[misc]
            )
            name = f"{size // 1024} KiB {media_type}"
            print(f"{name:36}{figures[0]:8.2f}{figures[1]:8.2f}{figures[2]:9.2f}{figures[3]:7.2f}")  # noqa: T201


if __name__ == "__main__":
    main()

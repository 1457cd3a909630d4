"""A node of several: one worker on a database that others share; ends with SIGTERM, or hangs when told to."""

import argparse
import signal
import threading
import time
from datetime import timedelta
from pathlib import Path

from intermediary.exchange import Timing
from intermediary.national.model import NationalAnswer
from tests.exchange.house import House

TIMING = Timing(lease=timedelta(seconds=3))


def main() -> None:
    """Work until SIGTERM."""
    options = argparse.ArgumentParser(prog="python -m tests.chaos.node", description=__doc__)
    options.add_argument("folder", type=Path)
    options.add_argument("database")
    options.add_argument("--hang", action="store_true", help="for ever, in the call of the register")
    given = options.parse_args()
    house = House(given.folder, timing=TIMING, database=given.database)

    def hang(*_asked: object) -> NationalAnswer:
        (given.folder / "hangs").touch()
        while True:
            time.sleep(1)

    if given.hang:
        house.register.ask = hang  # type: ignore[assignment, method-assign]
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    house.worker.run(stop, threading.Event(), 0.05)


if __name__ == "__main__":
    main()

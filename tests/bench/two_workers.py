"""Steps per second of two worker processes ÷ one, on one PostgreSQL that syncs each commit.

The work: first requests that lie stored. Each is read, judged by all rules, taken on, and the preview offered
in a message that is signed, encrypted and pushed: two steps. The partner that takes the push is a double in
the worker's own process, so nothing else loads the machine but the database. On two cores both workers and
the database share what one worker and the database had before: there the database's part is the limit.
"""

import shutil
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from tests import postgresql
from tests.exchange.house import House, a_request

REQUESTS, ROUNDS = 100, 2


def measure() -> dict[str, float]:
    """Ratio `two_workers_over_one`, and the steps per second of both."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        try:
            cluster = stack.enter_context(postgresql.running(durable=True))
        except postgresql.Unavailable as unavailable:
            sys.stderr.write(f"NOT MEASURED on two workers: {unavailable}\n")
            return {}
        prepared = cluster.create()
        house = House(folder / "prepared", database=cluster.url(prepared))
        for _ in range(REQUESTS):
            house.push(a_request())
        house.engine.dispose()
        cluster.settle(prepared)
        best = {1: 0.0, 2: 0.0}
        for number in range(ROUNDS):
            for workers in (1, 2):
                name = cluster.create(prepared)
                rate = _rate(folder, f"{number}-{workers}", cluster.url(name), workers)
                best[workers] = max(best[workers], rate)
                cluster.drop(name)
    return {
        "two_workers_over_one": best[2] / best[1],
        "one_worker_steps_per_second": best[1],
        "two_workers_steps_per_second": best[2],
    }


def _rate(folder: Path, run: str, database: str, workers: int) -> float:
    """Steps per second from the word go until the last worker finds nothing due."""
    started = []
    for number in range(workers):
        home = folder / f"{run}-{number}"
        home.mkdir()
        (home / "pki").symlink_to(folder / "prepared" / "pki")
        shutil.copy(folder / "prepared" / "platform.key", home)
        command = [sys.executable, "-m", "tests.bench.two_workers", str(home), database]
        started.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
    for worker in started:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    begin = time.perf_counter()
    for worker in started:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    steps = sum(int(worker.communicate()[0]) for worker in started)
    seconds = time.perf_counter() - begin
    assert steps == 2 * REQUESTS, f"{steps} steps for {REQUESTS} requests"
    return steps / seconds


def _work(folder: Path, database: str) -> None:
    """One worker process: ready, go, all that is due, the number of steps."""
    house = House(folder, database=database)
    with house.engine.connect():  # a connection in the pool, as a worker that runs has it
        pass
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    steps = 0
    while done := house.worker.run_due():
        steps += done
    sys.stdout.write(f"{steps}\n")


if __name__ == "__main__":
    _work(Path(sys.argv[1]), sys.argv[2])

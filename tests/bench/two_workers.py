"""Steps per second of two worker processes ÷ one, on one PostgreSQL that syncs each commit.

The work: first requests that lie stored. Each is read, judged by all rules, taken on, and the preview offered
in a message that is signed, encrypted and pushed: two steps. The partner that takes the push is a double in
the worker's own process, so nothing else loads the machine but the database. On two cores both workers and
the database share what one worker and the database had before: the CPU of both sides is told, and
`two_workers_most` is what the cores allow: all of them busy with two workers, over one worker that waits for
the database each time.
"""

import os
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests import postgresql
from tests.bench.end_to_end import cpu_of_cluster
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
        best = {1: _Run(0.0, 0.0, 0.0), 2: _Run(0.0, 0.0, 0.0)}
        for number in range(ROUNDS):
            for workers in (1, 2):
                name = cluster.create(prepared)
                run = _run(folder, f"{number}-{workers}", cluster, name, workers)
                best[workers] = max(best[workers], run)
                cluster.drop(name)
    one, two = best[1], best[2]
    cores = len(os.sched_getaffinity(0))
    return {
        "two_workers_over_one": two.rate / one.rate,
        "two_workers_most": min(2.0, cores / (two.working + two.database) / one.rate),
        "one_worker_steps_per_second": one.rate,
        "two_workers_steps_per_second": two.rate,
        "step_cpu_ms_worker": two.working * 1000,
        "step_cpu_ms_database": two.database * 1000,
    }


class _Run(NamedTuple):
    """Steps per second from the word go until the last worker finds nothing due; CPU seconds of a step."""

    rate: float
    working: float
    database: float


def _run(folder: Path, run: str, cluster: postgresql.Cluster, name: str, workers: int) -> _Run:
    database = cluster.url(name)
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
    begin, before = time.perf_counter(), cpu_of_cluster(cluster.folder)
    for worker in started:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    told = [worker.communicate()[0].split() for worker in started]
    seconds = time.perf_counter() - begin
    steps, working = sum(int(each[0]) for each in told), sum(float(each[1]) for each in told)
    assert steps == 2 * REQUESTS, f"{steps} steps for {REQUESTS} requests"
    cluster.settle(name)  # the dead connections' CPU is in their parent's books now
    return _Run(steps / seconds, working / steps, (cpu_of_cluster(cluster.folder) - before) / steps)


def _work(folder: Path, database: str) -> None:
    """One worker process: ready, go, all that is due, the number of steps."""
    house = House(folder, database=database)
    with house.engine.connect():  # a connection in the pool, as a worker that runs has it
        pass
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    steps, begin = 0, time.process_time()
    while done := house.worker.run_due():
        steps += done
    sys.stdout.write(f"{steps} {time.process_time() - begin}\n")


if __name__ == "__main__":
    _work(Path(sys.argv[1]), sys.argv[2])

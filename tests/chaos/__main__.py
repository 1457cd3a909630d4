"""`make chaos`: kills and faults at random on both databases, then the auditor; writes build/chaos.json.

`--every-commit` instead kills one exchange once before and once after each of its commits.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from intermediary import store
from intermediary.sandbox.pki import make_pki
from intermediary.sandbox.world import World
from tests import postgresql
from tests.chaos import weather
from tests.chaos.report import Figures
from tests.chaos.rounds import Harness, Outcome, Plan
from tests.chaos.story import Kill, audit, prepare, run

KILLS_EACH = 50
"""Kills of one round: an own database, and an audit at its end."""
NODES = {"sqlite": 1, "postgresql": 2}


def main() -> int:
    """Run, audit, report."""
    options = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    options.add_argument("--kills", type=int, default=1000, help="number of kills, over all databases")
    options.add_argument("--every-commit", action="store_true", help="once before and once after each commit")
    options.add_argument("--database", choices=(*postgresql.BOTH, "both"), default="both")
    options.add_argument(
        "--faults", default="all", help="beside kills in every second round: all, none, or names"
    )
    options.add_argument("--windows", type=int, help="faults that come and go in such a round; each once")
    options.add_argument("--seed", type=int, default=20261124)
    options.add_argument("--out", type=Path, default=Path("build/chaos.json"))
    given = options.parse_args()
    databases = postgresql.BOTH if given.database == "both" else (given.database,)
    figures = Figures(" ".join(["python -m tests.chaos", *sys.argv[1:]]), given.seed)
    with ExitStack() as stack:
        cluster = None
        if "postgresql" in databases:
            try:
                cluster = stack.enter_context(postgresql.running(durable=True))
            except postgresql.Unavailable as unavailable:
                raise SystemExit(f"{unavailable}\nor leave it out: --database sqlite") from None
        base = Path(tempfile.mkdtemp(prefix="chaos-"))
        if given.every_commit:
            for database in databases:
                _every_commit(base / database, cluster if database == "postgresql" else None, figures)
        else:
            _at_random(Harness(base, cluster), given, databases, figures)
    figures.write(given.out)
    sys.stdout.write(figures.report())
    if figures.findings:
        sys.stdout.write(f"What was found lies in {base}\n")
        return 1
    shutil.rmtree(base)
    return 0


def _at_random(
    harness: Harness, given: argparse.Namespace, databases: tuple[str, ...], figures: Figures
) -> None:
    begin = time.monotonic()
    for number, plan in enumerate(_plans(given, databases), 1):
        outcome = harness.run(plan)
        figures.add(plan, outcome)
        figures.write(given.out)  # what was found so far survives whoever is impatient
        done = (
            f"{time.monotonic() - begin:5.0f} s  round {number}, {plan.database}, "
            f"{len(plan.faults) or 'no'} faults: {outcome.verdict.exchanges} exchanges; so far "
            f"{figures.kills} kills, {figures.lost} lost, {figures.doubled} doubled\n"
        )
        sys.stderr.write(done)
        for finding in (*outcome.verdict.lost, *outcome.verdict.doubled):
            sys.stderr.write(f"  {plan.seed}: {finding}\n")


def _plans(given: argparse.Namespace, databases: tuple[str, ...]) -> Iterator[Plan]:
    """Rounds on each database by turns: kills alone, kills and faults; at last faults beyond deadlines."""
    left, number = given.kills, 0
    while left > 0:
        database = databases[number % len(databases)]
        kills = min(KILLS_EACH, left)
        left -= kills
        faults = _faults(given, database) if number // len(databases) % 2 else ()
        yield Plan(
            f"{given.seed}-{number}", database, kills, faults, given.windows or len(faults), NODES[database]
        )
        number += 1
    for database in databases:
        faults = tuple(f for f in _faults(given, database) if f.startswith(("partner-", "register-")))
        if faults:
            yield Plan(
                f"{given.seed}-{database}-late", database, 0, faults, given.windows or len(faults),
                NODES[database], patient=False,
            )  # fmt: skip


def _faults(given: argparse.Namespace, database: str) -> tuple[str, ...]:
    possible = weather.faults_of(database)
    if given.faults in ("all", "none"):
        return possible if given.faults == "all" else ()
    wanted = given.faults.split(",")
    unknown = set(wanted) - {f for each in postgresql.BOTH for f in weather.faults_of(each)}
    if unknown:
        raise SystemExit(f"There is no fault {', '.join(sorted(unknown))}; there are {', '.join(possible)}")
    return tuple(f for f in possible if f in wanted)


def _every_commit(base: Path, cluster: postgresql.Cluster | None, figures: Figures) -> None:
    """One exchange after the other, each killed at one instant."""
    keys = World(base / "keys")
    make_pki(keys)
    engine = store.open_engine(f"sqlite:///{keys.root}/ledger.sqlite")
    store.migrate(engine)  # once; every exchange begins on a copy
    engine.dispose()
    measured = base / "measured"
    prepare(measured, keys, None if cluster is None else cluster.url(cluster.create()))
    commits = run(measured, 0, None)  # in this process: what it warms, all children inherit
    assert commits > 12, "the story is shorter than it can be"
    database = "sqlite" if cluster is None else "postgresql"
    for kill in (Kill(n, after) for n in range(1, commits + 1) for after in (False, True)):
        folder = base / f"{kill.commit}-{'after' if kill.after else 'before'}"
        name = None if cluster is None else cluster.create()
        prepare(folder, keys, None if cluster is None or name is None else cluster.url(name))

        def settle(name: str | None = name) -> None:
            if cluster is not None and name is not None:
                cluster.settle(name)

        killed = _live(folder, [kill], settle)
        outcome = Outcome(audit(folder))
        outcome.kills["after-commit" if kill.after else "before-commit"] = killed
        figures.add(Plan(f"killed {kill}", database, kills=1), outcome)
        if not outcome.verdict.lost and not outcome.verdict.doubled:
            shutil.rmtree(folder)
        if cluster is not None and name is not None:
            cluster.drop(name)


def _live(folder: Path, plan: list[Kill], settle: Callable[[], None]) -> int:
    """One process after the other until one comes to the end; returns how many were killed.

    `settle` waits until the database has noticed: what a dead process has locked, the next one skips.
    """
    killed = 0
    for attempt, kill in enumerate([*plan, None]):
        if _child(folder, attempt, kill) < 0:
            killed += 1
        settle()
    return killed


def _child(folder: Path, attempt: int, kill: Kill | None) -> int:
    """Run in a forked process; the number of commits, or -1 where it was killed."""
    report = folder / "commits"
    child = os.fork()
    if child == 0:
        status = 1
        try:
            random.seed()
            report.write_text(str(run(folder, attempt, kill)))
            status = 0
        finally:
            sys.stderr.flush()
            os._exit(status)
    _pid, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return -1
    if os.WEXITSTATUS(status):
        raise SystemExit(f"the story broke in {folder}, attempt {attempt}, kill {kill}")
    return int(report.read_text())


if __name__ == "__main__":
    sys.exit(main())

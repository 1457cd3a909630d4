"""`make chaos`: kills at every commit, or at random ones; writes build/chaos.json."""

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path

from rich.progress import track

from intermediary import store
from intermediary.sandbox.pki import make_pki
from intermediary.sandbox.world import World
from tests import postgresql
from tests.chaos.story import Kill, audit, prepare, run


def main() -> int:
    """Run, audit, report."""
    options = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    options.add_argument("--kills", type=int, default=1000, help="number of kills")
    options.add_argument("--every-commit", action="store_true", help="once before and once after each commit")
    options.add_argument("--database", choices=postgresql.BOTH, default="sqlite")
    options.add_argument("--seed", type=int, default=20261124)
    options.add_argument("--out", type=Path, default=Path("build/chaos.json"))
    given = options.parse_args()
    with ExitStack() as stack:
        cluster = None
        if given.database == "postgresql":
            cluster = stack.enter_context(postgresql.running(durable=True))
        return _run(given, cluster)


def _run(given: argparse.Namespace, cluster: postgresql.Cluster | None) -> int:
    base = Path(tempfile.mkdtemp(prefix="chaos-"))
    keys = World(base / "keys")
    make_pki(keys)
    engine = store.open_engine(f"sqlite:///{keys.root}/ledger.sqlite")
    store.migrate(engine)  # once; every exchange begins on a copy
    engine.dispose()
    kills = lost = doubled = 0
    for number, plan in enumerate(
        track(_plans(given, base, keys, cluster), description="exchanges", disable=not sys.stderr.isatty())
    ):
        folder = base / str(number)
        name = None if cluster is None else cluster.create()
        prepare(folder, keys, None if cluster is None or name is None else cluster.url(name))

        def settle(name: str | None = name) -> None:
            if cluster is not None and name is not None:
                cluster.settle(name)

        kills += _live(folder, plan, settle)
        verdict = audit(folder)
        for problem in (*verdict.lost, *verdict.doubled):
            sys.stderr.write(f"exchange {number}, killed {plan}: {problem}\n")
        lost += bool(verdict.lost)
        doubled += bool(verdict.doubled)
        shutil.rmtree(folder)
        if cluster is not None and name is not None:
            cluster.drop(name)
    shutil.rmtree(base)
    result = {"database": given.database, "kills": kills, "lost": lost, "doubled": doubled}
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result) + "\n")
    sys.stdout.write(json.dumps(result) + "\n")
    return 1 if lost or doubled else 0


def _plans(
    given: argparse.Namespace, base: Path, keys: World, cluster: postgresql.Cluster | None
) -> Iterable[list[Kill]]:
    """For each exchange the kills of its successive processes."""
    folder = base / "measured"
    prepare(folder, keys, None if cluster is None else cluster.url(cluster.create()))
    commits = run(folder, 0, None)  # in this process: what it warms, all children inherit
    assert commits > 20, "the story is shorter than it can be"
    if given.every_commit:
        return [[Kill(n, after)] for n in range(1, commits + 1) for after in (False, True)]
    chance = random.Random(given.seed)
    plans, left = [], given.kills
    while left > 0:
        plan = [
            Kill(chance.randint(1, commits), chance.random() < 0.5)
            for _ in range(min(chance.randint(1, 4), left))
        ]
        plans.append(plan)
        left -= len(plan)
    return plans


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

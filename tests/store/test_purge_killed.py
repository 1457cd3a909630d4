"""kill -9 at any statement of a purge: nothing is half removed, and the next run goes on."""

import os
import signal
from datetime import timedelta
from itertools import count
from pathlib import Path

from sqlalchemy import Engine, event

from intermediary import store
from intermediary.audit import AuditLog
from intermediary.store.housekeeping import SqlHousekeeping
from tests.store.test_housekeeping import MONTH, NOW, YEAR, an_exchange, exchanges, platform_log, rows

STEP = 7
"""Statements between two deaths: with batches of two exchanges, each part of a batch has its turn."""


def purge_and_die(url: str, folder: Path, statement: int) -> bool:
    """Purge in another process that dies before that statement; whether it came to its end before."""
    child = os.fork()
    if child:
        _pid, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
        return os.WIFEXITED(status)
    try:
        engine = store.open_engine(url)
        numbers = count()

        def die(*_statement: object) -> None:
            if next(numbers) == statement:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(engine, "before_cursor_execute", die)
        house = SqlHousekeeping(engine, lambda blob: (folder / blob).unlink(missing_ok=True))
        while house.purge(NOW - YEAR, 2, NOW) or house.cut("platform", NOW - YEAR, 3, NOW):
            pass
        os._exit(0)
    finally:
        os._exit(1)


def test_a_purge_that_is_killed_again_and_again_comes_to_its_end(engine: Engine, tmp_path: Path) -> None:
    url = engine.url.render_as_string(hide_password=False)
    blobs = [f"{number:032x}" for number in range(9)]
    for number, blob in enumerate(blobs):
        (tmp_path / blob).touch()
        an_exchange(engine, f"old{number}", NOW - 13 * MONTH, blob=blob)
    an_exchange(engine, "young", NOW - 11 * MONTH)
    platform_log(engine, *[14 * MONTH] * 8, timedelta())
    engine.dispose()  # a forked process must not share connections
    deaths = 0
    while not purge_and_die(url, tmp_path, STEP * (deaths + 1)):
        deaths += 1
        assert AuditLog(engine).broken_streams() == ()
        left = exchanges(engine)
        assert "young" in left
        assert (rows(engine, "message"), rows(engine, "exchange")) == (2 * len(left), len(left))
        engine.dispose()
    assert deaths > 3
    assert exchanges(engine) == {"young"}
    assert AuditLog(engine).broken_streams() == ()
    told = [dict(e.data) for e in AuditLog(engine).platform() if e.fact == "purged"]
    assert sum(int(data["exchanges"]) for data in told) == 9, "each removal is told of once"
    swept = len(list(tmp_path.glob("0*")))
    assert swept <= 2 * deaths, "what a death left of the blobs is no more than a batch; the sweep finds it"

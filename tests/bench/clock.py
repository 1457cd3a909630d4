"""How CPU time is measured: the best of several rounds, sides taking turns so that noise hits both."""

import time
from collections.abc import Callable


def cpu_seconds(*sides: Callable[[], object], rounds: int = 7, calls: int = 20) -> tuple[float, ...]:
    """CPU seconds of one call of each side, the best of `rounds` rounds of `calls` calls."""
    best = [float("inf")] * len(sides)
    for side in sides:
        side()
    for _ in range(rounds):
        for number, side in enumerate(sides):
            begin = time.process_time()
            for _ in range(calls):
                side()
            best[number] = min(best[number], (time.process_time() - begin) / calls)
    return tuple(best)

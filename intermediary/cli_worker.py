"""`intermediary worker`: a node that works on what is due and serves nobody but its operator."""

import signal
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from intermediary.exchange import SettingsInvalid
from intermediary.settings import load_settings

if TYPE_CHECKING:
    from intermediary.app import Platform
    from intermediary.health import Page


def worker() -> None:
    """Run workers only, beside any number of `serve` and `worker` processes on the same database.

    SIGTERM and Ctrl-C: each thread ends the step that it is in; nothing else is held, since a thread leases
    one item at a time. What a killed node had in work is taken over when its lease is over.
    """
    from intermediary import health
    from intermediary.app import build

    settings = load_settings()
    if settings.workers == 0:
        raise SettingsInvalid("workers = 0 leaves `intermediary worker` nothing to do; give it 1 or more")
    platform = build(settings)
    stop = threading.Event()

    def end(_signal: int, _frame: object) -> None:
        stop.set()
        platform.wake.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    threads = platform.workers(stop)
    for thread in threads:
        thread.start()
    if settings.worker_metrics_port is not None:
        health.listen(settings.host, settings.worker_metrics_port, _pages(platform, threads))
    threading.Thread(target=platform.renew, args=(stop,), daemon=True).start()
    threading.Thread(target=platform.clock.run, args=(stop,), daemon=True).start()
    for thread in threads:
        thread.join()
    if platform.traces is not None:
        platform.traces.close()


def _pages(platform: "Platform", threads: list[threading.Thread]) -> dict[str, Callable[[], "Page"]]:
    """What the listener of a worker shows; it lives while all its threads do."""
    from prometheus_client import CONTENT_TYPE_LATEST

    from intermediary import health

    def live() -> "Page":
        dead = sum(not thread.is_alive() for thread in threads)
        return health.live() if not dead else (503, "text/plain", b"a thread has ended\n")

    pages: dict[str, Callable[[], Page]] = {
        "/health/live": live,
        "/health/ready": lambda: health.ready(platform.engine, platform.clock.explained()),
    }
    if (metrics := platform.metrics) is not None:
        pages["/metrics"] = lambda: (200, CONTENT_TYPE_LATEST, metrics.text())
    return pages

"""`intermediary worker`: a node that works on what is due and serves nobody."""

import signal
import threading

from intermediary.exchange import SettingsInvalid
from intermediary.settings import load_settings


def worker() -> None:
    """Run workers only, beside any number of `serve` and `worker` processes on the same database.

    SIGTERM and Ctrl-C: each thread ends the step that it is in; nothing else is held, since a thread leases
    one item at a time. What a killed node had in work is taken over when its lease is over.
    """
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
    if platform.metrics is not None and settings.worker_metrics_port is not None:
        platform.metrics.listen(settings.host, settings.worker_metrics_port)
    threads = platform.workers(stop)
    for thread in threads:
        thread.start()
    threading.Thread(target=platform.renew, args=(stop,), daemon=True).start()
    for thread in threads:
        thread.join()
    if platform.traces is not None:
        platform.traces.close()

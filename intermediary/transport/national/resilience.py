"""Few quick repeats within one call, and a circuit breaker for each system called."""

import threading
from collections.abc import Callable

import pybreaker
import stamina

from intermediary.transport.national.errors import CallFailed, CallInterrupted
from intermediary.transport.national.http import Reply
from intermediary.transport.national.settings import NationalSettings


class Resilience:
    """Runs attempts; threads may share it. The longer pauses between calls are the exchange's business."""

    def __init__(self, settings: NationalSettings) -> None:
        self._settings = settings
        self._guard = threading.Lock()
        self._breakers: dict[str, pybreaker.CircuitBreaker] = {}

    def run(self, system: str, attempt: Callable[[], Reply]) -> Reply:
        """The reply of the first attempt that is not interrupted. Raises what the last one raises, CallFailed
        at once where the system failed too often in a row.
        """
        try:
            # `calling` does not hold the breaker's lock during the call, as `call` would.
            with self._breaker(system).calling():
                return self._repeated(attempt)
        except pybreaker.CircuitBreakerError:
            raise CallFailed("circuit breaker open: it failed too often in a row") from None

    def _repeated(self, attempt: Callable[[], Reply]) -> Reply:
        pause = self._settings.retry_seconds
        for repeat in stamina.retry_context(
            on=CallInterrupted,
            attempts=self._settings.attempts,
            timeout=None,
            wait_initial=pause,
            wait_max=pause * 8,
            wait_jitter=pause,
        ):
            with repeat:
                return attempt()
        raise AssertionError("the last attempt returns or raises")

    def _breaker(self, system: str) -> pybreaker.CircuitBreaker:
        with self._guard:
            if system not in self._breakers:
                self._breakers[system] = pybreaker.CircuitBreaker(
                    fail_max=self._settings.breaker_failures,
                    reset_timeout=self._settings.breaker_seconds,
                    exclude=[lambda error: not isinstance(error, CallFailed)],
                    throw_new_error_on_trip=False,
                    name=system,
                )
            return self._breakers[system]

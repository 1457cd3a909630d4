"""How long everybody may take. TDD chapter 4.4: T1, T2, T3; the waiting side adds a minute to each."""

from dataclasses import dataclass
from datetime import timedelta

from intermediary.exchange.errors import SettingsInvalid


@dataclass(frozen=True, slots=True)
class Timing:
    """Time-outs of an inbound exchange. Raises SettingsInvalid where they contradict each other."""

    t1: timedelta = timedelta(minutes=5)
    """First answer to a request, counted from its arrival."""
    t2: timedelta = timedelta(minutes=15)
    """The user follows the preview location and identifies themself."""
    t3: timedelta = timedelta(minutes=40)
    """The user decides, counted from identification."""
    allowance: timedelta = timedelta(minutes=1)
    """What the waiting side adds to each."""
    second_request: timedelta = timedelta(minutes=16)
    """How long an outcome is kept for a second request that has not come."""
    provider_patience: timedelta = timedelta(minutes=2)
    """How long a provider that cannot be reached is asked again before the exchange is settled."""
    provider_retry: timedelta = timedelta(seconds=1)
    """First pause between two attempts; doubles up to `retry_ceiling`."""
    send_retry: timedelta = timedelta(seconds=5)
    """First pause before an AS4 message is pushed again (same MessageId); doubles up to `retry_ceiling`."""
    send_attempts: int = 8
    gateway_poll: timedelta = timedelta(seconds=5)
    """First pause before a gateway is asked how far a message came; doubles up to `retry_ceiling`."""
    gateway_patience: timedelta = timedelta(hours=24)
    """How long a gateway may call a message under way, counted from queueing; then its receipt is overdue."""
    retry_ceiling: timedelta = timedelta(minutes=2)
    lease: timedelta = timedelta(seconds=90)
    """How long a worker may take for one step before another takes over."""

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if value <= (0 if isinstance(value, int) else timedelta()):
                raise SettingsInvalid(f"timing.{name} must be positive")
        if self.provider_patience >= self.t3:
            raise SettingsInvalid(
                "timing.provider_patience must be shorter than timing.t3: the citizen waits"
            )
        if self.provider_retry > self.provider_patience:
            raise SettingsInvalid("timing.provider_retry must not exceed timing.provider_patience")
        if self.second_request < self.allowance:
            raise SettingsInvalid("timing.second_request must be at least timing.allowance")

    def pause(self, first: timedelta, attempts: int) -> timedelta:
        """Pause after that many attempts: doubling, bounded by the ceiling."""
        doubled: timedelta = first * (1 << min(max(attempts - 1, 0), 20))
        return min(doubled, self.retry_ceiling)

"""How far the clocks are from the time that the platform goes by."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector


class ClockGauges(Collector):
    """Of this process, unlike the gauges of the store."""

    def __init__(self, ahead: Callable[[], Mapping[str, timedelta]]) -> None:
        self._ahead = ahead

    def describe(self) -> Iterable[Metric]:
        """Nothing is read at registration."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """One scrape."""
        gauge = GaugeMetricFamily(
            "intermediary_clock_ahead_seconds",
            "By how much a clock is ahead of the platform's time; negative: behind.",
            labels=("clock",),
        )
        for clock, ahead in self._ahead().items():
            gauge.add_metric((clock,), ahead.total_seconds())
        yield gauge

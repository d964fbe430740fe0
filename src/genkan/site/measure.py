"""Counters and latency histograms of the door, kept as plain numbers and shown in Prometheus' text format."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from genkan.protocol.reasons import Reason

BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class _Histogram:
    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.total = 0.0


class Measures(Collector):
    """What has been answered and refused. Labels are route templates and reasons: never a value that somebody sent."""

    def __init__(self) -> None:
        self._answers: Counter[tuple[str, int]] = Counter()
        self._latency: defaultdict[str, _Histogram] = defaultdict(_Histogram)
        self._refusals: Counter[str] = Counter()
        # Counted by TLS of our own: done, failed, certificate (the client's was not accepted).
        self.handshakes: Counter[str] = Counter()
        self._key_uses: dict[int, int] = {}
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count one answer of a route."""
        self._answers[route, status] += 1
        histogram = self._latency[route]
        histogram.counts[bisect_left(BOUNDS, seconds)] += 1
        histogram.total += seconds

    def refused(self, reason: Reason) -> None:
        """Count one refusal."""
        self._refusals[reason.value] += 1

    def key_used(self, key_id: int, now: int) -> None:
        """An API key has opened something."""
        self._key_uses[key_id] = now

    def key_last_used(self, key_id: int) -> int | None:
        """When an API key has last opened something in this process; None where it has not."""
        return self._key_uses.get(key_id)

    def render(self) -> bytes:
        """The text exposition format."""
        return generate_latest(self._registry)

    def collected(self) -> Iterator[Metric]:
        """Everything that is rendered, for whoever puts it together with that of other processes."""
        yield from self._registry.collect()

    def collect(self) -> Iterator[Metric]:
        """Called by the registry."""
        answers = CounterMetricFamily("genkan_http_answers", "Answers by route and status", labels=("route", "status"))
        for (route, status), count in self._answers.items():
            answers.add_metric((route, str(status)), count)
        yield answers
        latency = HistogramMetricFamily("genkan_http_seconds", "Time from request to answer", labels=("route",))
        for route, histogram in self._latency.items():
            latency.add_metric((route,), list(_cumulative(histogram.counts)), sum_value=histogram.total)
        yield latency
        refusals = CounterMetricFamily("genkan_refusals", "Refusals by reason", labels=("reason",))
        for reason, count in self._refusals.items():
            refusals.add_metric((reason,), count)
        yield refusals
        handshakes = CounterMetricFamily("genkan_tls_handshakes", "TLS handshakes by result", labels=("result",))
        for result, count in self.handshakes.items():
            handshakes.add_metric((result,), count)
        yield handshakes
        up = GaugeMetricFamily("genkan_up", "1 while the process answers")
        up.add_metric((), 1)
        yield up


def _cumulative(counts: list[int]) -> Iterator[tuple[str, float]]:
    total = 0
    for bound, count in zip((*map(str, BOUNDS), "+Inf"), counts, strict=True):
        total += count
        yield bound, total

"""The service's Prometheus metrics: names, units, labels, and the text of `/metrics`.

The names follow Prometheus's conventions: base units, `_total` on counters. Events are gathered in
tallies and handed over by `flush`: every half second and before this process shows its figures, so
the figures of the other workers are up to that much behind.
"""

import os
from collections.abc import Callable
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from mnist_api.models.catalog import Model
from mnist_api.tallies import BatchHistogram, CounterTally, HistogramTally, Tallies

FLUSH_SECONDS = 0.5

# 0.1 ms to 1 s in steps of 1.5-2: fine enough to see a model's own time, 14 series a histogram.
LATENCY_BUCKETS = (
    0.0001, 0.0002, 0.0003, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0,
)  # fmt: skip
STAGE_BUCKETS = (
    0.00001, 0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25, 1.0,
)  # fmt: skip


class Metrics:
    """Everything the service measures about itself."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "mnist_api_http_requests",
            "Requests answered.",
            ("route", "method", "status"),
            registry=registry,
        )
        self._durations = BatchHistogram(
            "mnist_api_http_request_duration_seconds",
            "Time from a request's headers to its answer.",
            ("route",),
            buckets=LATENCY_BUCKETS,
            registry=registry,
        )
        self._predictions = Counter(
            "mnist_api_predictions",
            "Digits answered, from a model or from the cache.",
            ("model", "digit"),
            registry=registry,
        )
        self._stages = BatchHistogram(
            "mnist_api_stage_duration_seconds",
            "Time of one stage of a prediction.",
            ("stage",),
            buckets=STAGE_BUCKETS,
            registry=registry,
        )
        self._rejections = Counter(
            "mnist_api_rejections",
            "Requests and connections refused because there was no time or room for them.",
            ("reason",),
            registry=registry,
        )
        self._cache = Counter(
            "mnist_api_cache_requests",
            "Answers looked up in a level of the cache, by what came of it.",
            ("level", "result"),
            registry=registry,
        )
        self._cache_bytes = Gauge(
            "mnist_api_cache_bytes",
            "Memory held by remembered answers, over all workers.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._cache_entries = Gauge(
            "mnist_api_cache_entries",
            "Answers remembered, over all workers.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._cache_durations = BatchHistogram(
            "mnist_api_cache_duration_seconds",
            "Time of asking a level of the cache; memory takes too little to be worth timing.",
            ("level",),
            buckets=LATENCY_BUCKETS,
            registry=registry,
        )
        self._models = Gauge(
            "mnist_api_model_info",
            "1 for the weights that are served, 0 for those that were.",
            ("model", "version", "sha256"),
            registry=registry,
            multiprocess_mode="livemax",
        )
        self._tallies = Tallies()
        self.request_counter = self._counters(self._requests)
        self.request_timer = self._timers(self._durations)
        self.prediction_counter = self._counters(self._predictions)
        self.rejection_counter = self._counters(self._rejections)
        self.cache_counter = self._counters(self._cache)
        self.cache_timer = self._timers(self._cache_durations)
        # Series that exist from the start: a rate over what appears with its first event misses it.
        self.cache_timer("memcached")
        for reason in ("waiting", "decoding", "deadline", "connections"):
            self.rejection_counter(reason)
        for level in ("local", "memcached"):
            for result in ("hit", "miss", "skip", "error"):
                self.cache_counter(level, result)
        self.decode_timer, self.normalise_timer, self.infer_timer = (
            self._tallies.histogram(self._stages.labels(stage))
            for stage in ("decode", "normalise", "infer")
        )

    def _counters(self, counter: Counter) -> Callable[..., CounterTally]:
        """Return what finds the tally of a series by its labels, all of which are few."""
        return cache(lambda *labels: self._tallies.counter(counter.labels(*labels)))

    def _timers(self, histogram: BatchHistogram) -> Callable[..., HistogramTally]:
        """Return what finds the tally of a series by its labels, all of which are few."""
        return cache(lambda *labels: self._tallies.histogram(histogram.labels(*labels)))

    def answered(self, route: str, method: str, status: str, seconds: float) -> None:
        """Count and time a request."""
        self.request_counter(route, method, status).inc()
        self.request_timer(route).observe(seconds)

    def describe_cache(self, held_bytes: Callable[[], int], entries: Callable[[], int]) -> None:
        """Say what the process remembers, at every flush."""
        self._tallies.gauge(self._cache_bytes, held_bytes)
        self._tallies.gauge(self._cache_entries, entries)

    def flush(self) -> None:
        """Hand what has gathered to Prometheus's files; see `FLUSH_SECONDS`."""
        self._tallies.flush()

    def describe_model(self, model: Model, *, is_served: bool) -> None:
        """Say which weights this process serves, or serves no more."""
        entry = model.entry
        self._models.labels(model.name, entry.version, entry.sha256).set(int(is_served))


def exposition(registry: CollectorRegistry) -> bytes:
    """Return the text of `/metrics`, over all workers where there are several.

    Workers write their figures to files in `PROMETHEUS_MULTIPROC_DIR`; any of them can add up all.
    """
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
    return generate_latest(registry)

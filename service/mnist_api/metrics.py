"""The service's Prometheus metrics: names, units, labels, and the text of `/metrics`.

The names follow Prometheus's conventions: base units, `_total` on counters. Children (a metric with
its labels filled in) are looked up once and kept, because `labels()` costs as much as `inc()`.
"""

import os
from functools import lru_cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from mnist_api.models.catalog import Catalog

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
        self._durations = Histogram(
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
        self._stages = Histogram(
            "mnist_api_stage_duration_seconds",
            "Time of one stage of a prediction.",
            ("stage",),
            buckets=STAGE_BUCKETS,
            registry=registry,
        )
        self._cache = Counter(
            "mnist_api_cache_requests",
            "Answers looked up in a level of the cache, by what came of it.",
            ("level", "result"),
            registry=registry,
        )
        self.cache_bytes = Gauge(
            "mnist_api_cache_bytes",
            "Memory held by remembered answers, over all workers.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.cache_entries = Gauge(
            "mnist_api_cache_entries",
            "Answers remembered, over all workers.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._cache_durations = Histogram(
            "mnist_api_cache_duration_seconds",
            "Time of asking a level of the cache; memory takes too little to be worth timing.",
            ("level",),
            buckets=LATENCY_BUCKETS,
            registry=registry,
        )
        self._models = Gauge(
            "mnist_api_model_info",
            "Always 1; the labels tell which weights are served.",
            ("model", "version", "sha256"),
            registry=registry,
            multiprocess_mode="livemax",
        )
        self.request_counter = lru_cache(maxsize=1024)(self._requests.labels)
        self.request_timer = lru_cache(maxsize=128)(self._durations.labels)
        self.prediction_counter = lru_cache(maxsize=256)(self._predictions.labels)
        self.cache_counter = lru_cache(maxsize=16)(self._cache.labels)
        self.cache_timer = lru_cache(maxsize=4)(self._cache_durations.labels)
        # Series that exist from the start: a rate over what appears with its first event misses it.
        self.cache_timer("memcached")
        for level in ("local", "memcached"):
            for result in ("hit", "miss", "skip", "error"):
                self.cache_counter(level, result)
        self.decode_timer = self._stages.labels("decode")
        self.normalise_timer = self._stages.labels("normalise")
        self.infer_timer = self._stages.labels("infer")

    def describe_models(self, catalog: Catalog) -> None:
        """Say which weights this process serves."""
        for model in catalog:
            self._models.labels(model.name, model.entry.version, model.entry.sha256).set(1)


def exposition(registry: CollectorRegistry) -> bytes:
    """Return the text of `/metrics`, over all workers where there are several.

    Workers write their figures to files in `PROMETHEUS_MULTIPROC_DIR`; any of them can add up all.
    """
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
    return generate_latest(registry)

"""Whole responses by whole requests: what comes again byte for byte is not even parsed.

Most of the time of a remembered answer goes into HTTP, JSON and base64, to find out what was asked.
A request that already got its answer from the process's memory is kept with its response; the next
of its kind costs a look into a dictionary. Requests differ in their id, which each reply gets anew.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import NamedTuple

from cachetools import LRUCache

from mnist_api.http.middleware import new_request_id
from mnist_api.http.raw_request import end_of_head, without_id
from mnist_api.http.raw_response import with_body
from mnist_api.metrics import Metrics
from mnist_api.models.catalog import Catalog, Selection

# What makes a response of its own: another id.
_OWN = re.compile(rb"\r\n(?:x-request-id|traceparent):", re.IGNORECASE)
# Of each entry beside request and response: objects and the dictionaries' slots; measured with
# tracemalloc over 10,000 entries.
_ENTRY_BYTES = 540


@dataclass(frozen=True, slots=True)
class Remembered:
    """A response that needed no computing, and will not as long as the same weights are served."""

    model: str | None
    """As asked for; None for all."""
    selection: Selection
    labels: Mapping[str, int]
    """The digit by model."""
    head: bytes
    """Up to the request's id."""
    body: bytes


class _Entry(NamedTuple):
    remembered: Remembered
    size: int


class ResponseCache:
    """Bounded in bytes, least recently used out first."""

    def __init__(self, max_bytes: int, catalog: Catalog, metrics: Metrics) -> None:
        self._catalog = catalog
        self._metrics = metrics
        self._hits = metrics.cache_counter("local", "hit")
        self._answered = metrics.request_counter("/predict", "POST", "200")
        self._durations = metrics.request_timer("/predict")
        self._entries: LRUCache[bytes, _Entry] = LRUCache(max_bytes, lambda entry: entry.size)
        # PERF: cachetools counts its entries in Python.
        self._knows_any = False

    @property
    def size_bytes(self) -> int:
        """Memory held, in bytes."""
        return int(self._entries.currsize)

    def get(self, request: bytes) -> bytes | None:
        """Return the whole response to a whole request, or None for what is not known."""
        if not self._knows_any:
            return None
        start = perf_counter()
        key, id_ = without_id(request, end_of_head(request))
        entry = self._entries.get(key)
        if entry is None or not self._is_served(entry.remembered):
            return None
        self._count(entry.remembered, start)
        remembered = entry.remembered
        return with_body(remembered.head, id_ or new_request_id().encode(), remembered.body)

    def put(self, request: bytes, remembered: Remembered) -> None:
        """Keep a response under the whole request that it answers."""
        key, _ = without_id(request, end_of_head(request))
        if _OWN.search(key, 0, end_of_head(key)):
            return
        size = len(key) + len(remembered.head) + len(remembered.body) + _ENTRY_BYTES
        if size <= self._entries.maxsize:
            self._entries[key] = _Entry(remembered, size)
            self._knows_any = True

    def _is_served(self, remembered: Remembered) -> bool:
        """Tell whether the same weights would answer now."""
        return self._catalog.select(remembered.model) is remembered.selection

    def _count(self, remembered: Remembered, start: float) -> None:
        self._hits.inc(len(remembered.labels))
        for model, label in remembered.labels.items():
            self._metrics.prediction_counter(model, label).inc()
        self._answered.inc()
        self._durations.observe(perf_counter() - start)

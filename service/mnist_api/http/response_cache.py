"""Whole responses by whole requests: what comes again byte for byte is not even parsed.

Most of the time of a remembered answer goes into HTTP, JSON and base64, to find out what was asked.
A request that already got its answer from the process's memory is kept with its response; the next
of its kind costs a look into a dictionary. Requests differ in their id, which each reply gets anew.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from time import perf_counter

from cachetools import LRUCache
from gunicorn.asgi.protocol import _get_cached_date_header as date_header

from mnist_api.http.middleware import new_request_id
from mnist_api.http.raw_request import end_of_head, without_id
from mnist_api.http.turn import Remembered
from mnist_api.metrics import Metrics
from mnist_api.models.catalog import Catalog

# What makes a response of its own: another id, or the end of the connection.
_OWN = re.compile(
    rb"\r\n(?:x-request-id|traceparent|expect|connection: *(?!keep-alive\r)[^\r]*)", re.IGNORECASE
)
# Of each entry beside request and response: objects and the dictionaries' slots; measured with
# tracemalloc over 10,000 entries.
_ENTRY_BYTES = 540


@dataclass(frozen=True, slots=True)
class _Entry:
    remembered: Remembered
    head: bytes
    size: int


class ResponseCache:
    """Bounded in bytes, least recently used out first."""

    def __init__(self, max_bytes: int, catalog: Catalog, metrics: Metrics) -> None:
        self._catalog = catalog
        self._metrics = metrics
        self._entries: LRUCache[bytes, _Entry] = LRUCache(max_bytes, lambda entry: entry.size)

    @property
    def size_bytes(self) -> int:
        """Memory held, in bytes."""
        return int(self._entries.currsize)

    def get(self, request: bytes) -> bytes | None:
        """Return the whole response to a whole request, or None for what is not known."""
        if not self._entries:
            return None
        start = perf_counter()
        key, request_id = without_id(request)
        entry = self._entries.get(key)
        if entry is None or not self._is_served(entry.remembered):
            return None
        self._count(entry.remembered, start)
        return b"".join(
            (
                entry.head,
                request_id or new_request_id().encode(),
                b"\r\n",
                date_header(),
                b"\r\n",
                entry.remembered.body,
            )
        )

    def put(
        self, request: bytes, remembered: Remembered, headers: Iterable[tuple[bytes, bytes]]
    ) -> None:
        """Keep a response of status 200.

        Args:
            request: all of it, as it was received.
            remembered: what was answered, and by what.
            headers: those of the response, the request's id among them.
        """
        key, _ = without_id(request)
        end = end_of_head(key)
        if end < 0 or _OWN.search(key, 0, end):
            return
        lines = [b"HTTP/1.1 200 OK"]
        lines += [name + b": " + value for name, value in headers if name != b"x-request-id"]
        head = b"\r\n".join([*lines, b"x-request-id: "])
        size = len(key) + len(head) + len(remembered.body) + _ENTRY_BYTES
        if size <= self._entries.maxsize:
            self._entries[key] = _Entry(remembered, head, size)

    def _is_served(self, remembered: Remembered) -> bool:
        """Tell whether the same weights would answer now."""
        return self._catalog.select(remembered.model) is remembered.selection

    def _count(self, remembered: Remembered, start: float) -> None:
        metrics = self._metrics
        metrics.cache_counter("local", "hit").inc(len(remembered.labels))
        for model, label in remembered.labels.items():
            metrics.prediction_counter(model, label).inc()
        metrics.request_counter("/predict", "POST", "200").inc()
        metrics.request_timer("/predict").observe(perf_counter() - start)

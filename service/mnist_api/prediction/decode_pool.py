"""Threads for images that take longer than the event loop may be held up."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import TypeVar

from mnist_api.errors import DeadlineExceeded, Overloaded
from mnist_api.metrics import Metrics
from mnist_api.prediction.deadline import Deadline

T = TypeVar("T")
# Each new measurement counts for a fifth: large images differ, and there are few of them.
_WEIGHT = 0.2


class DecodePool:
    """Runs calls in a few threads, and refuses what would wait too long for one."""

    def __init__(self, threads: int, max_wait: float, metrics: Metrics) -> None:
        """Begin without a queue.

        Args:
            threads: how many calls run at the same time.
            max_wait: longest time in seconds that a call should wait for a thread; 0 for any.
            metrics: where refusals are counted.
        """
        self._threads = threads
        self._max_wait = max_wait
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="decode")
        self._refused = metrics.rejection_counter("decoding")
        self._pending = 0
        self._call_seconds = 0.0

    async def run(self, call: Callable[[], T], deadline: Deadline) -> T:
        """Return what a call returns.

        Args:
            call: knows nothing of the event loop.
            deadline: after which it need not begin.

        Raises:
            Overloaded: too many calls wait already.
            DeadlineExceeded: its turn came too late.
        """
        ahead = self._pending - self._threads + 1
        wait = ahead * self._call_seconds / self._threads
        if self._max_wait and ahead > 0 and wait > self._max_wait:
            self._refused.inc()
            raise Overloaded("more large images are asked than can be decoded; try again soon")

        def timed() -> tuple[T, float]:
            if deadline.is_over():
                raise DeadlineExceeded("the image's turn came after the request's time was over")
            start = perf_counter()
            return call(), perf_counter() - start

        self._pending += 1
        try:
            result, seconds = await asyncio.get_running_loop().run_in_executor(self._pool, timed)
        finally:
            self._pending -= 1
        self._call_seconds += _WEIGHT * (seconds - self._call_seconds)
        return result

    def close(self) -> None:
        """Let the threads go once they are done."""
        self._pool.shutdown()

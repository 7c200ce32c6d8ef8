"""Threads for images that take longer than the event loop may be held up."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from mnist_api.errors import DeadlineExceeded, Overloaded
from mnist_api.metrics import Metrics
from mnist_api.prediction.admission import Admission
from mnist_api.prediction.deadline import Deadline

T = TypeVar("T")
BUSY = "more large images are asked than can be decoded; try again soon"
# So many calls for each thread are never refused: enough that no thread lacks work while the event
# loop refuses others. With 2, half of what could be answered was not.
_ALWAYS = 6


class DecodePool:
    """Runs calls in a few threads, and refuses what would wait too long for one."""

    def __init__(self, threads: int, max_wait: float, metrics: Metrics) -> None:
        """Begin without a queue.

        Args:
            threads: how many calls run at the same time.
            max_wait: longest time in seconds that a call should wait for a thread; 0 for any.
            metrics: where refusals are counted.
        """
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="decode")
        # Here those that run wait, too: for their ends, which come at the pace of all threads.
        self._admission = Admission(max_wait, always=_ALWAYS * threads)
        self._refused = metrics.rejection_counter("decoding")
        self._too_late = metrics.rejection_counter("deadline")

    @property
    def is_crowded(self) -> bool:
        """Whether calls may be refused, so that it is worth asking."""
        return self._admission.is_crowded

    def admits(self) -> bool:
        """Tell whether one more call may wait; a refusal is remembered."""
        return self._admission.admits()

    async def run(self, call: Callable[[], T], deadline: Deadline) -> T:
        """Return what a call returns.

        Args:
            call: knows nothing of the event loop.
            deadline: after which it need not begin.

        Raises:
            Overloaded: too many calls wait already, or it waited too long among too many.
            DeadlineExceeded: its turn came too late.
        """
        try:
            return await self._run(call, deadline)
        except Overloaded:
            self._refused.inc()
            raise
        except DeadlineExceeded:
            self._too_late.inc()
            raise

    async def _run(self, call: Callable[[], T], deadline: Deadline) -> T:
        if not self.admits():
            raise Overloaded(BUSY)
        arrived = self._admission.arrived()

        def in_time() -> T:
            if deadline.is_over():
                raise DeadlineExceeded("the image's turn came after the request's time was over")
            if self._admission.is_stale(arrived):
                raise Overloaded(BUSY)
            return call()

        try:
            result = await asyncio.get_running_loop().run_in_executor(self._pool, in_time)
        finally:
            self._admission.started()
        # What was not done, or not to its end, says nothing of the pace.
        self._admission.finished(arrived)
        return result

    def close(self) -> None:
        """Let the threads go once they are done."""
        self._pool.shutdown()

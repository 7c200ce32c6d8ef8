"""Threads for images that take longer than the event loop may be held up."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from time import perf_counter
from typing import TypeVar

from mnist_api.errors import DeadlineExceeded, Overloaded
from mnist_api.metrics import Metrics
from mnist_api.prediction.admission import Admission
from mnist_api.prediction.deadline import Deadline

T = TypeVar("T")
# A third of the event loop's share. With a tenth, what was let in was not decoded for the sake of
# what came behind it, and a fifth less was answered.
_NICE = 5
BUSY = "more large images are asked than can be decoded; try again soon"
# So many calls for each thread are never refused: one that runs, and two that are next, since the
# event loop brings nothing while it refuses. With one that is next, a sixth less was answered.
_ALWAYS = 3


class DecodePool:
    """Runs calls in a few threads, and refuses what would wait too long for one."""

    def __init__(self, threads: int, max_wait: float, metrics: Metrics) -> None:
        """Begin without a queue.

        Args:
            threads: how many calls run at the same time.
            max_wait: longest time in seconds that a call should wait for a thread; 0 for any.
            metrics: where refusals are counted.
        """
        self._pool = ThreadPoolExecutor(threads, "decode", initializer=_step_back)
        # Here those that run wait, too: for their ends, which come at the pace of all threads.
        self._admission = Admission(max_wait, always=_ALWAYS * threads)
        self._expected: list[object] = []
        self._refused = metrics.rejection_counter("decoding")
        self._too_late = metrics.rejection_counter("deadline")

    @property
    def is_crowded(self) -> bool:
        """Whether calls may be refused, so that it is worth asking."""
        return self._admission.is_crowded

    def admits(self) -> bool:
        """Tell whether one more call may wait; a refusal is remembered."""
        return self._admission.admits()

    def expect(self) -> None:
        """Count a call that is on its way here as one that waits.

        All that the loop reads in one turn is let in or refused before the first of it gets here.
        What does not come (it was remembered, or no image) is forgotten two turns later.
        """
        token = object()
        self._expected.append(token)
        self._admission.arrived()
        loop = asyncio.get_running_loop()
        loop.call_soon(loop.call_soon, self._forget, token)

    def _forget(self, token: object) -> None:
        if token in self._expected:
            self._expected.remove(token)
            self._admission.started()

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
        if self._expected:
            self._forget(self._expected[0])
        if not self.admits():
            raise Overloaded(BUSY)
        arrived = self._admission.arrived()

        def in_time() -> tuple[T, float]:
            if deadline.is_over():
                raise DeadlineExceeded("the image's turn came after the request's time was over")
            if self._admission.is_stale(arrived):
                raise Overloaded(BUSY)
            return call(), perf_counter()

        try:
            result, ended = await asyncio.get_running_loop().run_in_executor(self._pool, in_time)
        finally:
            self._admission.started()
        # What was not done, or not to its end, says nothing of the pace. The pace is the threads':
        # a busy event loop learns of many ends at once.
        self._admission.finished(arrived, ended)
        return result

    def close(self) -> None:
        """Let the threads go once they are done."""
        self._pool.shutdown()


def _step_back() -> None:
    """Let the event loop go first where it and a thread want the same processor.

    All that is asked, answered and refused goes through the loop. Where it got a third of a core
    beside two threads, answers waited 0.7 s for it before anybody was refused.
    """
    # Elsewhere a process has one priority for all its threads; a sandbox that forbids it is served
    # all the same.
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)

"""Large images wait for a thread, but not too many and not for ever."""

import asyncio
import math
import os
import sys
import threading
import time

import pytest
from prometheus_client import CollectorRegistry

from mnist_api.errors import DeadlineExceeded, Overloaded
from mnist_api.metrics import Metrics
from mnist_api.prediction.deadline import Deadline
from mnist_api.prediction.decode_pool import DecodePool

pytestmark = pytest.mark.alone

NEVER = math.inf


def pool_of(threads: int, max_wait: float) -> DecodePool:
    return DecodePool(threads, max_wait, Metrics(CollectorRegistry()))


def test_a_call_returns_what_it_returns_or_raises() -> None:
    async def scenario() -> None:
        pool = pool_of(1, 1)
        assert await pool.run(lambda: 7, Deadline(NEVER)) == 7
        with pytest.raises(ZeroDivisionError):
            await pool.run(lambda: 1 // 0, Deadline(NEVER))
        pool.close()

    asyncio.run(scenario())


def test_what_would_wait_too_long_is_refused_and_nothing_else() -> None:
    async def scenario() -> None:
        pool = pool_of(1, max_wait=0.01)
        release = threading.Event()
        await pool.run(lambda: time.sleep(0.1), Deadline(NEVER))
        waiting = [asyncio.create_task(pool.run(release.wait, Deadline(NEVER))) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await asyncio.wait_for(pool.run(lambda: None, Deadline(NEVER)), 5)
        release.set()
        assert all(await asyncio.gather(*waiting))
        await pool.run(lambda: None, Deadline(NEVER))
        pool.close()

    asyncio.run(scenario())


def test_what_is_on_its_way_counts_until_it_is_there_or_does_not_come() -> None:
    async def scenario() -> None:
        pool = pool_of(1, max_wait=0.01)
        release = threading.Event()
        await pool.run(lambda: time.sleep(0.1), Deadline(NEVER))
        for _ in range(3):
            assert pool.admits()
            pool.expect()
        assert not pool.admits(), "three are on their way"
        waiting = [asyncio.create_task(pool.run(release.wait, Deadline(NEVER))) for _ in range(2)]
        await asyncio.sleep(0)
        assert not pool.admits(), "two have come, and one is on its way"
        for _ in range(3):
            await asyncio.sleep(0)
        assert pool.admits(), "one did not come"
        release.set()
        assert all(await asyncio.gather(*waiting))
        pool.close()

    asyncio.run(scenario())


def test_what_waited_until_there_were_too_many_is_let_go() -> None:
    async def scenario() -> None:
        pool = pool_of(1, max_wait=0.2)
        release = threading.Event()
        await pool.run(lambda: time.sleep(0.005), Deadline(NEVER))
        waiting = [asyncio.create_task(pool.run(release.wait, Deadline(NEVER))) for _ in range(100)]
        # Longer than nine times what the first took, where a slow moment made it 40 ms, too, and
        # shorter than a rush is remembered.
        await asyncio.sleep(0.4)
        release.set()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        refused = sum(isinstance(result, Overloaded) for result in results)
        assert results[0] is True
        assert refused == 99
        pool.close()

    asyncio.run(scenario())


def test_a_call_whose_turn_comes_too_late_is_not_made() -> None:
    async def scenario() -> None:
        pool = pool_of(1, max_wait=0)
        called: list[bool] = []
        with pytest.raises(DeadlineExceeded):
            await pool.run(lambda: called.append(True), Deadline(time.perf_counter() - 1))
        assert not called
        pool.close()

    asyncio.run(scenario())


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no priorities of their own")
def test_threads_step_back_behind_the_event_loop() -> None:
    def priority() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    async def scenario() -> None:
        pool = pool_of(1, 1)
        assert await pool.run(priority, Deadline(NEVER)) > priority()
        pool.close()

    asyncio.run(scenario())


def test_a_deadline_is_the_latest_of_those_who_wait() -> None:
    deadline = Deadline(time.perf_counter() - 1)
    assert deadline.is_over()
    deadline.extend(time.perf_counter() + 60)
    deadline.extend(time.perf_counter() - 60)
    assert not deadline.is_over()

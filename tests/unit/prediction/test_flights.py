"""The same work is done once for all who wait for it."""

import asyncio
import math
from time import perf_counter

import pytest

from mnist_api.prediction.deadline import Deadline
from mnist_api.prediction.flights import Flights


class Work:
    """Begins when it is asked for, ends when it is let."""

    def __init__(self) -> None:
        self.begun = 0
        self.may_end = asyncio.Event()
        self.deadline = Deadline(0)

    async def __call__(self, deadline: Deadline) -> int:
        self.begun += 1
        self.deadline = deadline
        await self.may_end.wait()
        return self.begun


def test_those_who_come_while_it_is_done_wait_for_the_same() -> None:
    async def scene() -> None:
        flights, work = Flights[int](), Work()
        waiting = [asyncio.create_task(flights.join(("a",), math.inf, work)) for _ in range(3)]
        await asyncio.sleep(0)
        work.may_end.set()
        assert await asyncio.gather(*waiting) == [1, 1, 1]
        assert await flights.join(("a",), math.inf, work) == 2

    asyncio.run(scene())


def test_another_key_is_other_work() -> None:
    async def scene() -> None:
        flights, work = Flights[int](), Work()
        work.may_end.set()
        found = await asyncio.gather(*(flights.join((key,), math.inf, work) for key in "ab"))
        assert sorted(found) == [1, 2]

    asyncio.run(scene())


def test_one_whose_time_is_over_leaves_it_to_the_others() -> None:
    async def scene() -> None:
        flights, work = Flights[int](), Work()
        patient = asyncio.create_task(flights.join(("a",), math.inf, work))
        with pytest.raises(TimeoutError):
            await flights.join(("a",), perf_counter() + 0.01, work)
        assert not work.deadline.is_over()
        work.may_end.set()
        assert await patient == 1

    asyncio.run(scene())


def test_an_error_is_everyones_and_not_kept() -> None:
    async def scene() -> None:
        flights = Flights[int]()

        async def fails(_deadline: Deadline) -> int:
            raise OSError("no")

        for _ in range(2):
            with pytest.raises(OSError, match="no"):
                await flights.join(("a",), math.inf, fails)

    asyncio.run(scene())

"""Work that several wait for, done once."""

import asyncio
import math
from collections.abc import Callable, Coroutine
from time import perf_counter
from typing import Any, Generic, NamedTuple, TypeVar

from mnist_api.prediction.deadline import Deadline

T = TypeVar("T")
Key = tuple[str, ...]


class _Flight(NamedTuple, Generic[T]):
    task: asyncio.Task[T]
    deadline: Deadline


class Flights(Generic[T]):
    """Knows by key what is on its way."""

    def __init__(self) -> None:
        self._flights: dict[Key, _Flight[T]] = {}

    async def join(
        self, key: Key, deadline: float, work: Callable[[Deadline], Coroutine[Any, Any, T]]
    ) -> T:
        """Return what the work of a key gives; begin it where nobody has.

        Args:
            key: equal for what is the same.
            deadline: until when to wait, on `time.perf_counter`'s clock.
            work: begins it; what it is given grows with whoever waits for longer.

        Raises:
            TimeoutError: the time was over first. The work goes on for the others.
        """
        flight = self._flights.get(key) or self._take_off(key, Deadline(deadline), work)
        flight.deadline.extend(deadline)
        left = None if math.isinf(deadline) else deadline - perf_counter()
        async with asyncio.timeout(left):
            # One who goes away must not take the answer from the others.
            return await asyncio.shield(flight.task)

    def _take_off(
        self, key: Key, deadline: Deadline, work: Callable[[Deadline], Coroutine[Any, Any, T]]
    ) -> _Flight[T]:
        flight = _Flight(asyncio.create_task(work(deadline)), deadline)
        self._flights[key] = flight

        def landed(task: asyncio.Task[T]) -> None:
            del self._flights[key]
            # Looked at, so that an error which nobody waits for any more is none of the loop's.
            task.cancelled() or task.exception()

        flight.task.add_done_callback(landed)
        return flight

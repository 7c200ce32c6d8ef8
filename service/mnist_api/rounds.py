"""The requests that came in one turn of the event loop, answered before any answer is sent.

PERF: sending wakes whoever waits for the answer. On a virtual machine that takes the processor away
for long enough that the next request finds its caches cold: 66 us instead of 46. Of answers that
are sent together only the first wakes its reader, and what is computed together stays warm: half as
many answers again of the MLP, and a third of the CNN.
"""

import asyncio
from collections import deque
from time import perf_counter
from typing import Protocol

from mnist_api.logs import LOGGER

# An answer waits at most so long, and one request's time, for those behind it: as long as half a
# dozen answers take. With longer rounds no more are answered.
_LONGEST_SECONDS = 0.0003
# After so long the loop looks for more, and the others are of the next round: in a rush it must not
# stay unseen how much is asked until all is answered that came before.
_LONGEST_ROUND_SECONDS = 0.005


class Asker(Protocol):
    """Who waits for an answer: a connection."""

    def answer(self, request: bytes, arrived: float) -> bytes | None:
        """Return the response to a request."""

    def finish(self, request: bytes, response: bytes | None) -> None:
        """Do with a response what is to be done; without one, with the request."""

    def abort(self) -> None:
        """End it."""


class Round:
    """Collects what comes in a turn of a loop, and answers it at the turn's end."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._asked: deque[tuple[Asker, bytes, float]] = deque()
        self._answered: list[tuple[Asker, bytes, bytes | None]] = []
        self._is_due = False

    def join(self, asker: Asker, request: bytes, arrived: float) -> None:
        """Have a request answered in the order in which they came.

        Args:
            asker: hears of it.
            request: all that came.
            arrived: when it did, on `time.perf_counter`'s clock.
        """
        self._asked.append((asker, request, arrived))
        self._see_to_it()

    def send(self, asker: Asker, request: bytes, response: bytes) -> None:
        """Have a response sent that is there already, before the others are worked on."""
        self._answered.append((asker, request, response))
        self._see_to_it()

    def _see_to_it(self) -> None:
        if not self._is_due:
            self._is_due = True
            self._loop.call_soon(self._run)

    def _run(self) -> None:
        self._is_due = False
        # What comes of an answer is of the next round.
        count = len(self._asked)
        self._finish()
        begun = perf_counter()
        until = begun + _LONGEST_SECONDS
        for _ in range(count):
            asker, request, arrived = self._asked.popleft()
            self._answered.append((asker, request, _answer(asker, request, arrived)))
            now = perf_counter()
            if now > until:
                self._finish()
                if now > begun + _LONGEST_ROUND_SECONDS:
                    break
                until = perf_counter() + _LONGEST_SECONDS
        self._finish()
        if self._asked:
            self._see_to_it()

    def _finish(self) -> None:
        answered, self._answered = self._answered, []
        for asker, request, response in answered:
            # One that fails must not take the others' answers along.
            try:
                asker.finish(request, response)
            except Exception:  # noqa: BLE001
                LOGGER.exception("a connection cannot be gone on with")
                asker.abort()


def _answer(asker: Asker, request: bytes, arrived: float) -> bytes | None:
    """Return the response; where that fails, None: Falcon's way has answers to all."""
    try:
        return asker.answer(request, arrived)
    except Exception:  # noqa: BLE001
        LOGGER.exception("a request was not answered at once")
        return None

"""Refusals that are held back while a proxy in front refuses too.

What finds all its places for requests taken a proxy refuses itself, which costs the service
nothing. A refusal that is sent at once makes a place free for the next that has to be refused here;
one that is held back keeps it taken.
"""

import asyncio
from collections import deque
from collections.abc import Callable

# Of 256 places some 500 a second are refused here then, in less than a hundredth of the time; and
# who is refused is asked to come again after a second in any case.
SECONDS = 0.5


class Holding:
    """Sends refusals later, in the order in which they were made; as long as the number of them."""

    def __init__(self) -> None:
        """Begin with none."""
        self._held: deque[tuple[float, Callable[[], None]]] = deque()

    def __len__(self) -> int:
        return len(self._held)

    def hold(self, send: Callable[[], None]) -> None:
        """Have a refusal sent by `send`, later on the running event loop."""
        loop = asyncio.get_running_loop()
        self._held.append((loop.time() + SECONDS, send))
        if len(self._held) == 1:
            loop.call_later(SECONDS, self._release)

    def _release(self) -> None:
        loop = asyncio.get_running_loop()
        while self._held and self._held[0][0] <= loop.time():
            _, send = self._held.popleft()
            send()
        if self._held:
            loop.call_at(self._held[0][0], self._release)

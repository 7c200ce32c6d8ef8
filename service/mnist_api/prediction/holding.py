"""Refusals that are held back while a proxy in front refuses too.

What finds all its places for requests taken a proxy refuses itself, which costs the service
nothing. A refusal that is sent at once makes a place free for the next that has to be refused here;
one that is held back keeps it taken.
"""

import asyncio
from collections.abc import Callable
from random import uniform

# Of 256 places some 500 a second are refused here then, in less than a hundredth of the time; and
# who is refused is asked to come again after a second in any case. Those that were refused together
# must not be sent together: as many would come in their places, to be refused together again, and
# between two such moments too few would come.
SECONDS = (0.25, 0.75)


class Holding:
    """Sends refusals later; as long as the number of them."""

    def __init__(self) -> None:
        """Begin with none."""
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def hold(self, send: Callable[[], None]) -> None:
        """Have a refusal sent by `send`, later on the running event loop."""
        self._count += 1
        # A lottery for no prize.
        asyncio.get_running_loop().call_later(uniform(*SECONDS), self._release, send)  # noqa: S311

    def _release(self, send: Callable[[], None]) -> None:
        self._count -= 1
        send()

"""Whether to look into the cache at all."""

from collections.abc import Callable
from math import inf
from time import perf_counter

# For so long the cache is left out; then so many look again. At a hundred requests a second and
# less nearly all look, at ten thousand it costs nothing, and a picture that is one in fifty is
# found at once.
_PAUSE_SECONDS = 1.0
_LOOKS = 128
# A level in memory holds some thousand answers. memcached holds more than can be waited for.
_FEWEST_ENTRIES = 4096


class Bypass:
    """Leaves the cache out for a while once nothing that was asked has been known for long.

    Looking for a small picture and remembering it costs a twentieth of computing it, which is
    wasted on pictures of which none comes twice. The first answer that is found brings the cache
    back for all.
    """

    def __init__(
        self, entries: int, *, always: bool = False, clock: Callable[[], float] = perf_counter
    ) -> None:
        """Begin with looking, or never look.

        Args:
            entries: how many answers fit into memory: what comes again later is gone.
            always: whether there is no cache at all.
            clock: tells seconds.
        """
        self._most = max(entries, _FEWEST_ENTRIES)
        self._clock = clock
        self._unknown = 0
        self._until = inf if always else 0.0

    def is_on(self, now: float) -> bool:
        """Tell whether to go past the cache."""
        return now < self._until

    def found(self) -> None:
        """Note that an answer was known."""
        self._unknown = 0
        self._until = 0.0

    def missed(self) -> None:
        """Note that one was not."""
        self._unknown += 1
        if self._unknown >= self._most:
            self._unknown -= _LOOKS
            self._until = max(self._until, self._clock() + _PAUSE_SECONDS)

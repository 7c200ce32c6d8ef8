"""Leaving a server alone while it is slow or gone."""

import time
from collections.abc import Callable

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0


class Breaker:
    """Lets calls through until one fails; then one now and then, less often with each failure."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._pause = 0.0
        self._closed_until = 0.0

    def allows(self) -> bool:
        """Tell whether to try now. After a pause it admits one call and pauses on meanwhile."""
        if not self._pause:
            return True
        now = self._clock()
        if now < self._closed_until:
            return False
        self._closed_until = now + self._pause
        return True

    def succeeded(self) -> None:
        """Let all calls through again."""
        self._pause = 0.0

    def failed(self) -> None:
        """Pause, twice as long as the last time."""
        self._pause = min(_LONGEST_PAUSE, self._pause * 2) or _FIRST_PAUSE
        self._closed_until = self._clock() + self._pause

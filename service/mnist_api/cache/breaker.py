"""Leaving a server alone while it is slow or gone."""

import time
from collections.abc import Callable

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0


class Breaker:
    """Lets calls through until one fails; then only trials, less often with each failure.

    A trial is for nobody: who waits for an answer while the server hangs waits out its timeout.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._pause = 0.0
        self._trial_at = 0.0

    @property
    def is_closed(self) -> bool:
        """Tell whether calls go through."""
        return not self._pause

    def is_trial_due(self) -> bool:
        """Tell whether to try now; only one caller is told so for each trial."""
        if self.is_closed:
            return False
        now = self._clock()
        if now < self._trial_at:
            return False
        self._trial_at = now + self._pause
        return True

    def succeeded(self) -> None:
        """Let all calls through again."""
        self._pause = 0.0

    def failed(self) -> None:
        """Pause, twice as long as the last time."""
        self._pause = min(_LONGEST_PAUSE, self._pause * 2) or _FIRST_PAUSE
        self._trial_at = self._clock() + self._pause

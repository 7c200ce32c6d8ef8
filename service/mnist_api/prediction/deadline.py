"""Until when work is worth doing."""

from time import perf_counter


class Deadline:
    """A moment on `time.perf_counter`'s clock; the latest, where several wait for the same work."""

    __slots__ = ("_moment",)

    def __init__(self, moment: float) -> None:
        self._moment = moment

    def extend(self, moment: float) -> None:
        """Let the work be worth doing for one who waits until then."""
        self._moment = max(self._moment, moment)

    def is_over(self) -> bool:
        """Tell whether nobody waits any more."""
        return perf_counter() > self._moment

"""What CPU each part used while something was measured."""

import resource
import time
from collections.abc import Callable, Mapping

from loadtest.processes import machine_cpu_seconds
from loadtest.targets import Target


def ended_children() -> float:
    """Return the CPU seconds of generators that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class Meter:
    """A look at what each part has used, and by others later at what it used since."""

    def __init__(self, target: Target, generator: Callable[[], float] = ended_children) -> None:
        self._target = target
        self._generator = generator
        self.moment = time.time()
        """Seconds since 1970."""
        self._used, self._start = self._look(), time.monotonic()
        self._periods, self._stopped = target.throttled()

    def cores(self, seconds: float | None = None) -> dict[str, float]:
        """Return the mean use of each part, the generators and the whole machine until now.

        Args:
            seconds: for which there was load, where that is known better; before and after it, in
                which generators begin and end, nothing is used.
        """
        until = time.monotonic() if seconds is None else self._start + seconds
        return self._cores(self._look(), until)

    def throttled(self) -> float:
        """Return the share of the limit's periods in which a part was stopped until now."""
        return self._share_stopped(*self._target.throttled())

    def cores_until(self, later: "Meter") -> dict[str, float]:
        """Return the same as `cores`, until a later look."""
        return self._cores(later._used, later._start)

    def throttled_until(self, later: "Meter") -> float:
        """Return the same as `throttled`, until a later look."""
        return self._share_stopped(later._periods, later._stopped)

    def _cores(self, used: Mapping[str, float], until: float) -> dict[str, float]:
        took = until - self._start
        return {name: (now - self._used[name]) / took for name, now in used.items()}

    def _share_stopped(self, periods: int, stopped: int) -> float:
        return (stopped - self._stopped) / max(1, periods - self._periods)

    def _look(self) -> dict[str, float]:
        machine, stolen = machine_cpu_seconds()
        return {
            **{name: used() for name, used in self._target.parts.items()},
            "generator": self._generator(),
            "machine": machine,
            "stolen": stolen,
        }

"""What CPU each part used while something was measured."""

import resource
import time

from loadtest.processes import machine_cpu_seconds
from loadtest.targets import Target


class Meter:
    """What each part used between the start and a look, in cores."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._before, self._start = self._used(), time.monotonic()
        self._periods, self._stopped = target.throttled()

    def cores(self) -> dict[str, float]:
        """Return the mean use of each part, the generators and the whole machine."""
        took = time.monotonic() - self._start
        return {name: (now - self._before[name]) / took for name, now in self._used().items()}

    def throttled(self) -> float:
        """Return the share of the limit's periods in which a part was stopped."""
        periods, stopped = self._target.throttled()
        return (stopped - self._stopped) / max(1, periods - self._periods)

    def _used(self) -> dict[str, float]:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        machine, stolen = machine_cpu_seconds()
        return {
            **{name: used() for name, used in self._target.parts.items()},
            "generator": usage.ru_utime + usage.ru_stime,
            "machine": machine,
            "stolen": stolen,
        }

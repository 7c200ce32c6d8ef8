"""How many users there are, second by second."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

# A step that brings less than this much more throughput has met a limit.
_WORTHWHILE = 1.05


@dataclass(frozen=True)
class Shape:
    """A load's form over a length in seconds, up to a peak of users."""

    name: str
    peak: int
    length: float

    def users(self, second: float) -> int | None:
        """Return the users there are to be, or None when it is over."""
        if second >= self.length:
            return None
        return max(1, round(self.peak * _FORMS[self.name](second / self.length, self.peak)))


def _step(part: float, _peak: int) -> float:
    """Five equal steps up."""
    return (math.floor(part * 5) + 1) / 5


def _ramp(part: float, peak: int) -> float:
    """From one user, twice as many at each step, up to the peak."""
    steps = max(1, math.ceil(math.log2(peak))) + 1
    return min(1.0, 2.0 ** math.floor(part * steps) / peak)


def _spike(part: float, _peak: int) -> float:
    """A tenth, and the whole peak at once for the third fifth."""
    return 1.0 if 0.4 <= part < 0.6 else 0.1


def _day(part: float, _peak: int) -> float:
    """From midnight to midnight: a twentieth at night, a shoulder in the morning, most at eight."""
    morning = 0.6 * math.exp(-(((part - 0.42) / 0.12) ** 2))
    evening = math.exp(-(((part - 0.83) / 0.07) ** 2))
    return min(1.0, 0.05 + morning + 0.95 * evening)


_FORMS: Mapping[str, Callable[[float, int], float]] = {
    "constant": lambda part, peak: 1.0,  # noqa: ARG005 - a form has these two arguments
    "step": _step,
    "ramp": _ramp,
    "spike": _spike,
    "day": _day,
}
NAMES = tuple(_FORMS)


def saturated(rates: Sequence[float]) -> bool:
    """Return whether the last two doublings of the users brought next to nothing.

    Two, since one step's rate on a shared machine is off by some per cent.
    """
    if len(rates) < 3:
        return False
    return max(rates[-2:]) < rates[-3] * _WORTHWHILE

"""What is written of the capacity model's measurements."""

from typing import TypeVar

import msgspec

from loadtest.drive import Open
from loadtest.machine import Machine

S = TypeVar("S")


class Saturated(msgspec.Struct):
    """One pod, asked by wrk without pause. CPU in cores."""

    model: str
    cached: bool
    rate: float
    errors: int
    cpu: dict[str, float]
    throttled: float


class Steady(msgspec.Struct):
    """One pod, asked at random times at a share of its saturation."""

    model: str
    share: float
    open: Open
    cpu: dict[str, float]
    throttled: float
    quantiles_ms: list[float]
    """Latency: 201 quantiles, evenly spaced."""
    uses: list[float]
    """Cores that the pod used in each moment."""


class Calibration(msgspec.Struct):
    """Of one pod: several runs of everything."""

    machine: Machine
    limit_cores: float
    idle_cores: float
    saturated: list[Saturated]
    steady: list[Steady]


class Check(msgspec.Struct):
    """One point beside what the model said of it: of its runs, the one of the middle p99.

    Times are in milliseconds.
    """

    count: int
    load: float
    """Share of their CPU that pods use at this rate, by the figures that were known then."""
    seconds: float
    seed: int
    open: Open
    cpu: dict[str, float]
    throttled: float
    p99s_ms: list[float] = []
    """Of all runs."""
    same_arrivals_ms: float = 0.0
    """The model's p99 of these very arrivals."""
    expected_ms: float | None = None
    """The model's p99 of any arrivals at this rate; None: it is more than the pods can do."""
    careful_ms: float | None = None
    """The same as `mnist-api capacity` counts, which plans so as not to plan too few."""
    pace: float = 1.0
    """The CPU that a request took in these seconds, as a multiple of what the figures say."""
    at_pace_ms: float = 0.0
    """The model's p99 of these very arrivals, had the figures been measured in these seconds."""

    @property
    def error(self) -> float:
        """Return by which share of the measured p99 the model was off, with these arrivals."""
        return self.same_arrivals_ms / self.open.p99_ms - 1

    @property
    def error_at_pace(self) -> float:
        """Return the same of the model that knows what a request took in these seconds."""
        return self.at_pace_ms / self.open.p99_ms - 1


class Validation(msgspec.Struct):
    """One trial: of the model as it was fitted to the calibration between whose turns it was."""

    machine: Machine
    model: str
    limit_cores: float
    checks: list[Check]

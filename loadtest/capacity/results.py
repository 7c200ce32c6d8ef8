"""What is written of the capacity model's measurements."""

from collections.abc import Callable
from statistics import median
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
    seconds: float
    open: Open
    cpu: dict[str, float]
    throttled: float
    quantiles_ms: list[float]
    """Latency: 201 quantiles, evenly spaced."""


class Calibration(msgspec.Struct):
    """Of one pod: several runs of everything."""

    machine: Machine
    limit_cores: float
    idle_cores: float
    saturated: list[Saturated]
    steady: list[Steady]


class Run(msgspec.Struct):
    """Pods, asked at random times, beside what the model says of these very arrivals."""

    seed: int
    """Of the arrivals."""
    open: Open
    cpu: dict[str, float]
    throttled: float
    model_ms: float = 0.0
    """The model's p99."""
    pace: float = 1.0
    """The CPU that a request took in these seconds, as a multiple of what the figures say."""
    at_pace_ms: float = 0.0
    """The model's p99, had the figures been measured in these seconds."""


class Check(msgspec.Struct):
    """One point: a number of pods at a load, measured several times. Times are in milliseconds."""

    count: int
    load: float
    """Share of their CPU that pods use, by the figures that were known then."""
    seconds: float
    """Of each run."""
    runs: list[Run]
    expected_ms: float | None = None
    """The model's p99 of any arrivals at this rate; None: it is more than the pods can do."""
    careful_ms: float | None = None
    """The same as `mnist-api capacity` counts, which plans so as not to plan too few."""

    def middle(self, value: Callable[[Run], float]) -> float:
        """Return the median of all runs."""
        return median(map(value, self.runs))

    @property
    def p99_ms(self) -> float:
        """Return what was measured."""
        return self.middle(lambda run: run.open.p99_ms)

    @property
    def error(self) -> float:
        """Return by which share of the measured p99 the model was off, with these arrivals."""
        return self.middle(lambda run: run.model_ms) / self.p99_ms - 1

    @property
    def error_at_pace(self) -> float:
        """Return the same of the model that knows what a request took in these seconds."""
        return self.middle(lambda run: run.at_pace_ms) / self.p99_ms - 1


class Validation(msgspec.Struct):
    """One trial: of the model as it was fitted to the calibration between whose turns it was."""

    machine: Machine
    model: str
    limit_cores: float
    checks: list[Check]

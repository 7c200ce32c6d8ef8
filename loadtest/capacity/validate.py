"""Holds the capacity model against pods: the p99 of some replicas at some loads."""

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite

import msgspec
import numpy as np

from loadtest.capacity.measure import bodies
from loadtest.capacity.results import Check
from loadtest.drive import Floats, middle, poisson, schedule
from loadtest.meter import Meter
from loadtest.targets import Target
from mnist_api.capacity.figures import Figures
from mnist_api.capacity.plan import Demand, Model

# When the quota's periods begin, and when the machine is slow, is chance: the model plays that some
# times, and of the p99s the one in the middle counts, as of the runs.
_PHASES = range(9)
# A node without anything left would answer nobody; rounding may make it out to be one.
_FULLEST = 0.99
# Each brings the pace, or the rate, ten times nearer.
_TRIALS = 4


def measure(
    target: Target, figures: Figures, demand: Demand, point: tuple[int, float, float, int]
) -> Check:
    """Measure one point, of which the model is asked later: replicas, load, seconds, seed."""
    count, load, seconds, seed = point
    rate = rate_at(load, figures, demand, count)
    url, sent = f"{target.url}/predict/", bodies(demand.model)
    meter = Meter(target)
    measured, _ = poisson(url, sent, rate, seconds, host=target.host, seed=seed)
    return Check(count, load, seconds, seed, measured, meter.cores(), meter.throttled())


def rate_at(load: float, figures: Figures, demand: Demand, count: int) -> float:
    """Return the rate at which pods use such a share of their CPU in the mean.

    It is less than that share of their saturation: the less is asked, the more a request costs.
    """
    model = Model(figures, demand, careful=False)
    rate = load * model.saturation(count)
    for _ in range(_TRIALS):
        rate *= load / model.utilisation(rate, count)
    return rate


def chosen(runs: Sequence[Check]) -> Check:
    """Return the run of the middle p99, with those of all."""
    p99s = sorted(round(one.open.p99_ms, 2) for one in runs)
    return msgspec.structs.replace(middle(runs, lambda one: one.open.p99_ms), p99s_ms=p99s)


def scored(one: Check, figures: Figures, demand: Demand, cores: int) -> Check:
    """Return a measured point with what the model says of it, on a node of so many cores."""
    demand = on_that_node(demand, one, cores)
    model, careful = Model(figures, demand, careful=False), Model(figures, demand)
    arrivals, rate = schedule(one.open.rate, one.seconds, one.seed), one.open.rate
    pace = pace_of(one, arrivals, figures, demand)
    paced = Model(figures.at_pace(pace), demand, careful=False)
    return msgspec.structs.replace(
        one,
        same_arrivals_ms=_p99_ms(model, arrivals, one.count),
        expected_ms=_milliseconds(model.p99(rate, one.count)),
        careful_ms=_milliseconds(careful.p99(rate, one.count)),
        pace=pace,
        at_pace_ms=_p99_ms(paced, arrivals, one.count),
    )


def on_that_node(demand: Demand, one: Check, cores: int) -> Demand:
    """Return a demand with the share of the node's CPU that was in use at a point."""
    return replace(demand, node_use=min(one.cpu["machine"] / cores, _FULLEST))


def pace_of(one: Check, arrivals: Floats, figures: Figures, demand: Demand) -> float:
    """Return the CPU that a request took at a point, as a multiple of what the figures say.

    By trial: what requests cost decides how many of them wake a pod, which costs more.
    """
    used = (one.cpu["service"] - figures.idle_cores * one.count) / one.open.rate
    pace = 1.0
    for _ in range(_TRIALS):
        model = Model(figures.at_pace(pace), demand, careful=False)
        pace *= used / float(model.played(arrivals, one.count, seed=0).cpu.mean())
    return pace


def _milliseconds(seconds: float) -> float | None:
    return 1e3 * seconds if isfinite(seconds) else None


def _p99_ms(model: Model, arrivals: Floats, count: int) -> float:
    each = [np.percentile(model.latencies(arrivals, count, seed), 99) for seed in _PHASES]
    return 1e3 * float(np.median(each))

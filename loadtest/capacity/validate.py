"""Holds the capacity model against pods: the p99 of some replicas at some loads."""

from dataclasses import replace
from math import isfinite

import msgspec
import numpy as np

from loadtest.capacity.measure import bodies
from loadtest.capacity.pace import pace_of
from loadtest.capacity.results import Check, Run
from loadtest.drive import poisson, schedule
from loadtest.meter import Meter
from loadtest.targets import Target
from mnist_api.capacity.figures import Figures
from mnist_api.capacity.model import Demand, Model

# A node without anything left would answer nobody; rounding may make it out to be one.
_FULLEST = 0.99
# Each brings the rate twice as near: at twice the rate pods use half as much again.
_TRIALS = 8


def measure(target: Target, model: str, rate: float, seconds: float, seed: int) -> Run:
    """Measure a point once, of which the capacity model is asked later."""
    url, sent = f"{target.url}/predict/", bodies(model)
    meter = Meter(target)
    measured, _ = poisson(url, sent, rate, seconds, host=target.host, seed=seed)
    return Run(seed, measured, meter.cores(seconds), meter.throttled())


def rate_at(load: float, figures: Figures, demand: Demand, count: int) -> float:
    """Return the rate at which pods use such a share of their CPU in the mean.

    It is less than that share of their saturation: the less is asked, the more a request costs.
    """
    model = Model(figures, demand, careful=False)
    rate = load * model.saturation(count)
    for _ in range(_TRIALS):
        rate *= load / model.utilisation(rate, count)
    return rate


def scored(point: Check, figures: Figures, demand: Demand, cores: int) -> Check:
    """Return a measured point with what the model says of it, on a node of so many cores."""
    runs = [_scored(run, point, figures, on_that_node(demand, run, cores)) for run in point.runs]
    rate = point.middle(lambda run: run.open.rate)
    use = point.middle(lambda run: on_that_node(demand, run, cores).node_use)
    model, careful = (
        Model(figures, replace(demand, node_use=use), careful=careful) for careful in (False, True)
    )
    return msgspec.structs.replace(
        point,
        runs=runs,
        expected_ms=_milliseconds(model.p99(rate, point.count)),
        careful_ms=_milliseconds(careful.p99(rate, point.count)),
    )


def _scored(run: Run, point: Check, figures: Figures, demand: Demand) -> Run:
    arrivals = schedule(run.open.rate, point.seconds, run.seed)
    used = (run.cpu["service"] - figures.idle_cores * point.count) * point.seconds
    pace, _ = pace_of(used / len(arrivals), arrivals, point.count, figures, demand)

    def p99_ms(known: Figures) -> float:
        # When the quota's periods begin, and when the machine is slow, is chance: another one in
        # each run, so that of many runs the one in the middle is that of the model too.
        model = Model(known, demand, careful=False)
        return 1e3 * float(np.percentile(model.latencies(arrivals, point.count, run.seed), 99))

    return msgspec.structs.replace(
        run, model_ms=p99_ms(figures), pace=pace, at_pace_ms=p99_ms(figures.at_pace(pace))
    )


def on_that_node(demand: Demand, run: Run, cores: int) -> Demand:
    """Return a demand with the share of the node's CPU that was in use in a run."""
    return replace(demand, node_use=min(run.cpu["machine"] / cores, _FULLEST))


def _milliseconds(seconds: float) -> float | None:
    return 1e3 * seconds if isfinite(seconds) else None

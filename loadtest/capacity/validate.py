"""Holds the capacity model against pods: p99 at shares of saturation for some replicas."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from math import isfinite

import msgspec
import numpy as np

from loadtest.capacity.measure import bodies
from loadtest.capacity.results import Check
from loadtest.cluster import Release
from loadtest.drive import Floats, middle, poisson, schedule
from loadtest.machine import here
from loadtest.meter import Meter
from loadtest.targets import Target, asking, behind_ingress, limited_pods
from mnist_api.capacity.figures import Figures
from mnist_api.capacity.plan import Demand, Model

COUNTS = (1, 2, 4)
SHARES = (0.5, 0.7, 0.8, 0.9)
# When the quota's periods begin is chance: the model is asked for some beginnings.
_PHASES = range(5)
# A node without anything left would answer nobody; rounding may make it out to be one.
_FULLEST = 0.99
# Each brings the pace ten times nearer.
_TRIALS = 4


def validate(
    release: Release, figures: Figures, demand: Demand, seconds: float, repeats: int
) -> list[Check]:
    """Measure each number of replicas at each share of the saturation that the model says.

    Of several runs, between which the others' have their turns, the one in the middle counts: a
    slow moment of the machine is in one of them.
    """
    release.install({**limited_pods(demand.cpu), "replicaCount": str(COUNTS[0])})
    found, cores = [], here().cores
    for count in COUNTS:
        target = behind_ingress(release, release.scale(count, asking(release)))
        runs: dict[float, list[Check]] = {share: [] for share in SHARES}
        for seed in range(1, repeats + 1):
            for share, checks in runs.items():
                checks.append(measure(target, figures, demand, (count, share, seconds, seed)))
        for checks in runs.values():
            found.append(scored(chosen(checks), figures, demand, cores))
            one = found[-1]
            sys.stderr.write(
                f"{count} at {one.share:.2f}: measured {one.open.p99_ms:.1f} of {one.p99s_ms}, "
                f"these arrivals {one.same_arrivals_ms:.1f} ms; {one.cpu}\n"
            )
    return found


def measure(
    target: Target, figures: Figures, demand: Demand, point: tuple[int, float, float, int]
) -> Check:
    """Measure one point: replicas, share of saturation, seconds, seed."""
    count, share, seconds, seed = point
    rate = share * Model(figures, demand, careful=False).saturation(count)
    meter = Meter(target)
    url, sent = f"{target.url}/predict/", bodies(demand.model)
    measured, _ = poisson(url, sent, rate, seconds, host=target.host, seed=seed)
    cpu, throttled = meter.cores(), meter.throttled()
    return Check(count, share, seconds, seed, measured, cpu, throttled, 0.0, 0.0, 0.0)


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
        share=rate / model.saturation(one.count),
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
    each = [model.latencies(arrivals, count, seed) for seed in _PHASES]
    return 1e3 * float(np.percentile(np.concatenate(each), 99))

"""Holds the capacity model against pods: p99 at shares of saturation for some replicas."""

import sys
from collections.abc import Sequence

import numpy as np

from loadtest.capacity.measure import bodies
from loadtest.capacity.results import Check
from loadtest.cluster import Release
from loadtest.drive import poisson
from loadtest.meter import Meter
from loadtest.targets import Target, asking, behind_ingress, limited_pods
from mnist_api.capacity.figures import Figures
from mnist_api.capacity.plan import Demand, Model

COUNTS = (1, 2, 4)
SHARES = (0.5, 0.7, 0.8, 0.9)


def validate(
    release: Release, figures: Figures, demand: Demand, seconds: float, seed: int
) -> list[Check]:
    """Measure each number of replicas at each share of the saturation that the model says."""
    release.install({**limited_pods(demand.cpu), "replicaCount": str(COUNTS[0])})
    found = []
    for count in COUNTS:
        target = behind_ingress(release, release.scale(count, asking(release)))
        for share in SHARES:
            found.append(check(target, figures, demand, (count, share, seconds, seed)))
            one = found[-1]
            sys.stderr.write(
                f"{count} at {share}: measured {one.open.p99_ms:.1f}, these arrivals "
                f"{one.same_arrivals_ms:.1f}, any {one.expected_ms:.1f} ms; {one.cpu}\n"
            )
    return found


def check(
    target: Target, figures: Figures, demand: Demand, point: tuple[int, float, float, int]
) -> Check:
    """Measure one point (replicas, share of saturation, seconds, seed) and ask the model."""
    count, share, seconds, seed = point
    model, careful = Model(figures, demand, careful=False), Model(figures, demand)
    rate = share * model.saturation(count)
    meter = Meter(target)
    url, sent = f"{target.url}/predict/", bodies(demand.model)
    measured, _, due = poisson(url, sent, rate, seconds, host=target.host, seed=seed)
    cpu, throttled = meter.cores(), meter.throttled()
    return Check(
        count,
        share,
        seconds,
        seed,
        measured,
        cpu,
        throttled,
        1e3 * _p99(model, due, count),
        1e3 * model.p99(rate, count),
        1e3 * careful.p99(rate, count),
    )


def _p99(model: Model, arrivals: Sequence[float], count: int) -> float:
    """Return the p99 of given arrivals, over some phases of the quota's periods."""
    times = np.array(arrivals)
    each = [model.latencies(times, count, seed) for seed in range(5)]
    return float(np.percentile(np.concatenate(each), 99))

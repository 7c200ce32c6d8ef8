"""Loads one pod for the capacity model: what a request costs, how long it takes at which load."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from math import ceil

import numpy as np

from loadtest.bodies import predict
from loadtest.capacity.results import Calibration, Saturated, Steady
from loadtest.cluster import Release
from loadtest.digits import held_out
from loadtest.drive import poisson
from loadtest.meter import Meter
from loadtest.saturating import saturated_by_wrk
from loadtest.targets import Target, asking, behind_ingress, limited_pods
from mnist_api.capacity.figures import MOMENT

# Each model asked for digits of 28x28, and all of them for what the page sends.
KINDS = ("cnn", "mlp", "svm", "drawing")
# Shares of what wrk gets: at the lowest a pod sleeps for long, at the highest for as short as under
# load: a request that wakes its pod costs several times what wrk's does, so that at .4 of wrk's
# rate the quota is used up. In between hardly anybody waits, and what is on the way is awake.
LOW, QUIET, HIGH = SHARES = 0.05, 0.2, 0.35
CONNECTIONS = 8
QUANTILES = 201
# Seconds, of a pod's quota: the kubelet's own.
PERIOD = 0.1


def bodies(kind: str) -> list[bytes]:
    """Return what is sent."""
    digits = held_out(200)
    if kind == "drawing":
        return [predict(digit.drawn) for digit in digits]
    return [predict(digit.png, model=kind) for digit in digits]


def lone_pod(release: Release, cores: float, **values: str) -> Target:
    """Install one pod."""
    release.install({**limited_pods(cores), "replicaCount": "1", **values})
    return behind_ingress(release, release.settled(1, asking(release)))


def idle_cores(target: Target, seconds: float) -> float:
    """Return what pods use that nobody asks."""
    meter = Meter(target)
    time.sleep(seconds)
    return meter.cores()["service"]


def saturate_all(target: Target, seconds: float, *, cached: bool) -> list[Saturated]:
    """Ask without pause, for each kind in turn."""
    found = []
    for kind in KINDS:
        closed, cpu, throttled = saturated_by_wrk(target, bodies(kind), CONNECTIONS, seconds)
        found.append(Saturated(kind, cached, closed.rate, closed.errors, cpu, throttled))
    return found


def calibrate(target: Target, found: Calibration, seconds: float, seed: int) -> None:
    """Measure one pod once more: asked without pause, and at random times at shares of that."""
    saturated = saturate_all(target, seconds, cached=False)
    found.saturated += saturated
    found.steady += [
        steady(target, one.model, share * one.rate, share, 2 * seconds, seed)
        for one in saturated
        for share in SHARES
    ]


def steady(
    target: Target, model: str, rate: float, share: float, seconds: float, seed: int
) -> Steady:
    """Ask at random times."""
    meter = Meter(target)
    url, sent = f"{target.url}/predict/", bodies(model)
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(poisson, url, sent, rate, seconds, host=target.host, seed=seed)
        uses = uses_until(asking.done, target.parts["service"], MOMENT)
        found, latencies = asking.result()
    quantiles = np.quantile(latencies, np.linspace(0, 1, QUANTILES)).round(3).tolist()
    cpu = meter.cores(seconds)
    return Steady(model, share, seconds, found, cpu, meter.throttled(), quantiles, uses)


def uses_until(is_over: Callable[[], bool], used: Callable[[], float], every: float) -> list[float]:
    """Return the cores that were used in each span of so many seconds until something is over.

    Without the first and the last second, in which generators begin and end.
    """
    looks = [(time.monotonic(), used())]
    while not is_over():
        time.sleep(every)
        looks.append((time.monotonic(), used()))
    uses = [(after[1] - before[1]) / (after[0] - before[0]) for before, after in pairwise(looks)]
    edge = ceil(1 / every)
    return uses[edge:-edge]

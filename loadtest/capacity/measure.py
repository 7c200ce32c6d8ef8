"""Loads pods for the capacity model: what a request costs, and how long it takes at which load."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np

from loadtest.bodies import predict
from loadtest.capacity.results import Calibration, Saturated, Steady
from loadtest.cluster import Release
from loadtest.digits import held_out
from loadtest.drive import middle, poisson
from loadtest.machine import here
from loadtest.meter import Meter
from loadtest.saturating import saturated_by_wrk
from loadtest.targets import Target, asking, behind_ingress, limited_pods

# Each model asked for digits of 28x28, and all of them for what the page sends.
KINDS = ("cnn", "mlp", "svm", "drawing")
# Shares of what wrk gets: at the lowest a pod sleeps for long, at the highest for as short as under
# load; at none does it use up its quota, so that how often it sleeps is known. (At half of wrk's
# rate it may: a request that wakes its pod costs several times what wrk's does.) In between hardly
# anybody waits, and what is on the way is awake.
LOW, QUIET, HIGH = SHARES = 0.05, 0.2, 0.4
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


def saturate(target: Target, model: str, seconds: float, *, cached: bool) -> Saturated:
    """Ask without pause."""
    closed, cpu, throttled = saturated_by_wrk(target, bodies(model), CONNECTIONS, seconds)
    return Saturated(model, cached, closed.rate, closed.errors, cpu, throttled)


def saturate_all(target: Target, seconds: float, repeats: int, *, cached: bool) -> list[Saturated]:
    """Ask for each kind in turn, several times."""
    return [
        saturate(target, kind, seconds, cached=cached) for _ in range(repeats) for kind in KINDS
    ]


def steady(target: Target, model: str, rate: float, share: float, seconds: float) -> Steady:
    """Ask at random times."""
    meter = Meter(target)
    url, sent = f"{target.url}/predict/", bodies(model)
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(poisson, url, sent, rate, seconds, host=target.host)
        uses = uses_until(asking.done, target.parts["service"])
        found, latencies = asking.result()
    quantiles = np.quantile(latencies, np.linspace(0, 1, QUANTILES)).tolist()
    return Steady(model, share, found, meter.cores(), meter.throttled(), quantiles, uses)


def uses_until(is_over: Callable[[], bool], used: Callable[[], float]) -> list[float]:
    """Return the cores that were used in each tenth of a second until something is over.

    Without the first and the last second, in which generators begin and end.
    """
    looks = [(time.monotonic(), used())]
    while not is_over():
        time.sleep(PERIOD)
        looks.append((time.monotonic(), used()))
    uses = [(after[1] - before[1]) / (after[0] - before[0]) for before, after in pairwise(looks)]
    edge = round(1 / PERIOD)
    return uses[edge:-edge]


def idle_cores(target: Target, seconds: float) -> float:
    """Return what pods use that nobody asks."""
    meter = Meter(target)
    time.sleep(seconds)
    return meter.cores()["service"]


def lone_pod(release: Release, cores: float, **values: str) -> Target:
    """Install one pod."""
    release.install({**limited_pods(cores), "replicaCount": "1", **values})
    return behind_ingress(release, release.settled(1, asking(release)))


def calibrate(release: Release, cores: float, seconds: float, repeats: int) -> Calibration:
    """Measure one pod, without cache and with it."""
    target = lone_pod(release, cores)
    found = Calibration(here(), cores, idle_cores(target, seconds), [], [])
    found.saturated += saturate_all(target, seconds, repeats, cached=False)
    for model in KINDS:
        rates = [one.rate for one in found.saturated if one.model == model]
        for share in SHARES:
            rate = share * float(np.median(rates))
            runs = [steady(target, model, rate, share, 2 * seconds) for _ in range(repeats)]
            found.steady.append(middle(runs, lambda one: one.open.p99_ms))
    target = lone_pod(release, cores, **{"settings.cache_bytes": "4194304"})
    found.saturated += saturate_all(target, seconds, repeats, cached=True)
    return found
